"""The command as a user starts it: a real process."""

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

LIMIT_S = 120


def landmarkd(
    *arguments: str | Path,
    timeout_s: float = LIMIT_S,
    environment: Mapping[str, str] | None = None,
) -> subprocess.CompletedProcess[str]:
    """Run the command to its end and return what it printed and its exit code."""
    return subprocess.run(
        command(arguments),
        capture_output=True,
        text=True,
        timeout=timeout_s,
        env={**os.environ, **(environment or {})},
        check=False,
    )


def command(arguments: Sequence[str | Path]) -> list[str]:
    """Return the command line of a process of this environment's own landmarkd."""
    return [
        sys.executable,
        "-c",
        "from landmarkd.cli.main import main; main()",
        *map(str, arguments),
    ]
