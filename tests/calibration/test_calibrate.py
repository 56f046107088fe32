import json

import cv2
import numpy as np
import pytest
from landmarkd.camera.calibration.collection import ENOUGH_VIEWS, MIN_VIEWS, Collection
from landmarkd.camera.calibration.solve import calibrate, field_of_view, save
from landmarkd.camera.calibration.view import find_board
from landmarkd.camera.intrinsics import intrinsics_for, load_intrinsics
from landmarkd.errors import CalibrationError, SinkError
from landmarkd.types import Intrinsics

from tests.calibration.conftest import CAMERA, WIDE
from tests.calibration.render import render, rotation

FOCAL_TOLERANCE = 0.005


def views(pictures):
    found = [find_board(picture, f"view {number}") for number, picture in enumerate(pictures)]
    return [view for view in found if view is not None and view.defect() is None]


class TestIntrinsics:
    @pytest.mark.parametrize(("camera", "fixture"), [(CAMERA, "pictures"), (WIDE, "wide_pictures")])
    def test_a_known_camera_is_found_again(self, camera, fixture, request):
        result = calibrate(views(request.getfixturevalue(fixture)), "test")
        found = result.intrinsics
        assert found.fx == pytest.approx(camera.fx, rel=FOCAL_TOLERANCE)
        assert found.fy == pytest.approx(camera.fy, rel=FOCAL_TOLERANCE)
        assert (found.cx, found.cy) == pytest.approx((camera.cx, camera.cy), abs=2.0)
        assert result.rms_px < 0.3
        assert abs(found.fx / camera.fx - 1) < 5 * result.focal_uncertainty
        assert found.origin == "calibrated:test"

    @pytest.mark.parametrize("half", [20.0, 35.0, 54.0])
    def test_the_field_of_view_is_that_through_the_lens(self, half):
        tangent = np.tan(np.radians(half))
        bent = tangent * (1 - 0.33 * tangent**2 + 0.1 * tangent**4)
        distortion = (-0.33, 0.1, 0.0, 0.0, 0.0)
        camera = Intrinsics(320 / bent, 320 / bent, 319.5, 250.0, 640, 480, "test", distortion)
        assert field_of_view(camera) == pytest.approx(2 * half, abs=0.1)

    def test_rays_agree_all_over_the_picture(self, wide_pictures):
        found = calibrate(views(wide_pictures), "test").intrinsics
        grid = np.stack(np.meshgrid(np.linspace(40, 440, 9), np.linspace(40, 320, 7)), -1).reshape(
            -1, 1, 2
        )
        ours, truth = (
            cv2.undistortPoints(
                grid,
                np.array([[c.fx, 0, c.cx], [0, c.fy, c.cy], [0, 0, 1]]),
                np.array(c.distortion),
            ).reshape(-1, 2)
            for c in (found, WIDE)
        )
        error_px = np.linalg.norm(ours - truth - (ours - truth).mean(axis=0), axis=1) * WIDE.fx
        assert error_px.max() < 1.0

    def test_a_view_with_wrong_corners_is_left_out(self, pictures):
        good = views(pictures)
        bent = good[3]
        bent.corners[::3] += 6.0
        result = calibrate(good, "test")
        assert bent.name in result.left_out
        assert result.intrinsics.fx == pytest.approx(CAMERA.fx, rel=FOCAL_TOLERANCE)

    def test_too_few_views_are_refused(self, pictures):
        with pytest.raises(CalibrationError, match=f"{MIN_VIEWS} are needed"):
            calibrate(views(pictures)[: MIN_VIEWS - 1], "test")

    def test_views_that_do_not_fit_together_are_refused(self, pictures):
        good = views(pictures)
        rng = np.random.default_rng(0)
        for view in good:
            view.corners[:] += rng.normal(0, 8, view.corners.shape).astype(np.float32)
        with pytest.raises(CalibrationError, match="do not fit together"):
            calibrate(good, "test")


