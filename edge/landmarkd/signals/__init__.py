"""Signals from points: smoothing, pose, eyes, driver state. No I/O, no clocks."""
