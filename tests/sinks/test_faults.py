"""Faults from outside: devices that disappear and return, files, bad URIs."""

import os
import pty
import select
import shutil
import socket
import subprocess
import sys
import threading
import tty
from ipaddress import IPv6Address
from pathlib import Path

import pytest
from landmarkd.errors import AccessError, SinkError, SinkSetupError, SourceError, UsageError
from landmarkd.receive import make_link
from landmarkd.sinks import make_sink
from landmarkd.sinks import serial as serial_module
from landmarkd.wire import Decoder, Hello

from tests.sinks.test_contract import until
from tests.wire.builders import report, session


@pytest.mark.parametrize(
    ("uri", "reason"),
    [
        ("carrier-pigeon:home", "unknown scheme"),
        ("udp://127.0.0.1", "use udp://HOST:PORT"),
        ("udp:127.0.0.1:5005", "use udp://HOST:PORT"),
        ("udp://127.0.0.1:99999", "Port out of range"),
        ("udp://127.0.0.1:5005?points=many", "use none, 68, eyes or all"),
        ("udp://127.0.0.1:5005?mtu=9000", "use an integer from 256 to 1400"),
        ("udp://127.0.0.1:5005?mtu=256&key=k", "use an integer from 304 to 1400"),
        ("udp://127.0.0.1:5005?color=red", "unknown option 'color'"),
        ("serial://ttyUSB0", "use serial:///dev/DEVICE"),
        ("serial:///dev/ttyUSB0?baud=fast", "baud is 'fast'; use an integer"),
        ("serial:///dev/ttyUSB0?baud=115200&points=all&hz=30", "sets a second fit"),
        ("jsonl:", "use jsonl:FILE"),
        # Each of these would be tried again for ever.
        ("udp://two..dots:5005", "no host can have this name"),
        (f"osc://{'a' * 64}:5005", "no host can have this name"),
        ("mqtt://two..dots", "no host can have this name"),
        ("udp://127.0.0.1:5005?interface=", "use its name, such as eth0"),
        ("opentrack://127.0.0.1:5005?interface=eth0/1", "use its name, such as eth0"),
        ("udp://127.0.0.1:5005?interface=name-of-16-chars", "use its name, such as eth0"),
        ("udp://127.0.0.1:5005?key=a%00b", "the character NUL"),
    ],
)
def test_a_wrong_uri_is_told_what_is_right(uri: str, reason: str) -> None:
    with pytest.raises(UsageError, match=reason):
        make_sink(uri, session())


@pytest.mark.parametrize(
    ("uri", "reason"),
    [
        ("udp://", "use udp://:PORT"),
        ("serial://x", "use serial:///dev/DEVICE"),
        ("tcp://:1", "unknown scheme"),
        ("nonsense", "is not a URI"),
    ],
)
def test_a_wrong_receiver_is_told_what_is_right(uri: str, reason: str) -> None:
    with pytest.raises(UsageError, match=reason):
        make_link(uri)


def test_a_port_in_use_is_said() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind(("127.0.0.1", 0))
        with pytest.raises(OSError, match="is in use; end the other program"):
            make_link(f"udp://127.0.0.1:{other.getsockname()[1]}").open()


def test_a_serial_device_that_is_missing_is_awaited(tmp_path: Path) -> None:
    link = tmp_path / "ttyUSB0"
    sink = make_sink(f"serial://{link}", session())
    sink.start()
    sink.submit(report(0), wait=True)
    assert until(lambda: sink.statistics.dropped == 1)
    assert sink.statistics.last_error is not None
    assert "there is no such device" in sink.statistics.last_error
    master, slave = pty.openpty()
    tty.setraw(slave)
    link.symlink_to(os.ttyname(slave))
    # After the retry time the idle worker opens it and sends HELLO, without a report.
    assert until(lambda: sink.statistics.connected)
    packets = Decoder().feed(os.read(master, 4096))
    assert isinstance(packets[0].message, Hello)
    sink.close()
    os.close(master)
    os.close(slave)


