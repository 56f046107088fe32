"""From a configuration to a service: builds and checks everything and opens nothing."""

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass, field

from landmarkd.camera import make_source, written_out
from landmarkd.daemon.baselines import BaselineKeeper
from landmarkd.daemon.limits import Limits
from landmarkd.daemon.metrics_port import MetricsPorts
from landmarkd.daemon.notify import Notifier
from landmarkd.daemon.requests import Requests
from landmarkd.daemon.saver import FrameSaver
from landmarkd.daemon.service import Publisher, Service
from landmarkd.errors import UsageError
from landmarkd.files import refuse_itself
from landmarkd.pipeline import Pipeline
from landmarkd.settings.config import Configuration, named_source
from landmarkd.sinks import make_sink
from landmarkd.uri import named_file


@dataclass(frozen=True, slots=True)
class ServiceFactory:
    """Builds services with different configurations.

    Attributes:
        requests: signals that the process received.
        notifier: reports to the service manager.
        limits: when a service ends by itself.
        publishers: get a snapshot once a second.
        saver: writes each frame to a folder, if requested.
        fast: read files as fast as possible.
        metrics: opens the port for Prometheus; None opens none, whatever is configured.
    """

    requests: Requests
    notifier: Notifier
    limits: Limits = field(default_factory=Limits)
    publishers: Sequence[Publisher] = ()
    saver: FrameSaver | None = None
    fast: bool = False
    metrics: MetricsPorts | None = None

    def build(self, configuration: Configuration, *, present: bool = True) -> Service:
        """Return the service of a configuration, with its models loaded, not yet started.

        Args:
            configuration: of the whole daemon.
            present: a missing camera is an error; else the service waits for it.

        Raises:
            LandmarkdError: all errors that can be found without opening camera and sinks: no source
                or sink is named, or a file, folder, device, command, model or calibration is
                missing or not usable.
        """
        source = make_source(named_source(configuration), fast=self.fast)
        if not configuration.sinks:
            raise UsageError(
                "No sink: add --sink jsonl:- to print the results, or --sink udp://host:port, or "
                "sinks to the configuration."
            )
        source.check(present=present)
        read = named_file(written_out(configuration.source.uri)).expanduser()
        for uri in configuration.sinks:
            refuse_itself(named_file(uri), read, uri)
        keeper = BaselineKeeper.of(configuration.driver) if source.live else None
        pipeline = Pipeline(configuration, baseline=keeper.known if keeper else None)
        with contextlib.ExitStack() as undo:
            undo.callback(pipeline.close)
            session = pipeline.session()
            sinks = [make_sink(uri, session) for uri in configuration.sinks]
            for sink in sinks:
                sink.check()
            publishers = [*self.publishers]
            if self.metrics is not None:
                publishers.append(self.metrics.open(configuration.service.metrics_port))
            service = Service(
                source,
                pipeline,
                sinks,
                self.limits,
                publishers=publishers,
                keeper=keeper,
                saver=self.saver,
                requests=self.requests,
                notifier=self.notifier,
            )
            undo.pop_all()
        return service
