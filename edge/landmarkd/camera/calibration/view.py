"""One view of the board: its corners in a picture, and their quality."""

import math
from dataclasses import dataclass
from functools import cache

import cv2
import numpy as np
from numpy.typing import NDArray

from landmarkd.camera.calibration.board import CORNERS, INNER_COLUMNS, charuco_board, corner_points
from landmarkd.camera.intrinsics import intrinsics_for

MIN_CORNERS = 16
"""A third of the board; fewer corners give little information."""
SHARP_EDGE_PX = 3.0
SHARP_EDGE_SHARE = 0.08
"""Greatest width of an edge from black to white, in pixels or as a share of a square. With wider
edges the corners of rendered boards are wrong by up to 0.4 pixels, and markers are not read."""


@dataclass(frozen=True, slots=True)
class BoardView:
    """The board in one picture.

    Attributes:
        name: of the picture.
        ids: (count,) int32, ids of the found inner corners.
        corners: (count, 2) float32, pixels.
        width, height: of the picture, pixels.
        edge_px: width of the edges from black to white, pixels; small is sharp.
        square_px: side of a square in the middle of the view, pixels.
        tilt_x_deg, tilt_y_deg: approximate rotation of the board about the x and y axes of the
            picture.
    """

    name: str
    ids: NDArray[np.int32]
    corners: NDArray[np.float32]
    width: int
    height: int
    edge_px: float
    square_px: float
    tilt_x_deg: float
    tilt_y_deg: float

    def defect(self) -> str | None:
        """Return why this view cannot be used, or None."""
        if self.edge_px > max(SHARP_EDGE_PX, SHARP_EDGE_SHARE * self.square_px):
            return (
                f"it is blurred (edges {self.edge_px:.0f} pixels wide); hold still, more light, "
                "check the focus"
            )
        if len(self.ids) < MIN_CORNERS:
            return f"only {len(self.ids)} of {CORNERS} corners are seen"
        columns, rows = self.ids % INNER_COLUMNS, self.ids // INNER_COLUMNS
        if np.ptp(columns) < 2 or np.ptp(rows) < 2:
            return "only a strip of the board is seen"
        return None


@cache
def _detector() -> cv2.aruco.CharucoDetector:
    parameters = cv2.aruco.DetectorParameters()
    parameters.cornerRefinementMethod = cv2.aruco.CORNER_REFINE_SUBPIX
    return cv2.aruco.CharucoDetector(charuco_board(), cv2.aruco.CharucoParameters(), parameters)


def find_board(image: NDArray[np.uint8], name: str = "") -> BoardView | None:
    """Find the board in a picture.

    Args:
        image: (height, width, 3) uint8, BGR.
        name: of the picture.

    Returns:
        The view, good or not (see `BoardView.defect`), or None without a board.
    """
    grey = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)
    found_corners, found_ids, _, _ = _detector().detectBoard(grey)
    if found_ids is None or len(found_ids) < 4:
        return None
    ids = np.asarray(found_ids, np.int32).ravel()
    corners = np.asarray(found_corners, np.float32).reshape(-1, 2)
    height, width = grey.shape
    pairs = _neighbours(ids)
    if len(pairs) == 0:
        return None
    square_px = float(
        np.median(np.linalg.norm(corners[pairs[:, 0]] - corners[pairs[:, 1]], axis=1))
    )
    tilt_x, tilt_y = _tilt(ids, corners, width, height)
    edge_px = _edge_width(np.asarray(grey, np.float32), corners, pairs)
    return BoardView(name, ids, corners, width, height, edge_px, square_px, tilt_x, tilt_y)


def _neighbours(ids: NDArray[np.int32]) -> NDArray[np.intp]:
    """Return (count, 2) indices of neighbouring corners in a row of the board."""
    place = {int(corner): index for index, corner in enumerate(ids)}
    pairs = [
        (place[corner], place[corner + 1])
        for corner in place
        if corner + 1 in place and (corner + 1) % INNER_COLUMNS != 0
    ]
    return np.asarray(pairs, np.intp).reshape(-1, 2)


def _edge_width(
    grey: NDArray[np.float32], corners: NDArray[np.float32], pairs: NDArray[np.intp]
) -> float:
    """Return the median edge width between neighbouring corners: contrast over steepest slope."""
    first, second = corners[pairs[:, 0]], corners[pairs[:, 1]]
    along = second - first
    length = np.linalg.norm(along, axis=1, keepdims=True)
    normal = np.stack([-along[:, 1], along[:, 0]], axis=1) / length
    # Up to the frame of the marker, which begins 0.14 squares after the edge.
    steps = np.linspace(-1.0, 1.0, 25)
    reach = np.maximum(0.13 * length, 2.0)
    points = (first + second)[:, None] / 2 + steps[None, :, None] * (reach * normal)[:, None]
    maps = points.astype(np.float32)
    profile = cv2.remap(
        grey, maps[..., 0], maps[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    slope = np.abs(np.diff(profile, axis=1)).max(axis=1) / (reach[:, 0] * (steps[1] - steps[0]))
    dark, bright = np.percentile(grey[_inside(grey, corners)], (5, 95))
    contrast = bright - dark
    return float(np.median(contrast / np.maximum(slope, 1e-3)))


def _inside(grey: NDArray[np.float32], corners: NDArray[np.float32]) -> tuple[slice, slice]:
    height, width = grey.shape
    left, top = np.clip(corners.min(axis=0), 0, (width - 1, height - 1)).astype(int)
    right, bottom = np.clip(corners.max(axis=0), 0, (width - 1, height - 1)).astype(int)
    return slice(top, bottom + 1), slice(left, right + 1)


def _tilt(
    ids: NDArray[np.int32], corners: NDArray[np.float32], width: int, height: int
) -> tuple[float, float]:
    """Return the rotation of the board about x and y in degrees, with guessed intrinsics."""
    if len(ids) < 6:
        return 0.0, 0.0
    guess = intrinsics_for(width, height)
    matrix = np.array([[guess.fx, 0, guess.cx], [0, guess.fy, guess.cy], [0, 0, 1]])
    found, rotation, _ = cv2.solvePnP(
        corner_points(ids), corners, matrix, None, flags=cv2.SOLVEPNP_IPPE
    )
    if not found:
        return 0.0, 0.0
    normal = cv2.Rodrigues(rotation)[0][:, 2]
    normal = normal * np.sign(normal[2] or 1.0)
    return (
        math.degrees(math.atan2(-float(normal[1]), float(normal[2]))),
        math.degrees(math.atan2(float(normal[0]), float(normal[2]))),
    )
