import os
import socket

import pytest
from landmarkd.daemon import speed
from landmarkd.daemon.speed import VehicleSpeed
from landmarkd.errors import UsageError


@pytest.fixture(autouse=True)
def clock(monkeypatch):
    """A clock that is moved by hand, so that no test waits."""
    now = [1000.0]
    monkeypatch.setattr(speed, "monotonic", lambda: now[0])
    return now


def test_a_file_is_read_and_goes_stale(tmp_path, clock):
    path = tmp_path / "speed"
    reader = VehicleSpeed(f"file:{path}")
    assert reader.read() is None
    path.write_text("87.5\n")
    clock[0] += 1
    assert reader.read() == 87.5
    path.write_text("12")
    assert reader.read() == 87.5  # read five times a second, no more
    clock[0] += 0.3
    assert reader.read() == 12
    clock[0] += speed.STALE_S + 0.1
    assert reader.read() is None
    path.write_text("13")
    clock[0] += 0.3
    assert reader.read() == 13


def test_a_file_that_is_emptied_to_be_written_again_keeps_its_speed(tmp_path, clock):
    path = tmp_path / "speed"
    reader = VehicleSpeed(f"file:{path}")
    path.write_text("50")
    assert reader.read() == 50
    path.write_text("")
    clock[0] += 0.3
    assert reader.read() == 50
    path.write_text("60")
    clock[0] += 0.3
    assert reader.read() == 60
    path.write_text("")
    clock[0] += speed.STALE_S + 0.1
    assert reader.read() is None


def test_a_file_from_before_counts_from_its_first_change_whatever_its_date(tmp_path, clock):
    path = tmp_path / "speed"
    path.write_text("130")
    os.utime(path, (4e9, 4e9))  # written by a wall clock that was wrong
    reader = VehicleSpeed(f"file:{path}")
    assert reader.read() is None
    path.write_text("50")
    clock[0] += 0.3
    assert reader.read() == 50


def test_a_fifo_never_blocks(tmp_path, clock, caplog):
    path = tmp_path / "speed"
    reader = VehicleSpeed(f"file:{path}")
    os.mkfifo(path)
    for _ in range(3):
        clock[0] += 0.3
        assert reader.read() is None  # opening it to read would wait for a writer for ever
    assert caplog.text.count("not a regular file") == 1


@pytest.mark.parametrize("text", ["", "fast", "nan", "-3", "1e9", "inf", "\x00" * 100])
def test_what_is_no_speed_is_unknown(tmp_path, text):
    path = tmp_path / "speed"
    reader = VehicleSpeed(f"file:{path}")
    path.write_text(text)
    assert reader.read() is None


def test_the_newest_datagram_counts_until_it_is_stale(clock):
    reader = VehicleSpeed("udp://127.0.0.1:0")
    assert reader.read() is None
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        for text in (b"10", b"20", b"30.5"):
            sender.sendto(text, ("127.0.0.1", reader.port))
    clock[0] += 0.3
    assert reader.read() == 30.5
    clock[0] += speed.STALE_S + 0.1
    assert reader.read() is None
    reader.close()


def test_a_flood_of_datagrams_is_read_in_batches(clock, monkeypatch):
    monkeypatch.setattr(speed, "MAX_BATCH", 2)
    reader = VehicleSpeed("udp://[::1]:0")
    assert reader.read() is None
    with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as sender:
        for value in range(4):
            sender.sendto(str(value).encode(), ("::1", reader.port))
    for expected in (1, 3):
        clock[0] += 0.3
        assert reader.read() == expected
    reader.close()


@pytest.mark.parametrize(
    "uri",
    [
        *("file:speed", "udp://127.0.0.1", "can0:", "file:/x?a=1"),
        *("udp://far.example.org:5006", "udp://.x:5006", f"udp://{'a' * 300}:5006"),
    ],
)
def test_mistakes_get_a_sentence(uri):
    with pytest.raises(UsageError):
        VehicleSpeed(uri)


def test_a_port_that_is_still_taken_is_had_later(clock, caplog):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as holder:
        holder.bind(("127.0.0.1", 0))
        port = holder.getsockname()[1]
        reader = VehicleSpeed(f"udp://127.0.0.1:{port}")
        for _ in range(3):
            clock[0] += 1
            assert reader.read() is None
        assert caplog.text.count("tried again") == 1
    clock[0] += 1
    reader.read()
    assert reader.port == port
    reader.close()
