"""Faults of files, name servers and brokers while the daemon writes to them."""

import json
import os
import shutil
import signal
import socket
import subprocess
import time
from itertools import pairwise
from pathlib import Path

import pytest
from landmarkd.daemon.snapshot import SinkSnapshot, Snapshot
from landmarkd.receive import read_reports
from paho.mqtt import subscribe

from tests.faults.bench import Daemon
from tests.faults.row import Row, fault
from tests.full_disk import full_disk
from tests.sinks.relay import Relay

SILENT_SERVER = "127.53.53.53"
"""Where the name server listens that never answers; the loopback interface has all of 127/8."""


def _sink(status: Snapshot, words: str) -> SinkSnapshot:
    return next(sink for sink in status.sinks if words in sink.uri)


@fault("reload and restart while files are written")
def restarted(folder: Path) -> Row:
    lines, recording = folder / "drive.jsonl", folder / "drive.lmk"
    sinks = [f"jsonl:{lines}?points=none", f"lmk:{recording}?points=none"]

    def sent(status: Snapshot) -> bool:
        return all(_sink(status, words).sent >= 15 for words in ("jsonl:", "lmk:"))

    with Daemon(folder, sinks=sinks) as daemon:
        daemon.wait_status(sent)
        daemon.signal(signal.SIGHUP)
        daemon.wait_log(lambda log: "was reloaded" in log, "reload")
        daemon.wait_status(
            lambda status: sent(status) and "drive-2.lmk" in (_sink(status, "lmk:").note or "")
        )
        assert daemon.end() == 0
    with Daemon(folder, sinks=sinks) as daemon:
        daemon.wait_status(sent)
        said = daemon.told("drive-3.lmk", daemon_ok)
        assert daemon.end() == 0
    numbers = [json.loads(line)["sequence"] for line in lines.read_text().splitlines()]
    starts = [i for i, (a, b) in enumerate(pairwise(numbers)) if b <= a]
    assert len(starts) == 2, "three runs in one file, one after the other"
    parts = [recording, folder / "drive-2.lmk", folder / "drive-3.lmk"]
    recorded = [[report.sequence for report in read_reports(path)] for path in parts]
    assert all(len(part) >= 15 for part in recorded)
    assert abs(sum(map(len, recorded)) - len(numbers)) <= 6
    wire = "BYE, HELLO"
    return Row(wire, None, f"nothing: {len(numbers)} lines of three runs, three recordings", said)


daemon_ok = 0
"""Exit code of `landmarkd status` when nothing is wrong."""


@fault("disk of a recording full at the start, room later")
def full_at_start(folder: Path) -> Row:
    with full_disk(folder / "disk") as filler:
        recording = folder / "disk" / "drive.lmk"
        with Daemon(folder, sinks=[f"lmk:{recording}?points=none"]) as daemon:
            said = daemon.told("No space left")
            daemon.ear.frames(15)
            dropped = _sink(daemon.status(), "lmk:").dropped
            filler.unlink()
            began = time.monotonic()
            daemon.wait_status(lambda status: _sink(status, "lmk:").sent > 15)
            passed = time.monotonic() - began
            assert daemon.end() == 0
        assert len(list(read_reports(recording))) > 15
        return Row("nothing", passed, f"{dropped} reports on that disk, counted", said)


@fault("name server never answers")
def silent_name_server(folder: Path) -> Row:
    """glibc asks a real socket that never answers, in a mount namespace of its own."""
    if os.geteuid() != 0 or shutil.which("unshare") is None:
        pytest.skip("needs root and unshare for a resolv.conf of its own")
    resolv = folder / "resolv.conf"
    resolv.write_text(f"nameserver {SILENT_SERVER}\noptions timeout:20 attempts:2\n")
    script = f'mount --bind {resolv} /etc/resolv.conf && exec "$@"'
    sinks = ["udp://far.example.org:5005", "mqtt://broker.example.org", "osc://far.example.org:9"]
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind((SILENT_SERVER, 53))
        server.settimeout(20)
        prefix = ["unshare", "--mount", "sh", "-c", script, "sh"]
        with Daemon(folder, sinks=sinks, prefix=prefix) as daemon:
            daemon.ear.frames(15)
            assert b"example" in server.recv(500), "the daemon really asks"
            said = daemon.told("the name server does not answer")
            daemon.ear.frames(15)
            mark, began = daemon.ear.mark(), time.monotonic()
            daemon.signal(signal.SIGHUP)
            first = daemon.ear.wait(
                lambda heard: next((item for item in heard if item.frame < 15), None), mark
            )
            reloaded_s = first.at_s - began
            assert reloaded_s < 5.0
            began = time.monotonic()
            assert daemon.end() == 0
            ended_s = time.monotonic() - began
            assert ended_s < 3.0
    lost = f"what goes to these hosts; a reload took {reloaded_s:.1f} s, the end {ended_s:.1f} s"
    return Row("the others go on", None, lost, said)


@fault("MQTT connection half-open")
def half_open(folder: Path) -> Row:
    """The network drops what both sides send; the broker still has the old connection."""
    mosquitto = shutil.which(
        "mosquitto", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin"
    )
    if mosquitto is None:
        pytest.skip("needs mosquitto: sudo apt install mosquitto")
    with socket.socket() as place:
        place.bind(("127.0.0.1", 0))
        port = place.getsockname()[1]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    running = subprocess.Popen([mosquitto, "-p", str(port)], **quiet)
    try:
        with (
            Relay(port) as relay,
            Daemon(folder, sinks=[f"mqtt://127.0.0.1:{relay.port}"]) as daemon,
        ):
            daemon.wait_status(lambda status: _sink(status, "mqtt:").sent > 15)
            relay.freeze()
            began = time.monotonic()
            daemon.wait_status(lambda status: _sink(status, "mqtt:").reconnects > 0)
            passed = time.monotonic() - began
            said = daemon.told("", daemon_ok)
            # Kept by the broker, so that it comes at once.
            kept = subscribe.simple("landmarkd/+/state", hostname="127.0.0.1", port=port)
            assert kept.payload == b"online"
            assert daemon.end() == 0
    finally:
        running.kill()
        running.wait()
    return Row("the others go on; state: offline, online", passed, "states of that time", said)
