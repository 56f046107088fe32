import json
import logging
import os
import stat
import threading
import time
from dataclasses import asdict, replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from landmarkd.daemon import statusfile
from landmarkd.daemon.diagnosis import STALE_S
from landmarkd.daemon.statusfile import (
    MAX_BYTES,
    NAME,
    StatusFile,
    read_status,
    runtime_folder,
    shown_folder,
)
from landmarkd.errors import AccessError, LandmarkdError, SourceError, SourceFormatError

from tests.daemon.snapshots import running

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3)
    ),
    max_leaves=10,
)


def test_what_is_written_is_read(tmp_path: Path) -> None:
    snapshot = running(degraded=("delegate",), temperature_c=61.5)
    StatusFile(tmp_path / "made").publish(snapshot)
    assert read_status(tmp_path / "made") == snapshot


def test_any_user_may_read_it_whatever_the_umask(tmp_path: Path) -> None:
    before = os.umask(0o077)
    try:
        StatusFile(tmp_path).publish(running())
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / NAME).stat().st_mode) == 0o644


def test_nothing_that_somebody_laid_is_followed_or_waited_for(tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("precious")
    draft = tmp_path / f".{NAME}.part"
    for lay in (lambda: draft.symlink_to(victim), lambda: os.mkfifo(draft)):
        lay()
        status = StatusFile(tmp_path)
        snapshot = running()
        status.publish(snapshot)
        assert status.failed is None
        assert read_status(tmp_path) == snapshot
        assert not draft.exists()
    assert victim.read_text() == "precious"


def test_a_folder_that_somebody_else_laid_is_not_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(statusfile, "SHARED", tmp_path)
    monkeypatch.setattr(os, "geteuid", lambda: 54321)
    folder, victim = tmp_path / "landmarkd-54321", tmp_path / "home"
    victim.mkdir()
    for lay in (folder.mkdir, lambda: folder.symlink_to(victim)):
        lay()
        status = StatusFile(folder)
        status.publish(running())
        assert "another user made this folder" in (status.failed or "")
        with pytest.raises(AccessError):
            read_status(folder)
        assert not list(victim.iterdir())
        assert not list(folder.iterdir())
        folder.rmdir() if not folder.is_symlink() else folder.unlink()
    monkeypatch.setattr(os, "geteuid", os.getuid)
    StatusFile(folder).publish(running())
    assert read_status(folder).state == "running"


def test_a_reader_never_sees_half_a_file(tmp_path: Path) -> None:
    status = StatusFile(tmp_path)
    status.publish(running(uptime_s=-1.0))
    done = threading.Event()
    uptimes = []

    def read() -> None:
        while not done.is_set():
            uptimes.append(read_status(tmp_path).uptime_s)

    reader = threading.Thread(target=read)
    reader.start()
    for turn in range(300):
        status.publish(running(uptime_s=float(turn), source="x" * (turn * 37 % 2000)))
    done.set()
    reader.join()
    assert uptimes
    assert uptimes == sorted(uptimes), "whole records, in the order in which they were written"


def test_a_folder_that_cannot_be_written_is_said_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").write_text("")
    status = StatusFile(tmp_path / "file")
    with caplog.at_level(logging.WARNING):
        for _ in range(3):
            status.publish(running())
    assert len(caplog.records) == 1
    assert "shows old values" in caplog.text


def test_a_failure_before_the_start_is_written_unless_another_daemon_runs(tmp_path: Path) -> None:
    status = StatusFile(tmp_path)
    status.publish_failure(SourceError("no camera"))
    assert read_status(tmp_path).failure == "no camera"
    status.publish(running(pid=os.getppid()))
    status.publish_failure(SourceError("no camera"))
    assert read_status(tmp_path).state == "running"


def test_the_failure_that_ends_a_daemon_leaves_what_is_known_of_it(tmp_path: Path) -> None:
    status, last = StatusFile(tmp_path), running(pid=os.getpid())
    status.publish(last)
    status.publish_failure(SourceError("the camera is lost"))
    ended = read_status(tmp_path)
    assert ended.updated_ns >= last.updated_ns
    said = {"state": "stopped", "failure": "the camera is lost", "updated_ns": ended.updated_ns}
    assert ended == replace(last, **said)


def test_a_process_that_got_the_id_of_a_killed_daemon_is_none(tmp_path: Path) -> None:
    status = StatusFile(tmp_path)
    status.publish(running(pid=os.getppid()))
    assert status.taken()
    old_ns = time.monotonic_ns() - int(2e9 * STALE_S)
    status.publish(running(pid=os.getppid(), updated_ns=old_ns))
    assert not status.taken()
    status.publish(running(pid=os.getppid(), updated_ns=old_ns, state="reloading"))
    assert status.taken()


def test_no_file(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="landmarkd run"):
        read_status(tmp_path)


@pytest.mark.skipif(os.geteuid() == 0, reason="the superuser may read everything")
def test_no_permission(tmp_path: Path) -> None:
    StatusFile(tmp_path).publish(running())
    (tmp_path / NAME).chmod(0)
    with pytest.raises(AccessError, match="sudo"):
        read_status(tmp_path)


@pytest.mark.parametrize(
    "content", [b"", b"{}", b"[]", b"nonsense", b"[" * 100_000, b"\xff", b" " * (MAX_BYTES + 1)]
)
def test_a_damaged_file(tmp_path: Path, content: bytes) -> None:
    (tmp_path / NAME).write_bytes(content)
    with pytest.raises(SourceFormatError, match="restart the daemon"):
        read_status(tmp_path)


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    st.dictionaries(st.sampled_from(sorted(asdict(running()))), JSON, max_size=4),
    st.binary(max_size=3),
)
def test_whatever_the_file_holds_is_read_or_refused(
    tmp_path: Path, changes: dict[str, object], junk: bytes
) -> None:
    content = json.dumps(asdict(running()) | changes).encode()
    (tmp_path / NAME).write_bytes(content + junk)
    try:
        read_status(tmp_path)
    except LandmarkdError as error:
        assert "restart the daemon" in str(error)  # noqa: PT017 - it may as well be read


def test_the_folder_is_that_of_systemd_or_of_the_user(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RUNTIME_DIRECTORY", "/run/one:/run/two")
    assert runtime_folder() == Path("/run/one")


def test_the_folder_of_the_service_that_ended_is_shown_and_not_used_by_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    service, session = tmp_path / "run", tmp_path / "session"
    own = session / "landmarkd"
    monkeypatch.setattr(statusfile, "SERVICE", service)
    monkeypatch.delenv("RUNTIME_DIRECTORY", raising=False)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(session))
    monkeypatch.setattr(os, "geteuid", lambda: 54321)
    monkeypatch.setattr(os, "access", lambda path, mode: path != service)
    assert shown_folder() == own, "nothing is there"
    StatusFile(service).publish_failure(SourceError("lost"))
    assert runtime_folder() == own
    assert shown_folder() == service
    StatusFile(own).publish(running())
    assert shown_folder() == own
    StatusFile(own).publish(running(state="stopped"))
    assert shown_folder() == own, "it ended last"
    StatusFile(own).publish(running(state="stopped", updated_ns=time.monotonic_ns() * 2))
    assert shown_folder() == service, "the other one is from before the machine started"
    StatusFile(service).publish(running(pid=os.getppid()))
    StatusFile(own).publish(running())
    assert shown_folder() == service, "both run"
