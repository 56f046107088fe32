"""Compiling for the Edge TPU with a stand-in compiler: which files are kept, and the state after an
error."""

import errno
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from landmarkd.errors import ModelError, SinkError
from landmarkd.pipeline import Pipeline
from landmarkd.settings.config import validated
from landmarkd.types import Frame
from landmarkd.vision import compiler as edgetpu
from landmarkd.vision import delegate
from landmarkd.vision.zoo import Zoo, open_zoo


@pytest.fixture
def zoo(tmp_path: Path) -> Zoo:
    shutil.copytree(open_zoo().folder, tmp_path / "zoo")
    return Zoo(tmp_path / "zoo")


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


def compiled(program: Path, zoo: Zoo) -> edgetpu.Compiled:
    return edgetpu.compile_models(str(program), zoo, dict([zoo.landmarks()]))[0]


def test_the_results_run_on_a_coral_in_the_pipeline(
    zoo: Zoo, compiler, coral, monkeypatch: pytest.MonkeyPatch
):
    cards = {name: card for name, card in zoo.manifest.models.items() if card.whole}
    results = edgetpu.compile_models(str(compiler("WORKS")), zoo, cards)
    # Models that are int8 throughout run on the Edge TPU completely.
    assert {result.name: result.left for result in results} == dict.fromkeys(cards, 0)
    edgetpu.store(results, zoo, zoo.folder)
    monkeypatch.setenv(delegate.LIBRARY_VARIABLE, str(coral("WORKS")))
    settings = {"model": {"folder": zoo.folder, "delegate": "coral"}}
    pipeline = Pipeline(validated(settings, "a test"))
    assert pipeline.eyes is not None
    engines = [looks.engine for looks in (pipeline.model, pipeline.eyes, *pipeline.parts)]
    assert [engine.accelerator for engine in engines] == ["edgetpu"] * len(cards)
    image = np.full((300, 400, 3), 90, np.uint8)
    report = pipeline.process(Frame("test:", 0, 0, image), box=(100.0, 80.0, 220.0, 230.0))
    assert report.degraded == ()
    pipeline.close()


def test_only_one_entry_of_the_manifest_changes(zoo: Zoo, compiler):
    before = json.loads((zoo.folder / "manifest.json").read_text())
    result = compiled(compiler("WORKS"), zoo)
    edgetpu.store([result], zoo, zoo.folder)
    after = json.loads((zoo.folder / "manifest.json").read_text())
    entry = after["models"][zoo.landmarks()[0]]
    assert entry["edgetpu"]["file"] == result.file
    assert entry["edgetpu"]["bytes"] == len(result.content)
    entry["edgetpu"] = None
    assert after == before


def test_a_second_result_takes_the_place_of_the_first(zoo: Zoo, compiler):
    first = compiled(compiler("WORKS"), zoo)
    stored = edgetpu.store([first], zoo, zoo.folder)
    second = edgetpu.Compiled(first.name, first.source, "another.tflite", first.content, 0)
    edgetpu.store([second], stored, zoo.folder)
    names = set(contents(zoo.folder))
    assert first.file not in names
    assert "another.tflite" in names
    # The same result again is no change.
    edgetpu.store([second], stored, zoo.folder)
    assert set(contents(zoo.folder)) == names


@pytest.mark.parametrize(
    ("behaviour", "said"),
    [
        ("REFUSES", "refused landmarks-562 .*builtin opcode 'CONV_2D'"),
        ("SILENT", "made no model of landmarks-562"),
        ("UNMAPPED", "mapped no operator of landmarks-562"),
        ("OTHER", "other inputs or outputs"),
        ("DAMAGED", "does not open|other inputs or outputs"),
    ],
)
def test_what_is_no_result_is_one_sentence(zoo: Zoo, compiler, behaviour: str, said: str):
    before = contents(zoo.folder)
    with pytest.raises(ModelError, match=said):
        compiled(compiler(behaviour), zoo)
    assert contents(zoo.folder) == before


def test_a_model_that_was_replaced_meanwhile_is_not_given_an_old_result(zoo: Zoo, compiler):
    result = compiled(compiler("WORKS"), zoo)
    path = zoo.folder / "manifest.json"
    manifest = json.loads(path.read_text())
    manifest["models"][result.name]["sha256"] = "0" * 64
    path.write_text(json.dumps(manifest))
    before = contents(zoo.folder)
    with pytest.raises(ModelError, match="was changed meanwhile"):
        edgetpu.store([result], zoo, zoo.folder)
    assert contents(zoo.folder) == before


@pytest.mark.parametrize("new", [False, True])
@pytest.mark.parametrize("writes", [0, 1])
def test_a_full_disk_leaves_the_zoo_as_it_was(
    zoo: Zoo, compiler, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, new: bool, writes: int
):
    result = compiled(compiler("WORKS"), zoo)
    folder = tmp_path / "new" if new else zoo.folder
    before = {} if new else contents(folder)
    real, left = edgetpu.write_atomic, writes

    def write(path: Path, content: bytes) -> None:
        nonlocal left
        if not left:
            raise OSError(errno.ENOSPC, "No space left on device")
        left -= 1
        real(path, content)

    monkeypatch.setattr(edgetpu, "write_atomic", write)
    with pytest.raises(SinkError, match="No space left"):
        edgetpu.store([result], zoo, folder)
    assert contents(folder) == before
