"""A command for each event: its input, priorities, and the effect of a command that hangs."""

import json
import time
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest
from landmarkd.enums import EventPhase
from landmarkd.errors import AccessError, SinkSetupError, UsageError
from landmarkd.sinks import hook, make_sink, worker
from landmarkd.types import DriverEvent, DriverState, Report, Session

from tests.sinks.test_contract import until

SESSION = Session(1, "test", "model", "00" * 32, "landmarkd-562", 562)
REPORT = Report("test:", 0, 0, 0, 640, 480, None)


def report(level=0, *events):
    return replace(REPORT, driver=DriverState(level=level, events=events))


def event(number=1, kind="microsleep", phase=EventPhase.BEGIN, level=2):
    return DriverEvent(number, kind, phase, level, 5, 7, {"duration_s": 1.25})


def script(folder, text):
    path = folder / "hook.sh"
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return path


class TestHook:
    def test_tells_the_event_by_arguments_and_as_json(self, tmp_path):
        path = script(tmp_path, f'echo "$@" >> {tmp_path}/arguments; cat >> {tmp_path}/lines')
        with make_sink(f"hook:{path}?level=2", SESSION) as sink:
            sink.submit(report(0, event(kind="blink", level=0, phase=EventPhase.END)))
            sink.submit(report(2, event()))
            assert until(lambda: sink.statistics.sent == 1)
            sink.submit(report(3, event(phase=EventPhase.ESCALATE, level=3, kind="sleep")))
            sink.close(5.0)
        assert (tmp_path / "arguments").read_text().splitlines() == [
            "microsleep begin 2",
            "sleep escalate 3",
        ]
        first, second = (json.loads(line) for line in (tmp_path / "lines").read_text().splitlines())
        assert first == {
            "id": 1, "kind": "microsleep", "phase": "begin", "level": 2, "began_ns": 5, "at_ns": 7,
            "evidence": {"duration_s": 1.25},
        }  # fmt: skip
        assert second["kind"] == "sleep"
        assert sink.statistics.sent == 2

    def test_no_shell_reads_what_is_told(self, tmp_path):
        path = script(tmp_path, f'printf "%s" "$1" > {tmp_path}/kind')
        with make_sink(f"hook:{path}", SESSION) as sink:
            sink.submit(report(2, event(kind="$(id); rm -rf ~")))
            sink.close(5.0)
        assert (tmp_path / "kind").read_text() == "$(id); rm -rf ~"

    def test_a_slow_command_does_not_delay_a_frame_nor_the_end(self, tmp_path):
        path = script(tmp_path, "sleep 30")
        sink = make_sink(f"hook:{path}", SESSION)
        sink.start()
        began = time.monotonic()
        for number in range(200):
            sink.submit(report(2, event(number)), wait=True)
        sink.close(0.2)
        assert time.monotonic() - began < 15.0
        assert sink.statistics.dropped >= 200 - 32 - 1
        assert sink.statistics.sent == 0

    def test_a_failing_command_is_counted_and_said(self, tmp_path):
        with make_sink(f"hook:{script(tmp_path, 'exit 3')}", SESSION) as sink:
            sink.submit(report(2, event()))
            sink.close(5.0)
        assert sink.statistics.dropped == 1
        assert "3" in sink.statistics.last_error

    def test_frames_without_a_driver_are_nothing(self, tmp_path):
        with make_sink(f"hook:{script(tmp_path, 'true')}", SESSION) as sink:
            sink.submit(REPORT)
            sink.submit(report(3))
            sink.close(5.0)
        assert sink.statistics.sent == sink.statistics.dropped == 0

    def test_mistakes_get_a_sentence(self, tmp_path):
        with pytest.raises(UsageError, match="whole path"):
            make_sink("hook:alert.sh", SESSION)
        with pytest.raises(UsageError, match="level"):
            make_sink("hook:/bin/true?level=9", SESSION)
        with pytest.raises(SinkSetupError, match="no such file"):
            make_sink(f"hook:{tmp_path}/none", SESSION).start()
        plain = tmp_path / "plain"
        plain.write_text("")
        with pytest.raises(AccessError, match="chmod"):
            make_sink(f"hook:{plain}", SESSION).start()

    def test_the_most_severe_of_those_that_wait_come_first(self, tmp_path):
        path = script(tmp_path, f'echo "$1 $3" >> {tmp_path}/order')
        sink = make_sink(f"hook:{path}", SESSION)
        for number in range(40):  # more than the queue holds, before anything runs
            sink.submit(report(1, event(number, kind="yawn", level=1)))
        sink.submit(report(2, event(50, kind="microsleep", level=2)))
        sink.submit(report(3, event(51, kind="sleep", level=3)))
        sink.submit(report(3, event(52, kind="unresponsive", level=3)))
        sink.start()
        sink.close(20.0)
        lines = (tmp_path / "order").read_text().splitlines()
        assert lines[:3] == ["sleep 3", "unresponsive 3", "microsleep 2"]
        assert set(lines[3:]) == {"yawn 1"}
        assert len(lines) == hook.QUEUE_EVENTS
        assert sink.statistics.dropped == 43 - hook.QUEUE_EVENTS

    def test_an_alarm_does_not_wait_for_the_command_of_a_yawn(self, tmp_path):
        text = f"""echo "$1" >> {tmp_path}/began; [ "$1" = yawn ] && sleep 30; true"""
        with make_sink(f"hook:{script(tmp_path, text)}", SESSION) as sink:
            sink.submit(report(1, event(1, kind="yawn", level=1)))
            assert until(lambda: words(tmp_path / "began") == ["yawn"])
            sink.submit(report(3, event(2, kind="sleep", level=3)))
            assert until(lambda: words(tmp_path / "began") == ["yawn", "sleep"], 5.0)
            sink.close(0.1)

    def test_an_event_is_told_although_the_command_before_it_failed(self, tmp_path):
        path = script(
            tmp_path,
            f"""echo "$1" >> {tmp_path}/began
            [ "$1" = yawn ] && {{ until [ -e {tmp_path}/go ]; do sleep 0.02; done; exit 3; }}
            true""",
        )
        with make_sink(f"hook:{path}", SESSION) as sink:
            sink.submit(report(1, event(1, kind="yawn", level=1)))
            assert until(lambda: words(tmp_path / "began") == ["yawn"])
            sink.submit(report(3, event(2, kind="sleep", level=3)))
            assert until(lambda: sink.statistics.sent == 2)
            sink.submit(report(1, event(3, kind="phone", level=1)))
            (tmp_path / "go").touch()
            assert until(lambda: words(tmp_path / "began") == ["yawn", "sleep", "phone"])
            assert until(lambda: sink.statistics.sent == 3)
            assert "exit code 3" in sink.statistics.last_error
            assert (sink.statistics.failures, sink.statistics.dropped) == (1, 0)
            assert sink.statistics.reconnects == 0

    def test_an_alarm_does_not_wait_behind_events_that_wait_for_a_command(self, tmp_path):
        path = script(
            tmp_path,
            f"""echo "$1" >> {tmp_path}/began
            [ "$1" = yawn ] && until [ -e {tmp_path}/go ]; do sleep 0.02; done
            true""",
        )
        with make_sink(f"hook:{path}", SESSION) as sink:
            sink.submit(report(1, event(1, kind="yawn", level=1)))
            assert until(lambda: words(tmp_path / "began") == ["yawn"])
            told = ["yawn"]
            for number in range(2, 5):
                sink.submit(report(3, event(number, kind="sleep", level=3)))
                told.append("sleep")
                assert until(lambda: words(tmp_path / "began") == told, 5.0)
                assert until(lambda number=number: sink.statistics.sent == number)
                sink.submit(report(1, event(10 + number, kind="phone", level=1)))
            (tmp_path / "go").touch()
            assert until(lambda: words(tmp_path / "began") == [*told, *["phone"] * 3])
        assert (sink.statistics.sent, sink.statistics.dropped) == (7, 0)

    def test_a_command_that_hangs_is_ended_with_all_that_it_started(self, tmp_path, monkeypatch):
        monkeypatch.setattr(hook, "COMMAND_S", 0.5)
        text = (
            f"trap '' TERM; sleep 60 & echo $! > {tmp_path}/child; echo $$ > {tmp_path}/own; wait"
        )
        with make_sink(f"hook:{script(tmp_path, text)}", SESSION) as sink:
            sink.submit(report(2, event()))
            assert until(lambda: sink.statistics.dropped == 1)
            numbers = [int(*words(tmp_path / name)) for name in ("child", "own")]
            assert until(lambda: not any(map(runs, numbers)))
            assert "longer than" in sink.statistics.last_error

    def test_the_end_of_the_sink_ends_all_commands_at_once(self, tmp_path, monkeypatch):
        """One after another they would outlive the daemon, which does not wait long."""
        monkeypatch.setattr(hook, "TERM_S", 5.0)
        monkeypatch.setattr(worker, "JOIN_S", 30.0)
        # Each one ends only after all were asked to.
        text = f"""trap 'asked=1' TERM; echo "$3" >> {tmp_path}/began
            until [ -n "$asked" ]; do sleep 0.02; done; echo "$3" >> {tmp_path}/asked
            until [ "$(wc -l < {tmp_path}/asked)" = 3 ]; do sleep 0.02; done
            echo "$3" >> {tmp_path}/ended"""
        with make_sink(f"hook:{script(tmp_path, text)}", SESSION) as sink:
            for level in (1, 2, 3):
                sink.submit(report(level, event(level, level=level)))
                assert until(lambda level=level: len(words(tmp_path / "began")) == level)
            sink.close(0.1)
        assert sorted(words(tmp_path / "ended")) == ["1", "2", "3"]
        assert sink.statistics.last_error.endswith("the sink ends")

    def test_a_command_that_fails_does_not_cost_the_next_event(self, tmp_path):
        path = script(tmp_path, f'echo "$1" >> {tmp_path}/calls; exit 3')
        with make_sink(f"hook:{path}", SESSION) as sink:
            for number in range(3):
                sink.submit(report(3, event(number)))
            assert until(lambda: len(words(tmp_path / "calls")) == 3)
            assert until(lambda: sink.statistics.failures == 3)

    def test_a_command_cannot_speak_for_the_daemon(self, tmp_path, monkeypatch):
        monkeypatch.setenv("NOTIFY_SOCKET", "/run/systemd/notify")
        monkeypatch.setenv("WATCHDOG_USEC", "1000000")
        with make_sink(f"hook:{script(tmp_path, f'env > {tmp_path}/env')}", SESSION) as sink:
            sink.submit(report(2, event()))
            assert until(lambda: sink.statistics.sent == 1)
        names = {line.partition("=")[0] for line in (tmp_path / "env").read_text().splitlines()}
        assert "PATH" in names
        assert not names & {"NOTIFY_SOCKET", "WATCHDOG_USEC"}


def words(path: Path) -> list[str]:
    return path.read_text().split() if path.exists() else []


def runs(number: int) -> bool:
    with suppress(FileNotFoundError):
        return "Z" not in Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()[0]
    return False
