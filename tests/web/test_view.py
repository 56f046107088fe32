"""The page in a real Chromium: it shows the numbers that were sent, turns the head, and reports
silence."""

import json
import re
import shutil
import socket
import subprocess
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace

import cv2
import numpy as np
import pytest
from landmarkd.enums import EventPhase
from landmarkd.layout import canonical_points, layout_of
from landmarkd.local_http import MAX_CONNECTIONS
from landmarkd.rotation import matrix_from_angles
from landmarkd.sinks import make_sink
from landmarkd.types import Report, UtcOffset
from landmarkd.web import server
from landmarkd.web.server import (
    MAX_EVENTS,
    MAX_SENDERS,
    SILENT_S,
    Board,
    RateMeter,
    ViewServer,
    link_state,
)
from landmarkd.wire import Assembler, Decoder, Encoder, EncoderOptions, Selection
from landmarkd.wire.assembler import FrameRecord
from landmarkd.wire.decoder import DecoderCounters

from tests.process import command
from tests.web.browser import Page
from tests.wire.builders import driver, event, report, session

CHROMIUM = (
    shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
)
needs_browser = pytest.mark.skipif(CHROMIUM is None, reason="needs a browser: apt install chromium")
PERIOD_S = 1 / 20


def turned(index: int, yaw: float) -> Report:
    """The mean head with this yaw, in the middle of the image."""
    rotation = matrix_from_angles(yaw, 0, 0)
    head = canonical_points(layout_of("landmarkd-562")) @ rotation.T
    points = (np.array([320, 240, 0]) + head * (1.4, 1.4, -1.4)).astype(np.float32)
    sent = report(index, state=driver(index, event(number=index + 1), active=("microsleep",)))
    assert sent.face is not None
    pose = replace(
        sent.face.pose, yaw=yaw, pitch=0.0, roll=0.0, rotation=rotation.astype(np.float32)
    )
    utc = UtcOffset(1_790_000_000_000_000_000)
    return replace(sent, face=replace(sent.face, points=points, pose=pose), utc=utc)


class Viewer:
    """A running `landmarkd view` and a sender that feeds it until it is stopped."""

    def __init__(self) -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        arguments = ["view", f"udp://127.0.0.1:{self.port}", "--port", "0", "--no-browser"]
        self.process = subprocess.Popen(command(arguments), stderr=subprocess.PIPE, text=True)
        assert self.process.stderr is not None
        found = re.search(r"http://127\.0\.0\.1:\d+/", self.process.stderr.readline())
        assert found is not None
        self.url = found[0]
        self.stop = threading.Event()
        self.sender: threading.Thread | None = None

    def feed(self, make: Callable[[int], Report], options: str = "") -> None:
        def run() -> None:
            with make_sink(f"udp://127.0.0.1:{self.port}{options}", session()) as sink:
                index = 0
                while not self.stop.wait(PERIOD_S):
                    sink.submit(make(index))
                    index += 1

        self.sender = threading.Thread(target=run)
        self.sender.start()

    def close(self) -> None:
        self.stop.set()
        if self.sender is not None:
            self.sender.join()
        self.process.terminate()
        self.process.wait(10)
        assert self.process.stderr is not None
        self.process.stderr.close()


class Bench:
    """Only the server, in this process, fed with frames instead of a stream; it starts at once."""

    def __init__(self) -> None:
        self.server = ViewServer(0)
        self.server.start()
        self.url = self.server.url
        self.stop = threading.Event()
        self.senders: list[threading.Thread] = []

    def feed(
        self,
        make: Callable[[int], Report],
        selection: Selection,
        device: str = "bench",
        frames: int = 0,
        sender: str = "bench",
    ) -> None:
        def run() -> None:
            encoder = Encoder(replace(session(), device=device), EncoderOptions(selection))
            decoder, assembler, rates = Decoder(), Assembler(), RateMeter()
            index = 0
            while not self.stop.wait(PERIOD_S) and (not frames or index < frames):
                packets = [
                    packet
                    for data in encoder.encode(make(index))
                    for packet in decoder.datagram(data)
                ]
                for record in [record for packet in packets for record in assembler.add(packet)]:
                    state = link_state(decoder.counters, rates.tick(sender), record)
                    self.server.board.post(sender, record, state)
                index += 1

        self.senders.append(threading.Thread(target=run))
        self.senders[-1].start()

    def close(self) -> None:
        self.stop.set()
        for sender in self.senders:
            sender.join()
        self.server.close()