def test_an_unplugged_device_is_found_again_under_its_stable_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(serial_module, "BY_ID", tmp_path)
    master, slave = pty.openpty()
    tty.setraw(slave)
    first = os.ttyname(slave)
    link = tmp_path / "usb-adapter"
    link.symlink_to(first)
    sink = make_sink(f"serial://{first}", session())
    sink.start()
    assert until(lambda: sink.statistics.connected)
    os.close(master)
    os.close(slave)
    link.unlink()
    master, slave = pty.openpty()
    tty.setraw(slave)
    # It returns as another device: with the first device's name nothing would be found.
    link.symlink_to(os.ttyname(slave))
    decoder, frames, stop = Decoder(), [], threading.Event()

    def read() -> None:
        while not stop.is_set():
            frames.extend(packet.frame for packet in decoder.feed(os.read(master, 4096)))

    reader = threading.Thread(target=read, daemon=True)
    reader.start()

    def arrives() -> bool:
        sink.submit(report(7))
        return 7 in frames

    assert until(arrives)
    stop.set()
    sink.close()
    reader.join(1)
    os.close(master)
    os.close(slave)


def test_another_device_that_gets_the_name_is_not_written_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(serial_module, "BY_ID", tmp_path / "by-id")
    (tmp_path / "by-id").mkdir()
    name, links, masters, slaves = tmp_path / "ttyUSB0", {}, {}, []

    def plug(device: str) -> None:
        if device not in masters:
            masters[device], slave = pty.openpty()
            tty.setraw(slave)
            slaves.append(slave)
            links[device] = tmp_path / "by-id" / f"usb-{device}"
        target = os.ttyname(slaves[list(masters).index(device)])
        links[device].symlink_to(target)
        if not name.is_symlink():
            name.symlink_to(target)

    def sends_to(device: str) -> bool:
        transport.open()
        transport.send([b"results"])
        arrived = bool(select.select([masters[device]], [], [], 0)[0])
        assert not arrived or os.read(masters[device], 99) == b"results"
        transport.close()
        return arrived

    transport = serial_module.SerialTransport(str(name), 115200)
    plug("face")
    assert sends_to("face")
    links["face"].unlink()
    name.unlink()
    plug("gps")
    for _ in range(2):
        with pytest.raises(SinkError, match=r"usb-gps has this name now; plug .*usb-face in again"):
            transport.open()
    plug("face")
    assert sends_to("face")
    # A device without a link, such as before udev has made it, may be the known one.
    for link in links.values():
        link.unlink()
    name.unlink()
    plug("face")
    links["face"].unlink()
    assert sends_to("face")
    plug("gps")
    plug("face")
    assert sends_to("face"), "the stable name stays that of the first device"
    for descriptor in (*masters.values(), *slaves):
        os.close(descriptor)


def test_a_name_of_a_usb_port_is_that_of_any_device_in_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(serial_module, "BY_ID", tmp_path / "by-id")
    (tmp_path / "by-id").mkdir()
    port = tmp_path / "pci-0000:00:14.0-usb-0:2:1.0-port0"
    transport = serial_module.SerialTransport(str(port), 115200)
    for device in ("first", "spare"):
        master, slave = pty.openpty()
        tty.setraw(slave)
        link = tmp_path / "by-id" / f"usb-{device}"
        for name in (link, port):
            name.symlink_to(os.ttyname(slave))
        transport.open()
        transport.send([b"results"])
        assert os.read(master, 99) == b"results"
        transport.close()
        for name in (link, port):
            name.unlink()
        os.close(master)
        os.close(slave)


def test_a_port_that_another_program_holds_is_said() -> None:
    master, slave = pty.openpty()
    tty.setraw(slave)
    name = os.ttyname(slave)
    port = serial_module.open_port(name, 115200)
    with pytest.raises(SinkError, match="another program has this port open"):
        serial_module.open_port(name, 115200)
    port.close()
    os.close(master)
    os.close(slave)


def test_a_file_that_is_no_serial_line_is_said(tmp_path: Path) -> None:
    plain = tmp_path / "plain"
    plain.write_text("text")
    for wrong in (plain, tmp_path, f"/dev/{'a' * 300}"):
        with pytest.raises(SinkSetupError, match="serial device"):
            make_sink(f"serial://{wrong}", session()).check()
    make_sink(f"serial://{tmp_path}/not-plugged-in", session()).check()
    with pytest.raises(SinkError, match="not a serial line"):
        serial_module.open_port(str(plain), 115200)


