"""Measures the model alone: threads, XNNPACK, Coral, other models, and each operator."""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from landmarkd.errors import DelegateError, InferenceRuntimeError, LandmarkdError, ModelError
from landmarkd.vision.cards import LandmarkCard
from landmarkd.vision.delegate import library_present
from landmarkd.vision.interpreter import open_interpreter
from landmarkd.vision.runtime import DelegateChoice, Engine, read_model
from landmarkd.vision.zoo import Zoo

ROUNDS = 3
"""Number of alternating rounds, so that a clock that falls with heat does not favour the first
variant."""

WORTH_IT = 0.85
"""More threads are recommended only if they reduce the time to this share."""


@dataclass(frozen=True, slots=True)
class Variant:
    """One way to run a model, and its time of an inference.

    Attributes:
        model: name in the zoo.
        threads: of the CPU.
        xnnpack: whether it is requested.
        delegate: "none" or "coral".
        accelerator: that really runs it.
        p50_ms, p90_ms: milliseconds; None if it does not run.
        problem: why it does not run, or empty.
    """

    model: str
    threads: int
    xnnpack: bool = True
    delegate: DelegateChoice = "none"
    accelerator: str = ""
    p50_ms: float | None = None
    p90_ms: float | None = None
    problem: str = ""


def variants(zoo: Zoo, model: str, threads: Sequence[int] = (1, 2, 3, 4)) -> list[Variant]:
    """Return the variants to try: threads, plain kernels, a Coral, the other models."""
    found = [Variant(model, count) for count in threads]
    found.append(Variant(model, 1, xnnpack=False))
    if library_present():
        found.append(Variant(model, 1, delegate="coral"))
    others = (name for name, card in zoo.manifest.models.items() if isinstance(card, LandmarkCard))
    return found + [Variant(name, 1) for name in others if name != model]


