"""What both decoders count as lost: duplicates hide no loss, late messages count once, a restart is
not a loss."""

import random
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from landmarkd.wire import Decoder
from landmarkd.wire.codec import Packet, encode_packet
from landmarkd.wire.framing import frame_messages
from landmarkd.wire.loss import LEAP, LossCounter
from landmarkd.wire.schema import Bye, Hello

from tests.wire.test_c import STRICT, C, needs_c


def counted(numbers: list[int]) -> tuple[int, int, int]:
    loss = LossCounter()
    for number in numbers:
        loss.add(number & 0xFFFF)
    return loss.missing, loss.late, loss.doubled


@given(
    st.lists(st.sampled_from([1, 1, 1, 1, 2, 5, 40]), min_size=1, max_size=60),
    st.integers(0, 65535),
)
def test_gaps_are_counted_across_the_wrap(steps: list[int], first: int) -> None:
    numbers = [first]
    for step in steps:
        numbers.append(numbers[-1] + step)
    assert counted(numbers) == (sum(step - 1 for step in steps), 0, 0)


@given(st.integers(0, 2**32), st.integers(65500, 65535))
def test_any_order_within_the_window_is_no_loss(seed: int, first: int) -> None:
    rng = random.Random(seed)
    numbers = sorted(range(300), key=lambda number: number + rng.uniform(0, 30))
    missing, _, doubled = counted([0 + first, *(first + 1 + number for number in numbers)])
    assert (missing, doubled) == (0, 0)


@given(st.sets(st.integers(1, 98)), st.integers(0, 2**32))
def test_duplicates_hide_no_loss(lost: set[int], seed: int) -> None:
    rng = random.Random(seed)
    numbers = [n for n in range(100) if n not in lost for _ in range(rng.choice((1, 1, 2, 3)))]
    missing, late, doubled = counted(numbers)
    assert (missing, late) == (len(lost), 0)
    assert doubled == len(numbers) - (100 - len(lost))


def hello(sequence: int, boot_id: int) -> bytes:
    return encode_packet(Packet(sequence & 0xFFFF, sequence, sequence, Hello(boot_id=boot_id)))


def bye(sequence: int) -> bytes:
    return encode_packet(Packet(sequence & 0xFFFF, sequence, sequence, Bye()))


RESTART_UNHEARD = [
    hello(40_000, 1),
    *map(bye, range(40_001, 40_050)),
    *map(bye, range(1, 50)),
    hello(50, 2),
    bye(51),
]
"""The HELLO of the second start was lost: the next HELLO explains the jump of the numbers."""
OUTAGE = [hello(0, 1), bye(1), bye(LEAP + 500), hello(LEAP + 501, 1)]
LONGEST = [hello(0, 1), *map(bye, range(1, 100)), *map(bye, range(50_000, 50_100))]
LONGEST += [hello(50_100, 1), bye(50_102), bye(50_020), bye(50_101), hello(50_104, 1)]
"""The numbers of the outage are more than half of all."""
STREAMS = {
    "a restart that was heard": ([hello(900, 1), bye(901), hello(0, 2), bye(1)], 0),
    "a restart whose HELLO was lost": (RESTART_UNHEARD, 0),
    "a long outage of the same start": (OUTAGE, LEAP + 498),
    "an outage of more than half of all numbers": (LONGEST, 49_901),
    "doubled messages and a loss": ([hello(0, 1), bye(1), bye(1), bye(3), bye(3)], 1),
    "late ones": ([hello(0, 1), bye(3), bye(1), bye(2), bye(2)], 0),
}


@pytest.mark.parametrize("name", STREAMS)
def test_python_counts(name: str) -> None:
    messages, missing = STREAMS[name]
    decoder = Decoder()
    for message in messages:
        decoder.datagram(message)
    assert decoder.counters.missing == missing


@needs_c
@pytest.mark.parametrize("name", STREAMS)
def test_c_counts_the_same(name: str, tmp_path: Path) -> None:
    messages, missing = STREAMS[name]
    flags = [
        "-std=c99",
        "-Wconversion",
        "-fsanitize=address,undefined",
        "-fno-sanitize-recover=all",
    ]
    subprocess.run(
        ["gcc", *flags, *STRICT, C / "examples/dump.c", "-o", tmp_path / "dump"], check=True
    )
    done = subprocess.run(
        [tmp_path / "dump"], input=frame_messages(messages), capture_output=True, check=True
    )
    assert f"{len(messages)} messages; {missing} missing" in done.stderr.decode()
