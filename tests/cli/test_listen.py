"""`landmarkd listen` as a user runs it: over a socket, a pseudo-terminal and from a recording."""

import io
import json
import os
import pty
import re
import socket
import subprocess
import threading
import time
import tty
from contextlib import suppress
from pathlib import Path
from select import select

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from landmarkd.cli.listen_output import MAX_COLUMNS, TableOutput
from landmarkd.sinks import make_sink
from landmarkd.wire import Decoder, Encoder, FrameRecord, Hello, Status
from landmarkd.wire.decoder import DecoderCounters
from landmarkd.wire.text import packet_text
from rich.console import Console

from tests.process import command, landmarkd
from tests.wire.builders import report, session

FRAMES = 40


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("listen") / "drive.lmk"
    with make_sink(f"lmk:{path}", session()) as sink:
        for i in range(FRAMES):
            sink.submit(report(i, with_face=i % 10 > 0), wait=True)
    return path


@pytest.fixture
def free_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def play(uri: str, stop: threading.Event, period_s: float = 0.01) -> None:
    """Send frames again and again until the listener has enough."""
    with make_sink(uri, session()) as sink:
        index = 0
        while not stop.wait(period_s):
            sink.submit(report(index))
            index += 1


def listening(uri: str, target: str, *options: str) -> subprocess.CompletedProcess[str]:
    """Run the command against a sender in this process."""
    stop = threading.Event()
    sender = threading.Thread(target=play, args=(target, stop))
    sender.start()
    try:
        return landmarkd("listen", uri, *options)
    finally:
        stop.set()
        sender.join()


def test_json_lines_over_udp(free_port: int) -> None:
    done = listening(
        f"udp://127.0.0.1:{free_port}",
        f"udp://127.0.0.1:{free_port}",
        "--jsonl",
        "-",
        "--frames",
        "20",
    )
    assert done.returncode == 0, done.stderr
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    numbers = [line["sequence"] for line in lines]
    assert len(numbers) == 20
    assert numbers == sorted(set(numbers))
    assert all(len(line["face"]["points"]) == 562 for line in lines)
    assert re.search(
        r"20 frames in \d+ messages, \d+ bytes; 0 messages missing, 0 rejected", done.stderr
    )


