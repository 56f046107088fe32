"""Quantisation sets, camera intrinsics and driver baselines."""
