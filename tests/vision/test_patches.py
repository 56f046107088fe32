import math

import numpy as np
import pytest
from landmarkd.vision.patches import cut

WIDTH, HEIGHT = 48, 32


def slope(across, down):
    """Return a picture with a linear brightness ramp, so that every sample is known."""
    y, x = np.mgrid[:120, :160]
    grey = np.clip(across * x + down * y, 0, 255).astype(np.uint8)
    return np.repeat(grey[:, :, None], 3, axis=2)


def place(scale, degrees, x, y):
    """Return the rows of a patch whose first pixel lies at x, y."""
    a, d = scale * math.cos(math.radians(degrees)), scale * math.sin(math.radians(degrees))
    return (a, -d, x), (d, a, y)


def cut_out(image, *places):
    patches = np.zeros((len(places), HEIGHT, WIDTH), np.uint8)
    cut(image, places, patches)
    return patches.astype(float)


@pytest.mark.parametrize(("scale", "degrees"), [(1.0, 0), (0.7, 20), (1.3, -30), (2.2, 5)])
def test_a_patch_shows_what_lies_there(scale, degrees):
    image = slope(1.0, 0.5)
    where = place(scale, degrees, 50.0 if scale < 2 else 20.0, 45.0 if scale < 2 else 20.0)
    (found,) = cut_out(image, where)
    row, column = np.mgrid[:HEIGHT, :WIDTH]
    (a, b, x), (d, e, y) = where
    wanted = (a * column + b * row + x) + 0.5 * (d * column + e * row + y)
    assert np.abs(found - wanted).max() < 2.0


def test_patches_of_one_strip_are_those_cut_alone():
    image = np.random.default_rng(1).integers(0, 256, (120, 160, 3), np.uint8)
    left, right = place(0.8, 10, 20.3, 40.1), place(0.8, 10, 90.7, 52.4)
    both = cut_out(image, left, right)
    alone = np.concatenate([cut_out(image, left), cut_out(image, right)])
    # OpenCV rounds places to 1/32 of a pixel.
    assert np.abs(both - alone).max() <= 8.0


@pytest.mark.parametrize("where", [(-30.0, -20.0), (150.0, 110.0), (-500.0, 40.0), (900.0, 900.0)])
def test_what_lies_outside_shows_the_edge(where):
    (found,) = cut_out(slope(1.0, 0.5), place(1.0, 0, *where))
    row, column = np.mgrid[:HEIGHT, :WIDTH]
    x, y = np.clip(column + where[0], 0, 159), np.clip(row + where[1], 0, 119)
    assert np.abs(found - (x + 0.5 * y)).max() < 2.0
