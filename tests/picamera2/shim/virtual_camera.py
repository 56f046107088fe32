"""Adds to the real picamera2 what libcamera's virtual pipeline lacks compared to a Pi, and faults.

The virtual camera makes NV12 only and has no raw stream. Everything that is not patched here is the
real library: its threads, requests, allocator and event loop.

VIRTUAL_RGB=1    pictures are converted, as if the camera made the RGB888 that was asked for
VIRTUAL_STALL=F  while the file F exists no request is queued again, so no frame ever completes:
                 a loose ribbon cable
VIRTUAL_NOFDL=1  the camera has no FrameDurationLimits, like a USB camera under libcamera
VIRTUAL_HANG=F   while the file F exists stopping the camera never returns: a driver that hangs
"""

import inspect
import os
import textwrap
import threading

import cv2
import libcamera
from picamera2 import picamera2, request
from picamera2.allocators import dmaallocator


def _on(name):
    return os.environ.get(name) == "1"


def _exists(name):
    path = os.environ.get(name)
    return bool(path) and os.path.exists(path)  # noqa: PTH110 - a library that patches imports little


def fit():
    """Patch the library."""
    picamera2.Picamera2._get_raw_modes = lambda self: [{"format": "SBGGR10", "size": (1640, 1232)}]
    dmaallocator.libcamera = _TwoPlanes()
    _take_all_requests()
    if _on("VIRTUAL_RGB"):
        _make_rgb()
    if _on("VIRTUAL_NOFDL"):
        _hide_frame_durations()
    _stall()
    _hang()


class _TwoPlanes:
    """libcamera, with buffers whose two NV12 planes are named; picamera2's allocator names one."""

    def __getattr__(self, name):
        return getattr(libcamera, name)

    class FrameBuffer:
        Plane = libcamera.FrameBuffer.Plane

        def __new__(cls, planes):
            luma, chroma = planes[0], libcamera.FrameBuffer.Plane()
            split = luma.length * 2 // 3
            chroma.fd, chroma.offset, chroma.length = luma.fd, split, luma.length - split
            luma.length = split
            return libcamera.FrameBuffer([luma, chroma])


def _take_all_requests():
    """The virtual camera of libcamera 0.4 leaves the status of a frame uninitialised."""
    source = textwrap.dedent(inspect.getsource(picamera2.Picamera2.process_requests))
    line = (
        "if next(iter(req.request.buffers.values())).metadata.status == "
        "libcamera.FrameMetadata.Status.Success:"
    )
    assert line in source
    names = picamera2.__dict__
    exec(source.replace(line, "if True:"), names)  # noqa: S102 - the library's own source
    picamera2.Picamera2.process_requests = names.pop("process_requests")


def _make_rgb():
    update = picamera2.Picamera2._update_stream_config
    enter = request.MappedArray.__enter__

    def claim_rgb(self, config, stream):
        wanted = config["format"]
        update(self, config, stream)
        if config["format"] == "NV12" and wanted == "RGB888":
            config["nv12_stride"] = config["stride"]
            config["format"], config["stride"] = "RGB888", config["size"][0] * 3

    def convert(self):
        mapped = enter(self)
        config = self._MappedArray__request.config["main"]
        if "nv12_stride" in config:
            width, height = config["size"]
            rows = mapped.array[: config["nv12_stride"] * height * 3 // 2]
            planes = rows.reshape(height * 3 // 2, -1)[:, :width]
            bgr = cv2.cvtColor(planes, cv2.COLOR_YUV2BGR_NV12)
            self._MappedArray__array = bgr.reshape(-1)
        return mapped

    picamera2.Picamera2._update_stream_config = claim_rgb
    request.MappedArray.__enter__ = convert


def _hide_frame_durations():
    class Controls(dict):
        def __setitem__(self, name, value):
            if name != "FrameDurationLimits":
                super().__setitem__(name, value)

    def set_attribute(self, name, value):
        empty = name == "camera_ctrl_info" and value == {}
        object.__setattr__(self, name, Controls() if empty else value)

    picamera2.Picamera2.__setattr__ = set_attribute


def _stall():
    release = request.CompletedRequest.release

    def keep(self):
        if not _exists("VIRTUAL_STALL"):
            release(self)
            return
        with self.lock:
            self.ref_count -= 1
            if self.ref_count == 0:
                for sync in self.syncs:
                    sync.__exit__()
                self.picam2.allocator.release(self.request.buffers)
                self.request, self.config, self.stream_map = None, {}, {}

    request.CompletedRequest.release = keep


def _hang():
    stop = picamera2.Picamera2.stop

    def never(self):
        if _exists("VIRTUAL_HANG"):
            threading.Event().wait()
        stop(self)

    picamera2.Picamera2.stop = never
