"""The table of `landmarkd listen` in the sending process, for a run without a sink."""

import threading

from landmarkd.cli.listen_output import TableOutput
from landmarkd.receive.loopback import udp_loopback
from landmarkd.receive.stream import FrameStream


class LiveTable:
    """Receives on a free port of loopback and shows a table; a context manager.

    Attributes:
        sink: URI of the sink that sends here.
    """

    def __init__(self) -> None:
        link, uri = udp_loopback()
        self.sink = f"{uri}?points=none"
        self._stream = FrameStream(link)
        self._output = TableOutput("landmarkd run")
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._draw, name="live table", daemon=True)

    def __enter__(self) -> "LiveTable":
        self._output.__enter__()
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._thread.join()
        self._output.close()
        self._stream.link.close()

    def _draw(self) -> None:
        while not self._done.is_set():
            for sender, record in self._stream.poll():
                self._output.record(sender, record)
            self._output.tick(self._stream.counters)
