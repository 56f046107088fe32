"""How a head is framed and lit for a crop, and the light on the background."""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np

from models.head import Camera
from models.synth import driving, expression, lighting
from models.synth.appearance import backgrounds, wrinkles
from models.synth.appearance.kit import SkinKit
from models.synth.population import Person
from models.synth.scene import Look

SIZE = 176
"""Side of a stored crop in pixels."""


MARGIN = 1.75
"""Side of a stored crop over the longer side of the tight box of the dense points."""


NEAR_SIZE, NEAR_MARGIN = 208, 1.1
"""The same for faces that fill the picture."""

ROOMY_SIZE = 320
"""Side in pixels of a stored crop that shows as much as a usual one, at almost the resolution of a
close-up."""


SEALED = 0.4
"""Share of them whose lips touch, whatever the expression."""


_DENSE, _LIDS = slice(0, 520), slice(520, 552)


@dataclass(frozen=True)
class Shot:
    """How a head is taken.

    Attributes:
        offset: Of the middle from the crop's, sides of the crop (2,).
        size: Side of the crop over that of a usual one; smaller is nearer.
        on_eyes: Whether that is the middle of the eyes, not of the dense points.
        strained: Share of faces that squeeze their eyes.
        glasses: Share of faces with glasses.
        face: Whether it counts as a face.
        driving: Whether it is taken in a car; see `models.synth.driving`.
        pixels: Side of the picture.
        bare: Whether it stays without camera effects, which training adds.
    """

    offset: np.ndarray
    size: float = 1.0
    on_eyes: bool = False
    strained: float = expression.STRAINED
    glasses: float = 0.24
    face: bool = True
    driving: bool = False
    pixels: int = SIZE
    bare: bool = False


def surroundings(
    rng: np.random.Generator, shot: Shot, distance: float
) -> tuple[np.ndarray, lighting.Lighting]:
    """Background in linear light (SIZE, SIZE, 3), and the light on a head at a distance in cm."""
    if not shot.driving:
        image = backgrounds.background(rng, shot.pixels, shot.pixels)
        light = lighting.sample(rng, image, distance)
        return image, lighting.quiet(rng, light) if shot.bare and rng.random() < 0.5 else light
    image, backlit = driving.background(rng, SIZE)
    return image, driving.lit(rng, lighting.sample(rng, image, distance), backlit)


def lit_look(
    rng: np.random.Generator,
    person: Person,
    named: dict[str, float],
    light: lighting.Lighting,
    kit: SkinKit,
) -> tuple[Look, set[str]]:
    """A person's surfaces as changed by expression and light, and the attributes for it."""
    names = set[str]()
    skin = folded(rng, person.look.face, named)
    if rng.random() < 0.6:
        skin = wrinkles.lid_line(rng, skin, kit, *(rng.uniform(0.0, 0.9) + rng.uniform(0, 0.1, 2)))
    look = replace(person.look, face=skin)
    if light.infrared and rng.random() < 0.4:
        look = replace(look, pupil_colour=np.full(3, rng.uniform(0.3, 1.2)))
        names.add("bright_pupil")
    look = replace(
        look, pupil=float(np.clip(look.pupil * (1.35 if light.night else 1.0), 0.13, 0.44))
    )
    return red_eyes(rng, look) if "flash" in light.names else look, names


def red_eyes(rng: np.random.Generator, look: Look) -> Look:
    """Red pupils from a flash, in some pictures; they are wide."""
    if rng.random() > 0.35:
        return look
    red = rng.uniform(0.1, 0.9) * np.array([1.0, rng.uniform(0.05, 0.3), rng.uniform(0.05, 0.25)])
    return replace(look, pupil_colour=red, pupil=float(rng.uniform(0.28, 0.42)))


def wall(rng: np.random.Generator, image: np.ndarray, drawn: np.ndarray) -> None:
    """A dim room behind a flash and a near wall's hard shadow, in place; drawn (2 SIZE, 2 SIZE)."""
    front = cv2.resize(drawn.astype(np.float32), (SIZE, SIZE), interpolation=cv2.INTER_AREA)[
        ..., None
    ]
    behind = np.full((SIZE, SIZE, 1), rng.uniform(0.15, 1.0), np.float32)
    if rng.random() < 0.6:
        shift = np.array(
            [[1, 0, rng.choice([-1, 1]) * rng.uniform(1, 12)], [0, 1, rng.uniform(-2, 9)]],
            np.float32,
        )
        shadow = cv2.GaussianBlur(
            cv2.warpAffine(front, shift, (SIZE, SIZE)), (0, 0), float(rng.uniform(0.4, 2))
        )
        behind *= 1 - shadow[..., None] * np.float32(rng.uniform(0.3, 0.9))
    image *= front + (1 - front) * behind


def folded(rng: np.random.Generator, skin: np.ndarray, named: dict[str, float]) -> np.ndarray:
    """The skin (SIZE, SIZE, 3) with the folds of raised cheeks and squinting lids."""
    strengths = [
        float(
            np.clip(
                named.get("eyeSquint" + side, 0) + named.get("cheekSquint" + side, 0) - 0.25, 0, 1
            )
        )
        for side in ("_R", "_L")
    ]
    return wrinkles.squeeze(rng, skin, *strengths) if max(strengths) > 0 else skin


def camera_for(rng: np.random.Generator, landmarks: np.ndarray, shot: Shot) -> Camera:
    """The camera that gives the dense points the size and the offset that the shot asks for."""
    plane = landmarks[:, :2] / landmarks[:, 2:]
    low, high = plane[_DENSE].min(0), plane[_DENSE].max(0)
    extent = (high - low).max() * MARGIN * shot.size
    aim = plane[_LIDS if shot.on_eyes else _DENSE]
    middle = (aim.min(0) + aim.max(0)) / 2
    k1 = 0.0
    if rng.random() < 0.08:  # wide-angle lenses; limited so that the face does not fold over itself
        reach = np.abs(plane[_DENSE]).max() + 1e-6
        k1 = float(rng.uniform(-0.12, 0.06) / max(reach, 0.15) ** 2)
        middle = middle * (1 + k1 * (middle**2).sum())
    focal = shot.pixels / extent
    centre = (shot.pixels - 1) / 2 - middle * focal + shot.offset * shot.pixels
    return Camera(float(focal), float(centre[0]), float(centre[1]), k1)