@pytest.fixture(scope="module")
def viewer() -> Iterator[Viewer]:
    viewer = Viewer()
    yield viewer
    viewer.close()


@pytest.fixture
def bench() -> Iterator[Bench]:
    bench = Bench()
    yield bench
    bench.close()


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    assert CHROMIUM is not None
    browser = Page(CHROMIUM, tmp_path_factory.mktemp("browser"))
    yield browser
    browser.close()


@needs_browser
def test_the_page_shows_what_was_sent(viewer: Viewer, browser: Page) -> None:
    page = browser
    page.open(viewer.url)
    viewer.feed(lambda index: turned(index, 21.3))
    assert page.until("Number(document.getElementById('head').dataset.frames) > 20")
    shown = {
        name: page.text(name)
        for name in ("yaw", "distance", "attention", "perclos", "latency", "degraded")
    }
    assert shown == {
        "yaw": "21.3°",
        "distance": "61 cm",
        "attention": "attentive",
        "perclos": "7 %",
        "latency": "12.3 ms",
        "degraded": "delegate",
    }
    # UTC comes with the next HELLO, two seconds later.
    assert page.until("document.getElementById('clock').textContent !== 'unknown'")
    assert re.fullmatch(r"2026-09-21 14:13:\d\d \?", page.text("clock"))
    assert page.text("lost") == "0 / 0"
    assert page.text("device").startswith("bench · turning-head · 127.0.0.1:")
    assert float(page.text("rate").removesuffix(" Hz")) > 0
    assert "microsleep begin" in page.text("events")
    assert page.evaluate("document.getElementById('head').dataset.mode") == "points"


def eyes_and_edges(picture: np.ndarray) -> tuple[float, float]:
    """Return the room beside the right and the left eye, to the edge of the head, in pixels."""
    blue, green, red = (picture[60:, :610, k].astype(int) for k in range(3))
    orange = (red > 220) & (abs(green - 180) < 25) & (abs(blue - 84) < 30)
    sky = (blue > 220) & (abs(green - 200) < 25) & (abs(red - 92) < 30)
    columns = np.flatnonzero(((red + green + blue) > 120)[:500].sum(0) > 20)
    return np.nonzero(orange)[1].mean() - columns[0], columns[-1] - np.nonzero(sky)[1].mean()


@needs_browser
@pytest.mark.parametrize("selection", [Selection.ALL, Selection.NONE], ids=["points", "pose alone"])
def test_the_page_turns_the_head(bench: Bench, browser: Page, selection: Selection) -> None:
    yaw, page = -35.0, browser
    page.open(bench.url)
    bench.feed(lambda index: turned(index, yaw), selection)
    rooms = []
    for yaw in (-35.0, 35.0):
        assert page.until(f"document.getElementById('yaw').textContent === '{yaw:.1f}°'")
        drawn = page.evaluate("Number(document.getElementById('head').dataset.frames)")
        assert page.until(f"Number(document.getElementById('head').dataset.frames) > {drawn + 2}")
        picture = cv2.imdecode(np.frombuffer(page.picture(), np.uint8), cv2.IMREAD_COLOR)
        assert picture is not None
        rooms.append(eyes_and_edges(picture))
    # A nose to image left, yaw > 0, brings the eye on that side, the subject's right one, to the
    # edge.
    assert rooms[0][0] > 1.5 * rooms[0][1]
    assert rooms[1][1] > 1.5 * rooms[1][0]


