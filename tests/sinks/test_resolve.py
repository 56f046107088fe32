"""Host names: a silent name server delays nobody, and an address that changes is followed."""

import os
import shutil
import socket
import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path

import pytest
from landmarkd.errors import SinkError
from landmarkd.sinks import make_sink, resolve
from landmarkd.sinks.base import close_all
from landmarkd.sinks.resolve import Resolver

from tests.sinks.test_contract import until
from tests.wire.builders import report, session


class SilentLookup:
    """Replaces getaddrinfo(3) by one that hangs until it is released."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.free, self.calls, self.answer = threading.Event(), 0, "127.0.0.1"
        real = socket.getaddrinfo

        def lookup(host: str, port: int, *more: object, **named: object) -> list:
            if host != "broker.test":
                return real(host, port, *more, **named)  # type: ignore[arg-type]
            self.calls += 1
            self.free.wait(30)
            return [(socket.AF_INET, socket.SOCK_DGRAM, 17, "", (self.answer, port))]

        monkeypatch.setattr(socket, "getaddrinfo", lookup)


@pytest.fixture
def silent(monkeypatch: pytest.MonkeyPatch) -> SilentLookup:
    lookup = SilentLookup(monkeypatch)
    yield lookup
    lookup.free.set()


@pytest.mark.parametrize(
    "uri", ["udp://broker.test:9", "mqtt://broker.test", "osc://broker.test:9"]
)
def test_neither_start_nor_end_wait_for_a_name_server(silent: SilentLookup, uri: str) -> None:
    sinks = [make_sink(f"{uri}?smoothing={word}", session()) for word in ("none", "yes")]
    began = time.monotonic()
    for sink in sinks:
        sink.start()
    assert time.monotonic() - began < 0.5
    assert until(lambda: silent.calls == 2)
    for i in range(100):
        for sink in sinks:
            sink.submit(report(i))
    assert all(sink.alive for sink in sinks)
    began = time.monotonic()
    close_all(sinks, 0.3)
    assert time.monotonic() - began < 1.5, "together, not one after the other"


def test_an_answer_that_comes_late_is_used(silent: SilentLookup, monkeypatch) -> None:
    monkeypatch.setattr(resolve, "LOOKUP_S", 0.2)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver:
        receiver.bind(("127.0.0.1", 0))
        receiver.settimeout(10)
        with make_sink(f"udp://broker.test:{receiver.getsockname()[1]}", session()) as sink:
            sink.submit(report(0))
            assert until(lambda: "name server" in (sink.statistics.last_error or ""))
            assert silent.calls == 1, "one lookup at a time, however often it is tried"
            silent.free.set()
            assert receiver.recv(2000)


def test_a_host_that_moves_is_followed(silent: SilentLookup, monkeypatch) -> None:
    monkeypatch.setattr(resolve, "FRESH_S", 0.05)
    silent.free.set()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as first:
        first.bind(("127.0.0.1", 0))
        first.settimeout(10)
        port = first.getsockname()[1]
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as second:
            second.bind(("127.0.0.2", port))
            second.settimeout(0.01)
            with make_sink(f"udp://broker.test:{port}", session()) as sink:
                sink.submit(report(0), wait=True)
                assert first.recv(2000)
                silent.answer = "127.0.0.2"

                def arrives() -> bool:
                    sink.submit(report(1))
                    try:
                        return bool(second.recv(2000))
                    except TimeoutError:
                        return False

                assert until(arrives)
                assert sink.statistics.reconnects == 0


def test_a_numeric_address_needs_no_lookup(silent: SilentLookup) -> None:
    (found,) = Resolver("::1", 5005, socket.SOCK_DGRAM).find(lambda: 0.0)
    assert found.family == socket.AF_INET6
    assert silent.calls == 0


def test_an_unknown_host_is_said() -> None:
    with pytest.raises(SinkError, match=r"no-such-host\.invalid"):
        Resolver("no-such-host.invalid", 1, socket.SOCK_DGRAM).find(lambda: time.monotonic() + 20)


def test_a_real_name_server_that_never_answers(tmp_path: Path) -> None:
    """glibc itself asks a socket on the loopback interface that reads and says nothing."""
    if os.geteuid() != 0 or shutil.which("unshare") is None:
        pytest.skip("needs root and unshare for a resolv.conf of its own")
    (tmp_path / "resolv.conf").write_text("nameserver 127.0.0.1\noptions timeout:20 attempts:2\n")
    code = textwrap.dedent("""
        import socket, time
        server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        server.bind(("127.0.0.1", 53))
        from landmarkd.sinks import make_sink, close_all
        from tests.wire.builders import report, session
        sinks = [make_sink(f"{uri}://broker.example.org:9", session()) for uri in ("udp", "mqtt")]
        began = time.monotonic()
        for sink in sinks:
            sink.start()
            sink.submit(report(0))
        started = time.monotonic() - began
        server.settimeout(10)
        assert b"broker" in server.recv(500), "the lookup really asks"
        began = time.monotonic()
        close_all(sinks, 0.3)
        print(started, time.monotonic() - began)
    """)
    inner = (
        "ip link set lo up && "
        f"mount --bind {tmp_path}/resolv.conf /etc/resolv.conf && exec {sys.executable} -c '{code}'"
    )
    if "'" in code:
        raise AssertionError("the code is quoted with '")
    began = time.monotonic()
    done = subprocess.run(
        ["unshare", "--net", "--mount", "sh", "-c", inner],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    if "mount" in done.stderr and "permission" in done.stderr:
        pytest.skip("this machine lets nobody mount")
    assert done.returncode == 0, done.stderr
    started, ended = map(float, done.stdout.split())
    assert started < 1.0
    assert ended < 2.0
    assert time.monotonic() - began < 30, "the process does not wait for the lookup either"
