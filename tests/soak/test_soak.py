"""A small soak: it causes its faults, and it detects figures that grow."""

from pathlib import Path
from typing import Any

import pytest

from tests.soak.run import soak, summary, violations


def test_a_short_soak_survives_its_faults(tmp_path: Path) -> None:
    lines = list(soak(tmp_path, 1200, every=200, faults=500, sink_faults_s=1.0))
    last = lines[-1]
    assert [line["frames"] for line in lines] == list(range(200, 1201, 200))
    assert last["reopened"] > 0
    assert last["sinks"][0][1] > 0, "the serial line was plugged in again"
    # The first 300 frames of 5,000 are of an empty seat; then 257 of 300 have a face.
    assert 0.75 * 900 < last["with_face"] < 900, "faces come, go, and are found at once"
    assert last["hours"] * 3600 == pytest.approx(1200 * 0.0864 + last["seconds"], abs=1.0)
    assert "1,200 in" in summary(lines)


def told(faces: float = 0.8, **growth: float) -> list[dict[str, Any]]:
    start = {"rss_mb": 200.0, "descriptors": 10.0, "threads": 4.0, "p50_ms": 2.0}
    return [
        {name: value + growth.get(name, 0.0) * step for name, value in start.items()}
        | {"frames": step + 1, "with_face": (step + 1) * faces}
        for step in range(30)
    ]


def test_faces_that_are_not_found_are_told() -> None:
    (found,) = violations(told(faces=0.49))
    assert "in 49% of the frames" in found


def test_what_stays_is_well() -> None:
    assert violations(told()) == []


@pytest.mark.parametrize(
    ("name", "step", "words"),
    [
        ("rss_mb", 0.1, "memory grew by 1.8"),
        ("descriptors", 0.1, "descriptors grew"),
        ("threads", 1.0, "threads grew"),
        ("p50_ms", 0.1, "latency drifted"),
    ],
)
def test_what_grows_is_told(name: str, step: float, words: str) -> None:
    (found,) = violations(told(**{name: step}))
    assert words in found
