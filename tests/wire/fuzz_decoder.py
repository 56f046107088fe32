"""The entry point of the fuzzer and of the test of its corpus: every parser of the wire.

The first byte of an input selects the parser for the rest.
"""

import io
from binascii import crc_hqx

from landmarkd.errors import LandmarkdError
from landmarkd.wire import Assembler, Decoder
from landmarkd.wire.codec import CRC_SEED, decode_packet, encode_packet
from landmarkd.wire.jsonl import encode_record
from landmarkd.wire.recording import MAGIC, RecordingReader
from landmarkd.wire.restore import report_of
from landmarkd.wire.text import packet_text


def use(packets: list, assembler: Assembler) -> None:
    """Use messages as receivers do."""
    records = []
    for packet in packets:
        packet_text(packet)
        records += assembler.add(packet)
    for record in records + assembler.flush():
        if record.status is not None:
            encode_record(record, "fuzz")
            report_of(record)


def one_input(data: bytes) -> None:
    """Feed one input; anything but the errors of the product is a finding."""
    kind, body = data[:1], data[1:]
    decoder, assembler = Decoder(), Assembler()
    if kind < b"\x40":
        half = len(body) // 2
        use(decoder.feed(body[:half]) + decoder.feed(body[half:]), assembler)
    elif kind < b"\x80":
        use(decoder.datagram(body), assembler)
    elif kind < b"\xc0":
        # With a valid checksum, the bytes pass the first check.
        sealed = body + crc_hqx(body, CRC_SEED).to_bytes(2, "little")
        packets = decoder.datagram(sealed)
        use(packets, assembler)
        for packet in packets:
            decode_packet(encode_packet(packet))
    else:
        try:
            reader = RecordingReader(io.BytesIO(MAGIC + body))
        except LandmarkdError:
            return
        messages = list(reader)
        assert len(messages) <= len(body)
        use([packet for message in messages for packet in decoder.datagram(message)], assembler)
