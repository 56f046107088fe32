"""Garbage collection is off during the daemon's start, and only then."""

import subprocess
import sys

PROGRAM = """
import gc, sys
from landmarkd.daemon.service import Service
submit = Service._submit

def watched(self, report, *, fresh):
    assert gc.isenabled() and gc.get_freeze_count() > 1000
    print("seen", file=sys.stderr)
    submit(self, report, fresh=fresh)

Service._submit = watched
sys.argv[1:] = ["run", "--source", "demo:", "--sink", "jsonl:-", "--frames", "1"]
from landmarkd.cli.main import main
main()
"""


def test_it_runs_again_from_the_first_frame_on():
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "seen" in done.stderr
