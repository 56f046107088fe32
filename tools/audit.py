"""`make audit`: known vulnerabilities in what a device installs.

pip-audit succeeds even when it could not look packages up; this does not. Each package of the locks
must be looked up and be free of known vulnerabilities.

Usage: python -m tools.audit LOCK...
"""

import json
import re
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

LONGEST = 200
"""Maximum length of pip-audit's error message that is shown, characters."""


def batches(locks: Iterable[str]) -> Iterator[dict[str, str]]:
    """Yield name => version of everything that some locks pin, for every platform.

    pip-audit takes one version of each name at a time, and locks contain several.
    """
    pins = {
        pin for lock in locks for pin in re.findall(r"^([a-z0-9-]+)==(\S+)", lock, re.MULTILINE)
    }
    while pins:
        batch = dict(sorted(pins))
        yield batch
        pins -= set(batch.items())


def findings(batch: Mapping[str, str], report: Mapping[str, Any]) -> list[str]:
    """Return what is wrong, a sentence each.

    Args:
        batch: name => version of the packages that were looked up.
        report: pip-audit's report in its format "json".
    """
    found, looked_up = [], set()
    for package in report["dependencies"]:
        looked_up.add(package["name"])
        if reason := package.get("skip_reason"):
            found.append(f"{package['name']}: not audited: {reason}")
        for advisory in package.get("vulns", ()):
            fixes = ", ".join(advisory["fix_versions"]) or "no version yet"
            found.append(
                f"{package['name']} {package['version']}: {advisory['id']}, fixed in {fixes}"
            )
    return found + [f"{name}: not audited" for name in batch if name not in looked_up]


def audited(batch: Mapping[str, str]) -> list[str]:
    """Run pip-audit on name => version and return what is wrong, a sentence each."""
    pip_audit = Path(sys.executable).with_name("pip-audit")
    done = subprocess.run(  # noqa: S603  # the program beside this Python, a constant command line
        [pip_audit, "-r", "/dev/stdin", "--no-deps", "--disable-pip", "--format", "json"],
        input="".join(f"{name}=={version}\n" for name, version in batch.items()),
        capture_output=True,
        text=True,
        check=False,
    )
    try:
        return findings(batch, json.loads(done.stdout))
    except ValueError:
        lines = done.stderr.strip().splitlines() or ["it said nothing"]
        return [f"pip-audit failed: {lines[-1][:LONGEST]}"]


def verdict(found: Sequence[str]) -> str:
    """Return the result of the findings as a sentence."""
    if not found:
        return "The audit passed: every package was looked up, and none has a known vulnerability."
    unknown = sum(": not audited" in line or "pip-audit failed" in line for line in found)
    return (
        f"The audit did not pass: {len(found) - unknown} known vulnerabilities, and {unknown} "
        "answers are missing; without them nothing is known."
    )


def main() -> None:
    """Audit the locks of the command line; exit code 1 if anything is wrong."""
    locks = [Path(name).read_text() for name in sys.argv[1:]]
    found = [line for batch in batches(locks) for line in audited(batch)]
    sys.stdout.write("".join(f"{line}\n" for line in [*found, verdict(found)]))
    sys.exit(bool(found))


if __name__ == "__main__":
    main()
