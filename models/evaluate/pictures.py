"""Sheets of faces with labels and results, for visual inspection."""

import math
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from landmarkd.vision.geometry import roi_from_box
from numpy.typing import NDArray

from models.evaluate.faces import Result

TILE = 256
COLUMNS = 5
LABELLED, FOUND, OTHER = (80, 255, 80), (60, 60, 255), (255, 170, 60)


def worst(results: Sequence[Result], count: int = 20, name: str = "nme51") -> list[Result]:
    """Return the faces with the largest errors, the missed ones left out."""
    known = [result for result in results if result.found]
    return sorted(known, key=lambda result: -np.nan_to_num(result.measures()[name]))[:count]


def write_sheet(results: Sequence[Result], ibug68: NDArray[np.intp], path: Path) -> None:
    """Write a sheet of faces: labels green, the 68 points red, all others blue, the error above."""
    tiles = [_tile(result, ibug68) for result in results]
    if tiles:
        cv2.imwrite(str(path), stack(tiles))


def stack(tiles: Sequence[NDArray[np.uint8]], columns: int = COLUMNS) -> NDArray[np.uint8]:
    """Arrange tiles of one size in rows."""
    rows = math.ceil(len(tiles) / columns)
    height, width = tiles[0].shape[:2]
    sheet = np.zeros((rows * height, min(columns, len(tiles)) * width, 3), np.uint8)
    for n, tile in enumerate(tiles):
        row, column = divmod(n, columns)
        sheet[row * height : (row + 1) * height, column * width : (column + 1) * width] = tile
    return sheet


def _tile(result: Result, ibug68: NDArray[np.intp]) -> NDArray[np.uint8]:
    roi = roi_from_box(result.face.box, 1.5, 0.08)
    scale = TILE / roi.side
    corner = np.array([roi.x - roi.side / 2, roi.y - roi.side / 2])
    affine = np.array([[scale, 0, -corner[0] * scale], [0, scale, -corner[1] * scale]])
    image = result.face.read()
    if scale < 1:
        image = cv2.GaussianBlur(image, (0, 0), 0.4 / scale)
    tile = cv2.warpAffine(image, affine, (TILE, TILE), flags=cv2.INTER_LINEAR)
    if result.points is not None:
        _dots(tile, (result.points[:, :2] - corner) * scale, OTHER, 0)
        _dots(tile, (result.points[ibug68, :2] - corner) * scale, FOUND, 1)
    _dots(tile, (result.face.points - corner) * scale, LABELLED, 1)
    numbers = result.measures()
    text = f"{numbers['nme51']:.1f} {result.face.name[-28:]}"
    cv2.putText(tile, text, (4, 14), cv2.FONT_HERSHEY_SIMPLEX, 0.4, (0, 0, 0), 3, cv2.LINE_AA)
    cv2.putText(tile, text, (4, 14), cv2.FONT_HERSHEY_SIMPLEX, 0.4, (255, 255, 255), 1, cv2.LINE_AA)
    return tile


def _dots(
    tile: NDArray[np.uint8], points: NDArray[np.floating], colour: tuple[int, int, int], radius: int
) -> None:
    for x, y in points[np.isfinite(points).all(1)]:
        if -TILE < x < 2 * TILE and -TILE < y < 2 * TILE:
            cv2.circle(tile, (round(float(x)), round(float(y))), radius, colour, -1)