@needs_browser
def test_hostile_names_stay_text_and_silence_is_told(bench: Bench, browser: Page) -> None:
    device = "<img src=x onerror=a>"
    browser.open(bench.url)
    bench.feed(lambda index: turned(index, 0.0), Selection.ALL, device, frames=5)
    assert browser.until("document.getElementById('notice').textContent.startsWith('Silence')")
    assert browser.text("device").startswith(device)
    assert browser.evaluate("document.images.length") == 0


NOTICE = "document.getElementById('notice').textContent"


@needs_browser
@pytest.mark.parametrize("by_hand", [False, True], ids=["by itself", "by hand"])
def test_a_daemon_that_was_restarted_is_followed_to_its_new_port(
    bench: Bench, browser: Page, by_hand: bool
) -> None:
    """Only to a sender of the same source, and only if the user has not picked one."""
    old, new, other = "10.0.0.5:40001", "10.0.0.5:51234", "10.0.0.6:40002"
    browser.open(bench.url)
    bench.feed(lambda index: turned(index, 10.0), Selection.NONE, frames=5, sender=old)
    assert browser.until("document.getElementById('yaw').textContent === '10.0°'")
    if by_hand:
        browser.evaluate("document.getElementById('senders').dispatchEvent(new Event('change'))")
    bench.feed(lambda index: turned(index, 20.0), Selection.NONE, "another", sender=other)
    assert browser.until(f"{NOTICE}.startsWith('Silence')")
    bench.feed(lambda index: turned(index, 30.0), Selection.NONE, sender=new)
    assert browser.until("document.getElementById('senders').options.length === 3")
    assert browser.until(
        f"parseInt({NOTICE}.match(/\\d+/)) >= 4" if by_hand else f"{NOTICE} === ''"
    )
    shown = old if by_hand else new
    assert f" · {shown} · " in browser.text("device")
    assert browser.evaluate("document.getElementById('senders').value") == shown


@needs_browser
def test_the_list_of_events_has_each_one_once(bench: Bench, browser: Page) -> None:
    """Also those of frames that the page skips, and after the page is loaded again."""
    records = list(received(lambda index: turned(index, 0.0), 4))
    for record in records:
        bench.server.board.post("bench", record, link_state(DecoderCounters(), 30.0, record))
    for _ in range(2):
        browser.open("about:blank")
        browser.open(bench.url)
        assert browser.until("document.getElementById('events').children.length === 4")


def test_only_this_machine_is_served_and_nothing_foreign_runs(viewer: Viewer) -> None:
    with urllib.request.urlopen(viewer.url) as answer:  # noqa: S310  # an address of our own
        policy = answer.headers["Content-Security-Policy"]
        page = answer.read().decode()
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "http" not in page.replace("<!doctype html>", "").replace("<html", "").replace(
        "</html>", ""
    )
    for path, headers, status in (
        ("", {"Host": "evil.example"}, 403),
        ("../../etc/passwd", {}, 404),
        ("x", {}, 404),
    ):
        request = urllib.request.Request(viewer.url + path, headers=headers)  # noqa: S310
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(request)  # noqa: S310
        assert refused.value.code == status
        refused.value.close()


