"""Secured datagrams: opened only with the key, each once; altered, replayed or plain datagrams are
refused."""

import hashlib
import hmac
import random
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from landmarkd.cli.key import key as make_key
from landmarkd.errors import AccessError, UsageError, WireError
from landmarkd.receive import make_link
from landmarkd.sinks import make_sink
from landmarkd.wire import Decoder, Encoder
from landmarkd.wire.codec import decode_packet
from landmarkd.wire.encoder import MAX_DATAGRAM
from landmarkd.wire.schema import Hello

from tests.process import landmarkd
from tests.wire.builders import report, session

pytest.importorskip("cryptography", reason="needs the extra crypto")

from landmarkd.wire.seal import (
    OVERHEAD,
    REPLAY_WINDOW,
    Opener,
    ReplayedError,
    Sealer,
    StaleError,
    UnauthenticError,
    key_id,
    read_key,
    read_keys,
)

KEY, OTHER = bytes(range(32)), bytes(32)


def test_the_datagram_is_that_of_the_document() -> None:
    """Computed independently with HMAC as in RFC 5869 and the primitive of RFC 8439."""
    from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

    start = bytes(range(100, 116))
    sealed = Sealer(KEY, start, lambda: 0x01020304).seal(b"message")
    header = bytes.fromhex("82630dcd") + start + bytes((1, 0, 0, 0, 0, 0, 0, 0, 4, 3, 2, 1))
    extracted = hmac.digest(start, KEY, "sha256")
    derived = hmac.digest(extracted, b"landmarkd wire 2 datagram\x01", "sha256")
    nonce = bytes((1,)) + bytes(11)
    assert sealed == header + ChaCha20Poly1305(derived).encrypt(nonce, b"message", header)


def test_no_two_starts_share_a_key_and_no_two_datagrams_a_nonce() -> None:
    sealers = [Sealer(KEY) for _ in range(50)]
    sent = [sealer.seal(b"the same") for sealer in sealers for _ in range(3)]
    heads = {(data[4:20], data[20:28]) for data in sent}
    assert len(heads) == len(sent)
    assert len({data[32:] for data in sent}) == len(sent)


def test_a_recorded_stream_is_refused_later_and_by_a_receiver_that_starts_again() -> None:
    now = [1_790_000_000]
    recorded = Sealer(KEY, None, lambda: now[0]).seal(b"message")
    assert Opener(KEY, utc_s=lambda: now[0] + 20.0).open(recorded) == b"message"
    for late in (31.0, -31.0, 1e7):
        with pytest.raises(StaleError):
            Opener(KEY, utc_s=lambda late=late: now[0] + late).open(recorded)
    assert Opener(KEY, 0, lambda: now[0] + 1e7).open(recorded) == b"message"


def test_a_sender_without_a_trusted_clock_says_no_time_and_is_heard() -> None:
    sealed = Sealer(KEY, None, lambda: 0).seal(b"message")
    assert Opener(KEY).open(sealed) == b"message"


def test_forged_starts_cost_no_memory() -> None:
    opener = Opener(KEY)
    genuine = Sealer(KEY).seal(b"x")
    for number in range(100):
        with pytest.raises(UnauthenticError):
            opener.open(genuine[:4] + number.to_bytes(16, "little") + genuine[20:])
    assert len(opener._starts) == 0


def test_the_key_opens_and_another_does_not() -> None:
    sealed = Sealer(KEY).seal(b"message")
    assert len(sealed) == len(b"message") + OVERHEAD
    assert Opener(KEY).open(sealed) == b"message"
    with pytest.raises(UnauthenticError):
        Opener(OTHER).open(sealed)


@given(st.integers(0, 10_000), st.integers(1, 255))
@settings(max_examples=60)
def test_whatever_is_altered_is_refused(position: int, flip: int) -> None:
    sealed = bytearray(Sealer(KEY, bytes(16)).seal(b"a message of some length"))
    sealed[position % len(sealed)] ^= flip
    with pytest.raises(WireError):
        Opener(KEY).open(bytes(sealed))


