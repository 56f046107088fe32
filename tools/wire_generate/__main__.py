"""``python -m tools.wire_generate``: write the generated files; ``--check`` names stale ones."""

import sys

from tools.wire_generate.outputs import outputs


def main() -> int:
    """Write the files; return 1 if with ``--check`` a file is stale."""
    check, stale = "--check" in sys.argv[1:], 0
    for path, text in outputs().items():
        if path.exists() and path.read_text() == text:
            continue
        stale += 1
        if not check:
            path.write_text(text)
        sys.stderr.write(f"{path} {'is stale' if check else 'written'}\n")
    return int(check and stale > 0)


if __name__ == "__main__":
    sys.exit(main())
