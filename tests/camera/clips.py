"""Small videos and pictures that tests make for themselves."""

import struct
from pathlib import Path

import cv2
import landmarkd.camera.video  # noqa: F401 - sets the log level of FFmpeg before a writer starts it
import numpy as np

SIZE = (96, 64)


def picture(number: int, size=SIZE) -> np.ndarray:
    """A picture whose brightness encodes its number, brighter at the top left."""
    width, height = size
    image = np.full((height, width, 3), (20 + 8 * number) % 250, np.uint8)
    image[: height // 4, : width // 4] = 250
    return image


def write_clip(path: Path, frames=20, fps=25.0, size=SIZE, codec="mp4v") -> Path:
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*codec), fps, size)
    assert writer.isOpened()
    for number in range(frames):
        writer.write(picture(number, size))
    writer.release()
    return path


def mark_mp4(path: Path, *, turned: bool = False, wider: int = 1) -> Path:
    """Mark an MP4 in its track header.

    Args:
        turned: it is to be shown turned by 90 degrees clockwise.
        wider: its pixels are this many times as wide as high.
    """
    data = bytearray(path.read_bytes())
    at = data.index(b"tkhd")
    # ISO 14496-12: a version 0 track header has its 3x3 matrix 44 bytes after the name and flags
    # start, and then the size at which it is shown.
    matrix = at + 4 + 40
    assert data[at + 4] == 0
    assert struct.unpack_from(">9i", data, matrix)[0] == 0x10000
    if turned:
        struct.pack_into(
            ">9i", data, matrix, 0, 0x10000, 0, -0x10000, 0, 0, SIZE[1] << 16, 0, 0x40000000
        )
    struct.pack_into(">I", data, matrix + 36, wider * SIZE[0] << 16)
    path.write_bytes(data)
    return path
