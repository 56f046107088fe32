"""The face detector: scenes composed of rendered heads, a single-stage network, its training and export."""
