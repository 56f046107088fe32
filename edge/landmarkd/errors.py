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

    def __init_subclass__(cls, code: ExitCode | None = None) -> None:
        """Set the exit code of a class, by default that of its base."""
        cls.exit_code = cls.exit_code if code is None else code

    def __str__(self) -> str:
        text = super().__str__()
        if not text.isprintable():
            text = "".join(c if c.isprintable() else " " if c.isspace() else "?" for c in text)
        if len(text) > LONGEST_MESSAGE:
            half = LONGEST_MESSAGE // 2
            text = f"{text[:half]}…{text[-half:]}"
        return text


class UsageError(LandmarkdError, ValueError, code=ExitCode.USAGE):
    """A command line argument, such as a URI, cannot be understood."""


class ConfigurationError(LandmarkdError, ValueError, code=ExitCode.CONFIGURATION):
    """A configuration file cannot be read or is not valid."""


class SourceError(LandmarkdError, OSError, code=ExitCode.NO_INPUT):
    """A frame source is missing or failed."""


class SourceAbsentError(SourceError):
    """A camera does not exist now; it may be plugged in later."""


class SourceBusyError(SourceError, code=ExitCode.TEMPORARY):
    """Another program uses the camera."""


class SourceLostError(SourceError, code=ExitCode.TEMPORARY):
    """A camera disappeared or no longer delivers frames."""


class SourceFormatError(SourceError, code=ExitCode.DATA):
    """A file or frame has wrong content: not a video, a frame of another size."""


class SourceTimeoutError(SourceError, TimeoutError, code=ExitCode.TEMPORARY):
    """No frame came before the deadline."""


class EndOfStreamError(LandmarkdError, EOFError, code=ExitCode.OK):
    """A finite source has delivered its last frame."""


class AccessError(LandmarkdError, PermissionError, code=ExitCode.NO_PERMISSION):
    """The user may not open a device or file."""


class CalibrationError(LandmarkdError, ValueError, code=ExitCode.DATA):
    """The views of the calibration board do not determine the camera."""


class ModelError(LandmarkdError, ValueError, code=ExitCode.DATA):
    """A model file or manifest is missing, altered or not usable by the runtime."""


class InferenceRuntimeError(LandmarkdError, ImportError, code=ExitCode.UNAVAILABLE):
    """No TFLite runtime that works."""


class DelegateError(LandmarkdError, RuntimeError, code=ExitCode.UNAVAILABLE):
    """A required accelerator cannot be used, or was lost."""


class MissingPackageError(LandmarkdError, ImportError, code=ExitCode.UNAVAILABLE):
    """An optional package is missing."""


class SinkError(LandmarkdError, OSError, code=ExitCode.IO):
    """A sink cannot be opened or written."""


class SinkSetupError(SinkError):
    """A sink cannot work as configured: waiting does not help, the user must act.

    It ends a start and refuses a reload; after every other failure a sink tries again.
    """


class WireError(LandmarkdError, ValueError, code=ExitCode.DATA):
    """Bytes are not a valid message."""
