"""The profile of the pipeline: records, printed sentences, and what counts as a change."""

import json
import re
import resource
import subprocess
import sys
import tomllib
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from landmarkd.camera import make_source
from landmarkd.daemon.limits import Limits
from landmarkd.errors import ExitCode, UsageError
from landmarkd.machine import Machine
from landmarkd.profile.engine import Variant, operators, recommend, sweep, variants
from landmarkd.profile.profiler import Recorder, Recording, record
from landmarkd.profile.result import compare, document, load, summarise
from landmarkd.profile.trace import trace
from landmarkd.profile.watch import Sample, Sampler, core_ticks
from landmarkd.settings.config import Configuration
from landmarkd.sinks import make_sink
from landmarkd.vision.zoo import open_zoo
from landmarkd.web.profile import page

from tests.machine.layout import Layout

FRAMES = 25


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Recording:
    """A profiled run over the bundled clip into a file."""
    configuration = Configuration()
    output = tmp_path_factory.mktemp("profile") / "reports.jsonl"

    def sinks(pipeline):
        session = pipeline.session()
        return [make_sink(f"jsonl:{output}", session)]

    source = make_source("demo:", fast=True)
    result = record(configuration, source, sinks, Limits(FRAMES, None), paced=False)
    assert len(output.read_text().splitlines()) >= FRAMES
    return result


class TestRecording:
    def test_every_frame_has_every_stage(self, recording: Recording):
        assert recording.counters.processed == FRAMES
        for name in ("capture", "encode jsonl", "send jsonl"):
            assert recording.stages[name].size == FRAMES
        for name in ("crop", "quantise", "inference", "decode", "pose"):
            assert 0 < recording.stages[name].size <= FRAMES

    def test_the_rate_is_that_between_the_first_and_the_last_frame(self, recording: Recording):
        """Opening a camera may take seconds, which are no time between frames."""
        came = [began + spent for name, _, began, spent in recording.spans if name == "capture"]
        assert recording.frames_s == (came[-1] - came[0]) / 1e9 < recording.wall_s
        assert document(recording)["fps"] == round((FRAMES - 1) / recording.frames_s, 2)

    def test_stages_of_a_frame_do_not_overlap(self, recording: Recording):
        spans = sorted(
            (began, began + spent)
            for _, thread, began, spent in recording.spans
            if thread == "pipeline"
        )
        overlap_ns = max(before[1] - after[0] for before, after in pairwise(spans))
        assert overlap_ns < 1_000_000

    def test_a_file_played_fast_has_no_age(self, recording: Recording):
        assert all(np.median(ages) > 0 for ages in recording.ages.values())

    def test_says_what_ran(self, recording: Recording):
        assert recording.accelerator == "xnnpack"
        assert recording.model == open_zoo().landmarks()[0]
        assert recording.cpu_ms > 0
        assert recording.overhead > 0
        assert 0 < recording.network_ms < recording.busy_ms

    def test_a_long_run_keeps_every_time_and_its_newest_spans(
        self, monkeypatch: pytest.MonkeyPatch
    ):
        monkeypatch.setattr("landmarkd.profile.profiler.MOST_SPANS", 3)
        recorder = Recorder()
        for index in range(10):
            recorder.add("stage", "pipeline", index, 1_000_000 * index)
        assert [began for _, _, began, _ in recorder.spans] == [7, 8, 9]
        assert recorder.by_name()["stage"].tolist() == list(range(10))


