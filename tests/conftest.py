"""What all tests share."""

from hypothesis import settings

# How long an example takes is the machine's business and no test's: timing belongs to benchmarks.
settings.register_profile("landmarkd", deadline=None)
settings.load_profile("landmarkd")
