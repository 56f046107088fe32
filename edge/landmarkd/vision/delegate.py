"""The Coral Edge TPU: found, and tried in a child process first.

A libedgetpu that does not match the TFLite runtime can crash the process. Therefore each pair is
first tried in a child, which loads the library, opens the model and runs it once. If the child does
not crash, the pair is used.

Run as a program, this module is that child: ``python -m landmarkd.vision.delegate DISTRIBUTION
LIBRARY MODEL``; it writes one line of JSON, ``{"problem": null}`` or ``{"problem": "..."}``.
"""

import ctypes
import json
import os
import signal
import subprocess
import sys
import sysconfig
from pathlib import Path
from typing import Any

from landmarkd.errors import DelegateError, ModelError
from landmarkd.vision.interpreter import (
    RUNTIMES,
    Interpreter,
    build_interpreter,
    claimed_nodes,
    describe_runtime,
    load_runtime,
    sentence,
)

# Another library, for example a path; by default the linker finds libedgetpu by its name.
LIBRARY_VARIABLE = "LANDMARKD_EDGETPU"
LIBRARY = "libedgetpu.so.1"
# The function of a delegate library that the runtime calls.
SYMBOLS = ("tflite_plugin_create_delegate", "tflite_plugin_destroy_delegate")
# The first use of a USB Coral uploads its firmware and waits for its restart: seconds, more on a Pi
# Zero.
PROBE_TIMEOUT_S = 30.0


def library_name() -> str:
    """Return the library of the Coral: LANDMARKD_EDGETPU or libedgetpu.so.1."""
    return os.environ.get(LIBRARY_VARIABLE) or LIBRARY


def library_present(library: str | None = None, root: Path = Path("/")) -> bool:
    """Return whether the linker finds the library, without loading it.

    Args:
        library: name or path; `library_name()` if None.
        root: of the file system that is searched for a name without a folder.
    """
    path = Path(library or library_name())
    if len(path.parts) > 1:
        return path.exists()
    triplet = sysconfig.get_config_var("MULTIARCH") or ""
    folders = [f"usr/lib/{triplet}", f"lib/{triplet}", "usr/local/lib", "usr/lib", "lib"]
    searched = [root / folder for folder in folders]
    searched += [
        Path(folder) for folder in os.environ.get("LD_LIBRARY_PATH", "").split(":") if folder
    ]
    return any((folder / path).exists() for folder in searched)


def open_coral(model: bytes | None) -> Interpreter:
    """Open a model on the Coral with the first runtime whose child process does not crash.

    Args:
        model: content of the .tflite file from the Edge TPU compiler, or None.

    Raises:
        DelegateError: no such model, library, device or matching runtime, or no operator runs on
            the Edge TPU.
    """
    library = library_name()
    if model is None:
        raise DelegateError(
            "This model has no version for the Edge TPU; make one with landmarkd models compile, "
            "or set delegate to none."
        )
    problems: list[str] = []
    for distribution in RUNTIMES:
        module = load_runtime(distribution)
        if isinstance(module, str):
            continue
        problem = probe(distribution, library, model)
        if problem is None:
            try:
                return _open(distribution, library, model)
            except DelegateError as error:
                problem = str(error)
        problems.append(f"with {describe_runtime(distribution)}: {problem}")
    raise DelegateError(
        f"The Coral cannot be used ({'; '.join(problems) or 'no TFLite runtime is installed'});"
        " landmarkd doctor shows details, and delegate = none uses the processor."
    )


def probe(
    distribution: str, library: str, model: bytes, timeout_s: float | None = None
) -> str | None:
    """Try one runtime with one library in a child process, which may crash.

    Returns:
        None if it works, or a description of the error.
    """
    command = [sys.executable, "-m", "landmarkd.vision.delegate", distribution, library]
    timeout_s = PROBE_TIMEOUT_S if timeout_s is None else timeout_s
    try:
        child = subprocess.run(  # noqa: S603
            command, input=model, capture_output=True, timeout=timeout_s, check=False
        )
    except subprocess.TimeoutExpired:
        return f"{library} did not answer within {timeout_s:g} s"
    except OSError as error:
        return f"the trial process did not start ({error.strerror})"
    if child.returncode < 0:
        name = signal.Signals(-child.returncode).name
        return f"{library} crashed the trial process ({name}), so it was built for another runtime"
    try:
        problem = json.loads(child.stdout.splitlines()[-1])["problem"]
    except (IndexError, ValueError, KeyError, TypeError):
        said = child.stderr.decode(errors="replace").strip().splitlines() or [
            f"exit status {child.returncode}"
        ]
        return f"the trial process failed ({said[-1]})"
    return None if problem is None else str(problem)


def _open(distribution: str, library: str, content: bytes) -> Interpreter:
    module = load_runtime(distribution)
    if isinstance(module, str):
        raise DelegateError(f"{distribution} cannot be loaded ({module})")
    try:
        delegate = module.load_delegate(library)
    except (OSError, AttributeError, ValueError) as error:
        # Without a device, libedgetpu gives no reason: the text then ends with the name of the
        # library.
        reason = sentence(error).removeprefix(f"Failed to load delegate from {library}")
        raise DelegateError(
            reason.strip() or "no Coral is plugged in, or this user may not open it"
        ) from error
    try:
        # Without the default delegates, all claimed operators are those of the Coral.
        interpreter = build_interpreter(module, content, 1, xnnpack=False, delegate=delegate)
    except (RuntimeError, ValueError) as error:
        # The message ends with an operator that the processor lacks too; the part of the Coral is
        # before that.
        said, unresolved, _ = sentence(error).partition("Encountered unresolved custom op")
        if unresolved and not said:
            raise DelegateError("the Coral took none of the model's operators") from error
        raise DelegateError(f"the Coral refused the model ({said})") from error
    if not claimed_nodes(interpreter):
        raise DelegateError("the Coral took none of the model's operators")
    return Interpreter(interpreter, distribution, delegate)


def _check_library(library: str) -> None:
    try:
        loaded: Any = ctypes.CDLL(library)
    except OSError as error:
        raise DelegateError(sentence(error)) from error
    missing = [symbol for symbol in SYMBOLS if not hasattr(loaded, symbol)]
    if missing:
        raise DelegateError(f"{library} is no TFLite delegate: it lacks {missing[0]}")


def _trial(distribution: str, library: str, model: bytes) -> str | None:
    try:
        _check_library(library)
        interpreter = _open(distribution, library, model)
        interpreter.invoke()
    except (DelegateError, ModelError) as error:
        return str(error)
    except RuntimeError as error:
        return f"the Coral failed at its first inference ({sentence(error)})"
    return None


if __name__ == "__main__":
    sys.stdout.write(
        "\n"
        + json.dumps({"problem": _trial(sys.argv[1], sys.argv[2], sys.stdin.buffer.read())})
        + "\n"
    )
