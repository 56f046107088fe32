"""Runs the services: a reload builds the next one before the old one ends."""

import logging
from collections.abc import Callable

from landmarkd.daemon.factory import ServiceFactory
from landmarkd.daemon.requests import ASKED
from landmarkd.daemon.service import Service
from landmarkd.errors import LandmarkdError
from landmarkd.settings.config import Configuration

log = logging.getLogger(__name__)


class Supervisor:
    """The daemon: a service, and on SIGHUP the service of the new configuration.

    A wrong new configuration is refused, and the old service continues. If the camera or the sinks
    of a correct new configuration do not open, the previous configuration is used again. The daemon
    ends only if that fails too. While the camera of the old service is away, a camera that is away
    too is no reason against the new one.

    Args:
        read: reads the configuration; raises a LandmarkdError if it is wrong.
        factory: builds the services.

    Attributes:
        processed, with_face: frames of all services that ended, in all and with a face.
    """

    def __init__(self, read: Callable[[], Configuration], factory: ServiceFactory) -> None:
        self._read, self._factory = read, factory
        self.processed = self.with_face = 0

    def run(self) -> None:
        """Run until the source ends, a limit is reached or a signal requests the end.

        Raises:
            LandmarkdError: the first configuration is wrong, or a source is lost.
        """
        self._factory.requests.obey()
        service = self._build(False)
        before: Configuration | None = None
        try:
            while True:
                service.on_reload = self._build
                service.has_fallback = before is not None
                try:
                    service.run()
                except Exception as error:
                    if service.started or before is None:
                        raise
                    # Even a defect in the back end of a new camera must not end a running daemon.
                    defect = None if isinstance(error, LandmarkdError | OSError) else error
                    said = "The new configuration does not start: %s"
                    log.warning(said, error, exc_info=defect, extra=ASKED)
                    log.warning("The previous configuration is used again.", extra=ASKED)
                    self._factory.notifier.long_step()
                    following = self._factory.build(before, present=False)
                    following.observer.refused = str(error) or type(error).__name__
                    before = None
                else:
                    self.processed += service.observer.processed
                    self.with_face += service.observer.with_face
                    if service.successor is None:
                        return
                    before, following = service.pipeline.configuration, service.successor
                following.capture.inherit(service.capture)
                following.began_ns = service.began_ns
                following.processed_before = self.processed
                for sink in following.sinks:
                    sink.follows = True
                service = following
        finally:
            self._factory.notifier.stopping()
            self._factory.notifier.close()

    def _build(self, present: bool) -> Service:
        return self._factory.build(self._read(), present=present)
