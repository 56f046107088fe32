"""`python -m tests.daemon.regenerate [NAME...]`: renew expectations; see recorded/README.md."""

import argparse
import difflib
import sys
import tempfile
from pathlib import Path

from tests.daemon.replay import NAMES, RECORDED, replay


def main() -> None:
    """Replay the recordings and write what came out, with the number of lines that changed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "names",
        nargs="*",
        default=NAMES,
        metavar="NAME",
        help=f"of {', '.join(NAMES)}; default all",
    )
    for name in parser.parse_args().names:
        path = RECORDED / f"{name}.expected.jsonl"
        before = path.read_text() if path.exists() else ""
        with tempfile.TemporaryDirectory() as folder:
            after = replay(name, Path(folder)).text()
        path.write_text(after)
        changed = sum(
            line[:1] in "+-" for line in difflib.ndiff(before.splitlines(), after.splitlines())
        )
        sys.stdout.write(
            f"{path.name}: {changed} lines removed or added, {len(after.splitlines())} in all\n"
        )


if __name__ == "__main__":
    main()
