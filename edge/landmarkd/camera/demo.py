"""The clip in the package."""

from pathlib import Path

from landmarkd.camera.video import VideoSource
from landmarkd.errors import UsageError
from landmarkd.uri import Uri

CLIP = Path(__file__).with_name("clip") / "driver.mp4"
"""A rendered driver who turns, blinks, yawns, leaves and returns; ``driver.npz`` has the truth."""


class DemoSource(VideoSource):
    """The bundled clip: ``demo:``, option ``loop=yes``."""

    def _locate(self, uri: Uri) -> Path:
        if uri.path or uri.host is not None:
            raise UsageError(
                f"{uri.text}: the demo takes no path; for a video of your own use file:{uri.path}"
            )
        return CLIP

    def _examine(self) -> None:
        """Do nothing: the clip is known, and opening it twice more takes a twentieth of a start."""
