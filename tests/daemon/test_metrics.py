import math
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
from landmarkd import local_http
from landmarkd.daemon.metrics import Metrics
from landmarkd.errors import SourceBusyError
from landmarkd.local_http import MAX_CONNECTIONS

from tests.daemon.snapshots import running, sink
from tests.sinks.test_contract import until


def free_port() -> int:
    with socket.socket() as place:
        place.bind(("127.0.0.1", 0))
        return int(place.getsockname()[1])


@pytest.fixture
def port() -> int:
    return free_port()


@pytest.fixture
def metrics(port: int) -> Iterator[Metrics]:
    served = Metrics(port)
    yield served
    served.close()


def scraped(port: int) -> dict[str, float]:
    with urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
        lines = answer.read().decode().splitlines()
    return {
        name: float(value)
        for name, _, value in (line.rpartition(" ") for line in lines if line[:1] != "#")
    }


def test_what_was_published_is_scraped(metrics: Metrics, port: int) -> None:
    metrics.publish(
        running(
            skipped_fps=2.0, skipped=20, reopened=3, state="stalled", temperature_c=61.5, corrupt=4
        )
    )
    got = scraped(port)
    assert got['landmarkd_frames_per_second{kind="captured"}'] == 30
    assert got['landmarkd_frames_per_second{kind="skipped"}'] == 2
    assert got['landmarkd_frames_total{kind="skipped"}'] == 20
    assert got['landmarkd_faults_total{kind="reopened"}'] == 3
    assert got['landmarkd_faults_total{kind="corrupt"}'] == 4
    assert got['landmarkd_stage_seconds{stage="inference"}'] == 0.002
    assert got['landmarkd_latency_seconds{quantile="0.99"}'] == 0.009
    assert got['landmarkd_state{state="stalled"}'] == 1
    assert got['landmarkd_state{state="running"}'] == 0
    assert got["landmarkd_device_temperature_celsius"] == 61.5
    metrics.publish(running())
    assert scraped(port)['landmarkd_state{state="running"}'] == 1


def test_a_temperature_that_is_not_known_is_no_number(metrics: Metrics, port: int) -> None:
    for known in (None, 61.5, None):
        metrics.publish(running(temperature_c=known))
        told = scraped(port)["landmarkd_device_temperature_celsius"]
        assert told == known or (known is None and math.isnan(told))


def test_a_key_in_a_uri_is_not_told(metrics: Metrics, port: int) -> None:
    metrics.publish(running(sinks=(sink(uri="mqtt://broker/car?password=secret", dropped=5),)))
    got = scraped(port)
    assert got['landmarkd_sink_reports_total{kind="dropped",sink="mqtt://broker/car"}'] == 5
    assert not any("secret" in name for name in got)


def test_sinks_that_differ_in_their_options_alone_are_told_apart(
    metrics: Metrics, port: int
) -> None:
    uris = [f"mqtt://broker?topic={topic}&key=secret" for topic in "abc"]
    metrics.publish(
        running(sinks=tuple(sink(uri=uri, connected=uri == uris[2]) for uri in uris)),
    )
    got = scraped(port)
    connected = [
        got[f'landmarkd_sink_connected{{sink="mqtt://broker{end}"}}'] for end in ("", "?2", "?3")
    ]
    assert connected == [0, 0, 1]
    assert sum("landmarkd_sink_reports_total" in name for name in got) == 3 * 3
    assert not any("secret" in name for name in got)


def test_a_stage_that_a_reload_removed_is_not_told_any_more(metrics: Metrics, port: int) -> None:
    metrics.publish(running(stages_ms={"inference": 2.0, "eyes": 1.0}))
    metrics.publish(running(latency_ms=None))
    got = scraped(port)
    assert 'landmarkd_stage_seconds{stage="inference"}' in got
    assert 'landmarkd_stage_seconds{stage="eyes"}' not in got
    assert not any("latency" in name for name in got)


