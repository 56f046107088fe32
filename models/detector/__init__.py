"""The face detector: scenes composed from rendered heads, a one-stage network, training, export."""
