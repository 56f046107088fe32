"""Camera calibration: a printed board, views of it, and the intrinsics from these views."""
