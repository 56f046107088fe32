"""What all tests share."""

from hypothesis import settings

# No deadline for examples: their time depends on the machine, and timing belongs to benchmarks.
settings.register_profile("landmarkd", deadline=None)
settings.load_profile("landmarkd")
