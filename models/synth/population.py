"""People: shape, surfaces, hair and clothes that stay the same over a few crops."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from models.head import Eyes, HeadModel
from models.synth import build
from models.synth.appearance import skin as skins
from models.synth.headmesh import HeadMesh
from models.synth.lids import Lids
from models.synth.lipseal import LipSeal
from models.synth.props.beard import BeardMaker
from models.synth.props.hair import HairFitter, HairStyle, choose, load_styles
from models.synth.props.mask import MaskMaker
from models.synth.scene import Look

_EYE_LEVEL_CM = 3.6
PAINTED = np.r_[17:27, 48:60]
"""iBUG points of the brows and of the border of the lips, whose place is decided by the paint."""
THICK = 0.25
"""Share of grown men whose facial hair has a volume."""


@dataclass(frozen=True)
class Person:
    """One person.

    Attributes:
        shape: float32 (26719, 3) neutral vertices before `child` and `stretch`.
        child: 0 for an adult to 1 for a small child.
        stretch: (3,) scale of the whole head.
        skin: Painted skin.
        look: Surfaces for the artist.
        style: Hair, or None.
        drawn: Head vertices int (22, 3) and weights float32 (22, 3) of where the points `PAINTED`
            are as painted.
    """

    shape: np.ndarray
    child: float
    stretch: np.ndarray
    skin: skins.Skin
    look: Look
    style: HairStyle | None
    drawn: tuple[np.ndarray, np.ndarray] | None = None


class Population:
    """Makes people from random numbers and evaluates them."""

    def __init__(self, mesh: HeadMesh):
        self.mesh = mesh
        self.model: HeadModel = mesh.model
        self.kit = skins.load_kit(self.model.root)
        self.styles = load_styles(self.model)
        self.fitter = HairFitter(self.model)
        self.masks = MaskMaker(mesh)
        self.beards = BeardMaker(mesh)
        self._lids = Lids(self.model)
        self.lips = LipSeal(self.model)
        self._irises = _load_irises(self.model)

    def bearded(self, rng: np.random.Generator) -> Person:
        """A random man with thick hair on the upper lip."""
        while True:
            person = self.person(rng, thick=1.0)
            if person.skin.thick is not None and person.skin.thick.over_lip:
                return person

    def person(
        self, rng: np.random.Generator, *, usual: bool = False, thick: float = THICK
    ) -> Person:
        """A random person; about 20 ms, so use it for several crops.

        Args:
            rng: Random generator.
            usual: Without rare builds and beards; everything else is the same.
            thick: Share of grown men whose facial hair has a volume.
        """
        rare = rng.spawn(1)[0]
        shape = uneven(rng, self.model.identity(rng.normal(size=100) * rng.uniform(0.5, 1.15)))
        child = float(rng.beta(1.2, 1.2)) if rng.random() < 0.1 else 0.0
        stretch = rng.uniform(0.94, 1.06, 3).astype(np.float32) * rng.uniform(0.95, 1.03)
        if not usual and not child and rare.random() < 0.13:
            child = float(rare.beta(1.8, 1.0))
        skin = skins.paint(rng, self.kit, **({} if usual else {"child": child, "thick": thick}))
        if not usual:
            shape = build.shape(rare, shape, child, old="old" in skin.attributes)
        if rare.random() < 0.85:
            shape = self.lips.close(shape, float(rare.normal(-0.015, 0.02)))
        bald = "bald" in skin.attributes or rng.random() < 0.12
        style = None if bald else choose(rng, self.styles)
        if child > 0.6 and rare.random() < 0.5:  # down at most
            style = None
        tint = np.exp(rng.normal(0, 0.05, 3))
        look = Look(
            face=np.ascontiguousarray(skin.face, np.float32),
            back=np.ascontiguousarray(skin.back, np.float32),
            iris=self._iris(rng),
            pupil=float(rng.uniform(0.14, 0.36)),
            pupil_colour=np.full(3, 0.004),
            sclera=np.clip(rng.uniform(0.45, 0.78) * np.array([1.0, 0.94, 0.91]) * tint, 0, 0.9),
            veins=float(rng.uniform(0, 0.9)),
            specular=float(skin.specular * 4),
            roughness=float(max(skin.roughness, 0.34)),
            lashes=float(rng.uniform(0.1, 0.75)),
            lash_colour=np.minimum(skin.hair_colour, 0.08) * rng.uniform(0.1, 0.7),
            teeth=np.array([0.75, 0.7, 0.6])
            * rng.uniform(0.55, 1.15)
            * np.exp(rng.normal(0, 0.04, 3)),
        )
        drawn = None if skin.drawn is None else self.mesh.place(skin.drawn[PAINTED])
        return Person(shape, child, stretch, skin, look, style, drawn)

    def evaluate(
        self,
        person: Person,
        named: dict[str, float],
        closed: tuple[float, float],
        eyes: Eyes,
        travel: float = 1.0,
    ) -> np.ndarray:
        """Vertices float32 (26719, 3) of a person with an expression, closure of lids, and gaze.

        Args:
            person: The person.
            named: Weights by name, see `models.synth.expression`.
            closed: Of the right and the left lids: 0 leaves them where the expression puts them, at
                1 they meet, beyond they are pressed together.
            eyes: The gaze.
            travel: How far the lids follow the gaze, over what the mesh's shapes do.
        """
        weights = self.model.weights(named)
        index = self.model.expression_index
        for name, value in self.model.lid_weights(eyes).items():
            side = 0 if name.endswith("_R") else 1
            # A lid follows the eye however far it is open; once shut, by less.
            weights[index[name]] = travel * value * (1 - 0.6 * min(closed[side], 1.0))
        for side, name in enumerate(("_R", "_L")):
            weights[index["eyeWide" + name]] *= max(1 - closed[side], 0)
        shut = self._lids.weights(person.shape, weights)
        for side, name in enumerate(("_R", "_L")):
            weights[index["eyeBlink" + name]] = closed[side] * shut[side]
        vertices = self.model.evaluate(person.shape, weights, eyes)
        if person.child > 0:
            vertices = grow_young(vertices, self.model.eyeball_centres(person.shape), person.child)
        return vertices * person.stretch

    def _iris(self, rng: np.random.Generator) -> np.ndarray:
        """A random iris texture, mostly brown as in the world."""
        names = list(self._irises)
        brown = [n for n in names if n.startswith("brown")]
        name = str(rng.choice(brown if rng.random() < 0.6 else names))
        tint = np.exp(rng.normal(0, 0.12, 3)) * rng.uniform(0.5, 1.5)
        return np.ascontiguousarray(self._irises[name] * tint, np.float32)


def _load_irises(model: HeadModel) -> dict[str, np.ndarray]:
    """Linear iris textures (64, 64, 3) that fill the square, the pupil at a third of the radius."""
    found = {}
    for path in sorted((model.root / "iris").glob("*.jpg")):
        picture = cv2.cvtColor(cv2.imread(str(path)), cv2.COLOR_BGR2RGB)
        x, y, r = (np.array([0.707, 0.295, 0.115]) * picture.shape[0]).astype(int)
        patch = cv2.resize(
            picture[y - r : y + r, x - r : x + r], (64, 64), interpolation=cv2.INTER_AREA
        )
        found[path.stem] = (patch.astype(np.float32) / 255) ** 2.2
    return found


def uneven(rng: np.random.Generator, vertices: np.ndarray) -> np.ndarray:
    """Smooth random bulges and hollows, also asymmetric ones, beyond the identities."""
    count = int(rng.integers(4, 10))
    centres = vertices[rng.integers(0, 9409, count)]
    reach = rng.uniform(2.5, 6.0, count).astype(np.float32)
    pushes = (rng.normal(size=(count, 3)) * rng.uniform(0.05, 0.22)).astype(np.float32)
    distance = ((vertices[:, None] - centres[None]) ** 2).sum(-1)
    return vertices + cv2.exp(-distance / reach**2) @ pushes


def grow_young(vertices: np.ndarray, eyes: np.ndarray, amount: float) -> np.ndarray:
    """A child's proportions: larger eyes, a shorter and narrower lower face, a rounder forehead.

    Args:
        vertices: (26719, 3) evaluated.
        eyes: Centres of the eyeballs (2, 3).
        amount: 0 to 1.
    """
    result = vertices.astype(np.float32).copy()
    for centre in eyes:  # uniform over the eyeball, fading over the socket
        offset = vertices - centre
        distance = np.sqrt((offset * offset).sum(1, keepdims=True))
        fade = np.clip((4.2 - distance) / 2.4, 0, 1)
        result += 0.27 * amount * (fade * fade * (3 - 2 * fade)) * offset
    below = np.maximum(_EYE_LEVEL_CM - 0.8 - result[:, 1], 0)
    soft = below * below / (below + 2.0)
    result[:, 1] += 0.28 * amount * soft
    jaw = np.clip(below / 9.0, 0, 1)
    result[:, 0] *= 1 - 0.1 * amount * jaw
    nose = np.exp(-((result[:, 0] / 2.2) ** 2) - ((result[:, 1] - 0.5) / 2.5) ** 2)
    result[:, 2] -= 0.9 * amount * nose * np.clip((result[:, 2] - 9.5) / 3.0, 0, 1)
    above = np.clip((result[:, 1] - 5.5) / 5.0, 0, 1)
    result[:, 2] += 0.9 * amount * above * np.clip(result[:, 2] / 9.0, 0, 1)
    return result
