"""Every row of the fault table is a test."""

from pathlib import Path

import pytest

from tests.faults import camera, load, service, transport  # noqa: F401 - entering their faults into the table
from tests.faults.row import FAULTS


@pytest.mark.parametrize("name", FAULTS)
def test_the_daemon_survives(name: str, tmp_path: Path) -> None:
    row = FAULTS[name](tmp_path)
    assert row.wire
