"""A few seconds of a profile as a trace for ui.perfetto.dev or chrome://tracing.

The format is that of
https://docs.google.com/document/d/1CvAClvFfyA5R-PhYUmn5OOQtYMH4h6I0nSsKchNAySU ("Trace Event
Format"): complete events with microseconds, one row a thread, and counters.
"""

from collections.abc import Sequence
from typing import Any

from landmarkd.profile.watch import Sample

SECONDS = 5.0


def trace(
    spans: Sequence[tuple[str, str, int, int]],
    samples: Sequence[Sample] = (),
    seconds: float = SECONDS,
) -> dict[str, Any]:
    """Return the last seconds as a JSON object.

    Args:
        spans: name, thread, start and length in nanoseconds.
        samples: of the machine, shown as counters, relative to the end.
        seconds: length of the trace.
    """
    if not spans:
        return {"traceEvents": []}
    end_ns = max(began + spent for _, _, began, spent in spans)
    first_ns = end_ns - int(seconds * 1e9)
    threads = {
        thread: number
        for number, thread in enumerate(dict.fromkeys(span[1] for span in spans), start=1)
    }
    events: list[dict[str, Any]] = [
        {"name": "thread_name", "ph": "M", "pid": 1, "tid": number, "args": {"name": name}}
        for name, number in threads.items()
    ]
    events += [
        {
            "name": name,
            "ph": "X",
            "pid": 1,
            "tid": threads[thread],
            "ts": (began - first_ns) / 1e3,
            "dur": spent / 1e3,
        }
        for name, thread, began, spent in spans
        if began >= first_ns
    ]
    last_s = samples[-1].at_s if samples else 0.0
    for sample in samples:
        at_us = (seconds - (last_s - sample.at_s)) * 1e6
        if at_us < 0:
            continue
        counters = {
            "memory MB": sample.memory_mb,
            "temperature °C": sample.temperature_c,
            "MHz": sample.clock_mhz,
        }
        events += [
            {"name": name, "ph": "C", "pid": 1, "ts": at_us, "args": {name: value}}
            for name, value in counters.items()
            if value is not None
        ]
    return {"traceEvents": events, "displayTimeUnit": "ms"}
