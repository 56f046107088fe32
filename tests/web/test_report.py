"""The report in a real Chromium: text from a recording stays text, whatever it contains."""

import random
from pathlib import Path

import pytest
from landmarkd.errors import LandmarkdError
from landmarkd.web import drive as drive_module
from landmarkd.web.charts import MAX_SHAPES, Timeline
from landmarkd.web.drive import Drive, Moment, read_drive
from landmarkd.web.report import page

from tests.fuzz.parsers import DRIVE
from tests.fuzz.test_parsers import CORPUS, TOKENS
from tests.web.browser import Page
from tests.web.test_view import CHROMIUM, needs_browser

CODE = b"</title></style></svg><script>document.title='owned'</script><img src=x onerror=alert(1)>"


def shown(browser: Page, folder: Path, content: bytes) -> bool:
    """Show the page of a recording and check that no script ran; return whether there was one."""
    recording, target = folder / "drive.jsonl", folder / "drive.html"
    recording.write_bytes(content)
    try:
        text = page(read_drive(recording))
    except LandmarkdError:
        return False
    target.write_text(text, encoding="utf-8", errors="replace")
    browser.open(target.as_uri())
    assert browser.evaluate("document.title") == "drive.jsonl"
    count = "document.querySelectorAll('script,img,iframe,object,embed,a,form,link').length"
    assert browser.evaluate(count) == 0
    # The style sheet is allowed by the policy, and nothing else is.
    assert (
        browser.evaluate("getComputedStyle(document.querySelector('.card')).borderRadius") == "10px"
    )
    return True


@needs_browser
def test_nothing_that_a_recording_says_runs(tmp_path: Path) -> None:
    assert CHROMIUM is not None
    browser = Page(CHROMIUM, tmp_path / "browser")
    good = DRIVE.encode()
    pages = sum(
        shown(browser, tmp_path, path.read_bytes()) for path in (CORPUS / "report").iterdir()
    )
    assert pages >= 3
    rng = random.Random(5)
    for _ in range(60):
        damaged = good
        for _ in range(rng.randint(1, 6)):
            at = rng.randrange(len(damaged))
            token = rng.choice((*TOKENS, CODE, b'"' + CODE + b'"', CODE + b'":"'))
            damaged = damaged[:at] + token + damaged[at + rng.randint(0, 12) :]
        shown(browser, tmp_path, damaged)
    for old in (b"road", b"attentive", b"microsleep", b"duration_s", b"bench"):
        assert shown(browser, tmp_path, good.replace(old, CODE.replace(b'"', b"'")))
    browser.close()


@needs_browser
@pytest.mark.parametrize("width", [1280, 400])
def test_the_page_fits_its_window(tmp_path: Path, width: int) -> None:
    assert CHROMIUM is not None
    browser = Page(CHROMIUM, tmp_path / "browser")
    browser.call(
        "Emulation.setDeviceMetricsOverride",
        width=width,
        height=800,
        deviceScaleFactor=1,
        mobile=width < 500,
    )
    assert shown(browser, tmp_path, DRIVE.encode())
    assert browser.evaluate("document.documentElement.scrollWidth") <= width
    texts = "[...document.querySelectorAll('span,td,th,h3')]"
    smallest = f"Math.min(...{texts}.map(e => parseFloat(getComputedStyle(e).fontSize)))"
    assert browser.evaluate(smallest) >= 10
    browser.close()


def test_a_chart_of_anything_stays_small() -> None:
    chart = Timeline(3600.0)
    runs = [(f"zone {n % 7}", n / 30, (n + 1) / 30) for n in range(108_000)]
    assert chart.strip("zones", runs, {}).count("<rect") <= MAX_SHAPES
    spans = [("blink", "f-line", n / 30, n / 30, False) for n in range(108_000)]
    assert chart.marks("events", spans, {}).count("<rect") <= MAX_SHAPES
    assert len(chart.plot("a", (0, 1), [("", [(n / 30, n % 2) for n in range(108_000)])])) < 60_000
    unknown = chart.plot("a", (0, 1), [("", [(0.0, None)])])
    assert ">unknown<" in unknown
    assert "<svg" not in unknown
    assert ">unknown<" in chart.strip("zones", [], {})


@pytest.mark.parametrize(("yaw", "scale"), [(12, 30), (31, 60), (-71, 90), (-140, 180), (999, 180)])
def test_the_heads_angles_fit_their_chart(yaw: float, scale: int) -> None:
    moments = [Moment(n / 30, True, yaw=yaw * n / 9, pitch=1.0) for n in range(10)]
    text = page(Drive("a.lmk", moments))
    chart = text[text.index("head, degrees") :].partition("</figure>")[0]
    assert f"<span>-{scale}</span><span>{scale}</span>" in chart


def test_a_drive_of_any_length_takes_bounded_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(drive_module, "MAX_MOMENTS", 10)
    recording = tmp_path / "drive.jsonl"
    recording.write_text("".join(f'{{"captured_ns":{at * 10**9}}}\n' for at in range(100)))
    drive = read_drive(recording)
    assert drive.frames == 100
    assert [moment.seconds for moment in drive.moments] == list(range(0, 100, 16))
    assert "<b>100</b>frames" in page(drive)
