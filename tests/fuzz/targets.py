"""The targets: every parser of files and addresses, and of the wire."""

from collections.abc import Callable
from pathlib import Path

from tests.fuzz.parsers import PARSERS
from tests.fuzz.test_parsers import CORPUS, survives
from tests.wire.fuzz_decoder import one_input

FILES = tuple(
    f"*/landmarkd/{name}"
    for name in (
        *("settings/*", "uri.py", "files.py", "camera/intrinsics.py", "camera/scripted.py"),
        *("camera/video.py", "daemon/baselines.py", "daemon/statusfile.py", "profile/result.py"),
        *("vision/zoo.py", "web/drive.py", "web/report.py", "wire/*.py"),
    )
)
"""Modules with the parsers; their coverage is printed."""
WIRE = Path(__file__).parents[1] / "wire/corpus"


def targets(folder: Path) -> dict[str, tuple[Callable[[bytes], object], list[bytes]]]:
    """Return name => function that takes an input, and its first inputs."""
    found = {"wire": (one_input, [file.read_bytes() for file in WIRE.iterdir()])}
    for name, parser in PARSERS.items():
        place = folder / name
        place.mkdir()
        seeds = [
            parser.example.encode(),
            *(file.read_bytes() for file in (CORPUS / name).iterdir()),
        ]
        found[name] = (
            (lambda content, parser=parser, place=place: survives(parser, content, place)),
            seeds,
        )
    return found
