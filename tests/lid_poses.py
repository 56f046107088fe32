"""Accuracy of the openness of the eyes over yaw and pitch, on rendered heads with known lids.

    python -m tests.lid_poses [--people 3] [--keep FILE]

Needs the environment of models. Each person's open eye is learnt from the frontal frame with open
eyes, as the daemon learns it while driving; the truth is the gap of the lids in 3D over that of the
open eye.
"""

import argparse
from dataclasses import replace
from pathlib import Path

import numpy as np
from landmarkd.camera.intrinsics import intrinsics_for
from landmarkd.pipeline import Pipeline
from landmarkd.settings.driver import DriverSettings
from landmarkd.signals.lids import GapMeter, OpenBaseline
from landmarkd.signals.pose import PoseEstimator
from landmarkd.signals.view import FaceViewer
from landmarkd.types import Frame
from rich.console import Console

from models.head import Camera, Eyes, openness, rotation_from_angles
from models.synth.clip import FOCAL, HEIGHT, WIDTH, daylight, develop
from models.synth.crop import Studio
from models.synth.scene import Placement

YAWS = (-55, -45, -37, -30, -20, 0, 20, 30, 37, 45, 55)
PITCHES = (-25, -12, 12, 25)
POSES = [(yaw, 0) for yaw in YAWS] + [(yaw, pitch) for pitch in PITCHES for yaw in (0, 25)]
CLOSED = (0.0, 0.5, 1.0)


def rows(people):
    """Yield person, yaw, pitch, side (0 left), true openness, aperture, visible for each eye."""
    studio, pipeline = Studio(), Pipeline()
    layout, rng = pipeline.layout, np.random.default_rng(3)
    viewer = FaceViewer(layout)
    meters = GapMeter(layout.left_lid, viewer), GapMeter(layout.right_lid, viewer)
    estimator = PoseEstimator(layout, intrinsics_for(WIDTH, HEIGHT, "guess:60deg"))
    camera = Camera(FOCAL, (WIDTH - 1) / 2, (HEIGHT - 1) / 2)
    for number in range(people):
        person = replace(studio.person(rng, usual=True), child=0.0)
        wide = None
        for yaw, pitch in sorted(POSES, key=lambda pose: abs(pose[0]) + abs(pose[1])):
            for closed in CLOSED:
                eyes = Eyes(0.0, 0.0, 1.5)
                vertices = studio.people.evaluate(person, {}, (closed, closed), eyes)
                metric = studio.model.landmarks(vertices)
                true = openness(metric)
                wide = true if wide is None else wide
                rotation = rotation_from_angles(pitch, yaw, 0)
                pivot = np.array([0.0, -9.0, 0.0])
                placement = Placement(rotation, pivot, np.array([0.5, 9.5, 57.0]))
                image = np.full((HEIGHT, WIDTH, 3), 0.2, np.float32)
                studio.artist.draw(
                    image, vertices, eyes, person.look, placement, camera, daylight(0.0), [], None
                )
                points = camera.landmarks(placement(metric))
                low, high = points[:520, :2].min(0), points[:520, :2].max(0)
                picture = np.ascontiguousarray(develop(rng, image)[:, :, ::-1])
                frame = Frame("render", 0, 0, picture)
                report = pipeline.process(frame, box=(*low.tolist(), *high.tolist()))
                seen = report.face.observation
                view = viewer.view(seen, estimator.estimate(seen.points, seen.sigma))
                for side, meter in enumerate(meters):
                    share = float(true[1 - side] / wide[1 - side])
                    visible = 1.0 if seen.eyes_visible is None else seen.eyes_visible[side]
                    yield number, yaw, pitch, side, share, meter.aperture(view), visible
    pipeline.close()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--people", type=int, default=3)
    parser.add_argument(
        "--keep", type=Path, help="store the measurements here, or read them from here"
    )
    arguments = parser.parse_args()
    if arguments.keep is not None and arguments.keep.exists():
        data = np.load(arguments.keep)
    else:
        data = np.array(list(rows(arguments.people)))
        if arguments.keep is not None:
            np.save(arguments.keep, data)
    settings = DriverSettings()
    told = np.empty(len(data))
    for number in np.unique(data[:, 0]):
        for side in (0, 1):
            mine = (data[:, 0] == number) & (data[:, 3] == side)
            # Points of lids that touch are still a little apart: the value of shut lids is 0.
            data[mine, 4] -= data[mine, 4].min()
            data[mine, 4] /= data[mine, 4].max()
            front = mine & (data[:, 1] == 0) & (data[:, 2] == 0) & (data[:, 4] > 0.95)
            baseline = OpenBaseline(settings, float(data[front, 5].mean()))
            told[mine] = [baseline.openness(value) for value in data[mine, 5]]
    console = Console()
    hidden = np.where(data[:, 3] == 1, data[:, 1] > 0, data[:, 1] < 0)
    console.print(
        "yaw pitch eye   open  half  shut   (told minus true, mean over people; * unknown)"
    )
    for yaw, pitch in POSES:
        for far in (False, True):
            cells = []
            for low, high in ((0.9, 2.0), (0.1, 0.9), (-1.0, 0.1)):
                pick = (data[:, 1] == yaw) & (data[:, 2] == pitch) & (hidden == far)
                pick &= (data[:, 4] >= low) & (data[:, 4] < high)
                if pick.any():
                    cells.append(f"{(told - data[:, 4])[pick].mean():+.2f}")
            limit = settings.max_eye_yaw_far if far else settings.max_eye_yaw_near
            turned = np.hypot(yaw / limit, pitch / settings.max_eye_pitch)
            star = "*" if turned > 1.0 else ""
            if cells:
                console.print(
                    f"{yaw:4d} {pitch:4d} {'far ' if far else 'near'} {'  '.join(cells)} {star}"
                )


if __name__ == "__main__":
    main()