def test_json_lines_need_a_folder_that_exists(tmp_path: Path) -> None:
    with pytest.raises(SinkError, match="choose a file in a folder that exists"):
        make_sink(f"jsonl:{tmp_path}/missing/out.jsonl", session()).start()
    with pytest.raises(SinkError, match="choose a file"):
        make_sink(f"jsonl:{tmp_path}", session()).start()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_json_lines_need_permission(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(AccessError, match="no permission to write"):
        make_sink(f"jsonl:{tmp_path}/out.jsonl", session()).start()


def test_a_full_disk_leaves_whole_lines_only() -> None:
    """/dev/full accepts nothing; the sink drops, counts and continues."""
    sink = make_sink("jsonl:/dev/full", session())
    sink.start()
    sink.submit(report(0), wait=True)
    assert until(lambda: sink.statistics.dropped == 1)
    assert sink.statistics.last_error is not None
    assert "No space left" in sink.statistics.last_error
    sink.close()


def test_standard_output_that_was_closed_is_gone() -> None:
    """As with `landmarkd run --sink jsonl:- | head -1`, in a process of its own."""
    code = """
import sys
from landmarkd.sinks import make_sink
from tests.wire.builders import report, session
with make_sink("jsonl:-", session()) as sink:
    for i in range(1000):
        sink.submit(report(i), wait=True)
        if sink.gone:
            sys.exit(7)
"""
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stdout.readline().startswith(b'{"source"')
    process.stdout.close()
    assert process.wait(30) == 7


def test_multicast_reaches_a_group() -> None:
    receiver = make_link("udp://239.255.77.1:0?interface=lo")
    receiver.open()
    with make_sink(
        f"udp://239.255.77.1:{receiver.port}?interface=lo&ttl=0&points=none", session()
    ) as sink:
        sink.submit(report(3), wait=True)
        received: list[int] = []
        assert until(
            lambda: (
                3 in received
                or bool(received.extend(r.packet.frame for r in receiver.receive(0.1)))
            )
        )
    receiver.close()


def link_local() -> tuple[str, str]:
    """Return an IPv6 address of one link, and the interface of this link."""
    rows = [line.split() for line in Path("/proc/net/if_inet6").read_text().splitlines()]
    for digits, _, _, scope, _, name in rows:
        if scope == "20":
            return str(IPv6Address(int(digits, 16))), name
    pytest.skip("needs an interface with a link-local address")


@pytest.mark.parametrize(
    ("listened", "sent_to"),
    [
        ("[{own}%{name}]:{port}", "{own}%{name}"),
        ("[ff02::4d01%{name}]:{port}", "ff02::4d01%{name}"),
        ("[ff02::4d01]:{port}?interface={name}", "ff02::4d01%{name}"),
    ],
)
def test_an_address_or_group_of_one_link_is_listened_to(listened: str, sent_to: str) -> None:
    own, name = link_local()
    with make_link("udp://" + listened.format(own=own, name=name, port=0)) as receiver:
        host = sent_to.format(own=own, name=name)
        with make_sink(f"udp://[{host}]:{receiver.port}?points=none", session()) as sink:
            sink.submit(report(3), wait=True)
            assert until(lambda: 3 in [each.packet.frame for each in receiver.receive(0.1)])


def test_an_interface_is_the_only_one_that_is_listened_to() -> None:
    _, name = link_local()
    with (
        make_link(f"udp://:0?interface={name}") as other,
        make_link(f"udp://:{other.port}?interface=lo") as receiver,
        make_sink(f"udp://127.0.0.1:{receiver.port}?points=none", session()) as sink,
    ):
        sink.submit(report(3), wait=True)
        assert until(lambda: 3 in [each.packet.frame for each in receiver.receive(0.1)])
        assert other.receive(0.0) == []


@pytest.mark.parametrize(
    ("uri", "reason"),
    [
        ("udp://[ff02::4d01]:0", r"needs its interface: \[ff02::4d01%eth0\]"),
        ("udp://[ff02::4d01%nix]:0", "cannot listen there"),
        ("udp://:0?interface=nix", "no interface with this name"),
        ("udp://127.0.0.1:0?interface=nix", "no interface with this name"),
    ],
)
def test_a_link_that_is_missing_is_an_error(uri: str, reason: str) -> None:
    with pytest.raises(SourceError, match=reason), make_link(uri):
        pass


def test_many_senders_on_one_port_are_told_apart_and_bounded() -> None:
    from landmarkd.receive.link import MAX_SENDERS
    from landmarkd.wire import Encoder, EncoderOptions, Selection

    with make_link("udp://127.0.0.1:0") as receiver:
        total = 0
        for sender in range(MAX_SENDERS + 10):
            encoder = Encoder(session(boot_id=sender), EncoderOptions(Selection.NONE))
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as link:
                for data in encoder.encode(report(sender)):
                    link.sendto(data, ("127.0.0.1", receiver.port))
                    total += 1
                while receiver.counters.packets < total:
                    assert receiver.receive(5.0)
        assert receiver.counters.packets == total
        assert receiver.counters.missing == 0
        assert len(receiver._decoders) == MAX_SENDERS


NARROW_WAY = """
import os, subprocess, sys, time
from landmarkd.sinks import make_sink
from tests.wire.builders import report, session

def ip(words, router=None):
    within = ["nsenter", "--net", "--target", str(router)] if router else []
    subprocess.run([*within, "ip", *words.split()], check=True)

here = os.readlink("/proc/self/ns/net")
with subprocess.Popen(["unshare", "--net", "cat"], stdin=subprocess.PIPE) as router:
    while os.readlink(f"/proc/{router.pid}/ns/net") == here:
        time.sleep(0.01)
    for one, other in (("near", "hop"), ("far", "end")):
        ip(f"link add {one} type veth peer name {other}")
    ip("addr add 10.1.0.1/24 dev near")
    ip("link set near up")
    for name, address in (("hop", "10.1.0.2/24"), ("far", "10.2.0.2/24")):
        ip(f"link set {name} netns {router.pid}")
        ip(f"addr add {address} dev {name}", router.pid)
        ip(f"link set {name} up", router.pid)
    ip("link set end up")
    ip("link set far mtu 1000", router.pid)
    ip("neigh add 10.2.0.1 lladdr 02:00:00:00:00:01 dev far", router.pid)
    within = ["nsenter", "--net", "--target", str(router.pid)]
    forward = ["sh", "-c", "echo 1 > /proc/sys/net/ipv4/ip_forward"]
    subprocess.run([*within, *forward], check=True)
    ip("route add default via 10.1.0.2")
    with make_sink("udp://10.2.0.1:5005", session()) as sink:
        known, number = "", 0
        while "mtu 1000" not in known or number < 20:
            sink.submit(report(number), wait=True)
            number += 1
            time.sleep(0.02)
            asked = ["ip", "route", "get", "10.2.0.1"]
            known = subprocess.run(asked, capture_output=True, text=True, check=True).stdout
    said = sink.statistics
    router.stdin.close()
print(number - said.sent, said.failures, said.reconnects, said.note)
"""


SLOW_LINK = """
import subprocess, time
from landmarkd.sinks import make_sink
from tests.wire.builders import report, session

slow = "tc qdisc add dev lo root tbf rate 200kbit burst 4k limit 6000"
for words in ("ip link set lo up", slow):
    subprocess.run(words.split(), check=True)
notes = []
with make_sink("udp://127.0.0.1:5005", session()) as sink:
    for number in range(60):
        sink.submit(report(number), wait=True)
        notes.append(sink.statistics.note)
        time.sleep(0.01)
print("; choose fewer points" in str(notes), sink.statistics.failures)
"""


def in_its_own_network(code: str, *tools: str) -> str:
    """Return what a program prints as root of a network namespace."""
    if os.geteuid() != 0 or not all(map(shutil.which, ("unshare", "ip", *tools))):
        pytest.skip("needs root, unshare and ip for a network of its own")
    done = subprocess.run(
        ["unshare", "--net", sys.executable, "-c", code],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    if any(word in done.stderr for word in ("not permitted", "not supported", "is unknown")):
        pytest.skip("this machine lets nobody make such a network")
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_a_way_with_a_smaller_mtu_is_no_failure() -> None:
    """A real router refuses the first long datagram."""
    assert in_its_own_network(NARROW_WAY, "nsenter") == "0 0 0 None"


def test_a_link_that_is_slower_than_the_stream_is_said() -> None:
    assert in_its_own_network(SLOW_LINK, "tc") == "True 0"