def test_a_sink_that_a_reload_removed_is_not_told_any_more(metrics: Metrics, port: int) -> None:
    for uri in ("udp://before:5005", "udp://after:5005"):
        metrics.publish(running(sinks=(sink(uri=uri),)))
    got = scraped(port)
    assert 'landmarkd_sink_connected{sink="udp://after:5005"}' in got
    assert not any("before" in name for name in got)


def test_an_answer_is_of_one_snapshot_whenever_it_is_asked_for(metrics: Metrics, port: int) -> None:
    snapshots = [
        running(skipped=count, sinks=tuple(sink(uri=f"udp://h{n}", sent=count) for n in range(20)))
        for count in (1, 2)
    ]
    metrics.publish(snapshots[0])
    done = threading.Event()

    def publish() -> None:
        while not done.is_set():
            for snapshot in snapshots:
                metrics.publish(snapshot)

    publisher = threading.Thread(target=publish)
    publisher.start()
    answers = [scraped(port) for _ in range(20)]
    done.set()
    publisher.join()
    for got in answers:
        sent = [value for name, value in got.items() if 'kind="sent"' in name]
        assert sent == 20 * [got['landmarkd_frames_total{kind="skipped"}']]


def test_there_is_no_number_before_the_first_snapshot(metrics: Metrics, port: int) -> None:
    assert metrics
    assert scraped(port) == {}


def test_only_this_machine_is_served(metrics: Metrics, port: int) -> None:
    """The same port is free on every other loopback address, so nothing listens on all of them."""
    with socket.socket() as other:
        other.bind(("127.0.0.2", port))


def test_a_port_in_use_is_told(metrics: Metrics, port: int) -> None:
    with pytest.raises(SourceBusyError, match=str(port)):
        Metrics(port)


def test_a_name_that_somebody_pointed_here_is_refused(metrics: Metrics, port: int) -> None:
    request = Request(f"http://127.0.0.1:{port}/metrics", headers={"Host": f"evil.example:{port}"})
    with pytest.raises(HTTPError, match="403"):
        urlopen(request, timeout=10)  # noqa: S310 - of the loopback interface
    with pytest.raises(HTTPError, match="404"):
        urlopen(f"http://127.0.0.1:{port}/elsewhere", timeout=10)


def test_silent_connections_are_bounded(metrics: Metrics, port: int) -> None:
    """Too many of them are closed without an answer; those that end make room."""
    with ExitStack() as stack:
        silent = [
            stack.enter_context(socket.create_connection(("127.0.0.1", port)))
            for _ in range(MAX_CONNECTIONS)
        ]
        with socket.create_connection(("127.0.0.1", port)) as late:
            late.settimeout(10)
            with suppress(ConnectionResetError):
                assert late.recv(1) == b""
        for each in silent:
            each.close()
    metrics.publish(running())
    assert until(lambda: served(port))


def test_threads_that_do_not_start_use_up_no_connection(
    monkeypatch: pytest.MonkeyPatch, metrics: Metrics, port: int
) -> None:
    """As where the service has reached its limit of tasks."""

    def refuse(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", refuse)
        for _ in range(MAX_CONNECTIONS + 1):
            assert not served(port)
    assert served(port)


def test_a_client_that_asks_byte_by_byte_is_let_go(
    monkeypatch: pytest.MonkeyPatch, metrics: Metrics, port: int
) -> None:
    monkeypatch.setattr(local_http, "REQUEST_TIMEOUT_S", 0.5)
    with socket.create_connection(("127.0.0.1", port)) as slow:
        slow.settimeout(0.1)
        ended = False
        began = time.monotonic()
        while not ended and time.monotonic() < began + 10:
            with suppress(BrokenPipeError, ConnectionResetError):
                slow.sendall(b"G")
            with suppress(TimeoutError):
                try:
                    ended = slow.recv(1) == b""
                except ConnectionResetError:
                    ended = True
        assert ended
    assert until(lambda: served(port))


def served(port: int) -> bool:
    with suppress(OSError):
        scraped(port)
        return True
    return False
