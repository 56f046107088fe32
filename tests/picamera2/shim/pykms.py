"""Imported by picamera2 for preview windows, which the tests never open; Debian lacks it."""

import sys
from unittest.mock import MagicMock

sys.modules[__name__] = MagicMock(name="pykms")
