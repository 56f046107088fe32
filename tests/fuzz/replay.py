"""Feeds a corpus to the parsers once more, to measure its coverage."""

import sys
import tempfile
from pathlib import Path

from tests.fuzz.targets import targets


def main() -> None:
    """Feed each input of the corpus to its target; failures were reported when they were found."""
    with tempfile.TemporaryDirectory() as folder:
        for name, (target, _) in targets(Path(folder)).items():
            for file in (Path(sys.argv[1]) / name).glob("*"):
                try:
                    target(file.read_bytes())
                except Exception as error:
                    sys.stdout.write(f"{name}/{file.name}: {error!r}\n")


if __name__ == "__main__":
    main()
