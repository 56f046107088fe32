"""`landmarkd models`: the table, the JSON, a file that was altered, and models for a Coral."""

import json
import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest
from landmarkd.vision.zoo import Zoo, open_zoo

from tests.process import LIMIT_S, command, landmarkd


def models(
    *arguments: str | Path, environment: Mapping[str, str] | None = None, prefix: Sequence[str] = ()
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*prefix, *command(["models", *arguments])],
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
        env={**os.environ, **(environment or {})},
        check=False,
    )


def test_the_table_names_every_model():
    done = models()
    assert done.returncode == 0
    for name in open_zoo().manifest.models:
        assert name in done.stdout


def test_json_tells_the_default_and_what_it_finds():
    entries = json.loads(models("--json").stdout)
    (default,) = [entry for entry in entries if entry["default"] and entry["kind"] == "landmarks"]
    name, card = open_zoo().landmarks()
    assert (default["name"], default["sha256"], default["points"]) == (
        name,
        card.sha256,
        card.landmarks.count,
    )
    assert all(entry["problem"] is None for entry in entries)


def test_an_altered_file_is_found(tmp_path: Path):
    folder = tmp_path / "zoo"
    shutil.copytree(open_zoo().folder, folder)
    path = folder / open_zoo().landmarks()[1].file
    path.write_bytes(path.read_bytes()[:-1] + b"!")
    done = models("--folder", str(folder))
    assert done.returncode == 65
    assert "altered" in done.stdout


def test_a_folder_that_is_no_zoo(tmp_path: Path):
    done = models("--folder", str(tmp_path))
    assert done.returncode == 65
    assert "manifest.json" in done.stderr


class TestCompile:
    """`landmarkd models compile` with a stand-in for Google's compiler."""

    def test_a_new_folder_becomes_a_zoo_that_the_configuration_can_name(
        self, compiler, tmp_path: Path
    ):
        folder = tmp_path / "coral"
        done = models("compile", "--compiler", compiler("WORKS"), "--models", folder)
        assert done.returncode == 0, done.stderr
        assert f'folder = "{folder}"' in done.stdout
        bundled, made = open_zoo(), Zoo(folder)
        for name, card in made.manifest.models.items():
            assert made.verified(card) == bundled.verified(bundled.manifest.models[name])
            if card.kind != "detector":
                assert card.edgetpu is not None
                made.verified(card.edgetpu)
                assert f"{card.coral_share} of the multiply-adds" in done.stdout
        assert models("--folder", folder).returncode == 0

    def test_a_folder_of_models_is_compiled_in_place(self, compiler, tmp_path: Path):
        folder = tmp_path / "zoo"
        shutil.copytree(open_zoo().folder, folder)
        small = "landmarks-562-small"
        done = models("compile", small, "--compiler", compiler("WORKS"), "--models", folder)
        assert done.returncode == 0, done.stderr
        cards = Zoo(folder).manifest.models
        assert [name for name, card in cards.items() if card.edgetpu] == [small]

    def test_the_compiler_is_found_where_it_is_installed(self, compiler, tmp_path: Path):
        path = {"PATH": f"{compiler('WORKS').parent}:{os.environ['PATH']}"}
        done = models("compile", "--models", tmp_path / "coral", environment=path)
        assert done.returncode == 0, done.stderr

    def test_without_the_compiler_it_says_what_to_install(self, tmp_path: Path):
        done = models("compile", environment={"PATH": str(tmp_path)})
        assert done.returncode == 69
        assert "edgetpu_compiler is not installed; install" in done.stderr
        assert len(done.stderr.splitlines()) == 1

    def test_a_compiler_for_another_processor(self, tmp_path: Path):
        program = tmp_path / "edgetpu_compiler"
        program.write_bytes(b"\x7fELF of another machine")
        program.chmod(0o755)
        done = models("compile", "--compiler", program, "--models", tmp_path / "coral")
        assert done.returncode == 69
        assert "x86-64" in done.stderr
        assert not (tmp_path / "coral").exists()

    def test_a_refusal_leaves_nothing(self, compiler, tmp_path: Path):
        done = models("compile", "--compiler", compiler("REFUSES"), "--models", tmp_path / "coral")
        assert done.returncode == 65
        assert "ERROR: Didn't find op" in done.stderr
        assert not (tmp_path / "coral").exists()

    def test_an_unknown_model(self, compiler):
        done = models("compile", "faces", "--compiler", compiler("WORKS"))
        assert done.returncode == 65
        assert "landmarks-562-small" in done.stderr

    def test_a_zoo_that_cannot_be_written(self, compiler, tmp_path: Path):
        folder = tmp_path / "zoo"
        shutil.copytree(open_zoo().folder, folder)
        with read_only(folder) as prefix:
            done = models(
                "compile", "--compiler", compiler("WORKS"), "--models", folder, prefix=prefix
            )
        assert done.returncode == 77
        assert "--models DIR" in done.stderr
        assert "\n" not in done.stderr.strip()

    def test_the_installed_zoo_may_be_read_only(self, compiler, tmp_path: Path):
        with read_only(open_zoo().folder) as prefix:
            refused = models("compile", "--compiler", compiler("WORKS"), prefix=prefix)
            done = models(
                *("compile", "--compiler", compiler("WORKS"), "--models", tmp_path / "coral"),
                prefix=prefix,
            )
        assert refused.returncode == 77
        assert done.returncode == 0, done.stderr

    def test_a_demanded_coral_with_nothing_compiled_names_the_command(self, tmp_path: Path):
        configuration = tmp_path / "landmarkd.toml"
        configuration.write_text('[model]\ndelegate = "coral"\n')
        done = landmarkd("run", "--config", configuration, "--source", "demo:", "--sink", "jsonl:-")
        assert done.returncode == 69
        assert "landmarkd models compile" in done.stderr.splitlines()[-1]


@contextmanager
def read_only(folder: Path) -> Iterator[Sequence[str]]:
    """Yield the beginning of a command line under which a folder cannot be written."""
    if os.geteuid() == 0:
        if shutil.which("unshare") is None:
            pytest.skip("root needs unshare for a file system that it cannot write")
        mount = f"mount --bind {folder} {folder} && mount -o remount,ro,bind {folder} {folder}"
        yield ["unshare", "--mount", "sh", "-c", f'{mount} && exec "$@"', "sh"]
        return
    mode = folder.stat().st_mode
    folder.chmod(0o555)
    try:
        yield []
    finally:
        folder.chmod(mode)
