"""Every error that landmarkd raises on purpose, and the exit code that a command ends with.

Each error inherits from `LandmarkdError` and from the builtin that it is a case of, so that both
``except LandmarkdError`` and, say, ``except TimeoutError`` work. The message is one sentence that
says what is wrong, followed by what to do about it. Exit codes follow ``sysexits.h``.
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
    """A needed part is missing: the TFLite runtime, an optional package, a demanded accelerator."""
    INTERNAL = 70
    """A defect of landmarkd itself."""
    IO = 74
    """Reading or writing failed while running."""
    TEMPORARY = 75
    """A device is busy or was lost; trying again later may help. systemd restarts on this one."""
    NO_PERMISSION = 77
    """The user may not open the device or file."""
    CONFIGURATION = 78
    """The configuration file is wrong."""


LONGEST_MESSAGE = 600
"""Characters of a message; what is longer quotes something that nobody wants to read whole."""


class LandmarkdError(Exception):
    """Base of all errors raised on purpose.

    Its message is one printable line, whatever the name or value that it quotes holds.
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
    """A command line argument, a URI for example, that cannot be understood."""

    exit_code = ExitCode.USAGE


class ConfigurationError(LandmarkdError, ValueError):
    """A configuration file that cannot be read or does not validate."""

    exit_code = ExitCode.CONFIGURATION


class SourceError(LandmarkdError, OSError):
    """A frame source that is missing or failed."""

    exit_code = ExitCode.NO_INPUT


class SourceAbsentError(SourceError):
    """A camera that is not there; it may come."""


class SourceBusyError(SourceError):
    """A camera that another program holds."""

    exit_code = ExitCode.TEMPORARY


class SourceLostError(SourceError):
    """A camera that was there and is gone or no longer delivers."""

    exit_code = ExitCode.TEMPORARY


class SourceFormatError(SourceError):
    """A file or frame that is not what it should be: not a video, a frame of another size."""

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
    """Views of the calibration board from which no camera follows."""

    exit_code = ExitCode.DATA


class ModelError(LandmarkdError, ValueError):
    """A model file or manifest that is missing, altered or not what the runtime can take."""

    exit_code = ExitCode.DATA


class InferenceRuntimeError(LandmarkdError, ImportError):
    """No TFLite runtime that works."""

    exit_code = ExitCode.UNAVAILABLE


class DelegateError(LandmarkdError, RuntimeError):
    """An accelerator that was demanded and cannot be used, or was lost."""

    exit_code = ExitCode.UNAVAILABLE


class MissingPackageError(LandmarkdError, ImportError):
    """An optional package that a chosen part needs."""

    exit_code = ExitCode.UNAVAILABLE


class SinkError(LandmarkdError, OSError):
    """A sink that cannot be opened or written."""

    exit_code = ExitCode.IO


class SinkSetupError(SinkError):
    """A sink that cannot work as it is configured: waiting does not help, the user must act.

    It ends a start and refuses a reload; every other failure of a sink is tried again.
    """


class WireError(LandmarkdError, ValueError):
    """Bytes that are not a valid message."""

    exit_code = ExitCode.DATA