class TestSampler:
    def test_reads_what_the_machine_tells(self, pi: Layout):
        pi.write(
            "/proc/stat", "cpu  9 9 9 9 9 9 9 9\ncpu0 10 0 10 80 0 0 0 0\ncpu1 50 0 0 50 0 0 0 0\n"
        )
        pi.write("/proc/self/statm", "9 25600 3")
        pi.write("/sys/devices/system/cpu/cpu0/cpufreq/scaling_cur_freq", "1800000")
        pi.write("/sys/devices/platform/soc/soc:firmware/get_throttled", "50005")
        sampler = Sampler(pi.machine)
        sampler.start()
        pi.write("/proc/stat", "cpu0 20 0 20 160 0 0 0 0\ncpu1 150 0 0 50 0 0 0 0\n")
        sampler.stop()
        summary = sampler.summary()
        assert summary["temperature_c"] == 51.1
        assert summary["clock_mhz"] == [1800, 1800]
        assert summary["throttling"][:2] == ["undervoltage now", "throttled now"]
        assert summary["memory_mb"] == pytest.approx(25600 * resource.getpagesize() / 1e6, abs=0.1)

    def test_busy_ticks_leave_out_idle_and_waiting_for_disks(self):
        assert core_ticks("cpu 1 1 1 1 1\ncpu0 10 5 20 60 5 0 0 0 0 0\nintr 3\n") == [(35, 100)]

    def test_the_busy_share_counts_each_sample_by_its_time(self):
        """The last sample is of the end of the run, perhaps of a single tick."""
        sampler = Sampler(Machine(commands=False))
        busy = [(0.0, ()), (1.0, (0.5, 0.2)), (2.0, (0.5, 0.4)), (2.01, (1.0, 0.0))]
        sampler.samples = [Sample(at, cores, 100.0, None, None, None) for at, cores in busy]
        assert sampler.summary()["cores"] == [0.502, 0.299]

    def test_memory_that_grows_has_a_slope(self):
        sampler = Sampler(Machine(commands=False))
        sampler.samples = [
            Sample(float(at), (), 100 + at / 60, None, None, None) for at in range(30)
        ]
        assert sampler.memory_slope() == pytest.approx(1.0, abs=0.01)
        sampler.samples = sampler.samples[:12]
        assert sampler.memory_slope() is None

    def test_a_machine_that_tells_nothing(self, pc: Layout):
        sampler = Sampler(pc.machine)
        sampler.start()
        sampler.stop()
        summary = sampler.summary()
        assert (summary["temperature_c"], summary["clock_mhz"], summary["throttled"]) == (
            None,
            None,
            None,
        )


class TestEngine:
    def test_sweeps_threads_kernels_and_says_why_something_does_not_run(self):
        zoo = open_zoo()
        name, _ = zoo.landmarks()
        wanted = [*variants(zoo, name, (1, 2))[:3], Variant(name, 1, delegate="coral")]
        one, two, plain, coral = sweep(zoo, wanted, invocations=3)
        assert (one.accelerator, two.threads, plain.accelerator) == ("xnnpack", 2, "none")
        assert all(result.p50_ms and result.p90_ms for result in (one, two, plain))
        assert coral.p50_ms is None
        assert coral.problem

    def test_recommends_more_threads_only_where_they_pay(self):
        def measured(threads: int, p50: float, delegate: str = "none") -> Variant:
            accelerator = "edgetpu" if delegate == "coral" else "xnnpack"
            return Variant("m", threads, True, delegate, accelerator, p50, p50)

        assert recommend([measured(1, 10.0), measured(2, 9.0)], "m")["threads"] == 1
        assert (
            recommend([measured(1, 10.0), measured(2, 6.0), measured(3, 5.9)], "m")["threads"] == 2
        )
        assert recommend([measured(1, 10.0), measured(1, 3.0, "coral")], "m")["delegate"] == "coral"
        assert recommend([Variant("m", 1, problem="no")], "m") == {}

    def test_recommends_no_kernels_that_cannot_be_configured(self):
        plain = Variant("m", 1, False, "none", "none", 5.0, 5.0)
        two = Variant("m", 2, True, "none", "xnnpack", 6.0, 6.0)
        advice = recommend([Variant("m", 1, True, "none", "xnnpack", 10.0, 10.0), plain, two], "m")
        assert advice["threads"] == 2
        assert "one takes 10.00 ms" in advice["reason"]

    def test_the_recommendation_is_a_configuration(self):
        advice = recommend([Variant("default", 2, True, "none", "xnnpack", 1.0, 1.0)], "default")
        assert (
            Configuration.model_validate(tomllib.loads(advice["configuration"])).model.threads == 2
        )

    def test_operators_add_up_to_the_model(self):
        zoo = open_zoo()
        _, card = zoo.landmarks()
        found = operators(zoo.verified(card), invocations=2)
        assert len(found) > 10
        assert {"CONV_2D"} <= {each["operator"] for each in found}
        assert sum(each["ms"] for each in found) == pytest.approx(
            found[-1]["cumulative_ms"], rel=0.01
        )

    def test_operators_of_a_tiny_model(self, models: Path):
        (only,) = operators(models / "tiny.tflite", invocations=2)
        assert only["operator"] == "CONV_2D"


