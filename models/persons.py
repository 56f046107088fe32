"""What tells persons apart by the rigid shape of a face: ``python -m models.persons``.

The same persons are rendered near and far, turned, with glasses, talking and laughing, and read as
on the device. Fisher's linear discriminant (R. A. Fisher, 1936) of the shapes keeps what differs
between persons and not between pictures of one. `landmarkd.signals.person_shape` uses it.
"""

import argparse
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from landmarkd.pipeline import Pipeline
from landmarkd.signals.person_shape import is_frontal, shape_of
from landmarkd.signals.pose import PoseEstimator
from landmarkd.types import Frame
from numpy.typing import NDArray
from tqdm import tqdm

from models.head import Camera, Eyes, rotation_from_angles
from models.synth import clip, expression, moods
from models.synth.cabin import Cabin
from models.synth.crop import Studio
from models.synth.mesh import Mesh
from models.synth.population import Person
from models.synth.props import glasses
from models.synth.scene import Placement

MATRIX = Path(__file__).resolve().parents[1] / "edge" / "landmarkd" / "data" / "persons.npz"
DIMENSIONS = 12
SHRINKAGE = 0.1
"""Share of the mean variance in the covariance within persons."""
COMPONENTS = 30
"""Principal components that are looked at: more than persons would be noise."""
LEAST = 3
"""Frontal pictures of one condition, at least."""

Floats = NDArray[np.float64]
Shapes = dict[tuple[int, str], Floats]
"""The mean shape (3 n,) of each person in each condition."""


@dataclass(slots=True)
class View:
    """How a person is seen: degrees, centimetres, weights of the expression, what is worn."""

    pitch: float
    yaw: float
    roll: float
    distance: float
    across: float
    named: dict[str, float] = field(default_factory=dict)
    worn: list[Mesh] = field(default_factory=list)


Change = Callable[[np.random.Generator, View], None]


def _turned(rng: np.random.Generator, view: View) -> None:
    view.pitch, view.yaw = rng.uniform(-18, 15), rng.uniform(-19, 19)


def _aside(rng: np.random.Generator, view: View) -> None:
    view.yaw, view.across = view.yaw + 12, view.across + 4
    view.named = expression.expression(rng)


def _near(rng: np.random.Generator, view: View) -> None:
    view.distance, view.across = rng.normal(42, 1), rng.normal(0, 1)


def _far(rng: np.random.Generator, view: View) -> None:
    view.distance = rng.normal(95, 1)


def _talking(rng: np.random.Generator, view: View) -> None:
    view.named = expression.expression(rng)


def _yawning(rng: np.random.Generator, view: View) -> None:
    view.named = expression.wide_mouth(rng)


def _mood(mood: Callable[[np.random.Generator, moods.Blend], None]) -> Change:
    def change(rng: np.random.Generator, view: View) -> None:
        blend = moods.Blend()
        mood(rng, blend)
        view.named = dict(blend)

    return change


def _plain(_: np.random.Generator, __: View) -> None:
    pass


CONDITIONS: dict[str, Change] = {
    "plain": _plain,
    "turned": _turned,
    "aside": _aside,
    "near": _near,
    "far": _far,
    "talking": _talking,
    "yawning": _yawning,
    "laughing": _mood(moods.laugh),
    "smiling": _mood(moods.smile),
    "grinning": _mood(moods.grin),
    "glasses": _plain,
    "sunglasses": _plain,
}


def pictures(studio: Studio, number: int, condition: str, count: int) -> Iterator[np.ndarray]:
    """Return pictures of a person, uint8 BGR (480, 640, 3)."""
    person = studio.person(np.random.default_rng([977, number]))
    rng = np.random.default_rng([978, number, list(CONDITIONS).index(condition)])
    cabin = Cabin(rng, clip.HEIGHT, clip.WIDTH)
    worn: list[Mesh] = []
    while "glasses" in condition and not worn:
        neutral = studio.people.evaluate(person, {}, (0.03, 0.03), Eyes())
        ibug = studio.model.landmarks(neutral)[studio.model.layout.ibug68]
        meshes, names = glasses.glasses(rng, ibug)
        worn = meshes if ("sunglasses" in names) == (condition == "sunglasses") else []
    for n in range(count):
        pitch, yaw, roll = rng.normal((-3, 0, 0), 3)
        view = View(pitch, yaw, roll, rng.normal(60, 1), rng.normal(0, 2), worn=worn)
        CONDITIONS[condition](rng, view)
        yield _picture(studio, person, view, cabin, rng, 0.37 * n)


def _picture(
    studio: Studio, person: Person, view: View, cabin: Cabin, rng: np.random.Generator, t: float
) -> np.ndarray:
    eyes = Eyes(float(rng.normal(0, 5)), float(rng.normal(0, 8)), 1.5)
    vertices = studio.people.evaluate(person, view.named, (0.03, 0.03), eyes)
    middle = studio.model.landmarks(vertices)[:520].mean(0)
    placement = Placement(
        rotation_from_angles(view.pitch, view.yaw, view.roll),
        middle,
        np.array([view.across, rng.normal(0, 1.5), view.distance]),
    )
    hair = None
    if person.style is not None:
        mesh = studio.people.fitter.fit(
            np.random.default_rng(5), person.style, vertices, person.skin.hair_colour
        )
        hair = mesh, person.style.alpha, person.style.strands
    image = cabin.picture(t)
    camera = Camera(clip.FOCAL, (clip.WIDTH - 1) / 2, (clip.HEIGHT - 1) / 2)
    light = clip.daylight(t)
    studio.artist.draw(
        image, vertices, eyes, person.look, placement, camera, light, view.worn, hair
    )
    return np.ascontiguousarray(clip.develop(rng, image)[..., ::-1])


