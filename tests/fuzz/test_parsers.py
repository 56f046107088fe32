"""Whatever the input, landmarkd fails only with a sentence that says what is wrong."""

import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from landmarkd.errors import LONGEST_MESSAGE, LandmarkdError

from tests.fuzz.parsers import PARSERS, Parser

CORPUS = Path(__file__).with_name("corpus")
EXAMPLES = 60
TOKENS = (
    *(
        b"\0",
        b"\xff\xfe",
        b"\xed\xa0\x80",
        b"NaN",
        b"Infinity",
        b"1e400",
        b"-1",
        b"9" * 400,
        b"null",
        b"true",
        b"{}",
    ),
    *(
        b"[]",
        b'""',
        b"\n",
        b"%00",
        b"~nobody-of-this-name/",
        b"../",
        b"\\ud800",
        b"[" * 200,
        b"://",
        b"?",
        b"&",
        b"=",
    ),
)

fuzzed = settings(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    database=None,
)


def survives(parser: Parser, content: bytes, folder: Path) -> bool:
    """Return whether the content was read; fail if it was refused by anything but a sentence."""
    path = folder / parser.file
    path.write_bytes(content)
    try:
        parser.read(path)
    except LandmarkdError as error:
        said = str(error)
        assert said.isprintable(), "one line that any terminal shows"
        assert len(said) <= LONGEST_MESSAGE + 1
        return False
    return True


@st.composite
def mutated(draw: st.DrawFn, content: bytes) -> bytes:
    """Return the content with a few bytes replaced, removed, doubled or made one of the tokens."""
    out = bytearray(content)
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(out)))
        length = draw(st.integers(0, 12))
        piece = draw(
            st.sampled_from(TOKENS)
            | st.binary(max_size=4)
            | st.just(bytes(out[at : at + length]) * 2)
        )
        out[at : at + length] = piece
    return bytes(out)


def replaced(value: Any, chance: random.Random) -> Any:
    """Return a JSON value in which one leaf or branch is something else."""
    strange = (
        None,
        True,
        -1,
        0,
        10**400,
        1e300,
        float("nan"),
        float("inf"),
        "",
        "x" * 3000,
        "\ud800",
        [],
        {},
        [[]],
    )
    if chance.random() < 0.2 or not isinstance(value, dict | list) or not value:
        return chance.choice(strange)
    if isinstance(value, list):
        at = chance.randrange(len(value))
        return [replaced(item, chance) if index == at else item for index, item in enumerate(value)]
    key = chance.choice(sorted(value))
    if chance.random() < 0.1:
        return {name: item for name, item in value.items() if name != key} | {
            chance.choice(("", "x\ny")): value[key]
        }
    return value | {key: replaced(value[key], chance)}


def kept() -> Iterator[Any]:
    for folder in sorted(CORPUS.iterdir()):
        for file in sorted(folder.iterdir()):
            yield pytest.param(folder.name, file, id=f"{folder.name}-{file.name}")


@pytest.mark.parametrize("name", PARSERS)
def test_the_good_example_is_read(name: str, tmp_path: Path) -> None:
    assert survives(PARSERS[name], PARSERS[name].example.encode(), tmp_path)


@pytest.mark.parametrize(("name", "file"), list(kept()))
def test_what_once_failed(name: str, file: Path, tmp_path: Path) -> None:
    survives(PARSERS[name], file.read_bytes(), tmp_path)


@pytest.mark.parametrize("name", PARSERS)
def test_any_bytes(name: str, tmp_path: Path) -> None:
    @fuzzed
    @given(st.binary(max_size=200) | mutated(PARSERS[name].example.encode()))
    @example(b"")
    @example(b"[" * 100_000)
    def run(content: bytes) -> None:
        survives(PARSERS[name], content, tmp_path)

    run()


@pytest.mark.parametrize(
    "name", [name for name, parser in PARSERS.items() if parser.file.endswith((".json", ".txt"))]
)
def test_right_json_with_a_wrong_value(name: str, tmp_path: Path) -> None:
    good = json.loads(PARSERS[name].example)

    @fuzzed
    @given(st.integers(0, 1 << 32))
    def run(seed: int) -> None:
        survives(PARSERS[name], json.dumps(replaced(good, random.Random(seed))).encode(), tmp_path)

    run()