def test_two_hosts_of_one_name_are_said_once(free_port: int) -> None:
    process = subprocess.Popen(
        command(["listen", f"udp://:{free_port}", "--jsonl", "-", "--frames", "6"]),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    encoders = {f"127.0.0.{host}": Encoder(session(boot_id=host)) for host in (1, 2)}
    number = 0
    while process.poll() is None:
        for host, encoder in encoders.items():
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
                sender.bind((host, 0))
                for data in encoder.encode(report(number, with_face=False)):
                    sender.sendto(data, ("127.0.0.1", free_port))
        number += 70  # more than two seconds: each with a HELLO
        time.sleep(0.01)
    _, said = process.communicate()
    assert process.returncode == 0, said
    assert said.count("have the same name, bench") == 1


def test_a_pseudo_terminal_as_serial_device() -> None:
    ends = [pty.openpty() for _ in range(2)]
    for _, slave in ends:
        tty.setraw(slave)
    (here, sender), (there, receiver) = ends

    os.set_blocking(there, False)
    stop = threading.Event()

    def wire() -> None:
        while not stop.is_set():
            if select([here], [], [], 0.02)[0]:
                data = os.read(here, 4096)
                # Nobody reads yet, or any more: a serial line loses the bytes.
                with suppress(BlockingIOError):
                    os.write(there, data)

    cable = threading.Thread(target=wire)
    cable.start()
    # Points at 15 Hz: at most every second frame.
    target = f"serial://{os.ttyname(sender)}?baud=921600"
    done = listening(os.ttyname(receiver), target, "--jsonl", "-", "--frames", "20")
    stop.set()
    cable.join()
    for end in (sender, receiver, here, there):
        os.close(end)
    assert done.returncode == 0, done.stderr
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(lines) == 20
    assert any(line["face"]["points"] for line in lines)
    numbers = [line["sequence"] for line in lines]
    assert numbers == sorted(set(numbers))


def test_messages_are_printed_as_they_are(recording: Path) -> None:
    from landmarkd.wire.recording import RecordingReader

    done = landmarkd("listen", recording, "--messages")
    decoder = Decoder()
    with recording.open("rb") as file:
        expected = [
            packet_text(p) for data in RecordingReader(file) for p in decoder.datagram(data)
        ]
    assert done.stdout.splitlines() == expected


def test_a_table_in_a_terminal(recording: Path) -> None:
    """A real terminal: the table is drawn at its end and holds the last frame."""
    master, slave = pty.openpty()
    process = subprocess.Popen(
        command(["listen", str(recording)]),
        stdout=slave,
        stderr=subprocess.PIPE,
        env=os.environ | {"TERM": "xterm"},
    )
    os.close(slave)
    shown = b""
    while True:
        try:
            data = os.read(master, 4096)
        except OSError:
            break
        if not data:
            break
        shown += data
    os.close(master)
    assert process.stderr is not None
    process.stderr.close()
    assert process.wait(60) == 0
    assert "yaw pitch roll" in shown.decode()


HOSTILE = (
    "[/]",
    "[link=http://evil]x[/link]",
    "[bold red]",
    "\\[",
    "\x1b]0;title\x07",
    "\x1b[2J",
    "a\nb",
    "\u202egnp",
    "]]>[",
)


@pytest.mark.parametrize("name", HOSTILE)
def test_nothing_that_was_received_is_markup(name: str) -> None:
    assert_shown_as_text(name, name, name)


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=30), st.text(max_size=30), st.text(max_size=30))
def test_any_text_can_be_shown(device: str, sender: str, kind: str) -> None:
    assert_shown_as_text(device, sender, kind)


def assert_shown_as_text(device: str, sender: str, kind: str) -> None:
    """Draw a frame with these texts: no error, no control character, no link, no style."""
    table = TableOutput("udp://:5005" + device)
    hello = Hello(device=device)
    table.record(sender, FrameRecord(1, 1, hello, Status(), active=(kind,)))
    screen = io.StringIO()
    console = Console(file=screen, force_terminal=True, width=200, color_system=None)
    console.print(table.draw(DecoderCounters(), time.monotonic()))
    styles = re.sub(r"\x1b\[[0-9;]*m", "", screen.getvalue())
    assert all(c == "\n" or c.isprintable() for c in styles)


def test_a_flood_of_senders_fills_no_screen() -> None:
    table = TableOutput("flood")
    for number in range(1000):
        table.record(f"10.0.0.1:{number}", FrameRecord(number, 1, None, Status()))
    drawn = table.draw(DecoderCounters(), time.monotonic())
    assert len(drawn.columns) == 1 + MAX_COLUMNS
    assert str(drawn.columns[1].header) == "10.0.0.1:0"


@pytest.mark.parametrize(
    ("arguments", "code", "reason"),
    [
        (["udp://127.0.0.1:0", "--duration", "0.1"], 75, "0 frames in 0 messages"),
        (["udp://127.0.0.1:0", "--jsonl", "-", "--messages"], 64, "cannot be combined"),
        (["/dev/ttyNONE"], 66, "there is no such device"),
        (["lmk:/nowhere.lmk"], 66, "No such file"),
        (
            ["udp://127.0.0.1:0", "--jsonl", "/nowhere/out.jsonl"],
            74,
            "choose a file in a folder that exists",
        ),
        (["udp://127.0.0.1:0?key=/nowhere"], 64, "no key can be read"),
    ],
)
def test_mistakes_end_in_one_sentence_and_a_code(
    arguments: list[str], code: int, reason: str
) -> None:
    done = landmarkd("listen", *arguments)
    assert done.returncode == code
    assert reason in done.stderr
    assert "Traceback" not in done.stderr
