"""USB cameras under OpenCV's real V4L2 back end: a virtual camera, preloaded into the process.

`tests/camera/test_uvc.py` (and `make test-v4l2`) starts pytest on this folder with the
library preloaded.
"""