class TestFile:
    def test_it_is_what_the_daemon_reads(self, pictures, tmp_path):
        result = calibrate(views(pictures), "car")
        save(result, tmp_path / "car.json")
        read = load_intrinsics(tmp_path / "car.json")
        assert read.origin == "calibrated:car"
        assert (read.fx, read.cy) == pytest.approx(
            (result.intrinsics.fx, result.intrinsics.cy), abs=1e-3
        )
        assert read.distortion == pytest.approx(result.intrinsics.distortion, abs=1e-7)
        twice = intrinsics_for(960, 720, str(tmp_path / "car.json"))
        assert twice.fx == pytest.approx(2 * read.fx)
        assert json.loads((tmp_path / "car.json").read_text())["views"] == len(result.view_px)

    def test_nothing_is_left_half_written(self, pictures, tmp_path):
        result = calibrate(views(pictures), "car")
        (tmp_path / "car.json").mkdir()
        with pytest.raises(SinkError, match="--out"):
            save(result, tmp_path / "car.json")
        assert [path.name for path in tmp_path.iterdir()] == ["car.json"]


class TestViews:
    def test_a_picture_without_a_board_has_none(self):
        noise = np.random.default_rng(0).integers(0, 255, (240, 320, 3)).astype(np.uint8)
        assert find_board(noise) is None
        assert find_board(np.zeros((240, 320, 3), np.uint8)) is None

    def test_tilts_have_the_signs_that_the_advice_names(self, texture):
        for tilt_x, tilt_y in ((30, 0), (-30, 0), (0, 30), (0, -30)):
            view = find_board(
                render(
                    CAMERA, rotation(tilt_x, tilt_y, 0), (0, 0, 420), texture=texture, supersample=1
                )
            )
            assert view.tilt_x_deg == pytest.approx(tilt_x, abs=6)
            assert view.tilt_y_deg == pytest.approx(tilt_y, abs=6)
        # tilt_x > 0: the top is nearer, so its squares are larger.
        view = find_board(
            render(CAMERA, rotation(30, 0, 0), (0, 0, 420), texture=texture, supersample=1)
        )
        top, bottom = view.corners[view.ids < 8], view.corners[view.ids >= 40]
        assert np.ptp(top[:, 0]) > np.ptp(bottom[:, 0])

    def test_a_blurred_view_says_so(self, pictures):
        sharp, blurred = (
            find_board(cv2.GaussianBlur(pictures[1], (0, 0), sigma)) for sigma in (0.3, 1.5)
        )
        assert sharp.defect() is None
        assert blurred.edge_px > 1.5 * sharp.edge_px
        assert "blurred" in blurred.defect()

    def test_a_view_that_moved_says_so(self, pictures):
        moved = cv2.blur(pictures[1], (7, 1))
        view = find_board(moved)
        assert view is None or view.defect() is not None

    def test_a_corner_of_the_board_is_not_enough(self, pictures):
        picture = pictures[1].copy()
        view = find_board(picture)
        picture[:, : int(np.percentile(view.corners[:, 0], 75))] = 90
        assert "corners are seen" in (find_board(picture).defect() or "")


class TestCollection:
    def test_it_is_complete_when_the_picture_is_covered_and_the_board_was_tilted(self, pictures):
        collection = Collection(live=False)
        advice = [collection.advice()]
        for number, picture in enumerate(pictures):
            before = collection.progress
            assert collection.offer(find_board(picture, str(number))).taken
            assert collection.progress >= before
            advice.append(collection.advice())
        assert "whole board" in advice[0]
        assert any("move the board to the" in (text or "") for text in advice)
        assert collection.complete
        assert collection.progress == pytest.approx(1.0)
        assert len(collection.views) >= ENOUGH_VIEWS

    def test_the_same_view_is_not_taken_twice(self, pictures):
        collection = Collection(live=False)
        assert collection.offer(find_board(pictures[0])).taken
        assert "like one" in collection.offer(find_board(pictures[0])).reason

    def test_a_live_board_must_stand_still(self, pictures):
        collection = Collection(live=True)
        assert "still" in collection.offer(find_board(pictures[0])).reason
        assert "still" in collection.offer(find_board(pictures[1])).reason
        assert collection.offer(find_board(pictures[1])).taken

    def test_views_of_another_size_are_refused(self, pictures):
        collection = Collection(live=False)
        collection.offer(find_board(pictures[0]))
        larger = cv2.resize(pictures[1], (960, 720))
        assert "960x720" in collection.offer(find_board(larger)).reason

    def test_tilts_are_asked_for(self, texture):
        collection = Collection(live=False)
        for x in (-90, -30, 30, 90):
            for y in (-60, 0, 60):
                flat = render(
                    CAMERA, rotation(0, 0, 0), (x, y, 420), texture=texture, supersample=1
                )
                collection.offer(find_board(flat))
        assert "tilt the board" in collection.advice()
