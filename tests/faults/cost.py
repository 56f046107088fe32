"""`python -m tests.faults.cost`: compare the pipeline's time with failing and with good sinks."""

import argparse
import logging
import socket
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from landmarkd.pipeline import Pipeline
from landmarkd.receive.loopback import PtyLink
from landmarkd.settings.config import Configuration
from landmarkd.sinks import make_sink
from landmarkd.sinks.base import Sink
from landmarkd.types import Frame

from tests.soak.receivers import Receivers
from tests.soak.source import pictures

WINDOW = 100
"""Number of frames in a window for one set of sinks, then for the other."""


def main() -> None:
    """Send the same frames to both sets of sinks in alternating windows; print the time ratio."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pairs", type=int, default=60)
    options = parser.parse_args()
    logging.disable()
    pipeline = Pipeline(Configuration())
    session = pipeline.session()
    dead = PtyLink()
    dead.open()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as place:
        place.bind(("127.0.0.1", 0))
        nobody = place.getsockname()[1]
    with tempfile.TemporaryDirectory() as folder:
        receivers = Receivers(Path(folder), threading.TIMEOUT_MAX)
        well = [make_sink(uri, session) for uri in receivers.sinks]
        ill = [
            make_sink(f"{dead.sink_uri}&points=all", session),
            make_sink(f"udp://127.0.0.1:{nobody}", session),
        ]
        for sink in (*well, *ill):
            sink.start()
        times = _measure(pipeline, (well, ill), options.pairs)
        for sink in (*well, *ill):
            sink.close()
        receivers.close()
    dead.close()
    medians = np.median(times, axis=0) / WINDOW * 1e3
    ratios = times[:, 1] / times[:, 0]
    chance = np.random.default_rng(1)
    resampled = [np.median(chance.choice(ratios, len(ratios))) for _ in range(2000)]
    low, high = np.percentile(resampled, (2.5, 97.5))
    sys.stdout.write(
        f"{options.pairs} pairs of {WINDOW} frames: {medians[0]:.3f} ms a frame with sinks that "
        f"are well, {medians[1]:.3f} ms with a serial line that nobody reads and a UDP port where "
        "nobody listens; "
        f"median ratio of a pair {np.median(ratios):.3f} (95 %: {low:.3f} to {high:.3f})\n"
    )


def _measure(pipeline: Pipeline, sets: Sequence[Sequence[Sink]], pairs: int) -> np.ndarray:
    """Return seconds of each window: (pairs, 2)."""
    images = pictures()[:WINDOW]
    times = np.zeros((pairs, len(sets)))
    number = 0
    for pair in range(-2, pairs):
        for index, sinks in enumerate(sets) if pair % 2 else reversed(list(enumerate(sets))):
            began = time.perf_counter()
            for image in images:
                report = pipeline.process(Frame("cost:", number, time.monotonic_ns(), image))
                for sink in sinks:
                    sink.submit(report)
                number += 1
            if pair >= 0:
                times[pair, index] = time.perf_counter() - began
            # Reports that one set still has in its queues must not be sent in the window of the
            # other.
            time.sleep(0.1)
    return times


if __name__ == "__main__":
    main()
