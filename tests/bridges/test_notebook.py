"""The notebook runs from its first cell to its last on the bundled clip, and stores no output."""

import json
import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import cv2
import pytest

NOTEBOOK = Path(__file__).resolve().parents[2] / "bridges" / "notebook" / "drive.ipynb"
CELLS = json.loads(NOTEBOOK.read_text())["cells"]
KERNEL = """
import nbclient, nbformat, sys
notebook = nbformat.read(sys.argv[1], as_version=4)
nbformat.validate(notebook)
nbclient.NotebookClient(notebook, timeout=120, kernel_name="python3").execute()
for cell in notebook.cells:
    for output in cell.get("outputs", []):
        print(output.get("text") or output["data"]["text/plain"])
"""


def without_kernel() -> str:
    """Return the code of all cells as one program."""
    return "\n".join("".join(cell["source"]) for cell in CELLS if cell["cell_type"] == "code")


def test_it_runs_and_plots(tmp_path: Path) -> None:
    if not (find_spec("pandas") and find_spec("matplotlib")):
        pytest.skip("needs pandas and matplotlib: pip install 'landmarkd[notebook]'")
    kernel = find_spec("nbclient") and find_spec("ipykernel")
    program = [KERNEL, str(NOTEBOOK)] if kernel else [without_kernel()]
    environment = {**os.environ} if kernel else {**os.environ, "MPLBACKEND": "agg"}
    done = subprocess.run(
        [sys.executable, "-c", *program],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "300 frames, 10.0 s, a face in 86% of the frames" in done.stdout
    picture = cv2.imread(str(tmp_path / "drive.png"))
    assert picture.shape[1] > 900
    assert len({*map(tuple, picture.reshape(-1, 3)[::50].tolist())}) > 8  # there are curves


def test_it_stores_no_output() -> None:
    code = [cell for cell in CELLS if cell["cell_type"] == "code"]
    assert len(code) >= 3
    assert all(cell["outputs"] == [] and cell["execution_count"] is None for cell in code)
