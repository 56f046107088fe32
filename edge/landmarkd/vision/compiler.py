"""Compiles models for the Edge TPU with the compiler of Google, and checks the results.

The compiler is a closed program for x86-64, see https://coral.ai/docs/edgetpu/compiler. It writes
NAME_edgetpu.tflite, with one operator `edgetpu-custom-op` for the Edge TPU; the following operators
do not change and run on the processor. Models that are compiled in one call share the memory of the
Edge TPU, so that the networks of a frame do not replace each other's weights.
"""

import hashlib
import json
import os
import shutil
import subprocess
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from pydantic import ValidationError

from landmarkd.errors import AccessError, MissingPackageError, ModelError, SinkError
from landmarkd.files import read_bounded, write_atomic
from landmarkd.machine import trial
from landmarkd.vision.cards import Card, Manifest
from landmarkd.vision.interpreter import RUNTIMES, load_runtime, no_runtime
from landmarkd.vision.runtime import read_model
from landmarkd.vision.zoo import MAX_MANIFEST_BYTES, MAX_MODEL_BYTES, Zoo

COMPILER = "edgetpu_compiler"
CUSTOM_OPERATOR = "edgetpu-custom-op"
TIMEOUT_S = 600.0
"""The limit of the compiler itself is 180 s."""

# A runtime may crash on a damaged file, so it is opened in another process.
_OPEN = """
import json, sys
from pathlib import Path
from landmarkd.vision.compiler import signature
print(json.dumps(signature(Path(sys.argv[1]).read_bytes())))
"""


@dataclass(frozen=True, slots=True)
class Compiled:
    """One model for the Edge TPU, checked.

    Attributes:
        name: of the model in the zoo.
        source: sha256 of its model for the processor.
        file: name of its file, with a part of the sha256 of the content, so that a new result does
            not replace the old one before the manifest names it, also after a power cut.
        content: of the file.
        left: operators that stay on the processor.
    """

    name: str
    source: str
    file: str
    content: bytes
    left: int


def find_compiler(named: Path | None = None) -> str:
    """Return the path of the compiler.

    Raises:
        MissingPackageError: it is missing; the message says what to install.
    """
    found = shutil.which(named or COMPILER)
    if found is None:
        raise MissingPackageError(
            f"{named or COMPILER} is not installed; install Google's package edgetpu-compiler "
            "(https://coral.ai/docs/edgetpu/compiler, for x86-64 Debian only) and run this there, "
            "or name the program with --compiler PATH."
        )
    return found


def check_writable(folder: Path) -> None:
    """Raise AccessError if a folder cannot be written or made, before the long compilation."""
    existing = next(path for path in (folder, *folder.absolute().parents) if path.exists())
    if not existing.is_dir() or not os.access(existing, os.W_OK | os.X_OK):
        raise AccessError(
            f"{folder} cannot be written; name another folder with --models DIR, and then "
            "as folder under [model] in the configuration."
        )


def compile_models(compiler: str, zoo: Zoo, cards: Mapping[str, Card]) -> list[Compiled]:
    """Compile models of a zoo together and check the results. Nothing is written into the zoo.

    If a model has an int8 file (`whole`), this file is compiled.

    Raises:
        ModelError: a model is not that of the manifest, the compiler refused it, or the result is
            not a model for the Edge TPU with the same inputs and outputs.
        MissingPackageError: the compiler cannot be run.
    """
    with TemporaryDirectory(prefix="landmarkd-") as folder:
        sources = {}
        for name, card in cards.items():
            file = card.whole or card
            sources[name] = Path(folder, file.file)
            sources[name].write_bytes(zoo.verified(file))
        said = _run(compiler, sources)
        return [_result(name, cards[name], source, said) for name, source in sources.items()]


def _result(name: str, card: Card, source: Path, said: str) -> Compiled:
    result = source.with_name(f"{source.stem}_edgetpu.tflite")
    try:
        content = read_model(read_bounded(result, MAX_MODEL_BYTES))
    except (OSError, ModelError) as error:
        raise ModelError(f"The compiler made no model of {name} ({said}).") from error
    left = _check(name, source, result)
    digest = hashlib.sha256(content).hexdigest()
    return Compiled(name, card.sha256, f"{result.stem}-{digest[:8]}.tflite", content, left)


