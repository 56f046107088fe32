"""Messages to systemd: sd_notify(3), one datagram to its socket."""

import os
import socket
import time


class Notifier:
    """Reports to systemd if systemd started the process; otherwise does nothing.

    Args:
        address: of the socket; NOTIFY_SOCKET of the environment by default.
        watchdog_us: time within which systemd expects a report; WATCHDOG_USEC of the environment by
            default.
    """

    def __init__(self, address: str | None = None, watchdog_us: int | None = None) -> None:
        self._address = os.environ.get("NOTIFY_SOCKET", "") if address is None else address
        if self._address.startswith("@"):
            self._address = "\0" + self._address[1:]
        if watchdog_us is None:
            ours = os.environ.get("WATCHDOG_PID", str(os.getpid())) == str(os.getpid())
            text = os.environ.get("WATCHDOG_USEC", "") if ours else ""
            watchdog_us = int(text) if text.isdigit() else 0
        self._period_ns = watchdog_us * 1000 // 2
        self._fed_ns = 0
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) if self._address else None

    def ready(self) -> None:
        """Report that camera, model and sinks are open."""
        self._send("READY=1")

    def reloading(self) -> None:
        """Report that the configuration is read again; `ready` follows."""
        self._send(f"RELOADING=1\nMONOTONIC_USEC={time.monotonic_ns() // 1000}")

    def stopping(self) -> None:
        """Report that the process ends."""
        self._send("STOPPING=1")

    def status(self, text: str) -> None:
        """Set the line that `systemctl status` shows."""
        self._send("STATUS=" + text.replace("\n", " "))

    def progress(self, now_ns: int) -> None:
        """Reset the watchdog if it is due. Call it only after progress of the pipeline."""
        if now_ns - self._fed_ns >= self._period_ns:
            self._feed(now_ns)

    def long_step(self) -> None:
        """Reset the watchdog before a step that may take long and has its own time limit."""
        self._feed(time.monotonic_ns())

    def close(self) -> None:
        """Close the socket."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _feed(self, now_ns: int) -> None:
        if self._period_ns:
            self._fed_ns = now_ns
            self._send("WATCHDOG=1")

    def _send(self, message: str) -> None:
        if self._socket is None:
            return
        try:
            self._socket.sendto(
                message.encode(), socket.MSG_DONTWAIT | socket.MSG_NOSIGNAL, self._address
            )
        except OSError:
            # A manager that does not listen must not stop the pipeline; its watchdog detects that.
            return
