"""A stand-in for Google's edgetpu_compiler: its command line, output, and the file it makes."""

import argparse
import sys
from pathlib import Path

from models.export.edgetpu import MAPPED, check
from models.export.graph import parse_graph
from tests.machine.tiny_model import partly_compiled, tiny_model


def main(behaviour: str) -> None:
    """Compile the models of the command line, or fail as `behaviour` says.

    WORKS; REFUSES the models; SILENT makes no file; UNMAPPED, OTHER and DAMAGED make a wrong one.
    """
    parser = argparse.ArgumentParser()
    parser.add_argument("-o", "--out_dir", type=Path, required=True)
    parser.add_argument("models", type=Path, nargs="+")
    arguments = parser.parse_args()
    sys.stdout.write("Edge TPU Compiler version 16.0.384591198\n")
    if behaviour == "REFUSES":
        sys.stdout.write("ERROR: Didn't find op for builtin opcode 'CONV_2D' version '99'.\n")
        sys.exit("Model could not be parsed")
    for model in arguments.models:
        compile_one(behaviour, model, arguments.out_dir)


def compile_one(behaviour: str, model: Path, folder: Path) -> None:
    content = model.read_bytes()
    mapped = sum(finding.status == MAPPED for finding in check(parse_graph(content)))
    made = {
        "WORKS": lambda: partly_compiled(content, mapped),
        "UNMAPPED": lambda: content,
        "OTHER": lambda: tiny_model(edgetpu=True),
        "DAMAGED": lambda: partly_compiled(content, mapped)[:5000],
    }
    name = f"{model.stem}_edgetpu"
    if behaviour in made:
        (folder / f"{name}.tflite").write_bytes(made[behaviour]())
        (folder / f"{name}.log").write_text("Operator  Count  Status\n")
    sys.stdout.write(f"Number of operations that will run on Edge TPU: {mapped}\n")
