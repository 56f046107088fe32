import numpy as np
import pytest
from landmarkd.types import Intrinsics

from tests.calibration.render import board_texture, poses, render

CAMERA = Intrinsics(
    402.0, 404.0, 246.0, 176.0, 480, 360, "truth", (0.08, -0.15, 0.001, -0.0015, 0.0)
)
WIDE = Intrinsics(
    272.0, 272.0, 241.0, 181.0, 480, 360, "truth", (-0.28, 0.09, 0.0005, 0.0003, -0.012)
)


@pytest.fixture(scope="session")
def texture() -> np.ndarray:
    return board_texture()


@pytest.fixture(scope="session")
def pictures(texture):
    """The views that a careful user would show, through CAMERA."""
    return [
        render(CAMERA, turn, centre, texture=texture, seed=number)
        for number, (turn, centre) in enumerate(poses(16, CAMERA))
    ]


@pytest.fixture(scope="session")
def wide_pictures(texture):
    """The same through WIDE, whose distortion is strong."""
    return [
        render(WIDE, turn, centre, texture=texture, seed=number)
        for number, (turn, centre) in enumerate(poses(12, WIDE))
    ]
