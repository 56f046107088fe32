"""Prints what the trials wrote as a table; exit code 1 if one failed or is missing."""

import json
import sys
from pathlib import Path

from trials import chosen


def main() -> None:
    """Read the results of the command line."""
    lines = [json.loads(line) for line in Path(sys.argv[1]).read_text().splitlines()]
    rows = [
        f"| {line['holds']} | {'' if line['ok'] else 'FAILED: '}{line['said']} |" for line in lines
    ]
    sys.stdout.write("\n".join(["| what must hold | what happened |", "|---|---|", *rows, ""]))
    sys.exit(len(lines) < len(chosen(sys.argv[2:])) or not all(line["ok"] for line in lines))


if __name__ == "__main__":
    main()
