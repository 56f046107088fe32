"""Every error that landmarkd raises on purpose, and the exit code that a command ends with.

Each error inherits from `LandmarkdError` and from a matching builtin such as `TimeoutError`. The
message is one sentence that says what is wrong and what to do. Exit codes follow ``sysexits.h``.
"""

from enum import IntEnum


class ExitCode(IntEnum):
    """Exit codes of the process, as in ``sysexits.h``."""

    OK = 0
    """Success."""
    USAGE = 64
    """The command line is wrong."""
    DATA = 65
    """A file or stream cannot be used: a corrupt model, a file that is no video."""
    NO_INPUT = 66
    """A source does not exist: no such file, no such camera."""
    UNAVAILABLE = 69
    """A part is missing: the TFLite runtime, an optional package, a required accelerator."""
    INTERNAL = 70
    """A bug of landmarkd."""
    IO = 74
    """Reading or writing failed while running."""
    TEMPORARY = 75
    """A device is busy or was lost; trying again later may help. systemd restarts on this one."""
    NO_PERMISSION = 77
    """The user may not open the device or file."""
    CONFIGURATION = 78
    """The configuration file is wrong."""


LONGEST_MESSAGE = 600
"""Characters of a message; the middle of a longer message is left out."""


class LandmarkdError(Exception):
    """Base of all errors raised on purpose.

    Its message is one printable line, also if it quotes other characters.
    """

    exit_code = ExitCode.INTERNAL

    def __str__(self) -> str:
        text = super().__str__()
        if not text.isprintable():
            text = "".join(c if c.isprintable() else " " if c.isspace() else "?" for c in text)
        if len(text) > LONGEST_MESSAGE:
            half = LONGEST_MESSAGE // 2
            text = f"{text[:half]}…{text[-half:]}"
        return text


class UsageError(LandmarkdError, ValueError):
    """A command line argument, such as a URI, cannot be understood."""

    exit_code = ExitCode.USAGE


class ConfigurationError(LandmarkdError, ValueError):
    """A configuration file cannot be read or is not valid."""

    exit_code = ExitCode.CONFIGURATION


class SourceError(LandmarkdError, OSError):
    """A frame source is missing or failed."""

    exit_code = ExitCode.NO_INPUT


class SourceAbsentError(SourceError):
    """A camera does not exist now; it may be plugged in later."""


class SourceBusyError(SourceError):
    """Another program uses the camera."""

    exit_code = ExitCode.TEMPORARY


class SourceLostError(SourceError):
    """A camera disappeared or no longer delivers frames."""

    exit_code = ExitCode.TEMPORARY


class SourceFormatError(SourceError):
    """A file or frame has wrong content: not a video, a frame of another size."""

    exit_code = ExitCode.DATA


class SourceTimeoutError(SourceError, TimeoutError):
    """No frame came before the deadline."""

    exit_code = ExitCode.TEMPORARY


class EndOfStreamError(LandmarkdError, EOFError):
    """A finite source has delivered its last frame."""

    exit_code = ExitCode.OK


class AccessError(LandmarkdError, PermissionError):
    """The user may not open a device or file."""

    exit_code = ExitCode.NO_PERMISSION


class CalibrationError(LandmarkdError, ValueError):
    """The views of the calibration board do not determine the camera."""

    exit_code = ExitCode.DATA


class ModelError(LandmarkdError, ValueError):
    """A model file or manifest is missing, altered or not usable by the runtime."""

    exit_code = ExitCode.DATA


class InferenceRuntimeError(LandmarkdError, ImportError):
    """No TFLite runtime that works."""

    exit_code = ExitCode.UNAVAILABLE


class DelegateError(LandmarkdError, RuntimeError):
    """A required accelerator cannot be used, or was lost."""

    exit_code = ExitCode.UNAVAILABLE


class MissingPackageError(LandmarkdError, ImportError):
    """An optional package is missing."""

    exit_code = ExitCode.UNAVAILABLE


class SinkError(LandmarkdError, OSError):
    """A sink cannot be opened or written."""

    exit_code = ExitCode.IO


class SinkSetupError(SinkError):
    """A sink cannot work as configured: waiting does not help, the user must act.

    It ends a start and refuses a reload; after every other failure a sink tries again.
    """


class WireError(LandmarkdError, ValueError):
    """Bytes are not a valid message."""

    exit_code = ExitCode.DATA
