"""`make faults`: cause every fault and print what happened as a Markdown table."""

import argparse
import sys
import tempfile
import traceback
from pathlib import Path

import pytest
from rich.console import Console
from rich.progress import track

# Importing these modules adds their faults to the table.
from tests.faults import camera, coral, load, service, sinks, transport  # noqa: F401
from tests.faults.row import FAULTS


def main() -> None:
    """Run all faults, or those whose name contains a word."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("word", nargs="?", default="", help="only faults whose name contains this")
    parser.add_argument(
        "--kills", type=int, default=service.KILLS, help="number of kills at random moments"
    )
    options = parser.parse_args()
    service.KILLS = options.kills
    rows, failed = [], 0
    chosen = {name: function for name, function in FAULTS.items() if options.word in name}
    for name, function in track(chosen.items(), console=Console(stderr=True), description="faults"):
        with tempfile.TemporaryDirectory() as folder:
            try:
                row = function(Path(folder))
            except pytest.skip.Exception as reason:
                rows.append(f"| {name} | not tried: {reason} | | | |")
                continue
            except AssertionError as error:
                failed += 1
                traceback.print_exception(error)
                rows.append(f"| {name} | NOT SURVIVED: {str(error).splitlines()[0][:200]} | | | |")
                continue
        recovery = "" if row.recovery_s is None else f"{row.recovery_s:.1f} s"
        status = row.status
        for camera_uri in (f"scripted:{folder}/camera.json", f"v4l2:{folder}/usb/video"):
            status = status.replace(camera_uri, "CAMERA")
        status = status.replace(folder, "DIR")
        rows.append(f"| {name} | {row.wire} | {recovery} | {row.lost} | {status} |")
    print("| fault | the wire shows | recovery | lost | `landmarkd status` says |")
    print("|---|---|---|---|---|")
    print("\n".join(rows))
    sys.exit(failed > 0)


if __name__ == "__main__":
    main()
