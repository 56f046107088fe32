"""Every input that fuzzing ever kept; the folder only grows."""

from pathlib import Path

import pytest

from tests.wire.fuzz_decoder import one_input

CORPUS = sorted((Path(__file__).parent / "corpus").iterdir())


def test_there_is_a_corpus() -> None:
    assert len(CORPUS) > 20


@pytest.mark.parametrize("part", range(4))
def test_the_corpus_is_survived(part: int) -> None:
    for path in CORPUS[part::4]:
        one_input(path.read_bytes())
