"""The files of the Debian package are where its unit and its changelog say."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

pytestmark = pytest.mark.skipif(shutil.which("dh") is None, reason="needs debhelper")


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """The package's root, with its documentation as debhelper and the rules leave it."""
    shutil.copytree(ROOT / "packaging" / "debian", tmp_path / "debian")
    shutil.copytree(ROOT / "docs", tmp_path / "docs")
    shutil.copytree(ROOT / "systemd", tmp_path / "systemd")
    for name in ("CHANGELOG.md", "NOTICE"):
        shutil.copy(ROOT / name, tmp_path)
    script = (ROOT / "packaging" / "deb.sh").read_text()
    for line in re.findall(
        r"^(?:printf|echo) '.*' >debian/(?:docs|examples)$", script, re.MULTILINE
    ):
        subprocess.run(["sh", "-c", line], cwd=tmp_path, check=True)
    (tmp_path / "debian" / "changelog").write_text(
        "landmarkd (0~bookworm) unstable; urgency=medium\n\n  * See there.\n\n"
        " -- landmarkd maintainers <landmarkd@localhost>  Fri, 27 Nov 2026 12:00:00 +0000\n"
    )
    rules = (tmp_path / "debian" / "rules").read_text()
    for step in ("dh_installdocs", "dh_installexamples", "dh_compress"):
        overridden = f"\noverride_{step}:" in rules
        make = ["make", "-f", "debian/rules", f"override_{step}"]
        subprocess.run(make if overridden else [step], cwd=tmp_path, check=True)
    return tmp_path / "debian" / "landmarkd"


def test_the_pages_have_the_names_by_which_others_call_them(package: Path) -> None:
    unit = (ROOT / "systemd" / "landmarkd.service").read_text()
    for old, new in re.findall(r"s\|([^|]+)\|([^|]+)\|", (package.parent / "rules").read_text()):
        unit = unit.replace(old, new)
    page = re.search(r"^Documentation=file:/(\S+)$", unit, re.MULTILINE)
    changes = re.search(r"See /(\S+)\.\\n", (ROOT / "packaging" / "deb.sh").read_text())
    assert page is not None
    assert changes is not None
    assert (package / page[1]).is_file()
    assert (package / changes[1]).is_file()


def test_the_drop_ins_are_where_the_page_says(package: Path) -> None:
    page = (ROOT / "docs" / "troubleshooting.md").read_text()
    folder = re.search(r"package has it in `/(\S+)`", page)
    assert folder is not None
    assert (package / folder[1] / "reboot.conf").is_file()
