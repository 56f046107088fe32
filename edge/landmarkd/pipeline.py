"""The pipeline: one frame in, one report out, without threads, sockets or clocks."""

import secrets
import time
from dataclasses import replace
from typing import Self

import cv2
import numpy as np
from numpy.typing import NDArray

from landmarkd import __version__
from landmarkd.camera import rotation_of
from landmarkd.camera.intrinsics import intrinsics_for
from landmarkd.camera.pixels import refuse_size
from landmarkd.enums import Degradation
from landmarkd.layout import Layout
from landmarkd.settings.config import Configuration
from landmarkd.signals.blocked import is_blocked
from landmarkd.signals.monitor import DriverBaseline, DriverMonitor
from landmarkd.signals.person_shape import PersonShape
from landmarkd.signals.pose import PoseEstimator
from landmarkd.signals.pose_filter import make_pose_filter
from landmarkd.signals.smoothing import make_point_filter
from landmarkd.stages import StageClock
from landmarkd.types import (
    Box,
    Counters,
    DriverState,
    FaceObservation,
    FaceReport,
    Frame,
    Intrinsics,
    Report,
    Session,
    UtcOffset,
)
from landmarkd.vision.closer import open_parts
from landmarkd.vision.detector import Detector, make_detector
from landmarkd.vision.eyes import open_eyes
from landmarkd.vision.geometry import box_of
from landmarkd.vision.landmarks import LandmarkModel
from landmarkd.vision.refiner import open_refiner
from landmarkd.vision.search import look
from landmarkd.vision.second_view import both_views
from landmarkd.vision.tracker import Tracker
from landmarkd.vision.zoo import open_zoo


