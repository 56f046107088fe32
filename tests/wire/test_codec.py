"""Each message to bytes and back: exact, limited to its types, rejected when it is damaged or
foreign."""

import math
from binascii import crc_hqx

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from landmarkd.errors import WireError
from landmarkd.wire import codec
from landmarkd.wire.codec import (
    CODECS,
    CRC_SEED,
    HEADER,
    ChecksumError,
    ForeignError,
    Packet,
    append_checksum,
    decode_packet,
    encode_packet,
)
from landmarkd.wire.field import wire_fields
from landmarkd.wire.framing import MAX_SERIAL_MESSAGE
from landmarkd.wire.schema import (
    MAX_EVIDENCE,
    SCHEMA_HASH,
    TYPES,
    VERSION,
    Bye,
    Event,
    Hello,
    Message,
    Points,
    Status,
)


def _random_message(kind: type[Message], fixed: bytes) -> bytes:
    """A valid message of a type whose fixed fields are these bytes."""
    return append_checksum(HEADER.pack(VERSION, TYPES[kind], 7, 8, 9) + fixed)


@pytest.mark.parametrize("kind", [Hello, Status, Bye])
@given(data=st.data())
@settings(max_examples=30)
def test_any_bit_pattern_of_numbers_survives_decoding_and_encoding(
    kind: type[Message], data: st.DataObject
) -> None:
    layout = CODECS[TYPES[kind]]
    # Texts are compared apart: what is not UTF-8 is replaced on purpose.
    numbers = [wire.kind.startswith("char") for _, wire in wire_fields(kind)]
    raw = data.draw(st.binary(min_size=layout.struct.size, max_size=layout.struct.size))
    values = [
        b"text" if text else v for v, text in zip(layout.struct.unpack(raw), numbers, strict=True)
    ]
    message = _random_message(kind, layout.struct.pack(*values))
    assert encode_packet(decode_packet(message)) == message


@given(st.binary(max_size=400))
def test_no_bytes_raise_anything_but_a_wire_error(data: bytes) -> None:
    for candidate in (
        data,
        append_checksum(data),
        append_checksum(bytes((VERSION,)) + data),
        *(append_checksum(bytes((VERSION, number)) + data) for number in range(7)),
    ):
        try:
            packet = decode_packet(candidate)
        except WireError:
            continue
        assert isinstance(packet, Packet)


@given(st.integers(0, 10_000), st.integers(0, 7))
def test_one_flipped_bit_is_always_noticed(position: int, bit: int) -> None:
    message = bytearray(encode_packet(Packet(1, 2, 3, Status(flags=5, yaw=12.34))))
    message[position % len(message)] ^= 1 << bit
    with pytest.raises(WireError):
        decode_packet(bytes(message))


def test_numbers_beyond_their_type_are_limited_and_nan_is_zero() -> None:
    sent = Status(yaw=1e9, pitch=-1e9, roll=math.nan, score=2.0, latency=math.inf, dropped=1 << 40)
    got = decode_packet(encode_packet(Packet(0, 0, 0, sent))).message
    assert isinstance(got, Status)
    assert (got.yaw, got.pitch, got.roll) == (327.67, -327.68, 0)
    assert (got.score, got.latency, got.dropped) == (1.0, 6553.5, 65535)


def test_what_is_not_known_is_none_and_no_number_reads_as_unknown() -> None:
    sent = Status(
        gaze_yaw=-1e9, gaze_pitch=None, perclos=9.0, sigma=math.nan, openness_left=math.inf
    )
    got = decode_packet(encode_packet(Packet(0, 0, 0, sent))).message
    assert isinstance(got, Status)
    assert (got.gaze_yaw, got.gaze_pitch) == (-327.67, None)
    assert (got.perclos, got.sigma, got.openness_left) == (254 / 250, None, 254 / 200)
    hello = decode_packet(encode_packet(Packet(0, 0, 0, Hello(utc_offset_ns=7)))).message
    assert isinstance(hello, Hello)
    assert hello.utc_offset_ns == 7
    assert Hello().utc_offset_ns is None