def store(results: Iterable[Compiled], zoo: Zoo, folder: Path) -> Zoo:
    """Put compiled models into a zoo: all of them or, after an error, none.

    Args:
        results: of `compile_models`.
        zoo: of the source models.
        folder: of that zoo, or a new folder that becomes a copy of it.

    Returns:
        The zoo in `folder`, its manifest validated and its new files verified.

    Raises:
        ModelError: the zoo has changed, or would not be valid.
        SinkError: a file cannot be written.
    """
    results = tuple(results)
    files = {result.file: result.content for result in results}
    if folder.resolve() != zoo.folder.resolve():
        known = [file for card in zoo.manifest.models.values() for file in card.files]
        files |= {file.file: zoo.verified(file) for file in known}
        files |= {page.name: page.read_bytes() for page in zoo.folder.glob("*.md")}
    manifest, replaced = _manifest(results, zoo)
    made: list[Path] = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in files.items():
            made += [] if (folder / name).exists() else [folder / name]
            write_atomic(folder / name, content)
        write_atomic(folder / "manifest.json", manifest)
    except OSError as error:
        for path in made:
            path.unlink(missing_ok=True)
        raise SinkError(f"{folder}: {error.strerror}; nothing was changed.") from error
    for name in replaced:
        (folder / name).unlink(missing_ok=True)
    stored = Zoo(folder)
    for result in results:
        compiled = stored.manifest.models[result.name].edgetpu
        assert compiled is not None  # noqa: S101
        stored.verified(compiled)
    return stored


def signature(content: bytes) -> dict[str, Any]:
    """Return the names of a model's operators, and shape, type, scale and zero of what it takes.

    Only the part for the processor could run here, so no tensors are allocated.

    Raises:
        InferenceRuntimeError: there is no TFLite runtime.
        ValueError: the runtime refuses the model.
    """
    failures = {}
    for distribution in RUNTIMES:
        module = load_runtime(distribution)
        if isinstance(module, str):
            failures[distribution] = module
            continue
        resolver = module.OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES
        opened = module.Interpreter(model_content=content, experimental_op_resolver_type=resolver)
        details = (*opened.get_input_details(), *opened.get_output_details())
        return {
            "operators": [step["op_name"] for step in opened._get_ops_details()],
            "tensors": [
                [each["shape"].tolist(), each["dtype"].__name__, *each["quantization"]]
                for each in details
            ],
        }
    raise no_runtime(failures)


def _run(compiler: str, models: Mapping[str, Path]) -> str:
    """Run the compiler on models by their names; return the most useful line of its output."""
    names, paths = ", ".join(models), list(models.values())
    command = [compiler, "--out_dir", str(paths[0].parent), *map(str, paths)]
    try:
        done = subprocess.run(  # noqa: S603
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=TIMEOUT_S,
            check=False,
        )
    except OSError as error:
        raise MissingPackageError(
            f"{compiler} cannot be run ({error.strerror}); it is a program for x86-64 Linux: "
            "run this on such a machine and copy the folder of models."
        ) from error
    except subprocess.TimeoutExpired as error:
        raise ModelError(
            f"{compiler} did not finish {names} within {TIMEOUT_S:g} s; nothing was changed."
        ) from error
    lines = [line for line in done.stdout.decode(errors="replace").splitlines() if line.strip()]
    lines = lines or [f"exit status {done.returncode}"]
    said = next((line for line in lines if line.startswith("ERROR")), lines[-1]).strip()
    if done.returncode:
        raise ModelError(f"The compiler refused {names} ({said}); nothing was changed.")
    return said


def _check(name: str, source: Path, result: Path) -> int:
    """Compare the result with its source; return the number of operators on the processor."""
    plain, problem = trial(_OPEN, str(source))
    compiled, problem = (None, problem) if plain is None else trial(_OPEN, str(result))
    if compiled is None:
        raise ModelError(f"The compiled {name} does not open ({problem}); nothing was changed.")
    operators = compiled["operators"]
    if CUSTOM_OPERATOR not in operators:
        raise ModelError(
            f"The compiler mapped no operator of {name} to the Edge TPU; nothing was changed."
        )
    if compiled["tensors"] != plain["tensors"]:
        raise ModelError(
            f"The compiled {name} has other inputs or outputs than {name}; nothing was changed."
        )
    return sum(operator != CUSTOM_OPERATOR for operator in operators)


def _manifest(results: Iterable[Compiled], zoo: Zoo) -> tuple[bytes, set[str]]:
    """Return the new manifest, and the files that it no longer names.

    The manifest is read again, because compiling takes minutes; unknown keys are kept.
    """
    manifest = json.loads(read_bounded(zoo.folder / "manifest.json", MAX_MANIFEST_BYTES))
    before = _named(Manifest.model_validate(manifest))
    for result in results:
        entry = manifest["models"].get(result.name, {})
        if entry.get("sha256") != result.source:
            raise ModelError(
                f"{zoo.folder} was changed meanwhile; run landmarkd models compile again."
            )
        entry["edgetpu"] = {
            "file": result.file,
            "bytes": len(result.content),
            "sha256": hashlib.sha256(result.content).hexdigest(),
        }
    try:
        after = _named(Manifest.model_validate(manifest))
    except ValidationError as error:
        raise ModelError(f"The manifest would be wrong: {error.errors()[0]['msg']}.") from error
    text = json.dumps(manifest, indent=2, ensure_ascii=False) + "\n"
    return text.encode(), before - after


def _named(manifest: Manifest) -> set[str]:
    return {file.file for card in manifest.models.values() for file in card.files}