class Pipeline:
    """Turns the frames of one camera into reports, in the order in which they were captured.

    It has state between frames: the tracked face, smoothing, the state of the driver. Use
    one pipeline for each camera, from one thread at a time; for single pictures use
    `landmarkd.detect`.

    Attributes:
        layout: of the points in its reports.

    Args:
        configuration: of the whole daemon; default: the defaults.
        model, detector: instead of those of the configuration.
        baseline: stored baseline of the driver.

    Raises:
        LandmarkdError: the model, the runtime or the detector cannot be used; see
            `landmarkd.errors`.
    """

    def __init__(
        self,
        configuration: Configuration | None = None,
        *,
        model: LandmarkModel | None = None,
        detector: Detector | None = None,
        baseline: DriverBaseline | None = None,
    ) -> None:
        configuration = configuration or Configuration()
        # Before the models, so that a wrong calibration is an error at the start.
        intrinsics_for(640, 480, configuration.source.camera, quiet=True)
        chosen = configuration.model
        # By default OpenCV wakes a thread on each core for work of a tenth of a millisecond.
        cv2.setNumThreads(chosen.threads)
        self.configuration = configuration
        zoo = open_zoo(chosen.folder)
        threads, delegate = chosen.threads, chosen.delegate
        self.model = model or LandmarkModel(zoo, chosen.name, threads=threads, delegate=delegate)
        self.eyes = open_eyes(zoo, chosen.eyes, threads=threads, delegate=delegate)
        self.layout: Layout = self.model.layout if self.eyes is None else self.eyes.layout
        self.parts = open_parts(zoo, chosen.parts, threads=threads, delegate=delegate)
        self.refiner = open_refiner(self.eyes, self.parts, self.layout)
        self._engines = [self.model.engine, *(part.engine for part in self.parts)]
        self._engines += [self.eyes.engine] if self.eyes else []
        self.clock = StageClock()
        tracking = configuration.tracker
        checker = None if self.model.has_presence else make_detector(tracking.checker)
        self.tracker = Tracker(
            self.model, detector or make_detector(tracking.detector), tracking, checker
        )
        self._points = make_point_filter(configuration.smoothing)
        self._poses = make_pose_filter(configuration.smoothing)
        self._known = baseline
        self._driver = DriverMonitor(configuration.driver, self.layout, baseline)
        self._shape = PersonShape()
        self.intrinsics: Intrinsics | None = None
        self._estimator: PoseEstimator | None = None

    def process(
        self,
        frame: Frame,
        counters: Counters | None = None,
        box: Box | None = None,
        *,
        speed_kmh: float | None = None,
        still: bool = False,
        utc: UtcOffset | None = None,
    ) -> Report:
        """Return the report for one frame.

        Args:
            frame: the next one.
            counters: totals for the report.
            box: tight box of the 68 points of the wanted face, x0, y0, x1, y1 in pixels; replaces
                the detector and the tracking.
            speed_kmh: of the vehicle, or None if it is not known.
            still: the frame is a single picture; its mirror image is read too.
            utc: for the report.

        Raises:
            SourceFormatError: the frame is too small for a face, or too large.
            DelegateError: a required accelerator was lost.
        """
        self.clock.start()
        height, width = frame.image.shape[:2]
        estimator = self._estimator_for(width, height, frame.source)
        if box is None:
            seen = self.tracker.track(frame, self.clock)
        else:
            seen = look(self.model, frame.image, self.model.first_roi(box), self.clock)
        if seen is not None and still:
            seen = both_views(self.model, frame.image, seen, self.clock)
        if seen is not None and self.refiner is not None:
            seen = self.refiner.refine(frame.image, seen, self.clock)
        face, driver = self._read(
            seen, frame.captured_ns, estimator, image=frame.image, speed_kmh=speed_kmh
        )
        report = Report(
            source=frame.source,
            sequence=frame.sequence,
            captured_ns=frame.captured_ns,
            emitted_ns=time.monotonic_ns(),
            width=width,
            height=height,
            face=face,
            driver=driver,
            counters=counters or Counters(),
            degraded=("delegate",) if any(each.degraded for each in self._engines) else (),
            intrinsics=self.intrinsics,
            utc=utc,
        )
        self.clock.finish()
        return report

    def session(self) -> Session:
        """Return the data of HELLO for a run that begins now: the device and its model."""
        return Session(
            boot_id=secrets.randbits(64),
            device=self.configuration.service.device,
            model=self.model.name,
            model_sha256=self.model.card.sha256,
            layout=self.layout.name,
            count=self.layout.count,
            version=__version__,
        )

    @property
    def baseline(self) -> DriverBaseline | None:
        """The learnt baseline of the driver, or None while it is not reliable."""
        return self._driver.baseline

    def baseline_stored(self) -> None:
        """Note that `baseline` is stored, so that it is not given of another person from now on."""
        self._known = self.baseline
        self._driver.baseline_stored()

    def reset(self) -> None:
        """Forget all earlier frames: the next frame is another picture or another person."""
        self.tracker.reset()
        self._shape = PersonShape()
        self._reset_filters()
        self._driver = DriverMonitor(self.configuration.driver, self.layout, self._known)

    def idle(
        self, last: Report, now_ns: int, counters: Counters, speed_kmh: float | None = None
    ) -> Report:
        """Return a report for a time without frames from the camera.

        It has no face, the number and time of the last frame, and "camera_stalled" in `degraded`.
        Nothing is known of the driver in this time.

        Args:
            last: the report before.
            now_ns: monotonic time.
            counters: totals for the report.
            speed_kmh: of the vehicle, or None if it is not known.
        """
        self.tracker.interrupt()
        face, driver = self._read(None, now_ns, None, speed_kmh=speed_kmh)
        return replace(
            last,
            emitted_ns=now_ns,
            face=face,
            driver=driver,
            counters=counters,
            degraded=(
                *(name for name in last.degraded if name != Degradation.CAMERA_STALLED),
                Degradation.CAMERA_STALLED,
            ),
        )

    def close(self) -> None:
        """Release the model and the detector."""
        self.model.close()
        if self.eyes is not None:
            self.eyes.close()
        for part in self.parts:
            part.close()
        self.tracker.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _reset_filters(self) -> None:
        self._points.reset()
        if self._poses is not None:
            self._poses.reset()

    def _estimator_for(self, width: int, height: int, name: str) -> PoseEstimator:
        known, estimator = self.intrinsics, self._estimator
        if estimator is None or known is None or (known.width, known.height) != (width, height):
            refuse_size((height, width), name)
            source = self.configuration.source
            # A program may read another source than that of the configuration.
            rotation = rotation_of(name) or rotation_of(source.uri)
            self.intrinsics = intrinsics_for(width, height, source.camera, rotation=rotation)
            estimator = self._estimator = PoseEstimator(self.layout, self.intrinsics)
            # The pixels of another size are not those of the frames before.
            self._reset_filters()
        return estimator

    def _read(
        self,
        seen: FaceObservation | None,
        time_ns: int,
        estimator: PoseEstimator | None,
        *,
        image: NDArray[np.uint8] | None = None,
        speed_kmh: float | None = None,
    ) -> tuple[FaceReport | None, DriverState | None]:
        """Return what is known of face and driver; eyes are read from unsmoothed points."""
        settings = self.configuration.driver
        if seen is None or estimator is None:
            self._reset_filters()
            blocked = None if image is None else is_blocked(image)
            reading = self._driver.update(None, None, time_ns, speed_kmh=speed_kmh, blocked=blocked)
            self.clock.lap("driver")
            return None, reading.state if settings.enabled else None
        raw = estimator.estimate(seen.points, seen.sigma)
        if seen.track and self._shape.changed(seen, raw, estimator, time_ns):
            self.tracker.another_person()
        self.clock.lap("pose")
        size = None if image is None else (image.shape[1], image.shape[0])
        reading = self._driver.update(seen, raw, time_ns, speed_kmh=speed_kmh, size=size)
        self.clock.lap("driver")
        if self._driver.another_person:
            self._reset_filters()
        points = self._points.filter(seen.points, time_ns, seen.roi.side / self.model.crop.margin)
        self.clock.lap("smooth")
        pose = raw if self._poses is None else self._poses.filter(raw, time_ns)
        self.clock.lap("pose")
        face = FaceReport(
            seen,
            points,
            box_of(points),
            pose,
            reading.left,
            reading.right,
            reading.gaze,
            raw_pose=raw,
        )
        return face, reading.state if settings.enabled else None
