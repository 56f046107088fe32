"""From points to meaning: smoothing, pose, eyes, driver state. No I/O, no clocks."""
