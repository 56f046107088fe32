"""Colour: sRGB and CIE Lab, and the distributions of human skin and hair colour."""

from functools import cache

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

LUMA = np.array([0.2126, 0.7152, 0.0722], np.float32)
"""Relative luminance of linear sRGB (Rec. ITU-R BT.709)."""

# Anchors (L*, a*, b*) of facial skin under D65 from very light to very dark. The individual
# typology angle atan((L - 50) / b) (Chardon et al. 1991) of the anchors runs from 61 to -69
# degrees; chroma peaks at tan skin.
_SKIN_LAB = np.array(
    [
        [78.0, 7.5, 13.5],
        [71.0, 9.5, 15.5],
        [65.0, 11.0, 18.0],
        [58.0, 12.5, 20.5],
        [50.0, 13.5, 21.5],
        [42.0, 13.0, 18.5],
        [34.0, 11.0, 14.0],
        [26.5, 8.0, 9.0],
    ]
)

TONES = {"light_skin": 2.0, "tan_skin": 3.5, "brown_skin": 5.25, "dark_skin": 7.0}
"""Upper limit of each named skin tone, as a place between the anchors.

The limits are individual typology angles of 41, 10 and -30 degrees, with which Del Bino and Bernerd
(2013) separate light, intermediate and tan, brown and dark skin.
"""

_HAIR_SRGB = {
    "black": (24, 20, 19),
    "dark_brown": (50, 36, 28),
    "brown": (84, 58, 40),
    "light_brown": (122, 88, 58),
    "blond": (178, 142, 92),
    "platinum": (214, 196, 160),
    "red": (126, 62, 32),
    "grey": (134, 131, 128),
    "white": (214, 211, 206),
    "dyed": (120, 40, 110),
}
_HAIR_NAMES = tuple(_HAIR_SRGB)
# Rows: light, medium, dark skin. People of every skin dye and grey, so no entry is zero.
_HAIR_ODDS = np.array(
    [
        [0.16, 0.22, 0.2, 0.14, 0.13, 0.03, 0.06, 0.03, 0.01, 0.02],
        [0.48, 0.24, 0.12, 0.04, 0.03, 0.01, 0.02, 0.03, 0.01, 0.02],
        [0.72, 0.14, 0.04, 0.02, 0.02, 0.005, 0.01, 0.03, 0.005, 0.01],
    ]
)


@cache
def linear_table() -> Floats:
    """Linear value of each 8-bit sRGB code, float32 (256,) in 0–1 (IEC 61966-2-1)."""
    code = np.arange(256) / 255
    return np.where(code <= 0.04045, code / 12.92, ((code + 0.055) / 1.055) ** 2.4).astype(
        np.float32
    )


def encode_srgb(linear: NDArray[np.floating]) -> NDArray[np.uint8]:
    """8-bit sRGB of linear values; values outside 0–1 are clipped."""
    x = np.clip(linear, 0, 1)
    code = np.where(x <= 0.0031308, 12.92 * x, 1.055 * x ** (1 / 2.4) - 0.055)
    return (code * 255 + 0.5).astype(np.uint8)


def from_srgb(red: float, green: float, blue: float) -> Floats:
    """Linear RGB (3,) of an 8-bit sRGB triple, which may be fractional."""
    return np.interp([red, green, blue], np.arange(256), linear_table()).astype(np.float32)


def from_hsv(hue: float, saturation: float, value: float) -> Floats:
    """Linear RGB (3,) of a hue (turns), a saturation and an sRGB value (0–1)."""
    ramp = np.abs((hue * 6 + np.array([0.0, 4.0, 2.0])) % 6 - 3) - 1
    return from_srgb(*(255 * value * (1 - saturation * (1 - np.clip(ramp, 0, 1)))))


def any_colour(rng: np.random.Generator) -> Floats:
    """A random colour of an object, linear RGB (3,): often grey, white or black."""
    kind = rng.random()
    value = float(rng.beta(1.1, 1.1))
    if kind < 0.35:
        return from_hsv(rng.random(), float(rng.uniform(0, 0.12)), value)
    return from_hsv(
        rng.random(), float(rng.beta(1.4, 1.8) if kind < 0.85 else rng.uniform(0.7, 1)), value
    )


def from_lab(lab: NDArray[np.floating]) -> Floats:
    """Linear sRGB of CIE L*a*b* (D65, 2 degrees), last axis 3."""
    fy = (lab[..., 0] + 16) / 116
    f = np.stack([fy + lab[..., 1] / 500, fy, fy - lab[..., 2] / 200], -1)
    xyz = np.where(f > 6 / 29, f**3, 3 * (6 / 29) ** 2 * (f - 4 / 29)) * [0.95047, 1.0, 1.08883]
    to_rgb = np.array(
        [[3.2406, -1.5372, -0.4986], [-0.9689, 1.8758, 0.0415], [0.0557, -0.2040, 1.0570]]
    )
    return (xyz @ to_rgb.T).astype(np.float32)


def skin_tone(rng: np.random.Generator) -> tuple[Floats, float]:
    """A human skin colour from very light to very dark, the lighter half a little more often.

    Returns:
        Linear RGB (3,) of the skin of a cheek, and its darkness from 0 (very light) to 1 (very
        dark).
    """
    darkness = float(rng.beta(0.95, 1.35))
    place = darkness * (len(_SKIN_LAB) - 1)
    lab = np.array([np.interp(place, np.arange(len(_SKIN_LAB)), _SKIN_LAB[:, i]) for i in range(3)])
    lab[0] += rng.normal() * 1.2
    lab[1:] *= np.exp(rng.normal(size=2) * [0.16, 0.15])
    if rng.random() < 0.12:  # flushed, sallow and pale faces lie beyond the usual scatter
        lab[1:] *= rng.choice([[1.45, 1.0], [0.75, 1.3], [1.25, 1.3], [0.75, 0.7]])
    return np.maximum(from_lab(lab), 0.006), darkness


def tone_name(darkness: float) -> str:
    """The name in `TONES` of a skin's darkness, 0 to 1."""
    place = darkness * (len(_SKIN_LAB) - 1)
    return next(name for name, last in TONES.items() if place <= last)


def hair_colour(
    rng: np.random.Generator, darkness: float, *, grey: float = 0.0
) -> tuple[Floats, str]:
    """A hair colour that goes with a skin.

    Args:
        rng: Random generator.
        darkness: Of the skin, 0–1.
        grey: Probability that age has turned the hair grey or white.

    Returns:
        Linear RGB (3,) and the colour's name.
    """
    if rng.random() < grey:
        name = "grey" if rng.random() < 0.55 else "white"
    else:
        odds = _HAIR_ODDS[min(int(darkness * 3), 2)]
        name = str(rng.choice(_HAIR_NAMES, p=odds / odds.sum()))
    base = from_hsv(rng.random(), 0.7, 0.6) if name == "dyed" else from_srgb(*_HAIR_SRGB[name])
    return (base * rng.uniform(0.65, 1.35) * np.exp(rng.normal(size=3) * 0.05)).astype(
        np.float32
    ), name
