import json
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from landmarkd.layout import canonical_points
from landmarkd.rotation import angle_between, matrix_from_angles
from landmarkd.signals.pose import PoseEstimator, rigid_weights
from landmarkd.stages import StageClock
from landmarkd.types import Intrinsics
from landmarkd.vision.landmarks import LandmarkModel
from landmarkd.vision.search import look
from landmarkd.vision.zoo import open_zoo

from models.benchmark import pose_from_rotation
from tests import clip
from tests.signals.faces import CAMERA, DENSE_ONLY, FULL, head, seen

EVAL = Path(__file__).parents[3] / "shared" / "eval"


@pytest.mark.parametrize("layout", [FULL, DENSE_ONLY])
@pytest.mark.parametrize(
    ("angles", "at_mm"),
    [
        ((0, 0, 0), (0, 0, 600)),
        ((35, -20, 15), (0, 0, 400)),
        ((-70, 10, -25), (150, -90, 500)),
        ((10, 25, 0), (-250, 100, 900)),
        ((0, 0, 120), (0, 0, 700)),
    ],
)
def test_the_mean_head_is_found_exactly(layout, angles, at_mm):
    yaw, pitch, roll = angles
    points = seen(head(layout), yaw=yaw, pitch=pitch, roll=roll, at_mm=at_mm)
    pose = PoseEstimator(layout, CAMERA).estimate(points)
    assert (pose.yaw, pose.pitch, pose.roll) == pytest.approx(angles, abs=0.1)
    assert pose.translation_mm == pytest.approx(at_mm, abs=1.0)
    assert pose.residual < 0.001
    assert pose.camera == CAMERA.origin
    np.testing.assert_allclose(pose.rotation, matrix_from_angles(*angles), atol=2e-3)


@pytest.fixture(scope="module")
def model():
    model = LandmarkModel(open_zoo())
    yield model
    model.close()


@pytest.mark.parametrize(("yaw", "pitch"), [(-15, 0), (15, 0), (0, 10), (0, -10), (12, 8)])
def test_a_head_at_the_edge_of_the_picture_is_read_as_one_in_the_middle(model, yaw, pitch):
    """A camera that turns about its own centre changes pictures by a homography."""
    camera = Intrinsics(620.0, 620.0, 319.5, 239.5, 640, 480, "clip")
    matrix = np.array([[620.0, 0, 319.5], [0, 620.0, 239.5], [0, 0, 1]])
    turn = matrix_from_angles(yaw, pitch, 0.0)
    homography, estimator = matrix @ turn @ np.linalg.inv(matrix), PoseEstimator(FULL, camera)

    def pose(image, corners):
        roi = model.first_roi(tuple(corners.ravel().tolist()))
        found = look(model, image, roi, StageClock())
        return estimator.estimate(found.points, found.sigma)

    turned_by, moved_by = [], []
    for frame in np.flatnonzero(clip.truth().face)[::20].tolist():
        image, corners = clip.frames()[frame].image, np.array(clip.box(frame)).reshape(2, 2)
        moved = cv2.perspectiveTransform(corners[:, None], homography)[:, 0]
        if (moved < 0).any() or (moved > (639, 479)).any():
            continue
        elsewhere = cv2.warpPerspective(
            image, homography, (640, 480), borderMode=cv2.BORDER_REPLICATE
        )
        middle, edge = pose(image, corners), pose(elsewhere, moved)
        expected = turn @ middle.translation_mm
        turned_by.append(angle_between(edge.rotation, turn @ middle.rotation))
        moved_by.append(np.linalg.norm(edge.translation_mm - expected) / np.linalg.norm(expected))
    assert len(turned_by) >= 10
    assert np.median(turned_by) < 3.5
    assert np.median(moved_by) < 0.02


def test_lips_lids_and_irises_do_not_move_the_head():
    points = seen(head(left=0.0, right=0.0, gaze=(30.0, 0.0), mouth=0.9), yaw=20.0)
    pose = PoseEstimator(FULL, CAMERA).estimate(points)
    assert (pose.yaw, pose.pitch, pose.roll) == pytest.approx((20.0, 0.0, 0.0), abs=0.2)


