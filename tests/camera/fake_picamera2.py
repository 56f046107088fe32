"""A fake of the library picamera2 with the documented behaviour that the source relies on.

A camera thread fills a fixed number of buffers and stops when all of them are in use. A request is
completed by the next frame, even if its caller no longer waits for it.
"""

import sys
import threading
import time
import types
from concurrent.futures import Future
from dataclasses import dataclass

import numpy as np


class Job:
    def __init__(self) -> None:
        self.future: Future = Future()

    def get_result(self, timeout=None):
        return self.future.result(timeout)


class CompletedRequest:
    def __init__(self, camera, image, stamp_ns):
        self.camera, self.image, self.stamp_ns, self.held = camera, image, stamp_ns, True

    def get_metadata(self):
        assert self.held
        return {"SensorTimestamp": self.stamp_ns, "ExposureTime": 10_000}

    def release(self):
        assert self.held, "released twice"
        self.held = False
        self.camera.free.release()


class MappedArray:
    """The camera's memory, which returns to the camera at the end of the block."""

    def __init__(self, request, name, reshape=True, write=True):
        assert name == "main"
        assert not reshape
        self.request = request

    def __enter__(self):
        assert self.request.held
        self.array = self.request.image.reshape(-1)
        return self

    def __exit__(self, *_):
        self.request.image[:] = 0


class Modes:
    """An enumeration of libcamera's controls."""

    Manual, Continuous, Auto, Daylight, Spot, SingleExposure, Off = range(7)


@dataclass(frozen=True)
class Transform:
    hflip: int = 0
    vflip: int = 0


def install(
    monkeypatch,
    *,
    models=("imx708",),
    busy=False,
    fps=100,
    align=0,
    resolution=(4608, 2592),
    controls=("AfMode", "LensPosition", "ExposureTime", "AnalogueGain", "AwbMode"),
    shortest_us=8333,
    layout="RGB888",
    old=False,
):
    """Put the fakes into sys.modules; returns the list that opened cameras are added to."""
    opened = []

    class Picamera2:
        sensor_resolution = resolution

        @staticmethod
        def global_camera_info():
            return [
                {"Model": model, "Num": number, "Location": 2}
                for number, model in enumerate(models)
            ]

        @staticmethod
        def load_tuning_file(name):
            return {"file": name}

        def __init__(self, camera_num=0, tuning=None):
            self.tuning = tuning
            self.camera_controls = dict.fromkeys(controls, (0, 1, 0))
            if shortest_us:
                self.camera_controls["FrameDurationLimits"] = (shortest_us, 10**6, 33333)
            if busy:
                try:
                    raise RuntimeError("Failed to acquire camera: Device or resource busy")
                except RuntimeError:
                    # The library does not chain the exception explicitly; the reason is only in
                    # `__context__`.
                    raise RuntimeError("Camera __init__ sequence did not complete.")  # noqa: B904
            self.number, self.config, self.closed, self.pausing = (
                camera_num,
                None,
                False,
                threading.Event(),
            )
            self.told = []
            self.jobs, self.lock, self.running = [], threading.Lock(), threading.Event()
            opened.append(self)

        def create_video_configuration(
            self, main=None, raw=None, transform=None, buffer_count=6, controls=None
        ):
            assert set(main) <= {"size", "format"}
            width, height = main["size"]
            size = (width - width % align, height) if align else (width, height)
            stride = size[0] * 3 + 64
            return {
                "main": {**main, "size": size, "format": layout, "stride": stride},
                "raw": raw,
                "transform": transform,
                "buffer_count": buffer_count,
                "controls": controls,
            }

        def configure(self, config):
            self.config = config
            self.free = threading.Semaphore(config["buffer_count"])

        def camera_configuration(self):
            return self.config

        def start(self):
            assert self.config is not None
            self.running.set()
            self.thread = threading.Thread(target=self._loop, daemon=True)
            self.thread.start()

        def _loop(self):
            width, height = self.config["main"]["size"]
            count = 0
            while self.running.is_set():
                time.sleep(1 / fps)
                if self.pausing.is_set() or not self.free.acquire(blocking=False):
                    continue
                count += 1
                image = np.full((height, self.config["main"]["stride"]), 99, np.uint8)
                image[:, : width * 3] = np.tile(np.uint8((count % 200, 20, 30)), width)
                request = CompletedRequest(
                    self, image, time.clock_gettime_ns(time.CLOCK_BOOTTIME) - 4_000_000
                )
                with self.lock:
                    job = self.jobs.pop(0) if self.jobs else None
                if job is None:
                    request.release()
                else:
                    job.future.set_result(request)

        def set_controls(self, controls):
            if unknown := set(controls) - set(self.camera_controls):
                raise RuntimeError(f"Control {unknown.pop()} is not advertised by libcamera")
            self.told.append(controls)

        def capture_request(self, wait=None, signal_function=None, flush=None):
            assert wait is False, "the source must never wait without a limit"
            job = Job()
            with self.lock:
                self.jobs.append(job)
            return job

        def cancel_all_and_flush(self):
            with self.lock:
                self.jobs.clear()

        def stop(self):
            assert not self.jobs, "the library would wait for these, perhaps for ever"
            self.running.clear()

        def close(self):
            self.stop()
            self.closed = True

    library, libcamera = types.ModuleType("picamera2"), types.ModuleType("libcamera")
    if old:
        del Picamera2.cancel_all_and_flush
    library.Picamera2, library.MappedArray = Picamera2, MappedArray
    names = ("AfMode", "AwbMode", "AeMeteringMode", "HdrMode", "AeFlickerMode")
    libcamera.controls = types.SimpleNamespace(**{f"{name}Enum": Modes for name in names})
    libcamera.Transform = Transform
    monkeypatch.setitem(sys.modules, "picamera2", library)
    monkeypatch.setitem(sys.modules, "libcamera", libcamera)
    return opened
