"""The doctor as a whole: what it reports and how it ends."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from landmarkd.doctor.checks import examine
from landmarkd.doctor.finding import Finding, Severity, exit_status
from landmarkd.machine import Machine

from tests.machine.layout import settings


class TestReport:
    def test_a_finding_that_hurts_has_a_remedy(self):
        with pytest.raises(ValueError, match="needs a remedy"):
            Finding("x", Severity.WARNING, "broken")

    @pytest.mark.parametrize(
        ("severity", "status"),
        [(Severity.OK, 0), (Severity.NOTE, 0), (Severity.WARNING, 1), (Severity.ERROR, 2)],
    )
    def test_the_exit_status_is_the_worst(self, severity: Severity, status: int):
        assert (
            exit_status([Finding("a", Severity.OK, "."), Finding("b", severity, ".", "mend it")])
            == status
        )

    def test_this_machine_can_be_examined(self):
        names = {finding.name for finding in examine(Machine(), settings())}
        assert {"system", "python", "models", "runtime", "clock"} <= names

    def test_the_command_speaks_json(self, tmp_path: Path):
        configuration = tmp_path / "landmarkd.toml"
        configuration.write_text("[model]\nthreads = 0\n")
        program = (
            "import sys; from landmarkd.cli.main import main; sys.argv[0] = 'landmarkd'; main()"
        )
        command = [
            sys.executable,
            "-c",
            program,
            "doctor",
            "--json",
            "--config",
            str(configuration),
        ]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        findings = json.loads(done.stdout)
        assert done.returncode == 2
        assert findings[0]["name"] == "configuration"
        assert "threads" in findings[0]["text"]