def measure(pipeline: Pipeline, images: Iterator[np.ndarray]) -> Floats | None:
    """Return the mean shape in pictures as on the device, (3 n,); None if few are frontal."""
    places = []
    for n, image in enumerate(images):
        pipeline.reset()
        report = pipeline.process(Frame("render", n, n * 10**8, image))
        if report.face is None or report.intrinsics is None:
            continue
        estimator = PoseEstimator(pipeline.layout, report.intrinsics)
        seen = report.face.observation
        pose = estimator.estimate(seen.points, seen.sigma)
        if is_frontal(pose):
            places.append(estimator.rigid_in_head(pose))
    return shape_of(np.mean(places, 0), estimator) if len(places) >= LEAST else None


def discriminant(shapes: Shapes) -> Floats:
    """Return the matrix (3 n, `DIMENSIONS`) in whose results one person's deviation is 1."""
    people = sorted({person for person, _ in shapes})
    means = {p: np.mean([s for (q, _), s in shapes.items() if q == p], axis=0) for p in people}
    within = np.array([shape - means[person] for (person, _), shape in shapes.items()])
    between = np.array(list(means.values()))
    between = between - between.mean(0)
    both = np.vstack([within * np.sqrt(len(between) / len(within)), between])
    components = np.linalg.svd(both, full_matrices=False)[2][:COMPONENTS].T
    within, between = within @ components, between @ components
    inside = within.T @ within / (len(within) - len(people))
    size = len(inside)
    inside = (1 - SHRINKAGE) * inside + SHRINKAGE * np.trace(inside) / size * np.eye(size)
    whiten = np.linalg.inv(np.linalg.cholesky(inside))
    _, vectors = np.linalg.eigh(whiten @ (between.T @ between) @ whiten.T)
    matrix: Floats = components @ whiten.T @ vectors[:, ::-1][:, :DIMENSIONS]
    return matrix


def distances(shapes: Shapes, matrix: Floats) -> dict[str, Floats]:
    """Return how far each condition is from the plain pictures of a person, and other persons."""
    known = {key: shape @ matrix for key, shape in shapes.items()}
    plain = {person: value for (person, condition), value in known.items() if condition == "plain"}
    found = {
        condition: np.array(
            [
                np.linalg.norm(known[person, condition] - value)
                for person, value in plain.items()
                if (person, condition) in known
            ]
        )
        for condition in CONDITIONS
        if condition != "plain"
    }
    others = [np.linalg.norm(plain[a] - plain[b]) for a in plain for b in plain if a < b]
    return found | {"other persons": np.array(others)}


def main() -> None:
    """Render, fit on some persons, print the distances of the others, and write the matrix."""
    parser = argparse.ArgumentParser(prog="python -m models.persons", description=main.__doc__)
    parser.add_argument("--people", type=int, default=48, help="a quarter of them is set apart")
    parser.add_argument("--count", type=int, default=6, help="pictures of each condition")
    parser.add_argument("--shapes", type=Path, help="where the shapes are kept between runs")
    options = parser.parse_args()
    cv2.setNumThreads(1)
    shapes: Shapes = {}
    if options.shapes is not None and options.shapes.is_file():
        with np.load(options.shapes) as stored:
            shapes = {(int(key.split()[0]), key.split()[1]): stored[key] for key in stored.files}
    studio, pipeline = Studio(), Pipeline()
    for person in tqdm(range(options.people), unit="person"):
        for condition in CONDITIONS:
            if (person, condition) in shapes:
                continue
            shape = measure(pipeline, pictures(studio, person, condition, options.count))
            if shape is not None:
                shapes[person, condition] = shape
        if options.shapes is not None:
            named: dict[str, Any] = {f"{p} {c}": shape for (p, c), shape in shapes.items()}
            np.savez(options.shapes, **named)
    apart = {key: shape for key, shape in shapes.items() if key[0] % 4 == 3}
    rest = {key: shape for key, shape in shapes.items() if key not in apart}
    print("| persons set apart | pairs | median | largest |\n|---|---|---|---|")
    for name, found in distances(apart, discriminant(rest)).items():
        low = f"; {np.percentile(found, 5):.1f} in 5 %" if name == "other persons" else ""
        print(f"| {name} | {len(found)} | {np.median(found):.1f} | {found.max():.1f}{low} |")
    with MATRIX.open("wb") as file:
        np.savez_compressed(file, matrix=discriminant(shapes).astype(np.float16))
    print(f"Written: {MATRIX}, {MATRIX.stat().st_size} bytes, from {options.people} persons")


if __name__ == "__main__":
    main()
