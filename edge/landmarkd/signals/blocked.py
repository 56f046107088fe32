"""Whether a camera sees anything at all."""

import numpy as np
from numpy.typing import NDArray

MIN_CONTRAST = 6.0
"""Standard deviation in grey levels below which a picture shows nothing.

A cap or a hand on the lens gives 0 to 3; the
dullest of fifteen webcam and film clips gave 14.
"""


def is_blocked(image: NDArray[np.uint8]) -> bool:
    """Return whether a frame shows nothing but one even tone.

    A covered lens, or darkness without a light.

    Args:
        image: (height, width, 3) uint8; every eighth pixel of the green channel is looked at.
    """
    # Averages of 4 x 4 grid pixels keep the noise of a dark sensor from looking like a scene.
    grid = image[::8, ::8, 1].astype(np.float32)
    rows, columns = grid.shape[0] // 4 * 4, grid.shape[1] // 4 * 4
    if rows == 0 or columns == 0:
        return False
    blocks = grid[:rows, :columns].reshape(rows // 4, 4, columns // 4, 4).mean((1, 3))
    return float(blocks.std()) < MIN_CONTRAST
