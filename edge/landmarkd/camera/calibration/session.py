"""Fills a collection of views from a camera or from pictures."""

import time
from collections.abc import Callable, Iterable
from contextlib import closing, suppress
from pathlib import Path

from landmarkd.camera.base import NS_PER_S, FrameSource
from landmarkd.camera.calibration.collection import Collection, Verdict
from landmarkd.camera.calibration.view import BoardView, find_board
from landmarkd.camera.capture import Capture
from landmarkd.camera.images import find_pictures, read_picture
from landmarkd.errors import EndOfStreamError, SourceFormatError, SourceTimeoutError
from landmarkd.interrupt import usual_end

READ_S = 0.5

Look = Callable[[str, BoardView | None, Verdict, Collection], None]
"""Called for each picture: its name, the board or None, the verdict, the collection."""


def look_at_pictures(paths: Iterable[Path], look: Look) -> Collection:
    """Offer pictures, and those of folders, to a new collection; skip undecodable ones.

    Raises:
        SourceError, AccessError: a path does not exist or may not be read, or a folder is empty.
    """
    collection = Collection(live=False)
    for picture in (picture for path in paths for picture in find_pictures(path)):
        try:
            image = read_picture(picture)
        except SourceFormatError:
            look(picture.name, None, Verdict(False, "it cannot be decoded"), collection)
            continue
        view = find_board(image, picture.name)
        look(picture.name, view, collection.offer(view), collection)
    return collection


def watch(source: FrameSource, look: Look, *, limit_s: float) -> Collection:
    """Offer the frames of a camera or video to a new collection until it is complete.

    It also ends with the video, after a keyboard interrupt, and after `limit_s`.

    Args:
        source: not yet open; closed at the end.
        look: called for each frame.
        limit_s: seconds, in frame time.

    Raises:
        SourceError, AccessError: the source does not open, or was lost.
    """
    collection = Collection(live=True)
    capture = Capture(source)
    capture.start()
    until_ns = time.monotonic_ns() + limit_s * NS_PER_S
    with closing(capture), suppress(EndOfStreamError), usual_end():
        while not collection.complete:
            try:
                frame = capture.next(READ_S)
            except SourceTimeoutError:
                if time.monotonic_ns() > until_ns:
                    break
                continue
            if frame.captured_ns > until_ns:
                break
            name = f"frame {frame.sequence}"
            view = find_board(frame.image, name)
            look(name, view, collection.offer(view), collection)
    return collection
