"""The simulation on a small scale: everything arrives, and every disconnect is noticed."""

import shutil

import pytest

from tests.fleet.simulate import run


def test_a_small_fleet_loses_nothing() -> None:
    if not (shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin")):
        pytest.skip("needs mosquitto: apt install mosquitto")
    figures = run(30, 4.0, 2.0)
    assert figures["states sent"] > 100
    assert figures["states lost"] == figures["events lost"] == 0
    assert figures["devices found by discovery"] == figures["devices offline at the end"] == 30
    assert figures["wills of the tenth received"] == 3
