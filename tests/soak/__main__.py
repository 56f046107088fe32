"""`make soak`: run a daemon long, and check that memory, descriptors and latency stay constant."""

import argparse
import json
import sys
import tempfile
from pathlib import Path

from tests.soak.run import soak, summary, violations


def main() -> None:
    """Run the soak and print its summary."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--frames", type=int, default=1_000_000)
    parser.add_argument("--minutes", type=float, help="end after this time, whatever was reached")
    parser.add_argument("--every", type=int, default=10_000, help="frames between two lines")
    parser.add_argument(
        "--log", type=Path, default=Path("runs/soak.jsonl"), help="a line for each --every frames"
    )
    options = parser.parse_args()
    options.log.parent.mkdir(parents=True, exist_ok=True)
    lines = []
    with tempfile.TemporaryDirectory() as folder, options.log.open("w") as file:
        for line in soak(Path(folder), options.frames, options.every, minutes=options.minutes):
            lines.append(line)
            file.write(json.dumps(line) + "\n")
            file.flush()
            print(json.dumps(line), flush=True)
    print(summary(lines))
    found = violations(lines)
    print("\n".join(found) or "Memory, descriptors, threads and latency stayed as they were.")
    sys.exit(bool(found))


if __name__ == "__main__":
    main()