@given(st.binary(max_size=80))
def test_no_bytes_upset_it(data: bytes) -> None:
    opener = Opener(KEY)
    for candidate in (data, b"\x82" + data, Sealer(KEY).seal(b"")[:4] + data):
        with pytest.raises(WireError):
            opener.open(candidate)


def test_each_datagram_is_taken_once_in_any_order() -> None:
    sealer, opener = Sealer(KEY), Opener(KEY)
    sent = [sealer.seal(bytes([i % 256])) for i in range(REPLAY_WINDOW)]
    shuffled = sent.copy()
    random.Random(1).shuffle(shuffled)
    assert sorted(map(opener.open, shuffled)) == sorted(
        bytes([i % 256]) for i in range(REPLAY_WINDOW)
    )
    for datagram in sent:
        with pytest.raises(ReplayedError):
            opener.open(datagram)


def test_what_is_older_than_the_window_is_refused() -> None:
    sealer, opener = Sealer(KEY), Opener(KEY)
    first = sealer.seal(b"first")
    for _ in range(REPLAY_WINDOW):
        opener.open(sealer.seal(b"later"))
    with pytest.raises(ReplayedError):
        opener.open(first)


def test_a_sender_that_starts_again_is_heard_and_its_first_start_stays_closed() -> None:
    opener, first = Opener(KEY), Sealer(KEY)
    recorded = [first.seal(b"x") for _ in range(5)]
    for datagram in recorded:
        opener.open(datagram)
    opener.open(Sealer(KEY).seal(b"again"))
    for datagram in recorded:
        with pytest.raises(ReplayedError):
            opener.open(datagram)


def test_a_stream_is_sealed_counted_and_fits_its_datagrams() -> None:
    sealer, encoder, decoder = Sealer(KEY), Encoder(session()), Decoder(Opener(KEY))
    messages = [data for i in range(5) for data in encoder.encode(report(i))]
    sealed = [sealer.seal(data) for data in messages]
    packets = [packet for data in sealed for packet in decoder.datagram(data)]
    assert len(packets) == len(messages)
    decoder.datagram(sealed[3])
    decoder.datagram(messages[0])
    decoder.datagram(Sealer(OTHER).seal(messages[0]))
    counters = decoder.counters
    assert (counters.replayed, counters.unauthentic, counters.missing, counters.rejected) == (
        1,
        2,
        0,
        3,
    )
    assert Decoder().datagram(sealed[0]) == []


def test_over_a_socket_with_a_key_made_by_the_command(tmp_path: Path) -> None:
    file = tmp_path / "car.key"
    assert landmarkd("key", file).returncode == 0
    again = landmarkd("key", file)
    assert again.returncode == 64
    assert "never overwritten" in again.stderr
    assert file.stat().st_mode & 0o777 == 0o600
    with make_link(f"udp://127.0.0.1:0?key={file}") as receiver:
        received = []
        with make_sink(f"udp://127.0.0.1:{receiver.port}?key={file}", session()) as sink:
            sink.submit(report(0), wait=True)
            while len(received) < 6:
                batch = receiver.receive(5.0)
                assert batch
                received += batch
        with make_sink(f"udp://127.0.0.1:{receiver.port}", session()) as plain:
            plain.submit(report(0), wait=True)
            while not receiver.counters.unauthentic:
                receiver.receive(5.0)
        assert [r.packet.frame for r in received[1:]] == [0] * 5
        # The longest datagram with its seal is still as long as allowed.
        assert receiver.counters.bytes <= 6 * MAX_DATAGRAM * 2


@pytest.fixture
def keys(tmp_path: Path) -> Path:
    """A folder with the keys of two devices."""
    folder = tmp_path / "keys"
    folder.mkdir()
    for name, content in (("van-1", KEY), ("van-2", OTHER)):
        file = folder / f"{name}.key"
        file.write_text(content.hex())
        file.chmod(0o600)
    return folder


def greeting(device: str) -> bytes:
    """Return a HELLO of a device, plain."""
    encoder = Encoder(replace(session(), device=device))
    messages = encoder.encode(report(1))
    return next(data for data in messages if isinstance(decode_packet(data).message, Hello))


