import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from landmarkd.signals.histogram import FadingHistogram
from landmarkd.signals.timing import Concern, EventBook, SlidingShare, Stage

SECOND = 1_000_000_000


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from([True, False, None]), st.integers(1, 20)), min_size=1, max_size=40
    ),
    st.integers(1, 30),
)
def test_a_sliding_share_counts_what_a_simulation_counts(spans, window):
    share = SlidingShare(window)
    ticks = []
    now = 0
    for condition, length in spans:
        share.add(condition, now * SECOND, (now + length) * SECOND)
        now += length
        ticks += [condition] * length
        recent = ticks[-window:]
        assert share.true_s == pytest.approx(recent.count(True))
        assert share.known_s == pytest.approx(len(recent) - recent.count(None))


def test_a_sliding_share_forgets_on_demand():
    share = SlidingShare(10)
    share.add(True, 0, 5 * SECOND)
    share.clear()
    assert share.true_s == share.known_s == 0


def test_a_histogram_gives_the_quantiles_of_what_it_saw():
    values = np.random.default_rng(5).normal(0.3, 0.03, 4000)
    histogram = FadingHistogram(0.0, 0.8, 129, 1e6)
    for value in values:
        histogram.add(float(value), 1 / 30)
    for share in (0.2, 0.5, 0.8):
        assert histogram.quantile(share) == pytest.approx(np.quantile(values, share), abs=0.005)
    assert histogram.seen_s == pytest.approx(4000 / 30)


def test_a_histogram_forgets():
    histogram = FadingHistogram(-90, 90, 181, 10.0)
    histogram.add(-40.0, 60.0)
    histogram.add(25.0, 8.0)
    assert histogram.quantile(0.5) == pytest.approx(-40.0, abs=1.0)
    histogram.add(25.0, 10.0)
    assert histogram.quantile(0.5) == pytest.approx(25.0, abs=1.0)


def test_a_histogram_survives_a_month():
    histogram = FadingHistogram(0.0, 1.0, 11, 60.0)
    for _ in range(30_000):
        histogram.add(0.4, 86.4)
    assert histogram.quantile(0.5) == pytest.approx(0.4, abs=0.1)


