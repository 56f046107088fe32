"""Fuzzing one target for some seconds, by coverage: with atheris, or by mutation without it.

Both keep in a folder each input that reached new code.
"""

import hashlib
import os
import random
import re
import sys
import tempfile
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

from tests.fuzz.test_parsers import TOKENS

MAX_LENGTH = 4096
NAME = "atheris" if "atheris" in sys.modules else "mutation of the corpus"


def run(
    target: Callable[[bytes], object], corpus: Path, seeds: list[bytes], seconds: int
) -> tuple[int, str]:
    """Fuzz in a child process, so that a crash of the interpreter is a finding as well.

    Args:
        target: takes an input; any exception is a finding.
        corpus: folder that grows by inputs that reach new code; an input that failed is written
            beside it.
        seeds: first inputs.
        seconds: how long.

    Returns:
        Executions, and what was found ("" for nothing).
    """
    corpus.mkdir(parents=True, exist_ok=True)
    for seed in seeds:
        _keep(corpus, seed)
    with tempfile.TemporaryFile("w+b") as log:
        child = os.fork()
        if not child:
            _child(target, corpus, seconds, log.fileno())
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        log.seek(0)
        said = log.read().decode(errors="replace")
    counts = re.findall(r"(?:Done |number_of_executed_units: )(\d+)", said)
    executions = max(map(int, counts), default=0)
    return executions, f"exit code {code}\n{said[-3000:]}" if code else ""


def _keep(corpus: Path, content: bytes) -> None:
    (corpus / hashlib.sha256(content).hexdigest()[:40]).write_bytes(content)


def _child(target: Callable[[bytes], object], corpus: Path, seconds: int, log: int) -> None:
    os.dup2(log, 1)
    os.dup2(log, 2)
    code = 1
    try:
        if "atheris" in sys.modules:
            _atheris(target, corpus, seconds)
        else:
            _mutate(target, corpus, seconds)
        code = 0
    except BaseException:
        os.write(2, traceback.format_exc().encode())
    finally:
        os._exit(code)


def _atheris(target: Callable[[bytes], object], corpus: Path, seconds: int) -> None:
    import atheris

    words = corpus.with_suffix(".dict")
    lines = ("".join(f"\\x{byte:02x}" for byte in token[:60]) for token in TOKENS)
    words.write_text("".join(f'"{line}"\n' for line in lines))
    options = {
        "max_total_time": seconds,
        "max_len": MAX_LENGTH,
        "timeout": 20,
        "rss_limit_mb": 4096,
        "print_final_stats": 1,
        "artifact_prefix": f"{corpus}.",
        "dict": words,
    }
    atheris.Setup(
        ["fuzz", *(f"-{name}={value}" for name, value in options.items()), str(corpus)], target
    )
    atheris.Fuzz()


def _mutate(target: Callable[[bytes], object], corpus: Path, seconds: int) -> None:
    """Change inputs of the corpus at random and keep those that reach new lines of landmarkd."""
    inputs = [file.read_bytes() for file in sorted(corpus.iterdir())]
    chance, lines, new = random.Random(), set(), False  # a seed of its own at each start

    def trace(frame: FrameType, event: str, _: Any) -> Any:
        nonlocal new
        code = frame.f_code
        if event == "call" and "/landmarkd/" not in code.co_filename:
            return None
        if event == "line" and (key := (code, frame.f_lineno)) not in lines:
            lines.add(key)
            new = True
        return trace

    executions, end = 0, 0.0  # the time begins after the first inputs
    queue = list(inputs)
    while queue or time.monotonic() < end:
        if len(queue) == 1:
            end = time.monotonic() + seconds
        content = queue.pop() if queue else changed(chance.choice(inputs), chance)
        new = False
        sys.settrace(trace)
        try:
            target(content)
        except BaseException:
            Path(f"{corpus}.crash-{hashlib.sha256(content).hexdigest()[:40]}").write_bytes(content)
            raise
        finally:
            sys.settrace(None)
        executions += 1
        if new and content not in inputs:
            inputs.append(content)
            _keep(corpus, content)
    os.write(1, f"Done {executions} runs\n".encode())


def changed(content: bytes, chance: random.Random) -> bytes:
    """Return the content with one to four pieces replaced, removed, doubled or made a token."""
    out = bytearray(content)
    for _ in range(chance.randint(1, 4)):
        at, length = chance.randint(0, len(out)), chance.randint(0, 12)
        piece = chance.choice(
            (
                chance.choice(TOKENS),
                chance.randbytes(chance.randint(0, 4)),
                out[at : at + length] * 2,
            )
        )
        out[at : at + length] = piece
    return bytes(out[:MAX_LENGTH])