def test_each_device_speaks_for_itself_whatever_its_address(keys: Path) -> None:
    link = make_link(f"udp://:0?key={keys}")
    for device, key in (("van-1", KEY), ("van-2", OTHER)):
        (heard,) = link.take_datagram("10.0.0.1:999", Sealer(key).seal(greeting(device)))
        assert heard.sender == device
        assert heard.packet.message.device == device
    assert link.senders == ("van-1", "van-2")
    assert link.counters.rejected == 0


def test_no_device_speaks_for_another(keys: Path) -> None:
    link = make_link(f"udp://:0?key={keys}")
    assert link.take_datagram("10.0.0.1:999", Sealer(OTHER).seal(greeting("van-1"))) == []
    assert link.take_datagram("10.0.0.1:999", Sealer(bytes(31) + b"x").seal(b"")) == []
    # The name of one key in front of a datagram sealed with another.
    forged = Sealer(KEY).seal(greeting("van-1"))[:4] + Sealer(OTHER).seal(greeting("van-1"))[4:]
    assert link.take_datagram("10.0.0.1:999", forged) == []
    assert link.counters.unauthentic == 3
    assert link.senders == ()


def test_a_thousand_devices_are_told_apart_without_forgetting_one(tmp_path: Path) -> None:
    for number in range(1000):
        file = tmp_path / f"van-{number}.key"
        file.write_text(number.to_bytes(32, "big").hex())
        file.chmod(0o600)
    link = make_link(f"udp://:0?key={tmp_path}")
    hello = greeting("van-7")
    for number in range(1000):
        link.take_datagram("10.0.0.1:1", Sealer(number.to_bytes(32, "big")).seal(hello))
    assert link.senders == ("van-7",)
    assert link.counters.unauthentic == 999


def test_a_folder_of_keys_is_checked(keys: Path, tmp_path: Path) -> None:
    assert read_keys(keys) == {"van-1": KEY, "van-2": OTHER}
    (tmp_path / "none").mkdir()
    with pytest.raises(UsageError, match=r"NAME\.key"):
        read_keys(tmp_path / "none")
    copy = keys / "van-3.key"
    copy.write_text(KEY.hex())
    copy.chmod(0o600)
    with pytest.raises(UsageError, match="that of van-1"):
        read_keys(keys)
    copy.chmod(0o644)
    with pytest.raises(AccessError, match="others may read"):
        read_keys(keys)


def test_keys_that_look_alike_are_refused_by_name(tmp_path: Path) -> None:
    found: dict[bytes, bytes] = {}
    for number in range(1 << 20):
        key = hashlib.sha256(number.to_bytes(4)).digest()
        if (alike := found.setdefault(key_id(key), key)) != key:
            break
    for name, content in (("van-1", alike), ("van-2", key)):
        (tmp_path / f"{name}.key").write_text(content.hex())
        (tmp_path / f"{name}.key").chmod(0o600)
    with pytest.raises(UsageError, match=r"van-2.key: this key is that of van-1, or looks like it"):
        read_keys(tmp_path)


def test_a_new_key_looks_like_no_other_of_its_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn = iter((KEY, KEY, OTHER))
    monkeypatch.setattr("secrets.token_bytes", lambda _: next(drawn))
    (tmp_path / "unreadable.key").mkdir()
    for name in ("van-1", "van-2"):
        make_key(tmp_path / f"{name}.key")
    (tmp_path / "unreadable.key").rmdir()
    assert read_keys(tmp_path) == {"van-1": KEY, "van-2": OTHER}


@pytest.mark.parametrize(
    ("text", "mode", "error", "reason"),
    [
        (KEY.hex(), 0o644, AccessError, "others may read this secret; chmod 600"),
        (KEY.hex(), 0o640, AccessError, "others may read this secret; chmod 600"),
        ("abcd", 0o600, UsageError, "64 hexadecimal digits"),
        ("not a key", 0o600, UsageError, "no key can be read"),
    ],
)
def test_a_key_file_is_checked(
    tmp_path: Path, text: str, mode: int, error: type[Exception], reason: str
) -> None:
    file = tmp_path / "key"
    file.write_text(text)
    file.chmod(mode)
    with pytest.raises(error, match=reason):
        read_key(file)
    with pytest.raises(UsageError, match="no key can be read"):
        read_key(tmp_path / "missing")
