"""The page of `landmarkd profile`: readable at the width of a phone, with rounded numbers."""

from pathlib import Path

import pytest
from landmarkd.web.profile import short

from tests.process import landmarkd
from tests.web.browser import Page
from tests.web.test_view import CHROMIUM, needs_browser


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.0434, "0.043"), (0.5, "0.500"), (4.2321, "4.23"), (23.68, "23.7"), (1606.8, "1607")],
)
def test_a_number_has_three_digits_that_say_something(value: float, text: str) -> None:
    assert short(value) == text


@needs_browser
@pytest.mark.parametrize("width", [400, 1280])
def test_nothing_reaches_beyond_the_page_or_its_tables(tmp_path: Path, width: int) -> None:
    profile = ("profile", "--source", "demo", "--fast", "--frames", "30", "--no-operators")
    html = tmp_path / "profile.html"
    done = landmarkd(*profile, "--no-sweep", "--html", html)
    assert done.returncode == 0, done.stderr
    browser = Page(CHROMIUM, tmp_path, (width, 900))
    size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False}
    browser.call("Emulation.setDeviceMetricsOverride", **size)
    browser.open(html.as_uri())
    assert browser.evaluate("document.documentElement.scrollWidth") <= width
    wide = "[...document.querySelectorAll('.scroll')].filter(e => e.scrollWidth > e.clientWidth)"
    assert browser.evaluate(f"{wide}.length") == 0
    browser.close()