class TestConcern:
    def concern(self, book=None, blip_s=0.0):
        stages = [Stage(1.0, "first", 1), Stage(3.0, "second", 2)]
        return Concern(
            stages,
            clear_s=1.0,
            hold_s=0.5,
            forget_s=60.0,
            book=book or EventBook(),
            blip_s=blip_s,
        )

    def play(self, concern, conditions, step_s=0.1):
        """Return (kind, phase, seconds) for one condition each step.

        A string letter is T, F or ?.
        """
        out = []
        for index, letter in enumerate(conditions):
            condition = {"T": True, "F": False, "?": None}[letter]
            events = concern.update(condition, round(index * step_s * SECOND), {"x": 1.0})
            out.extend(
                (event.kind, event.phase.value, round(event.at_ns / SECOND, 2)) for event in events
            )
        return out

    def test_rises_in_stages_and_ends(self):
        assert self.play(self.concern(), "T" * 36 + "F" * 20) == [
            ("first", "begin", 1.0),
            ("second", "escalate", 3.0),
            ("second", "end", 4.6),
        ]

    def test_a_short_one_is_nothing(self):
        assert self.play(self.concern(), ("T" * 10 + "F") * 5) == []

    def test_a_short_unknown_counts_as_held_a_long_one_drops_it(self):
        assert self.play(self.concern(), "TTTT????TTTT") == [("first", "begin", 1.0)]
        assert self.play(self.concern(), "TTTT??????TTTT") == []

    def test_begins_only_on_a_frame_that_shows_it(self):
        assert self.play(self.concern(), "T" * 9 + "?" * 4 + "T") == [("first", "begin", 1.3)]

    def test_hiding_neither_ends_it_nor_stops_its_rise(self):
        assert self.play(self.concern(), "T" * 12 + "?" * 100) == [
            ("first", "begin", 1.0),
            ("second", "escalate", 3.0),
        ]

    def test_what_was_unknown_for_long_is_over_and_begins_anew_when_it_is_seen_again(self):
        out = self.play(self.concern(), "T" * 12 + "?" * 700)
        assert out[2:] == [("second", "end", 1.1 + 60.0)]
        out = self.play(self.concern(), "T" * 12 + "?" * 602 + "T" * 12)
        assert out[2:] == [("second", "end", 1.1 + 60.0), ("first", "begin", 62.4)]

    @pytest.mark.parametrize(("then", "again"), [(True, ["begin"]), (False, []), (None, [])])
    def test_a_long_time_without_frames_is_unknown_too(self, then, again):
        concern, book = self.concern(), []
        for second in (0.0, 0.4, 0.8, 1.2, 62.0, 62.4, 62.8, 63.2):
            condition = True if second < 60.0 else then
            book += concern.update(condition, round(second * SECOND), {})
        assert [event.phase.value for event in book] == ["begin", "end", *again]
        assert book[1].evidence["duration_s"] == pytest.approx(61.2)
        assert book[1].at_ns == 62 * SECOND

    def test_an_end_that_hides_in_between_starts_over(self):
        out = self.play(self.concern(), "T" * 12 + "FFFFF" + "?" * 6 + "F" * 12)
        assert out[-1] == ("first", "end", 3.3)

    def test_what_went_before_an_interruption_does_not_count_for_the_hidden_time_after_it(self):
        out = self.play(self.concern(), "T" * 12 + "F" * 8 + "?" * 60)
        # Nothing shows the opposite any more 0.5 s after the last frame at 1.9 s.
        assert out == [("first", "begin", 1.0), ("second", "escalate", 1.9 + 0.5 + 3.0)]

    @pytest.mark.parametrize("noise", ["F", "FF"])
    def test_noise_interrupts_neither_before_an_event_nor_in_it(self, noise):
        concern = self.concern(blip_s=0.2)
        out = self.play(concern, "TTTTT" + noise + "T" * 20 + noise + "T" * 10)
        assert out == [("first", "begin", 1.0), ("second", "escalate", 3.0)]

    def test_a_longer_change_interrupts(self):
        assert self.play(self.concern(blip_s=0.2), "TTTTT" + "FFF" + "T" * 9) == []
        out = self.play(self.concern(blip_s=0.2), "T" * 15 + "FFF" + "T" * 40)
        assert out == [("first", "begin", 1.0), ("second", "escalate", 1.8 + 3.0)]

    @pytest.mark.parametrize("noise", ["T", "TT"])
    def test_noise_does_not_start_the_end_again(self, noise):
        out = self.play(self.concern(blip_s=0.2), "T" * 12 + "FFFFF" + noise + "F" * 10)
        assert out == [("first", "begin", 1.0), ("first", "end", 2.2)]
        out = self.play(self.concern(blip_s=0.2), "T" * 12 + "FFFFF" + "TTT" + "F" * 20)
        assert out == [("first", "begin", 1.0), ("first", "end", 3.0)]

    @pytest.mark.parametrize("noise", ["T", "TT"])
    def test_noise_alone_adds_up_to_nothing(self, noise):
        assert self.play(self.concern(blip_s=0.2), (noise + "F") * 20) == []

    def test_a_single_frame_of_a_slow_camera_lasts_until_the_next(self):
        slow = self.play(self.concern(blip_s=0.2), "TTT" + "F" + "TTT", step_s=0.4)
        assert slow == []
        slow = self.play(self.concern(blip_s=0.2), "TTTT" + "F" + "?" * 12, step_s=0.4)
        assert slow == [("first", "begin", 1.2), ("second", "escalate", 5.2)]

    def test_one_event_keeps_its_number_and_the_next_gets_another(self):
        concern = self.concern()
        ids = []
        for index, letter in enumerate("T" * 12 + "F" * 12 + "T" * 12):
            ids += [event.id for event in concern.update(letter == "T", index * SECOND // 10, {})]
        assert ids == [1, 1, 2]

    def test_tells_how_long_it_lasted_without_the_clearing(self):
        concern = self.concern()
        events = []
        for index, letter in enumerate("T" * 20 + "F" * 12):
            events += concern.update(letter == "T", index * SECOND // 10, {})
        assert events[-1].evidence["duration_s"] == pytest.approx(2.0)
        assert events[-1].began_ns == 0
