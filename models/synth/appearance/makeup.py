"""Make-up and face paint, laid over the albedo of a face."""

import numpy as np

from models.synth.appearance import colour as palette
from models.synth.appearance import noise
from models.synth.appearance.colour import Floats
from models.synth.appearance.kit import SkinKit
from models.synth.appearance.planes import cheek, lay
from models.synth.appearance.regions import SIZE, polygon, smoothstep, strokes


def _lipstick(rng: np.random.Generator, face: Floats, kit: SkinKit) -> None:
    if rng.random() < 0.94:
        colour = palette.from_hsv(
            float(rng.normal() * 0.025 - 0.02) % 1, rng.uniform(0.35, 0.95), rng.uniform(0.3, 0.95)
        )
    else:
        colour = palette.any_colour(rng)
    lips = kit.regions["lips"]
    shading = (palette.LUMA @ face.reshape(3, -1)).reshape(SIZE, SIZE)
    shading *= lips.sum() / (shading * lips).sum()
    gloss = np.clip(shading, 0.4, 1.8) ** rng.uniform(0.4, 1.0)
    lay(face, colour, lips * rng.uniform(0.25, 0.9), gloss)


def _eye_shadow(rng: np.random.Generator, face: Floats, kit: SkinKit) -> None:
    colour = palette.any_colour(rng) * rng.uniform(0.2, 1.0)
    region = kit.regions["upper_lids"] if rng.random() < 0.6 else kit.regions["sockets"]
    lay(face, colour, region * rng.uniform(0.15, 0.75))


def _eyeliner(rng: np.random.Generator, face: Floats, kit: SkinKit) -> None:
    uv, width = kit.uv68, rng.uniform(0.004, 0.012)
    wing = rng.uniform(0, 0.035)
    lines = [
        np.concatenate([[uv[36] + [-wing, -0.6 * wing]], uv[36:40]]),
        np.concatenate([uv[42:46], [uv[45] + [wing, -0.6 * wing]]]),
    ]
    if rng.random() < 0.4:
        lines += [uv[[36, 41, 40, 39]], uv[[42, 47, 46, 45]]]
    lay(
        face,
        np.array([0.012, 0.01, 0.012], np.float32),
        np.clip(1.5 * strokes(lines, width, 0.0025), 0, 0.97),
    )


def apply(rng: np.random.Generator, face: Floats, kit: SkinKit) -> set[str]:
    """Put everyday make-up on the albedo of a face in place; returns what is clearly visible."""
    names: set[str] = set()
    if rng.random() < 0.5:  # foundation makes the tone even
        even = 1 - np.maximum(kit.regions["lips"], kit.regions["hairline"])
        lay(face, cheek(face), even * rng.uniform(0.15, 0.5))
    if rng.random() < 0.7:
        _lipstick(rng, face, kit)
        names.add("lipstick")
    if rng.random() < 0.5:
        _eye_shadow(rng, face, kit)
        names.add("eye_shadow")
    if rng.random() < 0.5:
        _eyeliner(rng, face, kit)
        names.add("eyeliner")
    if rng.random() < 0.5:
        blush = palette.from_hsv(
            float(rng.normal() * 0.02) % 1, rng.uniform(0.4, 0.7), rng.uniform(0.5, 0.9)
        )
        lay(face, blush, kit.regions["cheeks"] * rng.uniform(0.05, 0.35))
    if rng.random() < 0.25:
        strength = rng.uniform(0.1, 0.4)
        face *= 1 - strength * kit.regions["contour"]
        face *= 1 + 0.7 * strength * kit.regions["nose_bridge"]
    return names


def paint_face(rng: np.random.Generator, face: Floats, kit: SkinKit) -> set[str]:
    """Paint stripes, blocks of colour, a white clown or camouflage on the albedo, in place."""
    colours = [palette.any_colour(rng) for _ in range(3)]
    kind, strength = int(rng.integers(4)), float(rng.uniform(0.5, 0.95))
    spare = 1 - kit.regions["hairline"]
    if kind == 0:
        lines = [
            np.array([(0.2, y), (0.4, y + rng.normal() * 0.03)]) for y in rng.uniform(0.36, 0.5, 3)
        ]
        lines += [line * [-1, 1] + [1, 0] for line in lines]
        lay(face, colours[0], strokes(lines, 0.016, 0.002) * strength)
    elif kind == 1:
        cuts = np.sort(rng.uniform(0.15, 0.85, 2))
        for colour, (left, right) in zip(
            colours, ((0, cuts[0]), (cuts[0], cuts[1]), (cuts[1], 1)), strict=True
        ):
            lay(
                face,
                colour,
                polygon(np.array([(left, 0), (right, 0), (right, 1), (left, 1)]), 0.004)
                * spare
                * strength,
            )
    elif kind == 2:
        lay(face, np.full(3, 0.85, np.float32), spare * strength)
        lay(face, colours[0], kit.regions["mouth"] * strength)
        lay(face, colours[1], kit.regions["sockets"] * strength)
        lay(face, colours[2], kit.regions["nose"] * strength)
    else:
        for colour in colours:
            blotch = smoothstep(noise.fractal(rng, SIZE, SIZE, exponent=1.6, zoom=1.5), 0.2, 0.35)
            lay(face, colour * 0.4, blotch * spare * strength)
    return {"face_paint"}
