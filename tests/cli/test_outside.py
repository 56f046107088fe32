"""What comes from files and devices is shown as text: no markup, no control characters."""

from pathlib import Path
from types import SimpleNamespace

import pytest
from landmarkd.cli import doctor, models, profile, status
from landmarkd.daemon.diagnosis import diagnose
from landmarkd.doctor.finding import Finding, Severity
from landmarkd.profile import result as profiles
from rich.console import Console

from tests.daemon.snapshots import running, sink

HOSTILE = ["[/]", "[link=http://evil]x[/link]", "\x1b]0;x\x07", "\x9b31m", "a\nb", "\u202eab"]


def top(name: str) -> None:
    snapshot = running(device=name, source=name, model=name, sinks=(sink(uri=name, note=name),))
    Console().print(status._shown(snapshot, diagnose(snapshot, snapshot.updated_ns)))


def doctors(name: str) -> None:
    doctor._table([Finding(name, Severity.WARNING, name, name)])


def zoo(name: str) -> None:
    entry = {
        "default": True,
        "name": name,
        "kind": name,
        "input": {"width": 1, "height": 1, "dtype": "int8"},
        "points": 1,
        "bytes": 1,
        "macs": 1,
        "sha256": "0" * 64,
        "problem": name,
    }
    models._table(SimpleNamespace(folder=Path(name)), [entry])


def comparison(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    change = profiles.Change(name, 1.0, 1.0, 0.0, 0.0)
    monkeypatch.setattr(profiles, "load", lambda _: {})
    monkeypatch.setattr(profiles, "compare", lambda *_: [change])
    profile._compare(Path("a"), Path("b"))


@pytest.mark.parametrize("name", HOSTILE)
def test_nothing_from_outside_is_markup_or_control(
    name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "300")
    for show in (top, doctors, zoo, lambda name: comparison(name, monkeypatch)):
        show(name)
        shown = capsys.readouterr().out
        assert all(c == "\n" or c.isprintable() for c in shown)
        if name.isprintable():
            assert name in shown
