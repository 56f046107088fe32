"""The ChArUco board: a chessboard with markers in its white squares; a view of a part is enough."""

from functools import cache

import cv2
import numpy as np
from numpy.typing import NDArray

COLUMNS, ROWS = 9, 7
SQUARE_MM, MARKER_MM = 25.0, 18.0
"""Fits A4 and US Letter with the margins of printers. Intrinsics do not depend on the scale."""
INNER_COLUMNS, INNER_ROWS = COLUMNS - 1, ROWS - 1
CORNERS = INNER_COLUMNS * INNER_ROWS
WIDTH_MM, HEIGHT_MM = COLUMNS * SQUARE_MM, ROWS * SQUARE_MM


@cache
def charuco_board() -> cv2.aruco.CharucoBoard:
    """Return the board as an object of OpenCV, in millimetres."""
    dictionary = cv2.aruco.getPredefinedDictionary(cv2.aruco.DICT_4X4_50)
    return cv2.aruco.CharucoBoard((COLUMNS, ROWS), SQUARE_MM, MARKER_MM, dictionary)


def corner_points(ids: NDArray[np.int32]) -> NDArray[np.float32]:
    """Return the positions of inner corners on the board, (count, 3) millimetres, z = 0."""
    return np.asarray(charuco_board().getChessboardCorners(), np.float32)[ids]
