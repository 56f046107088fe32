"""Limits of a run count from its start, also over reloads."""

import json
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest
from landmarkd.errors import ExitCode

from tests.process import LIMIT_S, command

FRAMES, SECONDS = 150, 6.0


@pytest.mark.parametrize("limit", [("--frames", str(FRAMES)), ("--duration", str(SECONDS))])
def test_a_reload_does_not_start_the_limits_anew(tmp_path: Path, limit: tuple[str, str]) -> None:
    script, lines = tmp_path / "camera.json", tmp_path / "lines.jsonl"
    steps = [{"do": "frames", "count": 10_000_000}]
    script.write_text(json.dumps({"size": [320, 240], "fps": 30, "steps": steps}))
    configuration = tmp_path / "landmarkd.toml"
    configuration.write_text(f'sinks = ["jsonl:{lines}"]\n[source]\nuri = "scripted:{script}"\n')

    def seen() -> list[dict[str, Any]]:
        """Return the reports of frames, without those while there is no camera."""
        text = lines.read_text() if lines.exists() else ""
        reports = [json.loads(line) for line in text.splitlines(keepends=True) if line[-1] == "\n"]
        return [report for report in reports if not report["degraded"]]

    def lasted_s() -> float:
        times = [report["captured_ns"] for report in seen()]
        return (times[-1] - times[0]) / 1e9 if times else 0.0

    process = subprocess.Popen(
        command(("run", "--config", configuration, *limit)), stderr=subprocess.PIPE, text=True
    )
    assert process.stderr is not None
    try:
        while lasted_s() < SECONDS / 3:
            assert process.poll() is None
            time.sleep(0.05)
        process.send_signal(signal.SIGHUP)
        _, said = process.communicate(timeout=LIMIT_S)
    finally:
        process.kill()
    assert process.returncode == ExitCode.OK
    assert "was reloaded" in said
    assert f"Processed {len(seen())} frames" in said
    if "--frames" in limit:
        assert len(seen()) == FRAMES
    else:
        assert lasted_s() < SECONDS + 0.5
