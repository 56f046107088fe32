"""Imported by picamera2 for its preview windows, which the tests never open; Debian lacks the package."""

import sys
from unittest.mock import MagicMock

sys.modules[__name__] = MagicMock(name="pykms")
