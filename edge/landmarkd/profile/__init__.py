"""The time of each stage of a frame on this machine."""