def sweep(
    zoo: Zoo,
    wanted: Sequence[Variant],
    invocations: int = 40,
    tick: Callable[[], None] = lambda: None,
) -> list[Variant]:
    """Measure each variant with random pixels; variants that cannot run have a problem.

    Args:
        zoo: where the models are.
        wanted: variants to measure.
        invocations: of each variant in each round; a first round is not measured.
        tick: called after each variant of each round.
    """
    engines: list[tuple[Variant, Engine | str]] = [
        (variant, _open(zoo, variant)) for variant in wanted
    ]
    times: list[list[float]] = [[] for _ in engines]
    for turn in range(ROUNDS + 1):
        for (_, engine), spent in zip(engines, times, strict=True):
            if isinstance(engine, Engine):
                measured = _time(engine, invocations if turn else max(invocations // 4, 1))
                spent.extend(measured if turn else [])
            tick()
    results = []
    for (variant, engine), spent in zip(engines, times, strict=True):
        results.append(_result(variant, engine, spent))
        if isinstance(engine, Engine):
            engine.close()
    return results


def recommend(results: Sequence[Variant], model: str) -> dict[str, Any]:
    """Return settings, reason and a piece of configuration; empty if nothing ran."""
    ran = [result for result in results if result.model == model and result.p50_ms is not None]
    if not ran:
        return {}
    cpu = sorted(
        # No setting chooses the plain kernels; they are measured to show what XNNPACK gains.
        (result for result in ran if result.accelerator != "edgetpu" and result.xnnpack),
        key=lambda result: result.threads,
    )
    best = cpu[0] if cpu else ran[0]
    for result in (*cpu[1:], *(result for result in ran if result.accelerator == "edgetpu")):
        if (result.p50_ms or 0) <= (best.p50_ms or 0) * WORTH_IT:
            best = result
    single = next((result for result in cpu if result.threads == 1), best)
    if best.accelerator == "edgetpu":
        reason = (
            f"The Coral takes {best.p50_ms:.2f} ms an inference, one core {single.p50_ms:.2f} ms."
        )
    elif best.threads == 1:
        reason = (
            f"One thread takes {best.p50_ms:.2f} ms an inference; "
            f"more gain less than {1 - WORTH_IT:.0%}."
        )
    else:
        reason = (
            f"{best.threads} threads take {best.p50_ms:.2f} ms an inference, "
            f"one takes {single.p50_ms:.2f} ms."
        )
    snippet = f'[model]\nname = "{model}"\nthreads = {best.threads}\ndelegate = "{best.delegate}"\n'
    return {
        "threads": best.threads,
        "delegate": best.delegate,
        "reason": reason,
        "configuration": snippet,
    }


def operators(
    model: Path | bytes, invocations: int = 20, tick: Callable[[], None] = lambda: None
) -> list[dict[str, Any]]:
    """Return the time of each operator of a model, with models that end after it.

    No runtime reports the time of an operator in Python. Therefore models that end after each
    operator are measured, and the difference of neighbours is the time of an operator. XNNPACK
    fuses operators, so that single values are estimates and may be 0; their sum is exact.

    Raises:
        InferenceRuntimeError: this runtime has no description of the file format (ai-edge-litert
            has).
    """
    prefixes = list(_prefixes(read_model(model)))
    interpreters = [(name, open_interpreter(content)) for name, content in prefixes]
    best = np.full(len(interpreters), np.inf)
    for _ in range(ROUNDS):
        for index, (_, interpreter) in enumerate(interpreters):
            engine = Engine(interpreter)
            best[index] = min(best[index], *_time(engine, invocations))
            tick()
    # A model cannot take longer than a longer one, although a measurement may say so.
    cumulative = np.minimum.accumulate(best[::-1])[::-1]
    each = np.diff(cumulative, prepend=0.0)
    return [
        {
            "index": index,
            "operator": name,
            "ms": round(float(spent), 4),
            "cumulative_ms": round(float(total), 4),
        }
        for index, ((name, _), spent, total) in enumerate(
            zip(interpreters, each, cumulative, strict=True)
        )
    ]


def _prefixes(content: bytes) -> Iterator[tuple[str, bytes]]:
    """Yield each operator's name and the model that ends with it."""
    try:
        import flatbuffers
        from ai_edge_litert import schema_py_generated as schema
    except ImportError as error:
        raise InferenceRuntimeError(
            "The time of operators needs ai-edge-litert, which describes the file format; "
            "pip install ai-edge-litert."
        ) from error
    names = {
        value: name
        for name, value in vars(schema.BuiltinOperator).items()
        if isinstance(value, int)
    }
    model = schema.ModelT.InitFromPackedBuf(bytearray(content), 0)
    graph = model.subgraphs[0]
    steps = graph.operators
    model.signatureDefs = None
    for buffer in model.buffers:
        if buffer.offset > 1:
            # Large files have weights after the FlatBuffer; move them into it first.
            buffer.data = np.frombuffer(content, np.uint8, buffer.size, buffer.offset)
            buffer.offset = buffer.size = 0
    for count, step in enumerate(steps, start=1):
        graph.operators, graph.outputs = steps[:count], step.outputs
        builder = flatbuffers.Builder(len(content) + 4096)
        builder.Finish(model.Pack(builder), b"TFL3")
        yield (
            names.get(model.operatorCodes[step.opcodeIndex].builtinCode, "CUSTOM"),
            bytes(builder.Output()),
        )


def _open(zoo: Zoo, variant: Variant) -> Engine | str:
    try:
        _, card = zoo.landmarks(variant.model)
        return zoo.open(
            card, threads=variant.threads, delegate=variant.delegate, xnnpack=variant.xnnpack
        )
    except (ModelError, DelegateError, InferenceRuntimeError) as error:
        return str(error)


def _time(engine: Engine, invocations: int) -> list[float]:
    """Return the milliseconds of inferences; ends if the accelerator is lost."""
    for index, spec in enumerate(engine.inputs):
        if np.issubdtype(spec.dtype, np.integer):
            engine.input(index).view(np.uint8)[:] = np.random.default_rng(0).integers(
                0, 256, spec.shape, np.uint8
            )
    spent = []
    for _ in range(invocations):
        began_ns = time.perf_counter_ns()
        try:
            engine.invoke()
        except LandmarkdError:
            break
        spent.append((time.perf_counter_ns() - began_ns) / 1e6)
    return spent or [float("inf")]


def _result(variant: Variant, engine: Engine | str, spent: list[float]) -> Variant:
    if isinstance(engine, str):
        return replace(variant, problem=engine)
    p50, p90 = np.percentile(spent, (50, 90))
    if not np.isfinite(p90):
        return replace(
            variant, accelerator=engine.accelerator, problem="it was lost while it was measured"
        )
    return replace(
        variant,
        accelerator=engine.accelerator,
        p50_ms=round(float(p50), 4),
        p90_ms=round(float(p90), 4),
    )
