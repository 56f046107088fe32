"""A stand-in for a V4L2 camera under OpenCV: what the driver says of itself, and OpenCV's capture on it."""

import time

import cv2
import numpy as np
from landmarkd.camera import devices, v4l2


def install(
    monkeypatch,
    *,
    sizes=((64, 48), (640, 480)),
    opens=True,
    streams=True,
    driver=b"uvcvideo",
    caps=0x1,
):
    """Make /dev/video7 a camera with these picture sizes; returns the captures that were opened."""
    captures = []

    def query(path):
        capability = (driver, b"USB Camera", b"usb-1.4", 0x60000, 0x84000000 | 0x1, caps)
        return devices.parse_capability(path, devices._CAPABILITY.pack(*capability))

    class VideoCapture:
        def __init__(self, path, backend):
            assert (path, backend) == ("/dev/video7", cv2.CAP_V4L2)
            self.values = {cv2.CAP_PROP_FPS: 30.0}
            self.size, self.count, self.stamp_ms, self.gone, self.broken = (
                sizes[-1],
                0,
                0.0,
                False,
                False,
            )
            self.silent = False
            captures.append(self)

        def isOpened(self):
            return opens

        def set(self, prop, value):
            self.values[prop] = value
            wanted = (
                self.values.get(cv2.CAP_PROP_FRAME_WIDTH),
                self.values.get(cv2.CAP_PROP_FRAME_HEIGHT),
            )
            if None not in wanted:
                self.size = min(sizes, key=lambda size: abs(size[0] - wanted[0]))
            return True

        def get(self, prop):
            if prop == cv2.CAP_PROP_POS_MSEC:
                return self.stamp_ms
            if prop in {cv2.CAP_PROP_FRAME_WIDTH, cv2.CAP_PROP_FRAME_HEIGHT}:
                return float(self.size[prop == cv2.CAP_PROP_FRAME_HEIGHT])
            return self.values.get(prop, 0.0)

        def grab(self):
            return streams

        def read(self):
            time.sleep(0.005)
            if self.broken:
                return False, None
            self.count += 1
            self.stamp_ms = (time.monotonic_ns() - 3_000_000) / 1e6
            width, height = self.size
            return True, np.full((height, width, 3), self.count % 250, np.uint8)

        def release(self):
            self.gone = True

        @staticmethod
        def waitAny(streams, timeoutNs):
            assert isinstance(timeoutNs, int)
            assert timeoutNs > 0, "0 would wait for ever"
            if streams[0].gone:
                raise cv2.error("Error is reported for camera stream: 0")
            if streams[0].silent:
                time.sleep(timeoutNs / 1e9)
                return False, ()
            return True, (0,)

    monkeypatch.setattr(devices, "query", query)
    monkeypatch.setattr(v4l2.cv2, "VideoCapture", VideoCapture)
    return captures
