"""Views of the calibration board through a camera with exactly known parameters."""

from functools import cache

import cv2
import numpy as np
from landmarkd.camera.calibration.board import HEIGHT_MM, WIDTH_MM, charuco_board

PX_PER_MM = 8
MARGIN_MM = 12


def board_texture() -> np.ndarray:
    """The printed sheet, (height, width) uint8, `PX_PER_MM` pixels per millimetre."""
    width, height = (round(side * PX_PER_MM) for side in (WIDTH_MM, HEIGHT_MM))
    board = np.asarray(charuco_board().generateImage((width, height), marginSize=0))
    return np.pad(board, MARGIN_MM * PX_PER_MM, constant_values=255)


def rotation(tilt_x_deg: float, tilt_y_deg: float, roll_deg: float) -> np.ndarray:
    x, y, z = (
        cv2.Rodrigues(np.radians(v) * np.eye(3)[i])[0]
        for i, v in enumerate((tilt_x_deg, tilt_y_deg, roll_deg))
    )
    return x @ y @ z


@cache
def rays_of(camera, n) -> np.ndarray:
    """(width * height * n * n, 3) float64: viewing directions of `n` by `n` points per pixel."""
    xs = (np.arange(camera.width * n) + 0.5) / n - 0.5
    ys = (np.arange(camera.height * n) + 0.5) / n - 0.5
    pixels = np.stack(np.meshgrid(xs, ys), axis=-1).reshape(-1, 1, 2)
    matrix = np.array([[camera.fx, 0, camera.cx], [0, camera.fy, camera.cy], [0, 0, 1]])
    criteria = (cv2.TERM_CRITERIA_COUNT + cv2.TERM_CRITERIA_EPS, 25, 1e-9)
    straight = cv2.undistortPointsIter(
        pixels, matrix, np.array(camera.distortion), None, None, criteria
    )
    return np.concatenate([straight.reshape(-1, 2), np.ones((len(pixels), 1))], axis=1)


def render(
    camera, turn, centre_mm, *, texture, noise=2.0, blur=0.6, seed=0, supersample=2
) -> np.ndarray:
    """Return (height, width, 3) uint8: the board, its centre at `centre_mm` in the camera's frame.

    Each pixel is followed back through the distortion to the board's plane, `supersample` squared
    times.
    """
    n = supersample
    width, height = camera.width, camera.height
    rays = rays_of(camera, n) @ turn
    centre = np.asarray(centre_mm, float) @ turn
    # In the board's frame: the eye is at -centre, and the plane is z = 0.
    distance = centre[2] / rays[:, 2]
    places = rays[:, :2] * distance[:, None] - centre[:2] + (WIDTH_MM / 2, HEIGHT_MM / 2)
    maps = (
        ((places + MARGIN_MM) * PX_PER_MM - 0.5)
        .reshape(height * n, width * n, 2)
        .astype(np.float32)
    )
    fine = cv2.remap(texture, maps[..., 0], maps[..., 1], cv2.INTER_LINEAR, borderValue=90)
    image = cv2.resize(fine, (width, height), interpolation=cv2.INTER_AREA).astype(np.float32)
    if blur:
        image = cv2.GaussianBlur(image, (0, 0), blur)
    image = 20 + image * 0.8 + np.random.default_rng(seed).normal(0, noise, image.shape)
    return cv2.cvtColor(np.clip(image, 0, 255).astype(np.uint8), cv2.COLOR_GRAY2BGR)


def poses(count: int, camera, seed=0):
    """Poses of the board, `(rotation, centre_mm)` each, spread over the picture."""
    rng = np.random.default_rng(seed)
    for number in range(count):
        tilts = [(28, 0), (-28, 0), (0, 28), (0, -28), (18, 18), (-18, 20), (5, -5)][number % 7]
        turn = rotation(*(t + rng.uniform(-4, 4) for t in tilts), rng.uniform(-12, 12))
        depth = rng.uniform(1.25, 1.8) * camera.fx * WIDTH_MM / camera.width
        column, row = (number * 5) % 4, (number * 7) % 3
        u = (column / 3 - 0.5) * 0.42 * camera.width
        v = (row / 2 - 0.5) * 0.42 * camera.height
        yield turn, (u * depth / camera.fx, v * depth / camera.fy, depth)
