"""Files are written atomically, and read up to a limit."""

import errno
import os
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from landmarkd.files import read_bounded, write_atomic


@given(st.binary(max_size=64), st.integers(0, 64))
def test_no_more_than_the_limit_is_read(tmp_path_factory, content: bytes, limit: int) -> None:
    path = tmp_path_factory.getbasetemp() / "bounded"
    path.write_bytes(content)
    if len(content) <= limit:
        assert read_bounded(path, limit) == content
        return
    with pytest.raises(OSError, match=f"larger than {limit} bytes") as refused:
        read_bounded(path, limit)
    assert refused.value.errno == errno.EFBIG


def test_an_endless_file_is_refused() -> None:
    with pytest.raises(OSError, match="larger"):
        read_bounded(Path("/dev/zero"), 1000)


def test_a_pipe_that_nobody_writes_is_refused_at_once(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with pytest.raises(OSError, match="a pipe and no file"):
        read_bounded(pipe, 1000)


def test_a_terminal_where_nobody_types_is_refused_at_once() -> None:
    ends = os.openpty()
    with pytest.raises(OSError, match="nothing can be read"):
        read_bounded(Path(os.ttyname(ends[1])), 1000)
    for end in ends:
        os.close(end)


def test_a_device_without_content_is_empty() -> None:
    assert read_bounded(Path("/dev/null"), 1000) == b""


@pytest.mark.parametrize("mode", [None, 0o600, 0o644])
def test_the_mode_holds_whatever_the_umask(tmp_path: Path, mode: int | None) -> None:
    before = os.umask(0o077)
    try:
        write_atomic(tmp_path / "a", b"x", mode=mode)
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == (0o600 if mode is None else mode)


def test_a_failure_leaves_the_old_content_and_no_draft(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    with pytest.raises(OSError, match=r"directory|symbolic"):
        write_atomic(tmp_path / "folder", b"x")
    assert [path.name for path in tmp_path.iterdir()] == ["folder"]


def test_ctrl_c_leaves_no_draft(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(_: int) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", interrupted)
    with pytest.raises(KeyboardInterrupt):
        write_atomic(tmp_path / "a", b"x")
    assert not list(tmp_path.iterdir())


def test_a_draft_that_somebody_laid_is_neither_followed_nor_waited_for(tmp_path: Path) -> None:
    (tmp_path / "victim").write_text("whole")
    draft = tmp_path / ".a.part"
    for lay in (lambda: draft.symlink_to(tmp_path / "victim"), lambda: os.mkfifo(draft)):
        lay()
        write_atomic(tmp_path / "a", b"x")
        assert (tmp_path / "a").read_bytes() == b"x"
        assert not draft.exists()
    assert (tmp_path / "victim").read_text() == "whole"


def test_who_reads_while_it_is_killed_finds_something_whole(tmp_path: Path) -> None:
    path = tmp_path / "a"
    program = (
        "import sys, pathlib; from landmarkd.files import write_atomic\n"
        "for n in range(10**9): write_atomic(pathlib.Path(sys.argv[1]), b'%d' % (n % 10) * 50000)"
    )
    for _ in range(3):
        with subprocess.Popen([sys.executable, "-c", program, path]) as writer:
            until = time.monotonic() + 30
            while not path.exists() and time.monotonic() < until:
                time.sleep(0.01)
            for _ in range(50):
                content = path.read_bytes()
                assert content == content[:1] * 50000
            writer.kill()
        assert len({*path.read_bytes()}) == 1
        assert {each.name for each in tmp_path.iterdir()} <= {"a", ".a.part"}