class TestDocument:
    def test_percentiles_and_histogram(self):
        entry = summarise(np.arange(1, 101, dtype=np.float64))
        assert (entry["p50"], entry["max"], entry["count"]) == (50.5, 100.0, 100)
        assert sum(entry["histogram"]["counts"]) == 100

    def test_survives_json(self, recording: Recording, tmp_path: Path):
        path = tmp_path / "profile.json"
        path.write_text(json.dumps(document(recording)))
        assert load(path)["frames"] == FRAMES

    @pytest.mark.parametrize(
        "content",
        [
            b"",
            b"{}",
            b"[]",
            b'{"schema": 9}',
            b'{"schema": 1, "stages_ms": {"a": {"samples": []}}}',
        ],
    )
    def test_refuses_what_is_no_profile(self, tmp_path: Path, content: bytes):
        path = tmp_path / "profile.json"
        path.write_bytes(content)
        with pytest.raises(UsageError, match="profile"):
            load(path)

    def test_the_page_stands_alone_and_is_well_formed(self, recording: Recording):
        results = [
            Variant("<b>", 1, True, "none", "xnnpack", 1.0, 2.0),
            Variant("x", 1, problem="<script>"),
        ]
        text = page(
            document(
                recording,
                results,
                recommend(results, "<b>"),
                [{"index": 0, "operator": "A", "ms": 1.0}],
            )
        )
        assert "<script" not in text
        assert not re.search(r'(src|href)="', text)
        opened: list[str] = []

        class Checker(HTMLParser):
            def handle_starttag(self, tag, attrs):
                if tag != "meta":
                    opened.append(tag)

            def handle_endtag(self, tag):
                assert opened.pop() == tag

            def handle_startendtag(self, tag, attrs):
                pass

        Checker().feed(text)
        assert opened == []

    def test_the_trace_holds_the_last_seconds(self):
        spans = [
            ("a", "pipeline", 0, 1000),
            ("b", "pipeline", int(10e9), 2000),
            ("c", "udp", int(10e9), 500),
        ]
        events = trace(spans, seconds=5)["traceEvents"]
        complete = [event for event in events if event["ph"] == "X"]
        assert {event["name"] for event in complete} == {"b", "c"}
        assert all(event["ts"] >= 0 for event in complete)
        assert len({event["tid"] for event in complete}) == 2


class TestComparison:
    def profiles(self, scale: float, size: int = 300) -> tuple[dict, dict]:
        draw = np.random.default_rng(5)
        old, new = (summarise(draw.gamma(20, 0.1, size) * factor) for factor in (1.0, scale))
        return (
            {"stages_ms": {"inference": side, "wait": side}, "ages_ms": {}} for side in (old, new)
        )

    def test_a_slower_stage_is_found(self):
        (change,) = compare(*self.profiles(1.2))
        assert change.real
        assert change.low < 0.2 < change.high

    def test_noise_is_called_noise(self):
        (change,) = compare(*self.profiles(1.0))
        assert not change.real
        (change,) = compare(*self.profiles(1.02))
        assert not change.real

    def test_too_few_frames_prove_nothing(self):
        (change,) = compare(*self.profiles(1.1, size=9))
        assert not change.real


class TestCommand:
    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        program = "from landmarkd.cli.main import main; main()"
        command = [sys.executable, "-c", program, "profile", *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)

    def test_a_camera_that_is_not_there_is_an_error_and_not_awaited(self):
        done = self.run("--source", "v4l2:/dev/none")
        assert done.returncode == ExitCode.NO_INPUT
        assert "/dev/none is not there" in done.stderr

    def test_writes_what_it_is_asked_for(self, tmp_path: Path):
        files = [tmp_path / name for name in ("a.json", "a.html", "a.trace.json")]
        done = self.run(
            *("--frames", "15", "--fast", "--source", "demo:", "--no-sweep", "--no-operators"),
            *("--json", str(files[0]), "--html", str(files[1]), "--trace", str(files[2])),
        )
        assert done.returncode == 0, done.stderr
        assert "frames a second" in done.stdout
        share = open_zoo().landmarks()[1].edgetpu_share
        assert f"A Coral would run {share:.1%}" in done.stdout
        assert load(files[0])["edgetpu_share"] == share
        assert f"A Coral would run {share:.1%}" in files[1].read_text()
        assert all(file.stat().st_size > 1000 for file in files)
        done = self.run("--compare", str(files[0]), str(files[0]))
        assert "noise" in done.stdout
        assert "slower" not in done.stdout

    def test_a_file_that_is_no_profile(self, tmp_path: Path):
        done = self.run("--compare", str(tmp_path / "a"), str(tmp_path / "b"))
        assert done.returncode == 64
        assert "No such file" in done.stderr
