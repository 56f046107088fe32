"""COBS against an independent implementation, and streams in any pieces."""

from cobs import cobs
from hypothesis import given, settings
from hypothesis import strategies as st
from landmarkd.wire.framing import (
    MAX_FRAME,
    StreamSplitter,
    cobs_encode,
    frame_messages,
)

# Runs of zeros and runs without, long enough to cross the blocks of 254.
payloads = st.lists(
    st.one_of(
        st.binary(max_size=40),
        st.integers(0, 520).map(lambda n: b"\x01" * n),
        st.integers(0, 5).map(lambda n: b"\0" * n),
        st.sampled_from([253, 254, 255, 256, 508, 509]).map(lambda n: b"\xff" * n),
    ),
    max_size=4,
).map(b"".join)


@given(payloads)
def test_encodes_like_the_reference(data: bytes) -> None:
    assert cobs_encode(data) == cobs.encode(data)


@given(payloads)
def test_comes_back(data: bytes) -> None:
    assert StreamSplitter().feed(cobs_encode(data) + b"\0") == [data]


@given(st.binary(min_size=1, max_size=600).map(lambda frame: frame.replace(b"\0", b"\1")))
def test_decodes_what_the_reference_decodes_and_rejects_the_rest(frame: bytes) -> None:
    splitter = StreamSplitter()
    messages = splitter.feed(frame + b"\0")
    try:
        expected = cobs.decode(frame)
    except cobs.DecodeError:
        assert (messages, splitter.garbled) == ([], 1)
    else:
        assert messages == [expected]


@given(st.lists(st.binary(min_size=1, max_size=300), max_size=6))
def test_framing_many_at_once_is_framing_each(messages: list[bytes]) -> None:
    assert frame_messages(messages) == b"".join(
        cobs.encode(message) + b"\0" for message in messages
    )


@given(
    st.lists(st.binary(min_size=1, max_size=300), max_size=6),
    st.lists(st.integers(1, 50), min_size=1, max_size=8),
)
def test_a_stream_in_any_pieces_gives_the_same_messages(
    messages: list[bytes], sizes: list[int]
) -> None:
    stream, splitter, found = frame_messages(messages), StreamSplitter(), []
    at = turn = 0
    while at < len(stream):
        size = sizes[turn % len(sizes)]
        found += splitter.feed(stream[at : at + size])
        at, turn = at + size, turn + 1
    assert found == messages
    assert splitter.garbled == splitter.oversize == 0


@given(st.binary(max_size=300), st.binary(min_size=1, max_size=200))
@settings(max_examples=50)
def test_a_good_frame_is_found_behind_any_garbage(garbage: bytes, message: bytes) -> None:
    splitter = StreamSplitter()
    assert list(splitter.feed(garbage + b"\0" + frame_messages([message])))[-1] == message


def test_a_run_without_a_zero_is_dropped_and_not_kept() -> None:
    splitter = StreamSplitter()
    for _ in range(100):
        assert not list(splitter.feed(b"\x55" * MAX_FRAME))
    assert splitter.oversize == 1
    assert list(splitter.feed(b"\0" + frame_messages([b"after"]))) == [b"after"]
