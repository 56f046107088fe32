"""The ChArUco board: a chessboard whose white squares carry markers, so that parts of it suffice."""

from dataclasses import dataclass
from functools import cache

import cv2
import numpy as np
from numpy.typing import NDArray

COLUMNS, ROWS = 9, 7
SQUARE_MM, MARKER_MM = 25.0, 18.0
"""Fits A4 and US Letter with a margin that every printer leaves. Intrinsics do not depend on the scale."""
INNER_COLUMNS, INNER_ROWS = COLUMNS - 1, ROWS - 1
CORNERS = INNER_COLUMNS * INNER_ROWS
WIDTH_MM, HEIGHT_MM = COLUMNS * SQUARE_MM, ROWS * SQUARE_MM


@dataclass(frozen=True, slots=True)
class Rectangle:
    """A black rectangle of the board; millimetres from its top left corner, y down."""

    x: float
    y: float
    width: float
    height: float


@cache
def charuco_board() -> cv2.aruco.CharucoBoard:
    """Return the board as OpenCV has it; its unit is the millimetre."""
    dictionary = cv2.aruco.getPredefinedDictionary(cv2.aruco.DICT_4X4_50)
    return cv2.aruco.CharucoBoard((COLUMNS, ROWS), SQUARE_MM, MARKER_MM, dictionary)


def corner_points(ids: NDArray[np.int32]) -> NDArray[np.float32]:
    """Return the places of inner corners on the board, (count, 3) millimetres, z = 0."""
    return np.asarray(charuco_board().getChessboardCorners(), np.float32)[ids]


def black_rectangles() -> list[Rectangle]:
    """Return what is to be printed black: squares, and the modules of the markers joined along their rows."""
    rectangles = [
        Rectangle(column * SQUARE_MM, row * SQUARE_MM, SQUARE_MM, SQUARE_MM)
        for row in range(ROWS)
        for column in range(COLUMNS)
        if (row + column) % 2 == 0
    ]
    board = charuco_board()
    dictionary = board.getDictionary()
    modules = dictionary.markerSize + 2
    side = MARKER_MM / modules
    for marker, corners in zip(np.ravel(board.getIds()), board.getObjPoints(), strict=True):
        left, top = np.asarray(corners)[0, :2]
        black = dictionary.generateImageMarker(int(marker), modules) == 0
        for row in range(modules):
            edges = np.flatnonzero(
                np.diff(np.concatenate(([False], black[row], [False])).astype(np.int8))
            )
            for begin, end in edges.reshape(-1, 2):
                rectangles.append(
                    Rectangle(
                        float(left + begin * side),
                        float(top + row * side),
                        float((end - begin) * side),
                        side,
                    )
                )
    return rectangles
