import json
from dataclasses import replace
from html.parser import HTMLParser
from itertools import pairwise

import pytest
from landmarkd.cli.report import report
from landmarkd.enums import EventKind, EventPhase
from landmarkd.errors import SinkError, SourceError, SourceFormatError, UsageError
from landmarkd.sinks import make_sink
from landmarkd.web.drive import read_drive

from tests.wire import builders


def line(number, *, openness=1.0, zone="road", events=(), face=True):
    eye = {"openness": openness, "closed": False, "aperture": 0.3}
    return {
        "source": "test:", "sequence": number, "captured_ns": 10**9 + number * 100_000_000,
        "face": {
            "eyes": {"left": eye, "right": {**eye, "openness": None}},
            "pose": {"yaw": 3.0, "pitch": -2.0}, "gaze": {"yaw": 1.0, "pitch": 0.0, "zone": zone},
        } if face else None,
        "driver": {
            "attention": "attentive", "perclos": 0.05, "mouth_openness": 0.1,
            "events": list(events),
        },
    }  # fmt: skip


def event(kind, phase, number, level=2):
    return {"id": 1, "kind": kind, "phase": phase, "level": level, "began_ns": 0,
            "at_ns": 10**9 + number * 100_000_000, "evidence": {"duration_s": 1.5}}  # fmt: skip


def recorded(folder, lines, name="drive.jsonl"):
    path = folder / name
    path.write_text("".join(json.dumps(value) + "\n" for value in lines))
    return path


