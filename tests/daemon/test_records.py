from dataclasses import asdict, dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st
from landmarkd.daemon.records import checked


@dataclass(frozen=True)
class Inner:
    name: str
    size: float = 0.0


@dataclass(frozen=True)
class Outer:
    state: str
    count: int
    ready: bool = False
    note: str | None = None
    pair: tuple[float, float] | None = None
    parts: tuple[Inner, ...] = ()
    shares: dict[str, float] = field(default_factory=dict)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from([*asdict(Outer("", 0)), "name"]), inner, max_size=5)
    ),
    max_leaves=12,
)


def test_a_record_comes_back_as_it_was():
    written = {
        "state": "running", "count": 3, "pair": [1, 2.5], "shares": {"a": 1},
        "parts": [{"name": "x", "size": 2}, {"name": "y"}], "of a later version": [],
    }  # fmt: skip
    parts = (Inner("x", 2.0), Inner("y"))
    assert checked(Outer, written) == Outer(
        "running", 3, pair=(1.0, 2.5), parts=parts, shares={"a": 1.0}
    )


@pytest.mark.parametrize(
    "wrong",
    [
        {"count": 1.5},
        {"count": True},
        {"count": "1"},
        {"ready": 0},
        {"note": 3},
        {"pair": [1.0]},
        {"pair": [1.0, "x"]},
        {"parts": [{"size": 1.0}]},
        {"parts": {}},
        {"shares": {"a": None}},
        {"state": None},
    ],
)
def test_what_is_of_another_type_is_refused(wrong):
    with pytest.raises(ValueError, match=r"is no |is missing"):
        checked(Outer, {"state": "running", "count": 3} | wrong)


@given(JSON)
def test_nothing_wrong_gets_through(value):
    try:
        made = checked(Outer, value)
    except ValueError:
        return
    assert type(made.state) is str
    assert type(made.count) is int
    assert type(made.ready) is bool
    assert made.pair is None or [type(each) for each in made.pair] == [float, float]
    assert all(type(part) is Inner and type(part.size) is float for part in made.parts)
