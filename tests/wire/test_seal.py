"""Secured datagrams: opened by the key alone, each once; nothing that was altered, replayed or plain gets in."""

import random
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from landmarkd.errors import AccessError, UsageError, WireError
from landmarkd.receive import make_link
from landmarkd.sinks import make_sink
from landmarkd.wire import Decoder, Encoder
from landmarkd.wire.encoder import MAX_DATAGRAM

from tests.process import landmarkd
from tests.wire.builders import report, session

pytest.importorskip("cryptography", reason="needs the extra crypto")

from landmarkd.wire.seal import (
    OVERHEAD,
    REPLAY_WINDOW,
    Opener,
    ReplayedError,
    Sealer,
    UnauthenticError,
    read_key,
)

KEY, OTHER = bytes(range(32)), bytes(32)


def test_the_cipher_is_that_of_rfc_8439() -> None:
    """The datagram again, made from the document with the primitive alone."""
    from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

    sealed = Sealer(KEY, b"salt").seal(b"message")
    header = bytes.fromhex("81630dcd") + b"salt" + bytes((1, 0, 0, 0, 0, 0, 0, 0))
    assert sealed == header + ChaCha20Poly1305(KEY).encrypt(header[4:16], b"message", header)


def test_the_key_opens_and_another_does_not() -> None:
    sealed = Sealer(KEY).seal(b"message")
    assert len(sealed) == len(b"message") + OVERHEAD
    assert Opener(KEY).open(sealed) == b"message"
    with pytest.raises(UnauthenticError):
        Opener(OTHER).open(sealed)


@given(st.integers(0, 10_000), st.integers(1, 255))
@settings(max_examples=60)
def test_whatever_is_altered_is_refused(position: int, flip: int) -> None:
    sealed = bytearray(Sealer(KEY, b"salt").seal(b"a message of some length"))
    sealed[position % len(sealed)] ^= flip
    with pytest.raises(WireError):
        Opener(KEY).open(bytes(sealed))


@given(st.binary(max_size=80))
def test_no_bytes_upset_it(data: bytes) -> None:
    opener = Opener(KEY)
    for candidate in (data, b"\x81" + data, Sealer(KEY).seal(b"")[:4] + data):
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


@pytest.mark.parametrize(
    ("text", "mode", "error", "reason"),
    [
        (KEY.hex(), 0o644, AccessError, "others may read this key; chmod 600"),
        (KEY.hex(), 0o640, AccessError, "others may read this key; chmod 600"),
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
