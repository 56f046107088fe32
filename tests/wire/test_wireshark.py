"""The dissector in a real tshark: fields in their units, filters, damaged packets marked."""

import shutil
import struct
import subprocess
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest
from landmarkd.enums import EventKind
from landmarkd.wire import Encoder
from landmarkd.wire.codec import append_checksum

from tests.wire.builders import driver, event, report, session
from tools.wire_generate.outputs import PACKAGE

pytestmark = pytest.mark.skipif(
    shutil.which("tshark") is None, reason="needs tshark: apt install tshark"
)
RAW_IP = 101


def write_capture(path: Path, datagrams: list[bytes], port: int = 40123) -> None:
    """Write a capture file with these UDP datagrams (the format of pcap-savefile(5))."""
    with path.open("wb") as file:
        file.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, RAW_IP))
        for number, data in enumerate(datagrams):
            udp = struct.pack(">HHHH", 40000, port, 8 + len(data), 0) + data
            address = bytes((127, 0, 0, 1))
            ip = (
                struct.pack(
                    ">BBHHHBBH4s4s", 0x45, 0, 20 + len(udp), number, 0, 64, 17, 0, address, address
                )
                + udp
            )
            file.write(struct.pack("<IIII", number, 0, len(ip), len(ip)) + ip)


def tshark(capture: Path, *arguments: str) -> str:
    script = PACKAGE / "wireshark" / "landmarkd.lua"
    command = ["tshark", "-X", f"lua_script:{script}", "-r", str(capture), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout


def test_the_fields_are_the_messages(tmp_path: Path) -> None:
    encoder = Encoder(session())
    sent = [
        report(i, state=driver(i, *([event()] if i == 2 else []), active=(EventKind.MICROSLEEP,)))
        for i in range(4)
    ]
    messages = [data for r in sent for data in encoder.encode(r)]
    damaged = bytearray(messages[-1])
    damaged[-1] ^= 1
    capture = tmp_path / "drive.pcap"
    write_capture(capture, [*messages, bytes(damaged)])

    columns = [
        f"-elandmarkd.{name}" for name in ("frame", "status.yaw", "status.z", "status.latency")
    ]
    rows = [
        line.split("\t")
        for line in tshark(capture, "-Ylandmarkd.status.yaw", "-Tfields", *columns).splitlines()
    ]
    assert [int(row[0]) for row in rows] == [0, 1, 2, 3]
    for row, r in zip(rows, sent, strict=True):
        assert r.face is not None
        assert float(row[1]) == pytest.approx(r.face.pose.yaw, abs=0.0051)
        assert (int(row[2]), float(row[3])) == (612, pytest.approx(12.3))

    assert (
        tshark(capture, "-Ylandmarkd.hello.device == bench", "-Tfields", "-elandmarkd.message")
        == "HELLO\n"
    )
    kinds = tshark(
        capture,
        "-Ylandmarkd.event.level >= 2",
        "-Tfields",
        "-elandmarkd.event.kind",
        "-elandmarkd.row",
    )
    assert kinds == "3\tduration_s 1.250,perclos 0.200\n"
    chunks = tshark(
        capture, "-Ylandmarkd.points.total == 562", "-Tfields", "-elandmarkd.points.chunk"
    ).split()
    assert chunks == ["0", "1", "2"] * 4 + ["2"]
    wrong = tshark(capture, "-Ylandmarkd.bad_checksum", "-Tfields", "-eframe.number")
    assert wrong == f"{len(messages) + 1}\n"
    names = tshark(capture, "-V", "-Ylandmarkd.frame == 3 && landmarkd.status.yaw")
    assert "attention: attentive (1)" in names
    assert "calibrating" in names


def test_whole_names_and_hostile_messages_are_no_error_of_the_script(tmp_path: Path) -> None:
    """A name of all 16 bytes has no zero; other bytes may be anything, with a valid checksum."""
    long_name = replace(event(), evidence={"a_name_of_16_let": 1.5})
    messages = Encoder(session()).encode(report(0, state=driver(0, long_name)))
    random = Random(1)
    for _ in range(300):
        body = bytearray(random.choice(messages)[:-2])
        body[16:] = random.randbytes(len(body) - 16 + random.choice((-20, -1, 0, 1, 20)))
        messages.append(append_checksum(bytes(body)))
    capture = tmp_path / "hostile.pcap"
    write_capture(capture, messages)
    text = tshark(capture, "-V")
    assert "a_name_of_16_let 1.500" in text
    assert "Lua Error" not in text
    assert "Malformed" not in text
