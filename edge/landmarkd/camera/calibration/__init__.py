"""Camera calibration: a board to print, views of it, and the intrinsics that follow from them."""
