"""Checks of the models, the TFLite runtime and the Coral."""

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

from landmarkd.doctor.finding import Check, Finding, Severity, fault, ok, warning
from landmarkd.errors import LandmarkdError, ModelError
from landmarkd.machine import Machine, may_use, trial
from landmarkd.settings.config import Configuration
from landmarkd.vision.delegate import library_name, library_present, probe
from landmarkd.vision.interpreter import RUNTIMES, describe_runtime, load_runtime
from landmarkd.vision.zoo import open_zoo

# A Coral on USB changes its USB id at its first use, https://github.com/google-coral/libedgetpu.
CORAL_USB = frozenset({("1a6e", "089a"), ("18d1", "9302")})
USB3_MBPS = 5000
_NOT_COMPILED = "has no version for the Edge TPU"

# Runs the model as the daemon does, in a process that may crash.
_TRIAL = """
import json, sys, time
from pathlib import Path
from landmarkd.errors import LandmarkdError
from landmarkd.vision.runtime import open_engine
try:
    engine = open_engine(Path(sys.argv[1]))
    times, end = [], time.perf_counter() + 1
    while not times or (len(times) < 20 and time.perf_counter() < end):
        began = time.perf_counter()
        engine.invoke()
        times.append(time.perf_counter() - began)
    print(json.dumps({
        "runtime": engine.runtime, "accelerator": engine.accelerator, "ms": min(times) * 1e3
    }))
except LandmarkdError as error:
    print(json.dumps({"problem": str(error)}))
"""


def models(_: Machine, configuration: Configuration) -> Iterator[Finding]:
    """Every model of the zoo is the file in its manifest."""
    try:
        zoo = open_zoo(configuration.model.folder)
        for card in zoo.manifest.models.values():
            for file in card.files:
                zoo.verified(file)
        name, _card = zoo.landmarks(configuration.model.name)
    except ModelError as error:
        yield fault("models", str(error), "pip install --force-reinstall --no-deps landmarkd")
        return
    yield ok("models", f"{len(zoo.manifest.models)} models are unchanged (sha256); {name} is used.")


def runtime(
    _: Machine, configuration: Configuration, attempt: Callable[..., tuple[Any, str]] | None = None
) -> Iterator[Finding]:
    """A TFLite runtime runs the model with XNNPACK."""
    try:
        zoo = open_zoo(configuration.model.folder)
        card = zoo.landmarks(configuration.model.name)[1]
        zoo.verified(card)
    except ModelError:
        return  # Reported by `models`.
    answer, problem = (attempt or partial(trial, _TRIAL))(str(zoo.folder / card.file))
    if not isinstance(answer, dict):
        answer = {"problem": f"The TFLite runtime fails: {problem}."}
    if "problem" in answer:
        yield fault("runtime", answer["problem"], "pip install --upgrade ai-edge-litert")
        return
    text = f"{answer['runtime']}, {answer['ms']:.1f} ms an inference at best"
    if answer["accelerator"] == "none":
        remedy = (
            "pip install --upgrade ai-edge-litert; in a container or chroot also mount /sys, "
            "where XNNPACK reads the type of the processor."
        )
        yield warning("runtime", f"{text}, but without XNNPACK: several times slower.", remedy)
    else:
        yield ok("runtime", f"{text}, with XNNPACK.")


def coral(machine: Machine, configuration: Configuration) -> Iterator[Finding]:
    """A Coral that is plugged in, or required, really runs the model."""
    devices = [
        device
        for device in machine.glob("/sys/bus/usb/devices/*")
        if _usb_id(machine, device) in CORAL_USB
    ]
    demanded = configuration.model.delegate == "coral"
    present = bool(devices) or bool(machine.glob("/dev/apex_*"))
    if not present and not demanded:
        share = _coral_share(configuration, "One would run ")
        yield ok("coral", f"No Coral is plugged in, and the configuration asks for none.{share}")
        return
    if not present:
        remedy = 'Plug it in, or set delegate = "none" under [model] in the configuration.'
        yield fault("coral", "The configuration requires a Coral, and none is plugged in.", remedy)
        return
    yield from _coral_port(machine, devices)
    severity = Severity.ERROR if demanded else Severity.WARNING
    library = library_name()
    if not library_present(library, machine.root):
        remedy = "Install a libedgetpu1-std that matches the runtime; see landmarkd help device."
        yield Finding(
            "coral", severity, f"A Coral is plugged in and {library} is not installed.", remedy
        )
        return
    problem = _coral_problem(configuration, library)
    if problem:
        remedy = (
            "Install a libedgetpu built for this runtime, or do not use the Coral; "
            "see landmarkd help device."
        )
        if problem.endswith(_NOT_COMPILED):
            remedy = "landmarkd models compile"
        share = _coral_share(configuration, "It would run ")
        yield Finding("coral", severity, f"The Coral does not work: {problem}.{share}", remedy)
    else:
        share = _coral_share(configuration, "It takes ")
        yield ok("coral", f"The Coral runs the model.{share}")


def _coral_port(machine: Machine, devices: list[Path]) -> Iterator[Finding]:
    for device in devices:
        speed = machine.number(f"/{device.relative_to(machine.root)}/speed")
        if speed is not None and speed < USB3_MBPS:
            text = (
                f"The Coral is on a USB 2 port ({speed} Mbit/s): "
                "inference takes about three times as long."
            )
            yield warning("coral_port", text, "Move it to a blue USB 3 port, without a hub.")
        node = _usb_node(machine, device)
        if node is not None and node.exists() and not may_use(node):
            remedy = (
                "sudo usermod -aG plugdev $USER, install systemd/udev/60-landmarkd.rules, "
                "and plug it in again."
            )
            yield fault("coral_access", f"{node} may not be opened by this user.", remedy)


def _coral_share(configuration: Configuration, beginning: str) -> str:
    """Return a sentence, after a space, about the share of the model that the Coral runs."""
    try:
        name, card = open_zoo(configuration.model.folder).landmarks(configuration.model.name)
    except ModelError:
        return ""  # Reported by `models`.
    return f" {beginning}{card.coral_share} of the multiply-adds of {name}."


def _coral_problem(configuration: Configuration, library: str) -> str | None:
    try:
        zoo = open_zoo(configuration.model.folder)
        name, card = zoo.landmarks(configuration.model.name)
        if card.edgetpu is None:
            return f"the model {name} {_NOT_COMPILED}"
        model = zoo.verified(card.edgetpu)
    except LandmarkdError as error:
        return str(error)
    problems = []
    for distribution in RUNTIMES:
        if not isinstance(load_runtime(distribution), str):
            problem = probe(distribution, library, model)
            if problem is None:
                return None
            problems.append(f"with {describe_runtime(distribution)}: {problem}")
    return "; ".join(problems) or "there is no TFLite runtime"


def _usb_id(machine: Machine, device: Path) -> tuple[str | None, str | None]:
    folder = f"/{device.relative_to(machine.root)}"
    return machine.read(f"{folder}/idVendor"), machine.read(f"{folder}/idProduct")


def _usb_node(machine: Machine, device: Path) -> Path | None:
    folder = f"/{device.relative_to(machine.root)}"
    bus, number = machine.number(f"{folder}/busnum"), machine.number(f"{folder}/devnum")
    return (
        None
        if bus is None or number is None
        else machine.path(f"/dev/bus/usb/{bus:03d}/{number:03d}")
    )


CHECKS: tuple[Check, ...] = (models, runtime, coral)
