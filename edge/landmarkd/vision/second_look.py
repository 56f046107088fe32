"""Windows for a second search: a small face is larger in a window of the frame."""

from collections.abc import Iterable
from dataclasses import replace

from landmarkd.types import Box, Detection
from landmarkd.vision.cards import SecondLookContract

Window = tuple[int, int, int, int]
"""x0, y0, x1, y1 of a frame, the last two exclusive."""

MARGIN = 0.5
"""Margin around a face in a window, as a share of the longer side of the face."""

GROWTH = 1.5
"""Answers in a window of more than this many times `largest` are left to the first look, which
sees the whole of such things."""


def longest(box: Box) -> float:
    """Return the longer side of a box."""
    return max(box[2] - box[0], box[3] - box[1])


def windows(
    small: Iterable[Detection], width: int, height: int, contract: SecondLookContract
) -> list[Window]:
    """Return windows of a frame that hold the small answers, best first, as few as possible.

    Args:
        small: answers to look at again, best first; those that no window holds are left to the
            first look.
        width: of the frame.
        height: of the frame.
        contract: how large a window is and how many there may be.
    """
    side = round(contract.window * max(width, height))
    wide, high = min(side, width), min(side, height)
    opened: list[Window] = []
    for face in small:
        if any(holds(window, face, width, height) for window in opened):
            continue
        if len(opened) == contract.most:
            break
        x = round((face.box[0] + face.box[2] - wide) / 2)
        y = round((face.box[1] + face.box[3] - high) / 2)
        x, y = min(max(x, 0), width - wide), min(max(y, 0), height - high)
        opened.append((x, y, x + wide, y + high))
    return opened


def holds(window: Window, face: Detection, width: int, height: int) -> bool:
    """Return whether a window shows a face and what surrounds it, as far as the frame does."""
    margin = (0.5 + MARGIN) * longest(face.box)
    for low, high, size in ((0, 2, width), (1, 3, height)):
        middle = (face.box[low] + face.box[high]) / 2
        if (window[low] > 0 and middle - margin < window[low]) or (
            window[high] < size and middle + margin > window[high]
        ):
            return False
    return True


def moved(face: Detection, window: Window) -> Detection:
    """Return an answer in a window's pixels as one in the frame's."""
    x, y = window[:2]
    return replace(face, box=(face.box[0] + x, face.box[1] + y, face.box[2] + x, face.box[3] + y))
