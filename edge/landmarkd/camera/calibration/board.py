"""The ChArUco board: a chessboard with markers in its white squares; a part of it suffices."""

from functools import cache

import cv2
import numpy as np
from numpy.typing import NDArray

COLUMNS, ROWS = 9, 7
SQUARE_MM, MARKER_MM = 25.0, 18.0
"""Fits A4 and US Letter with the margin of any printer. Intrinsics do not depend on the scale."""
INNER_COLUMNS, INNER_ROWS = COLUMNS - 1, ROWS - 1
CORNERS = INNER_COLUMNS * INNER_ROWS
WIDTH_MM, HEIGHT_MM = COLUMNS * SQUARE_MM, ROWS * SQUARE_MM


@cache
def charuco_board() -> cv2.aruco.CharucoBoard:
    """Return OpenCV's object of the board; its unit is the millimetre."""
    dictionary = cv2.aruco.getPredefinedDictionary(cv2.aruco.DICT_4X4_50)
    return cv2.aruco.CharucoBoard((COLUMNS, ROWS), SQUARE_MM, MARKER_MM, dictionary)


def corner_points(ids: NDArray[np.int32]) -> NDArray[np.float32]:
    """Return the places of inner corners on the board, (count, 3) millimetres, z = 0."""
    return np.asarray(charuco_board().getChessboardCorners(), np.float32)[ids]
