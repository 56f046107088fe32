"""Jitter is separated from motion: by the truth of a clip, or where its pictures hardly change."""

import numpy as np
import pytest

from models.evaluate import stillness
from models.evaluate.clips import ClipTrack


def test_motion_that_the_truth_shares_is_no_jitter_of_the_error():
    rng = np.random.default_rng(0)
    truth = np.cumsum(rng.normal(size=(60, 1, 2)) * 3, axis=0) + rng.normal(size=(1, 68, 2)) * 30
    assert np.nanmean(stillness.second_differences(truth)) > 5
    error = truth + 4.0 - truth
    assert np.nanmax(stillness.second_differences(error)) == pytest.approx(0, abs=1e-9)


def test_points_that_are_unknown_do_not_count():
    track = np.zeros((20, 68, 2))
    track[::2, 0] = 1.0
    alone = stillness.second_differences(track[:, :1])
    assert alone == pytest.approx(np.full(18, 2 * 2**0.5))
    track[:, 1:] = np.nan
    assert stillness.second_differences(track) == pytest.approx(alone)
    track[5] = np.nan
    assert list(np.flatnonzero(np.isnan(stillness.second_differences(track)))) == [3, 4, 5]


def test_the_stillest_frames_are_those_whose_two_steps_are_small():
    changes = np.full(102, 5.0)
    changes[0] = np.nan
    changes[40:51] = 0.1
    chosen = stillness.stillest(changes)
    assert list(chosen) == list(range(39, 49))


def test_still_frames_are_chosen_by_pictures_and_not_by_points(monkeypatch):
    rng = np.random.default_rng(1)
    points = np.tile(rng.uniform(100, 200, (1, 68, 2)), (200, 1, 1))
    points[:100, :, 0] += np.where(np.arange(100) % 2, 1.0, -1.0)[:, None]
    track = ClipTrack(points, points * 0 + points.mean(0), np.ones(200), np.ones(200))
    changes = np.where(np.arange(200) < 100, 0.2, 3.0)
    monkeypatch.setattr(stillness, "picture_changes", lambda *_: changes)
    row = stillness.still_row(track, stillness.RENDERED_CLIP)
    unit = np.linalg.norm(points[0, 36] - points[0, 45])
    assert row["mean"] == pytest.approx(100 * 4.0 / unit)
    assert row["mean smoothed"] == pytest.approx(0, abs=1e-6)
    assert row["frames"] == 20


def test_pictures_of_the_clip_change_most_where_the_head_turns_fast():
    with np.load(stillness.RENDERED_CLIP.with_suffix(".npz")) as stored:
        points = stored["points_16"][:, :68] / 16.0
        known = np.where(stored["face"], 1.0, np.nan)
        yaw = stored["pose_deg"][:, 1]
    points[np.isnan(known)] = np.nan
    track = ClipTrack(points, points, known, known)
    changes = stillness.picture_changes(track, stillness.RENDERED_CLIP)
    turn = np.abs(np.diff(yaw, prepend=yaw[0]))
    fast, slow = (turn > 4) & np.isfinite(changes), (turn < 0.3) & np.isfinite(changes)
    assert np.median(changes[fast]) > 1.5 * np.median(changes[slow])
