"""Snapshots for tests."""

import os
import time
from typing import Any

from landmarkd.daemon.snapshot import SinkSnapshot, Snapshot


def running(**changes: Any) -> Snapshot:
    """Return a snapshot of a healthy daemon with the id of this process."""
    values = {
        "state": "running",
        "updated_ns": time.monotonic_ns(),
        "uptime_s": 10.0,
        "pid": os.getpid(),
        "device": "landmarkd",
        "source": "v4l2:/dev/video0",
        "model": "landmarks",
        "runtime": "runtime 1.0",
        "accelerator": "xnnpack",
        "captured_fps": 30.0,
        "processed_fps": 30.0,
        "captured": 300,
        "processed": 300,
        "latency_ms": (3.0, 9.0),
        "stages_ms": {"inference": 2.0},
        "sinks": (sink(),),
    }
    return Snapshot(**(values | changes))


def sink(**changes: Any) -> SinkSnapshot:
    """Return the state of a healthy sink."""
    values = {
        "uri": "udp://127.0.0.1:5005?points=all",
        "connected": True,
        "sent": 300,
        "dropped": 0,
        "bytes": 30_000,
        "reconnects": 0,
        "last_error": None,
    }
    return SinkSnapshot(**(values | changes))