def test_uncertain_points_count_less():
    points = seen(head(), yaw=10.0)
    hidden = canonical_points(FULL)[:, 0] > 20.0
    points[hidden, :2] += 25.0
    sigma = np.where(hidden, 40.0, 0.5).astype(np.float32)
    estimator = PoseEstimator(FULL, CAMERA)
    trusting, careful = estimator.estimate(points), estimator.estimate(points, sigma)
    assert abs(trusting.roll) > 3.0
    assert (careful.yaw, careful.pitch, careful.roll) == pytest.approx((10.0, 0.0, 0.0), abs=0.5)


def test_a_lens_that_distorts_is_undone():
    camera = replace(CAMERA, distortion=(-0.3, 0.08, 0.001, -0.001, 0.0))
    space = head() @ matrix_from_angles(15, -5, 8).T + np.array((180.0, 90.0, 500.0))
    points = seen(head(), yaw=15, pitch=-5, roll=8, at_mm=(180.0, 90.0, 500.0))
    matrix = np.array([[camera.fx, 0, camera.cx], [0, camera.fy, camera.cy], [0, 0, 1]])
    bent, _ = cv2.projectPoints(
        space, np.zeros(3), np.zeros(3), matrix, np.array(camera.distortion)
    )
    points[:, :2] = bent[:, 0]
    pose = PoseEstimator(FULL, camera).estimate(points)
    assert (pose.yaw, pose.pitch, pose.roll) == pytest.approx((15, -5, 8), abs=0.1)
    assert abs(PoseEstimator(FULL, CAMERA).estimate(points).yaw - 15) > 0.5


@pytest.mark.parametrize("value", [0.0, np.nan, np.inf])
def test_points_that_make_no_face_say_so(value):
    pose = PoseEstimator(FULL, CAMERA).estimate(np.full((562, 3), value, np.float32))
    assert pose.residual == 1.0
    assert np.isfinite(pose.translation_mm).all()


def test_scrambled_points_have_a_large_residual():
    points = np.random.default_rng(0).permutation(seen(head()))
    assert PoseEstimator(FULL, CAMERA).estimate(points).residual > 0.2


def test_a_wrong_number_of_points_is_refused():
    with pytest.raises(ValueError, match="562"):
        PoseEstimator(FULL, CAMERA).estimate(np.zeros((520, 3), np.float32))


def test_weights_are_a_share_and_leave_out_what_moves():
    weights = rigid_weights(FULL)
    assert weights.sum() == pytest.approx(1.0)
    assert (weights >= 0).all()
    assert (weights[FULL.ibug68[48:68]] == 0).all()
    assert (weights[520:] == 0).all()


def test_the_signs_are_those_of_a_labelled_picture():
    labels = EVAL / "images" / "aflw2000_deca9" / "labels.json"
    if not labels.exists():
        pytest.skip("no ../shared/eval here: real pictures are not part of the repository")
    camera = Intrinsics(4000.0, 4000.0, 225.0, 225.0, 450, 450, "guess:6deg")
    for label in json.loads(labels.read_text()):
        wanted = label["pose_deg"]
        if abs(wanted["yaw"]) > 60.0:
            # pitch and roll of these labels are approximate, near profile they mean little
            continue
        found = _fit_68(np.array(label["points3d68"], float), camera)
        pitch, yaw, roll = pose_from_rotation(found.rotation)
        assert yaw == pytest.approx(wanted["yaw"], abs=3.0)
        assert pitch == pytest.approx(wanted["pitch"], abs=9.0)
        assert roll == pytest.approx(wanted["roll"], abs=5.0)


def _fit_68(points, camera):
    """Estimate from 68 points alone: the others are made uncertain."""
    full = np.zeros((520, 3), np.float32)
    full[DENSE_ONLY.ibug68] = points
    full[:, 2] -= full[DENSE_ONLY.ibug68, 2].mean()
    sigma = np.full(520, 1e6, np.float32)
    sigma[DENSE_ONLY.ibug68] = 1.0
    return PoseEstimator(DENSE_ONLY, camera).estimate(full, sigma)