def test_the_checksum_is_crc16_ccitt_false_continued_from_the_hash_of_the_schema() -> None:
    assert (
        crc_hqx(b"123456789", 0xFFFF) == 0x29B1
    )  # the catalogue's check value of CRC-16/CCITT-FALSE (IBM-3740)
    assert crc_hqx(SCHEMA_HASH, 0xFFFF) == CRC_SEED


def test_a_sender_with_another_schema_is_rejected(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(codec, "CRC_SEED", CRC_SEED ^ 0x1234)
    foreign = encode_packet(Packet(0, 0, 0, Status()))
    monkeypatch.undo()
    with pytest.raises(ChecksumError):
        decode_packet(foreign)


def test_another_version_and_an_unknown_type_are_foreign() -> None:
    with pytest.raises(ForeignError, match=r"Version 1 .* update the older side"):
        decode_packet(append_checksum(HEADER.pack(1, 2, 0, 0, 0) + bytes(60)))
    with pytest.raises(ForeignError, match="type of message 99"):
        decode_packet(append_checksum(HEADER.pack(VERSION, 99, 0, 0, 0)))


@pytest.mark.parametrize("extra", [-1, 1, 6])
def test_a_length_that_does_not_fit_is_refused(extra: int) -> None:
    fixed = CODECS[TYPES[Status]].struct.size
    with pytest.raises(WireError, match="cannot have"):
        decode_packet(_random_message(Status, bytes(fixed + extra)))


def test_text_is_cut_at_a_character_and_cleaned_when_read() -> None:
    got = decode_packet(
        encode_packet(Packet(0, 0, 0, Hello(device="ü" * 20, model="a\0b", layout="x" * 99)))
    ).message
    assert isinstance(got, Hello)
    assert (got.device, got.model, got.layout) == ("ü" * 12, "a b", "x" * 16)
    names = [name for name, _ in wire_fields(Hello)]
    values = list(CODECS[TYPES[Hello]].struct.unpack(CODECS[TYPES[Hello]].pack(Hello())))
    values[names.index("device")] = b"\xff\xfe\x1b[31m"
    hostile = decode_packet(
        _random_message(Hello, CODECS[TYPES[Hello]].struct.pack(*values))
    ).message
    assert isinstance(hostile, Hello)
    assert hostile.device.isprintable()


def test_evidence_that_is_no_number_is_left_out_and_the_rest_fits_a_serial_frame() -> None:
    rows = (("nan", math.nan), ("inf", math.inf), *((f"evidence_{i}", i / 3) for i in range(20)))
    data = encode_packet(Packet(0, 0, 0, Event(id=1, kind=7, rows=rows)))
    got = decode_packet(data).message
    assert isinstance(got, Event)
    assert len(data) <= MAX_SERIAL_MESSAGE
    assert len(got.rows) == MAX_EVIDENCE
    assert got.rows[1] == ("evidence_1", 0.333)


def test_every_message_fits_a_serial_frame() -> None:
    for number, layout in CODECS.items():
        assert layout.minimum <= MAX_SERIAL_MESSAGE, number


def test_points_come_back_as_they_were_and_a_chunk_outside_of_its_frame_is_refused() -> None:
    rows = np.array([[1, -2, 3], [32767, -32768, 0]], np.int16)
    chunk = Points(3, 0, 0, 1, 0, 2, 100, -50, rows)
    got = decode_packet(encode_packet(Packet(0, 0, 0, chunk))).message
    assert isinstance(got, Points)
    assert got[:-1] == chunk[:-1]
    np.testing.assert_array_equal(got.rows, rows)
    np.testing.assert_allclose(got.pixels()[0], (100 + 1 / 16, -50 - 2 / 16, 3 / 16))
    for wrong in (chunk._replace(first=1), chunk._replace(chunk=1), chunk._replace(total=1)):
        with pytest.raises(WireError, match="outside"):
            decode_packet(encode_packet(Packet(0, 0, 0, wrong)))
