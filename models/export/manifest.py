"""Entries of the zoo's manifest: how the runtime feeds and reads a model."""

import hashlib
import json
from pathlib import Path
from typing import Any

from models.export.edgetpu import share
from models.export.graph import Graph, TensorInfo, read_graph

ATTRIBUTION = (
    "Trained on renders of the ICT-FaceKit light head (Copyright (c) 2020 USC Institute for "
    "Creative Technologies, MIT) with skins, brows, hair and irises of the MakeHuman system "
    "assets (CC0). The 520 dense points follow the vertex list of arXiv 2308.15170."
)
LAYOUTS = {520: "dense-520", 562: "landmarkd-562"}
UNITS = {"points": "crop", "log_sigma": "log crop", "presence": "logit"}


def digest(path: Path) -> dict[str, Any]:
    """Name, size and SHA-256 of a file, which let the runtime check that it is complete."""
    content = path.read_bytes()
    return {"file": path.name, "bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}


def work(graph: Graph) -> dict[str, Any]:
    """Size of a network, and the share of its multiply-adds that would run on an Edge TPU."""
    return {
        "macs": graph.macs,
        "parameters": graph.parameters,
        "edgetpu_share": round(share(graph), 3),
    }


def _outputs(graph: Graph, names: list[str]) -> dict[str, Any]:
    def describe(index: int, name: str, tensor: TensorInfo) -> dict[str, Any]:
        return {
            "index": index,
            "shape": list(tensor.shape),
            "dtype": tensor.dtype,
            "unit": UNITS[name],
        }

    tensors = [graph.tensors[index] for index in graph.outputs]
    return {
        name: describe(i, name, t) for i, (name, t) in enumerate(zip(names, tensors, strict=True))
    }


def landmark_entry(path: Path, names: list[str], quantisation: str) -> dict[str, Any]:
    """Describe a landmark model as `landmarkd.vision.cards.LandmarkCard` expects it.

    Args:
        path: The integer .tflite file.
        names: What its outputs are, in their order, of `models.export.convert.OUTPUT_ORDER`.
        quantisation: how it was quantised, in words.

    Raises:
        ValueError: The file's input is not what the runtime feeds, or its points are of no known
            layout.
    """
    from models.export.convert import INPUT_SCALE  # needs torch, which `work` does not

    graph = read_graph(path)
    fed = graph.tensors[graph.inputs[0]]
    if fed.dtype != "int8" or len(fed.shape) != 4 or fed.shape[3] != 3:
        raise ValueError(
            f"{path}: the input is {fed.dtype} {fed.shape} instead of int8 (1, height, width, 3)"
        )
    if abs(fed.scales[0] / INPUT_SCALE - 1) > 1e-3 or fed.zero_points[0] != 0:
        raise ValueError(
            f"{path}: the input's scale {fed.scales[0]} is not 1/127.5 with zero point 0"
        )
    outputs = _outputs(graph, names)
    count = outputs["points"]["shape"][-1] // 3
    outputs["points"]["layout"] = "x, y, z of each point in turn"
    return {
        "kind": "landmarks",
        **digest(path),
        "licence": "MIT",
        "attribution": ATTRIBUTION,
        "input": {
            "width": fed.shape[2],
            "height": fed.shape[1],
            "colour": "RGB",
            "dtype": "int8",
            "scale": fed.scales[0],
            "zero_point": 0,
            "normalisation": "x / 127.5 - 1",
            "stored": "the pixel's value less 128",
        },
        "crop": {"margin": 1.3, "first_margin": 1.45, "first_shift_up": 0.08},
        "coordinates": (
            "x and y in units of the crop's side, origin at its top left corner, so that the "
            "centre of the pixel in column c of a crop W wide has x = (c + 0.5) / W; z in the same "
            "unit, larger is nearer to the camera, zero at the mean of the dense points"
        ),
        "outputs": outputs,
        "landmarks": {"count": count, "layout": LAYOUTS[count]},
        **work(graph),
        "quantisation": quantisation,
        "whole": None,
        "edgetpu": None,
    }


def write_entry(folder: Path, name: str, entry: dict[str, Any], *, default: bool) -> None:
    """Add or replace one model of a folder's `manifest.json`, atomically.

    What was written by hand about the model before (accuracy, description, provenance) stays if the
    new entry does not contain it.
    """
    path = folder / "manifest.json"
    manifest: dict[str, Any] = (
        json.loads(path.read_text())
        if path.exists()
        else {"schema": 1, "default": {}, "models": {}}
    )
    manifest["models"][name] = {**manifest["models"].get(name, {}), **entry}
    if default:
        manifest["default"][entry["kind"]] = name
    _write(path, manifest)


def write_whole(folder: Path, name: str, content: bytes, decoder: bytes) -> Path:
    """Add to an entry the files NAME-int8 of the model that is int8 throughout.

    Returns:
        The path of the model.

    Raises:
        KeyError: There is no such entry.
    """
    manifest = json.loads((folder / "manifest.json").read_text())
    entry = manifest["models"][name]
    path, beside = folder / f"{name}-int8.tflite", folder / f"{name}-int8.npz"
    path.write_bytes(content)
    beside.write_bytes(decoder)
    entry["whole"] = {**digest(path), "decoder": digest(beside)}
    entry |= {"edgetpu": None, "edgetpu_share": round(share(read_graph(path)), 3)}
    _write(folder / "manifest.json", manifest)
    return path


def write_work(folder: Path) -> dict[str, float]:
    """Write size and Edge TPU share of every model of a folder into its manifest.

    Returns:
        The share of each model by its name.

    Raises:
        ValueError: A file is no TFLite model.
        OSError: The manifest or a model cannot be read or written.
    """
    path = folder / "manifest.json"
    manifest = json.loads(path.read_text())
    for entry in manifest["models"].values():
        entry.update(work(read_graph(folder / entry["file"])))
        if entry.get("whole"):
            compiled = read_graph(folder / entry["whole"]["file"])
            entry["edgetpu_share"] = round(share(compiled), 3)
    _write(path, manifest)
    return {name: entry["edgetpu_share"] for name, entry in manifest["models"].items()}


def _write(path: Path, manifest: dict[str, Any]) -> None:
    temporary = path.with_suffix(".json.tmp")
    temporary.write_text(json.dumps(manifest, indent=2, ensure_ascii=False) + "\n")
    temporary.replace(path)