def test_slow_and_many_connections_are_let_go() -> None:
    """A server of a few connections stays usable: idle ones only count."""
    serving = ViewServer(0)
    serving.start()
    address = serving.server_address[:2]
    idle = [socket.create_connection(address, timeout=5) for _ in range(MAX_CONNECTIONS)]
    for link in idle:
        link.sendall(b"GET / HTTP/1.1\r\n")
    deadline = time.monotonic() + 10
    while serving.free and time.monotonic() < deadline:
        time.sleep(0.01)
    with socket.create_connection(address, timeout=5) as refused:
        refused.sendall(b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        with suppress(ConnectionResetError):
            assert refused.recv(100) == b""
    for link in idle:
        link.close()
    while serving.free < MAX_CONNECTIONS and time.monotonic() < deadline:
        time.sleep(0.01)
    with urllib.request.urlopen(serving.url) as answer:  # noqa: S310  # an address of our own
        assert answer.status == 200
    serving.close()


def received(make: Callable[[int], Report], count: int) -> Iterator[FrameRecord]:
    """The first frames of a sender as they arrive, with points in each."""
    encoder, decoder, assembler = Encoder(session()), Decoder(), Assembler()
    for index in range(count):
        for data in encoder.encode(make(index)):
            for packet in decoder.datagram(data):
                yield from assembler.add(packet)


def shown(messages: list[str]) -> list[tuple[str, int]]:
    """The sender and the number of the frame of each message for the page."""
    parsed = [json.loads(message) for message in messages]
    return [(each["link"]["sender"], each["record"]["sequence"]) for each in parsed]


def test_a_board_keeps_the_newest_frame_of_a_bounded_number_of_senders() -> None:
    board = Board()
    first, last = received(report, 2)
    for sender in range(MAX_SENDERS + 5):
        for record in (first, last):
            board.post(f"sender {sender}", record, {})
    version, frames = board.newer(0, 0.0)
    kept = [0, *range(6, MAX_SENDERS + 5)]
    assert shown(frames) == [(f"sender {sender}", 1) for sender in reversed(kept)]
    assert board.newer(version, 0.0) == (version, [])


def test_a_board_forgets_a_silent_sender(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr(server, "monotonic", lambda: now[0])
    board, (record,) = Board(), received(report, 1)
    board.post("10.0.0.5:40001", record, {})
    board.post("10.0.0.5:51234", record, {})
    assert shown(board.newer(0, 0.0)[1]) == [("10.0.0.5:51234", 0), ("10.0.0.5:40001", 0)]
    now[0] += SILENT_S
    board.post("10.0.0.5:51234", record, {})
    assert len(board.newer(0, 0.0)[1]) == 2
    now[0] += 0.1
    assert shown(board.newer(0, 0.0)[1]) == [("10.0.0.5:51234", 0)]
    # The first sender is only kept before all others while it is heard.
    for number in range(MAX_SENDERS):
        board.post(f"sender {number}", record, {})
    assert ("10.0.0.5:51234", 0) not in shown(board.newer(0, 0.0)[1])


def test_a_reader_gets_the_events_and_points_of_the_frames_that_it_skips() -> None:
    begin, end = event(number=7), event(EventPhase.END, number=7)
    states = {1: driver(1, begin), 3: driver(3, end)}
    records = list(received(lambda index: report(index, state=states.get(index)), 5))
    for record in records[3:]:
        record.points = None
    board = Board()

    def phases(message: str) -> list[str]:
        return [each["phase"] for each in json.loads(message)["events"]]

    for record in records[:2]:
        board.post("bench", record, {})
    early, messages = board.newer(0, 0.0)
    assert shown(messages) == [("bench", 1)]
    assert [phases(message) for message in messages] == [["begin"]]
    for record in records[2:]:
        board.post("bench", record, {})
    _, messages = board.newer(early, 0.0)
    assert shown(messages) == [("bench", 2), ("bench", 4)]
    assert [phases(message) for message in messages] == [[], ["end"]]
    # A page that is loaded again has the list of events from the beginning.
    assert phases(board.newer(0, 0.0)[1][-1]) == ["begin", "end"]
    # Points are not shown with a much later state.
    records[4].captured_ns += 1_000_000_000
    board.post("bench", records[4], {})
    assert shown(board.newer(early, 0.0)[1]) == [("bench", 4)]


def test_a_board_keeps_a_bounded_number_of_events() -> None:
    board = Board()
    for record in received(
        lambda index: report(index, state=driver(index, event(number=index))), MAX_EVENTS + 3
    ):
        board.post("bench", record, {})
    _, (message,) = board.newer(0, 0.0)
    kept = [each["id"] for each in json.loads(message)["events"]]
    assert kept == list(range(3, MAX_EVENTS + 3))
