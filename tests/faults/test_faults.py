"""Every row of the fault table is a test."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.faults import camera, coral, load, service, sinks, transport  # noqa: F401 - entering their faults into the table
from tests.faults.row import ALONE, FAULTS, Row

WORKERS = 4
"""Rows mostly wait for cameras and clocks: this many at a time keep two cores busy."""

SLOW_FIRST = sorted(FAULTS, key=lambda name: (name in ALONE, name != "camera never comes back"))


@pytest.fixture(scope="module")
def row(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[[str], Row]]:
    """Start the requested rows, several at a time; rows that must run alone start when their test
    runs."""
    asked = [
        item.callspec.params["name"] for item in request.session.items if item.path == request.path
    ]
    with ThreadPoolExecutor(WORKERS) as pool:
        started = {
            name: pool.submit(FAULTS[name], tmp_path_factory.mktemp("fault"))
            for name in asked
            if name not in ALONE
        }

        def fetch(name: str) -> Row:
            return (
                started[name].result()
                if name in started
                else FAULTS[name](tmp_path_factory.mktemp("fault"))
            )

        yield fetch
        pool.shutdown(cancel_futures=True)


@pytest.mark.parametrize("name", SLOW_FIRST)
def test_the_daemon_survives(name: str, row: Callable[[str], Row]) -> None:
    done = row(name)
    assert done.wire
    assert done.status
