"""`landmarkd models`: the table, the JSON, and a file that was altered."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

from landmarkd.vision.zoo import open_zoo


def models(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [
        sys.executable,
        "-c",
        "from landmarkd.cli.main import main; main()",
        "models",
        *arguments,
    ]
    return subprocess.run(command, capture_output=True, text=True, check=False)


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
