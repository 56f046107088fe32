"""The bundled demo clip agrees with its truth file."""

from pathlib import Path

import cv2
import numpy as np
import pytest

FOLDER = Path(__file__).resolve().parents[3] / "edge" / "landmarkd" / "camera" / "clip"


@pytest.fixture(scope="module")
def truth() -> dict[str, np.ndarray]:
    with np.load(FOLDER / "driver.npz") as stored:
        return dict(stored)


@pytest.fixture(scope="module")
def frames() -> list[np.ndarray]:
    video = cv2.VideoCapture(str(FOLDER / "driver.mp4"))
    try:
        assert video.get(cv2.CAP_PROP_FPS) == pytest.approx(30)
        pictures = []
        while True:
            there, picture = video.read()
            if not there:
                return pictures
            pictures.append(picture)
    finally:
        video.release()


def test_it_is_small_and_ten_seconds(
    truth: dict[str, np.ndarray], frames: list[np.ndarray]
) -> None:
    assert (FOLDER / "driver.mp4").stat().st_size < 3_000_000
    assert len(frames) == len(truth["points_16"]) == 300
    assert frames[0].shape == (480, 640, 3)


def test_openness_dips_at_every_blink_and_nowhere_else(truth: dict[str, np.ndarray]) -> None:
    times = np.arange(300) / truth["rate_hz"]
    shut = truth["openness"].max(1) < 0.12
    starts = times[np.flatnonzero(np.diff(shut.astype(int)) == 1) + 1]
    assert len(starts) == len(truth["blinks_s"]) == 6
    np.testing.assert_allclose(starts, truth["blinks_s"], atol=0.1)


def test_the_script_happens(truth: dict[str, np.ndarray]) -> None:
    times = np.arange(300) / truth["rate_hz"]
    yaw = truth["pose_deg"][truth["face"], 1]
    assert yaw.min() < -55
    assert yaw.max() > 55
    low, high = truth["yawn_s"]
    yawning = times[truth["yawning"]]
    assert low < yawning.min() < yawning.max() < high
    low, high = truth["away_s"]
    assert not truth["face"][(times > low) & (times < high)].any()
    assert truth["face"][(times < low - 0.4) | (times > high + 0.4)].all()


def test_pupils_are_dark_where_the_truth_says(
    truth: dict[str, np.ndarray], frames: list[np.ndarray]
) -> None:
    pupils = np.flatnonzero(np.isin(truth["landmarks"], (552, 557)))
    whites = np.flatnonzero(np.isin(truth["landmarks"], (553, 558)))
    visible = np.unpackbits(truth["visible"], axis=1)[:, : len(truth["landmarks"])].astype(bool)
    usable = (
        truth["face"]
        & visible[:, pupils].all(1)
        & visible[:, whites].all(1)
        & (truth["openness"].min(1) > 0.25)
    )
    darker = []
    for number in np.flatnonzero(usable)[::5]:
        grey = cv2.GaussianBlur(cv2.cvtColor(frames[number], cv2.COLOR_BGR2GRAY), (3, 3), 0)
        at = np.rint(truth["points_16"][number] / 16).astype(int)
        pupil, white = (grey[at[k, 1], at[k, 0]].mean() for k in (pupils, whites))
        darker.append(pupil < white)
    assert len(darker) > 20
    assert np.mean(darker) > 0.9
