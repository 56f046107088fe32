"""Writes every STEPth frame of the bundled clip as a lossless picture: FOLDER COUNT STEP."""

import sys
from pathlib import Path

import cv2
from landmarkd.camera import make_source
from landmarkd.errors import EndOfStreamError


def main(folder: Path, count: int, step: int) -> None:
    """Fill a new folder with at most `count` pictures."""
    folder.mkdir(parents=True)
    source = make_source("demo:", fast=True)
    source.open()
    try:
        for index in range(count * step):
            frame = source.read(5.0)
            if index % step == 0:
                cv2.imwrite(str(folder / f"{index:05}.png"), frame.image)
    except EndOfStreamError:
        pass
    finally:
        source.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
