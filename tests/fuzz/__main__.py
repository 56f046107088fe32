"""`make fuzz`: fuzz every parser in turn with a growing corpus, and print the coverage.

Uses atheris where it is installed (the extra fuzz), and mutation of the corpus with line tracing
elsewhere. Inputs that reach new code are kept in --corpus. tests/fuzz/corpus contains inputs that
once failed, and is the start of each corpus. Exit code 1 if an input made a parser fail.
"""

import argparse
import io
import os
import subprocess
import sys
import tempfile
from contextlib import nullcontext, redirect_stderr
from pathlib import Path

try:
    import atheris
except ImportError:
    instrumented = nullcontext()
else:
    instrumented = atheris.instrument_imports(include=["landmarkd"])
with instrumented, redirect_stderr(io.StringIO()):  # atheris names every module
    from tests.fuzz import engine
    from tests.fuzz.parsers import PARSERS
    from tests.fuzz.targets import FILES, targets


def main() -> None:
    """Fuzz for this many minutes in total, then measure the coverage of the whole corpus."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=5.0, help="for all targets together")
    parser.add_argument("--corpus", type=Path, default=Path(".cache/fuzz"))
    parser.add_argument("--only", choices=("wire", *PARSERS), help="fuzz this target alone")
    options = parser.parse_args()
    failed, total = [], 0
    memory = Path("/dev/shm")  # noqa: S108  # a folder of our own is made in it
    with tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None) as folder:
        found = targets(Path(folder))
        if options.only:
            found = {options.only: found[options.only]}
        seconds = max(1, int(options.minutes * 60 / len(found)))
        print(f"{len(found)} targets, {seconds} s each, by {engine.NAME}", flush=True)
        for name, (target, seeds) in found.items():
            corpus = options.corpus / name
            executions, trouble = engine.run(target, corpus, seeds, seconds)
            total += executions
            kept = sum(1 for _ in corpus.iterdir())
            print(f"{name:14} {executions:8,} executions, corpus {kept:5,}", flush=True)
            if trouble:
                failed.append(name)
                print(trouble, flush=True)
    print(f"{total:,} executions")
    sys.stdout.flush()
    data = options.corpus / "coverage"
    coverage = [sys.executable, "-m", "coverage"]
    environment = {**os.environ, "COVERAGE_FILE": str(data)}
    subprocess.run(
        [*coverage, "run", "-m", "tests.fuzz.replay", options.corpus], env=environment, check=True
    )
    subprocess.run(
        [*coverage, "report", f"--include={','.join(FILES)}", "--fail-under=0"],
        env=environment,
        check=True,
    )
    for name in failed:
        print(f"{name} failed; the input is {options.corpus}/{name}.crash-*")
    sys.exit(bool(failed))


if __name__ == "__main__":
    main()
