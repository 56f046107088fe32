"""What `landmarkd run` says on a terminal, where its results go elsewhere: that it works."""

import logging

from landmarkd.daemon.snapshot import Snapshot

log = logging.getLogger(__name__)


class Announcer:
    """Says once what runs and where its results go, and when a face is first seen; a publisher."""

    def __init__(self) -> None:
        self._told = self._seen = False

    def publish(self, snapshot: Snapshot) -> None:
        """Say what is new."""
        if not self._told and snapshot.processed_fps > 0:
            self._told = True
            log.info(
                "%s, %.0f frames a second. Ctrl-C ends it; landmarkd status says how it goes.",
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
