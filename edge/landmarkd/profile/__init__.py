"""Where the time of a frame goes on this machine."""
