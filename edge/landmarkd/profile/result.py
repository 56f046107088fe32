"""A profile as JSON: percentiles, histograms and samples, and the comparison of two profiles."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from landmarkd.errors import UsageError
from landmarkd.files import read_bounded
from landmarkd.machine import Machine
from landmarkd.profile.engine import Variant
from landmarkd.profile.profiler import Recording

SCHEMA = 1
BINS = 32
MOST_SAMPLES = 4096
"""Stored values of each stage for the comparison of profiles; about 100 KB of JSON in all."""
MAX_BYTES = 64 << 20

NOISE = 0.05
"""A smaller change of the median, as a share, counts as noise."""
BLOCK = 8
"""Neighbouring frames are similar; the comparison uses this many as one observation."""
RESAMPLES = 1000
CONFIDENCE = 99.0


def summarise(values: NDArray[np.float64]) -> dict[str, Any]:
    """Return percentiles, a histogram and the newest samples of values in milliseconds."""
    p50, p90, p99 = np.percentile(values, (50, 90, 99))
    # A few large values would move all others into one bin; they are in the last bin.
    top = max(float(p99) * 1.25, 1e-3)
    counts, edges = np.histogram(np.minimum(values, top), BINS, (0.0, top))
    return {
        "count": int(values.size),
        "total": round(float(values.sum()), 3),
        "p50": round(float(p50), 4),
        "p90": round(float(p90), 4),
        "p99": round(float(p99), 4),
        "max": round(float(values.max()), 4),
        "histogram": {"top": round(float(edges[-1]), 4), "counts": counts.tolist()},
        "samples": [round(float(value), 4) for value in values[-MOST_SAMPLES:]],
    }


def document(
    recording: Recording,
    sweep: Sequence[Variant] = (),
    recommendation: Mapping[str, Any] | None = None,
    operators: Sequence[Mapping[str, Any]] = (),
    edgetpu_share: float | None = None,
) -> dict[str, Any]:
    """Return all measurements as plain values for JSON.

    `edgetpu_share` is the share of the model's multiply-adds that a Coral would run, 0 to 1.
    """
    machine = Machine()
    frames = recording.counters.processed
    return {
        "schema": SCHEMA,
        "board": machine.board,
        "source": recording.source,
        "model": recording.model,
        "runtime": recording.runtime,
        "accelerator": recording.accelerator,
        "edgetpu_share": edgetpu_share,
        "degraded": list(recording.degraded),
        "frames": frames,
        "faces": recording.faces,
        "skipped": recording.counters.skipped,
        "reopened": recording.counters.reopened,
        "seconds": round(recording.wall_s, 3),
        "fps": round((frames - 1) / recording.frames_s, 2) if recording.frames_s else 0.0,
        "cpu_ms_per_frame": round(recording.cpu_ms, 3),
        "network_ms_per_frame": round(recording.network_ms, 3),
        "python_share": round(1.0 - recording.network_ms / recording.busy_ms, 4)
        if recording.busy_ms
        else None,
        "overhead": round(recording.overhead, 5),
        "stages_ms": {name: summarise(values) for name, values in recording.stages.items()},
        "ages_ms": {name: summarise(values) for name, values in recording.ages.items()},
        "machine": recording.machine.summary() | {"throttled_now": machine.throttled()},
        "sinks": recording.sinks,
        "sweep": [asdict(variant) for variant in sweep],
        "recommendation": dict(recommendation or {}),
        "operators": [dict(operator) for operator in operators],
    }


def load(path: Path) -> dict[str, Any]:
    """Read a profile.

    Raises:
        UsageError: the file is not a profile.
    """
    try:
        content = json.loads(read_bounded(path, MAX_BYTES))
        if content["schema"] != SCHEMA:
            raise UsageError(
                f"{path} is a profile of format {content['schema']}, this is {SCHEMA}; "
                "make it again."
            )
        for group in ("stages_ms", "ages_ms"):
            for entry in content[group].values():
                samples = np.array(entry["samples"], np.float64)
                if not samples.size or not np.isfinite(samples).all():
                    raise ValueError("no finite samples")
    except UsageError:
        raise
    except OSError as error:
        raise UsageError(
            f"{path}: {error.strerror}; name a file of landmarkd profile --json."
        ) from error
    except (
        ValueError,
        LookupError,
        TypeError,
        AttributeError,
        ArithmeticError,
        RecursionError,
    ) as error:
        raise UsageError(
            f"{path} is not a profile; make one with: landmarkd profile --json FILE"
        ) from error
    assert isinstance(content, dict)  # noqa: S101
    return content


@dataclass(frozen=True, slots=True)
class Change:
    """The change of one stage between two profiles.

    Attributes:
        name: of the stage or age.
        before_ms, after_ms: medians.
        low, high: limits of the change of the median as a share, with 99 % confidence; 0.1 is ten
            percent slower.
    """

    name: str
    before_ms: float
    after_ms: float
    low: float
    high: float

    @property
    def share(self) -> float:
        """Change of the median as a share of the old median."""
        return self.after_ms / self.before_ms - 1

    @property
    def real(self) -> bool:
        """Whether this is a change and not noise."""
        return abs(self.share) >= NOISE and (self.low > 0 or self.high < 0)


def compare(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[Change]:
    """Return the changes of all stages in both profiles, except "wait".

    Medians are compared by a block bootstrap (Künsch 1989): it draws blocks of neighbouring frames
    with replacement, because a stall or a reduced clock affects many frames in a row.
    """
    changes = []
    for group in ("stages_ms", "ages_ms"):
        for name, entry in before[group].items():
            if name == "wait" or name not in after[group]:
                continue
            old, new = (
                np.array(side["samples"], np.float64) for side in (entry, after[group][name])
            )
            middle = float(np.median(old))
            if middle <= 0:
                continue
            draw = np.random.default_rng(1)
            ratios = _medians(new, draw) / np.maximum(_medians(old, draw), 1e-9) - 1
            low, high = np.percentile(ratios, ((100 - CONFIDENCE) / 2, (100 + CONFIDENCE) / 2))
            changes.append(Change(name, middle, float(np.median(new)), float(low), float(high)))
    return changes


def _medians(values: NDArray[np.float64], draw: np.random.Generator) -> NDArray[np.float64]:
    """Return the medians of many resamples of blocks."""
    length = max(1, min(BLOCK, values.size // 4))
    starts = draw.integers(0, values.size - length + 1, (RESAMPLES, max(1, values.size // length)))
    picked = values[starts[..., None] + np.arange(length)]
    return np.asarray(np.median(picked.reshape(RESAMPLES, -1), axis=1), np.float64)
