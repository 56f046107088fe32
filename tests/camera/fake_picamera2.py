"""A stand-in for the library picamera2 with the part of its documented behaviour that the source relies on.

A camera thread fills a fixed number of buffers and stands still when all of them are held; a
request that was asked for is served by the next frame, whoever waits for it by then.
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

    def make_array(self, name):
        assert name == "main"
        assert self.held
        return self.image.copy()

    def get_metadata(self):
        assert self.held
        return {"SensorTimestamp": self.stamp_ns, "ExposureTime": 10_000}

    def release(self):
        assert self.held, "released twice"
        self.held = False
        self.camera.free.release()


@dataclass(frozen=True)
class Transform:
    hflip: int = 0
    vflip: int = 0


def install(
    monkeypatch, *, models=("imx708",), busy=False, fps=100, align=0, resolution=(4608, 2592)
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

        def __init__(self, camera_num=0):
            if busy:
                try:
                    raise RuntimeError("Failed to acquire camera: Device or resource busy")
                except RuntimeError:
                    # The library does not chain it on purpose; the reason is only in the context.
                    raise RuntimeError("Camera __init__ sequence did not complete.")  # noqa: B904
            self.number, self.config, self.closed, self.pausing = (
                camera_num,
                None,
                False,
                threading.Event(),
            )
            self.jobs, self.lock, self.running = [], threading.Lock(), threading.Event()
            opened.append(self)

        def create_video_configuration(
            self, main=None, raw=None, transform=None, buffer_count=6, controls=None
        ):
            assert set(main) <= {"size", "format"}
            width, height = main["size"]
            size = (width - width % align, height) if align else (width, height)
            return {
                "main": {**main, "size": size},
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
                image = np.full((height, width, 3), (count % 200, 20, 30), np.uint8)
                request = CompletedRequest(
                    self, image, time.clock_gettime_ns(time.CLOCK_BOOTTIME) - 4_000_000
                )
                with self.lock:
                    job = self.jobs.pop(0) if self.jobs else None
                if job is None:
                    request.release()
                else:
                    job.future.set_result(request)

        def capture_request(self, wait=None, signal_function=None, flush=None):
            assert wait is False, "the source must never wait without a limit"
            job = Job()
            with self.lock:
                self.jobs.append(job)
            return job

        def stop(self):
            self.running.clear()

        def close(self):
            self.stop()
            self.closed = True

    library, libcamera = types.ModuleType("picamera2"), types.ModuleType("libcamera")
    library.Picamera2 = Picamera2
    libcamera.Transform = Transform
    monkeypatch.setitem(sys.modules, "picamera2", library)
    monkeypatch.setitem(sys.modules, "libcamera", libcamera)
    return opened
