import os

# These tests run in a userland of their own, see run.sh; elsewhere there is no libcamera.
collect_ignore_glob = [] if "PICAMERA2_LAB" in os.environ else ["test_*.py"]
