"""Messages of `landmarkd run` on a terminal when the results go elsewhere."""

import logging

from landmarkd.daemon.snapshot import Snapshot

log = logging.getLogger(__name__)


class Announcer:
    """A publisher that logs source and sinks once, and the first face."""

    def __init__(self) -> None:
        self._announced = self._seen = False

    def publish(self, snapshot: Snapshot) -> None:
        """Log changes."""
        if not self._announced and snapshot.processed_fps > 0:
            self._announced = True
            log.info(
                "%s, %.0f frames a second. Ctrl-C ends it; landmarkd status shows its state.",
                snapshot.source,
                snapshot.processed_fps,
            )
            for sink in snapshot.sinks:
                log.info("to %s", f"{sink.uri}: {sink.note}" if sink.note else sink.uri)
            if not snapshot.with_face:
                log.info("No face is seen yet.")
        if not self._seen and snapshot.with_face:
            self._seen = True
            log.info("A face is seen.")
