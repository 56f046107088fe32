"""Root folders of simulated machines, for the checks of the doctor."""

from collections.abc import Iterable
from pathlib import Path

from landmarkd.doctor.finding import Finding
from landmarkd.machine import Machine
from landmarkd.settings.config import Configuration, validated


class Layout:
    """A machine's root folder that a test fills."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.machine = Machine(root, commands=False)

    def write(self, path: str, text: str = "") -> Path:
        target = self.root / path.lstrip("/")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)
        return target

    def link(self, path: str, target: str) -> None:
        link = self.root / path.lstrip("/")
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(target)


def settings(**sections: object) -> Configuration:
    return validated(sections, "a test")


def only(findings: Iterable[Finding]) -> Finding:
    (finding,) = findings
    return finding