class Page(HTMLParser):
    """Collects the visible text of a page and fails on tags that do not close."""

    def __init__(self, text):
        super().__init__()
        self.open, self.titles, self.text, self.tags = [], [], "", set()
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag, attributes):
        self.tags.add(tag)
        if tag not in {"meta", "br"}:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.tags.add(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data + "\n"


def test_shows_facts_events_and_zones(tmp_path):
    lines = [line(number) for number in range(60)]
    lines[20]["driver"]["events"] = [event("microsleep", "begin", 20)]
    lines[30]["driver"]["events"] = [event("microsleep", "end", 30)]
    lines[40] = line(40, zone="lap")
    path = recorded(tmp_path, lines)
    report(path, None)
    page = Page((tmp_path / "drive.html").read_text())
    for shown in ("drive.jsonl", "60", "100%", "5%", "lap", "microsleep", "duration_s 1.5"):
        assert shown in page.text
    assert not {"img", "script", "image", "link"} & page.tags


def test_a_name_from_outside_is_only_text(tmp_path):
    lines = [
        line(0),
        line(1, zone="<script>alert(1)</script>", events=[event("<b>x</b>", "begin", 1)]),
    ]
    report(recorded(tmp_path, lines, "a<b>.jsonl"), tmp_path / "out.html")
    page = Page((tmp_path / "out.html").read_text())
    assert "script" not in page.tags
    assert "<b>x</b>" in page.text


def test_unknown_stays_a_gap(tmp_path):
    drive = read_drive(
        recorded(tmp_path, [line(0), line(1, face=False), {"captured_ns": 2 * 10**9}])
    )
    assert [moment.left for moment in drive.moments] == [1.0, None, None]
    assert drive.moments[0].right is None
    assert drive.moments[2].attention is None
    assert drive.seconds == pytest.approx(1.0)


def test_a_phase_that_is_repeated_counts_once(tmp_path):
    begin = event("sleep", "begin", 1, level=3)
    drive = read_drive(recorded(tmp_path, [line(number, events=[begin]) for number in range(5)]))
    assert len(drive.events) == 1


@pytest.mark.parametrize("ending", ["jsonl", "lmk"])
def test_each_stage_of_an_event_is_kept(tmp_path, ending):
    """The wire repeats each phase once a second, and the last one three times."""
    stages = {
        0: (EventPhase.BEGIN, 1),
        40: (EventPhase.ESCALATE, 2),
        80: (EventPhase.ESCALATE, 3),
        120: (EventPhase.END, 3),
    }
    path = tmp_path / f"drive.{ending}"
    with make_sink(f"{ending}:{path}?points=none", builders.session()) as sink:
        for number in range(240):
            state = builders.driver(number)
            if number in stages:
                phase, level = stages[number]
                at_ns = 10**9 + number * builders.PERIOD_NS
                drowsy = replace(
                    builders.event(phase, at_ns=at_ns), kind=EventKind.DROWSINESS, level=level
                )
                state = builders.driver(number, drowsy)
            if number < 120:
                state = replace(state, active=(EventKind.DROWSINESS,))
            sink.submit(builders.report(number, state=state), wait=True)
    drive = read_drive(path)
    assert [(event.phase, event.level) for event in drive.events] == list(stages.values())
    assert drive.trouble == ""


@pytest.mark.parametrize(
    ("levels", "alerts"),
    [
        ([("begin", 1), ("end", 1)], 0),
        ([("begin", 2), ("end", 2)], 1),
        ([("begin", 1), ("escalate", 2), ("escalate", 3), ("end", 3)], 1),
        ([("escalate", 3), ("end", 3)], 1),
    ],
)
def test_each_event_that_became_a_warning_counts_once(tmp_path, levels, alerts):
    lines = [line(number) for number in range(10)]
    for number, (phase, level) in enumerate(levels, 1):
        lines[number]["driver"]["events"] = [event("drowsiness", phase, number, level)]
    report(recorded(tmp_path, lines), None)
    shown = Page((tmp_path / "drive.html").read_text()).text.split()
    at = shown.index("warnings")
    assert shown[at - 1 : at + 3] == [str(alerts), "warnings", "and", "alarms"]


def run(begin_s, events=(), *, source="test:", utc_s=None, quality="synchronised", count=40):
    """Return the lines of a start of the daemon, with events at (number, kind, phase)."""
    lines = [line(number) for number in range(count)]
    for value in lines:
        value["source"] = source
        value["captured_ns"] += round((begin_s - 1) * 1e9)
        if utc_s is not None:
            offset_ns = round((utc_s - begin_s) * 1e9)
            value["utc"] = {"offset_ns": offset_ns, "quality": quality}
    for number, kind, phase in events:
        happening = event(kind, phase, number)
        happening["at_ns"] = lines[number]["captured_ns"]
        lines[number]["driver"]["events"] = [happening]
    return lines


NAP = [(10, "microsleep", "begin"), (20, "microsleep", "end")]


def test_runs_in_one_file_number_their_events_anew(tmp_path, capsys):
    """The first one was killed during an event."""
    path = recorded(tmp_path, [*run(100, NAP[:1]), *run(200, NAP)])
    drive = read_drive(path)
    seen = [(event.run, event.phase, event.seconds) for event in drive.events]
    assert seen == [(0, "begin", 1.0), (1, "begin", 101.0), (1, "end", 102.0)]
    assert drive.seconds == pytest.approx(103.9)
    assert drive.trouble == ""
    report(path, None)
    assert "2 other events" in capsys.readouterr().out
    text = (tmp_path / "drive.html").read_text()
    assert "microsleep 0:01.0 to 0:03.9" in text
    assert "microsleep 1:41.0 to 1:42.0" in text


def test_a_boot_between_two_runs_is_said(tmp_path, capsys):
    path = recorded(tmp_path, [*run(5000, NAP), *run(20, NAP), *run(10)])
    drive = read_drive(path)
    times = [moment.seconds for moment in drive.moments]
    assert times == sorted(times)
    assert times[0] == 0.0
    assert [end - 3.9 for end in drive.ends] == pytest.approx([0.0, 5.9, 11.8])
    assert [event.seconds for event in drive.events] == pytest.approx([1.0, 2.0, 6.9, 7.9])
    assert "2 placed after the run before" in drive.trouble
    report(path, None)
    assert "another clock" in capsys.readouterr().err
    assert "another clock" in Page((tmp_path / "drive.html").read_text()).text


@pytest.mark.parametrize("name", ["pi", "other"])
@pytest.mark.parametrize(("begin_s", "at_s"), [(20, 0), (98, 2), (5000, 0)])
def test_the_lines_of_two_units_alternate_also_under_one_name(tmp_path, begin_s, at_s, name):
    """Units that were made from one image, until somebody names them.

    Their clocks count from different boots, and say nothing of the time between them.
    """
    units = run(100, NAP, source="pi"), run(begin_s, NAP, source=name)
    lines = [each for pair in zip(*units, strict=True) for each in pair]
    drive = read_drive(recorded(tmp_path, lines))
    naps = [1.0, 2.0, at_s + 1, at_s + 2]
    assert sorted(event.seconds for event in drive.events) == pytest.approx(sorted(naps))
    assert sorted(drive.ends) == pytest.approx(sorted((3.9, at_s + 3.9)))
    assert drive.seconds == pytest.approx(max(drive.ends))


@pytest.mark.parametrize(("first_s", "other_s"), [(5000, 20), (20, 5000), (50, 20)])
def test_two_units_whose_names_come_later_are_two_runs(tmp_path, first_s, other_s):
    """A receiver that starts in the middle has their addresses until the next HELLO."""
    noon = 1_700_000_000
    units = [
        run(begin_s, NAP, source=f"unit {begin_s}", utc_s=noon) for begin_s in (first_s, other_s)
    ]
    for unit in units:
        for each in unit[:15]:
            each["source"], each["utc"] = f"10.0.0.1:{unit[0]['captured_ns'] % 999}", None
    # The first lines say nothing of the time between the clocks.
    lines = [each for pair in zip(*units, strict=True) for each in pair]
    drive = read_drive(recorded(tmp_path, lines))
    assert len(drive.ends) == 2
    times = [moment.seconds for moment in drive.moments]
    assert len([1 for a, b in pairwise(times) if b - a > 1]) <= 1


@pytest.mark.parametrize("begin_s", [20, 9000])
def test_a_boot_is_placed_by_a_synchronised_clock(tmp_path, begin_s):
    noon = 1_700_000_000
    lines = [*run(5000, NAP, utc_s=noon), *run(begin_s, NAP, utc_s=noon + 3600)]
    drive = read_drive(recorded(tmp_path, lines))
    assert drive.seconds == pytest.approx(3603.9)
    assert [event.seconds for event in drive.events] == pytest.approx([1, 2, 3601, 3602])
    assert [event.utc_s - noon for event in drive.events] == pytest.approx([1, 2, 3601, 3602])
    assert (drive.utc_s, drive.synchronised) == (noon, True)
    assert "1 placed by UTC" in drive.trouble


def test_the_date_of_each_run_is_its_own(tmp_path):
    lines = [*run(50, NAP, utc_s=1000, quality="unsynchronised"), *run(20, NAP, utc_s=5000)]
    drive = read_drive(recorded(tmp_path, lines))
    assert [event.seconds for event in drive.events] == pytest.approx([1, 2, 6.9, 7.9])
    assert [event.utc_s for event in drive.events] == pytest.approx([1001, 1002, 5001, 5002])
    assert (drive.utc_s, drive.synchronised) == (1000, False)


def test_frames_that_come_late_and_alternating_senders_are_no_new_runs(tmp_path):
    lines = [line(number) for number in (0, 2, 1, 3, 3, 5, 4)]
    drive = read_drive(recorded(tmp_path, lines))
    assert (len(drive.ends), drive.trouble) == (1, "")
    pairs = zip(run(5000, NAP), run(20, NAP, source="other:"), strict=True)
    drive = read_drive(recorded(tmp_path, [value for pair in pairs for value in pair]))
    assert len(drive.ends) == 2
    assert drive.seconds == pytest.approx(3.9)
    assert len(drive.events) == 4
    assert "1 placed beside the run that goes on meanwhile" in drive.trouble


def test_a_recording_that_was_cut_off_is_read_as_far_as_it_goes(tmp_path):
    path = recorded(tmp_path, [line(number) for number in range(5)])
    path.write_bytes(path.read_bytes()[:-40])
    assert len(read_drive(path).moments) == 4


def test_damaged_lines_are_left_out_and_counted(tmp_path):
    path = recorded(tmp_path, [line(number) for number in range(6)])
    lines = path.read_bytes().splitlines(keepends=True)
    lines[1], lines[4] = bytes(5000) + b"\n", b'{"captured_ns": "x"}\n'
    path.write_bytes(b"".join(lines))
    drive = read_drive(path)
    assert (drive.frames, len(drive.moments)) == (4, 4)
    assert "2 damaged records were left out, the first line 2" in drive.trouble


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"hello\nthere\n",
        b"[1, 2]\n[3]\n",
        b'{"a": 1}\n{"b": 2}\n',
        b"\x00\xff\n\n1\n",
        *(
            b'{"captured_ns": 1, "driver": {"events": %s}}' % events
            for events in (
                b"3",
                b"[3]",
                b"[[]]",
                b"[{}]",
                b'[{"kind": [], "phase": "begin", "at_ns": 1, "level": 1, "id": 1}]',
                b'[{"kind": "a", "phase": {}, "at_ns": 1, "level": 1, "id": 1}]',
                b'[{"kind": "a", "phase": "begin", "at_ns": "1", "level": 1, "id": 1}]',
                b'[{"kind": "a", "phase": "begin", "at_ns": 1e999, "level": 1, "id": 1}]',
                b'[{"kind": "a", "phase": "begin", "at_ns": 1, "level": 1, "id": []}]',
            )
        ),
        b'{"captured_ns": 1e300}',
        b'{"captured_ns": %s}' % (b"9" * 300),
        b'{"captured_ns": true}',
        b'{"captured_ns": 1, "utc": {"offset_ns": "x"}}',
    ],
)
def test_other_files_get_a_sentence(tmp_path, content):
    path = tmp_path / "other.jsonl"
    path.write_bytes(content)
    with pytest.raises(SourceFormatError, match=r"other\.jsonl"):
        read_drive(path)


def test_a_missing_file_and_a_bad_target_get_a_sentence(tmp_path):
    for name in ("none.jsonl", "none.lmk"):
        with pytest.raises(SourceError, match="none"):
            read_drive(tmp_path / name)
    with pytest.raises(SinkError, match="--out"):
        report(recorded(tmp_path, [line(0)]), tmp_path / "no" / "page.html")


def test_the_recording_is_not_overwritten_by_its_own_page(tmp_path):
    recording = recorded(tmp_path, [line(0)])
    (tmp_path / "link.html").symlink_to(recording)
    before = recording.read_bytes()
    for target in (recording, tmp_path / "link.html"):
        with pytest.raises(UsageError, match="the file that is being read"):
            report(recording, target)
    assert recording.read_bytes() == before
