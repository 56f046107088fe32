"""Video files: square pixels and interlaced frames, which FFmpeg in OpenCV does not handle."""

import os
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from landmarkd.camera.base import quiet_opencv
from landmarkd.errors import SourceFormatError
from landmarkd.files import opencv_name

INTERLACED_FRAMES = 12
"""Frames that are checked; the check ends at the first frame that differs."""

STILL_BYTES = 600
"""Maximum size of the data of an unchanged picture."""

# Suppress the messages of FFmpeg; -8 is AV_LOG_QUIET. OpenCV reads this only once.
os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")


def open_video(path: Path) -> cv2.VideoCapture:
    """Open a video file with FFmpeg, quietly.

    Raises:
        SourceFormatError: FFmpeg finds no video in the file, or its name is not UTF-8.
    """
    name = opencv_name(path, SourceFormatError)
    with quiet_opencv():
        capture = cv2.VideoCapture(name, cv2.CAP_FFMPEG)
    if not capture.isOpened():
        raise SourceFormatError(f"{path} is not a video that can be read; try ffprobe {path}")
    return capture


def pixel_shape(capture: cv2.VideoCapture) -> float:
    """Return the width of a pixel of the decoded pictures over its height.

    It is 1 without a plausible value.
    """
    across, down = capture.get(cv2.CAP_PROP_SAR_NUM), capture.get(cv2.CAP_PROP_SAR_DEN)
    # The container has the shape as stored, but OpenCV applies its rotation while decoding.
    rotates = capture.get(cv2.CAP_PROP_ORIENTATION_AUTO)
    if rotates and capture.get(cv2.CAP_PROP_ORIENTATION_META) % 180 == 90:
        across, down = down, across
    shape = across / down if across > 0 and down > 0 else 1.0
    return shape if 0.25 <= shape <= 4 and abs(shape - 1) > 0.005 else 1.0


def squared(image: NDArray[np.uint8], shape: float) -> NDArray[np.uint8]:
    """Return a picture with square pixels, enlarged along one side."""
    if shape == 1.0:
        return image
    height, width = image.shape[:2]
    size = (round(width * shape), height) if shape > 1 else (width, round(height / shape))
    return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_LINEAR), np.uint8)


def refuse_interlaced(path: Path) -> None:
    """Refuse a file whose data change but not its decoded pictures.

    Since swscale 9, FFmpeg in OpenCV cannot convert interlaced frames and returns old memory
    without an error.

    Raises:
        SourceFormatError: the video is interlaced.
    """
    decoded, packets = open_video(path), open_video(path)
    packets.set(cv2.CAP_PROP_FORMAT, -1)
    try:
        first, before, changed = None, None, 0
        for _ in range(INTERLACED_FRAMES):
            (found, image), (more, data) = decoded.read(), packets.read()
            if not found or not more:
                break
            if first is not None and not np.array_equal(first, image):
                return
            differs = before is not None and not np.array_equal(before, data)
            changed += differs and data.size > STILL_BYTES
            first, before = image, data
    finally:
        decoded.release()
        packets.release()
    if changed:
        raise SourceFormatError(
            f"{path} is interlaced, which this OpenCV cannot decode; convert it first: "
            f"ffmpeg -i {path.name} -vf yadif {path.stem}-progressive.mp4"
        )
