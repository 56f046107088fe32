import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from landmarkd.daemon.notify import Notifier


@pytest.fixture
def manager(tmp_path: Path) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(str(tmp_path / "notify"))
        listener.setblocking(False)
        yield listener


def heard(manager: socket.socket) -> list[str]:
    messages = []
    while True:
        try:
            messages.append(manager.recv(4096).decode())
        except BlockingIOError:
            return messages


def test_the_manager_hears_every_step(manager: socket.socket) -> None:
    notifier = Notifier(manager.getsockname(), 0)
    notifier.ready()
    notifier.status("running, 30 fps\nWATCHDOG=1")
    notifier.reloading()
    notifier.stopping()
    notifier.close()
    ready, status, reloading, stopping = heard(manager)
    assert (ready, stopping) == ("READY=1", "STOPPING=1")
    assert status == "STATUS=running, 30 fps WATCHDOG=1", (
        "a status cannot smuggle in other messages"
    )
    assert reloading.splitlines()[0] == "RELOADING=1"
    assert reloading.splitlines()[1].startswith("MONOTONIC_USEC=")


def test_the_watchdog_is_fed_at_half_its_time_and_only_by_progress(manager: socket.socket) -> None:
    notifier = Notifier(manager.getsockname(), watchdog_us=2_000_000)
    start = 10**12
    for step in range(100):
        notifier.progress(start + step * 100_000_000)
    notifier.close()
    assert heard(manager) == ["WATCHDOG=1"] * 10


def test_each_long_step_feeds_the_watchdog(manager: socket.socket) -> None:
    notifier = Notifier(manager.getsockname(), watchdog_us=10**15)
    for _ in range(3):
        notifier.long_step()
    notifier.close()
    assert heard(manager) == ["WATCHDOG=1"] * 3


def test_a_watchdog_of_another_process_is_not_ours(
    manager: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NOTIFY_SOCKET", manager.getsockname())
    monkeypatch.setenv("WATCHDOG_USEC", "1000000")
    monkeypatch.setenv("WATCHDOG_PID", "1")
    notifier = Notifier()
    notifier.progress(10**12)
    notifier.long_step()
    notifier.close()
    assert heard(manager) == []


def test_the_abstract_socket_of_a_container_is_understood() -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind("\0landmarkd-test-notify")
        listener.setblocking(False)
        notifier = Notifier("@landmarkd-test-notify", 0)
        notifier.ready()
        notifier.close()
        assert heard(listener) == ["READY=1"]


@pytest.mark.parametrize("address", ["", "/no/such/socket"])
def test_without_a_manager_nothing_happens(address: str) -> None:
    notifier = Notifier(address, 1000)
    notifier.ready()
    notifier.progress(10**12)
    notifier.close()
