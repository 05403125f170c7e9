# SPDX-License-Identifier: Apache-2.0
"""The control client, as the command uses it."""

from __future__ import annotations

import json
from pathlib import Path

from tests.emulator.client import get_instance
from tests.emulator.processes import StartCommand, run_command


def test_the_command_changes_another(start_command: StartCommand, tmp_path: Path) -> None:
    """`emulate --control SOCKET --change JSON` changes the emulator there and prints its state."""
    path = tmp_path / "control"
    command = start_command("--control", str(path))
    result = run_command("--control", str(path), "--change", '{"resize": "Standard_B2s"}')
    assert result.returncode == 0
    assert json.loads(result.stdout)["document"]["compute"]["vmSize"] == "Standard_B2s"
    assert get_instance(command.url).json["compute"]["vmSize"] == "Standard_B2s"
    refused = run_command("--control", str(path), "--change", '{"resize": 5}')
    assert (refused.returncode, refused.stdout) == (2, "")
    assert "resize: expected text, not 5" in refused.stderr
    missing = run_command("--control", str(tmp_path / "none"), "--change", "{}")
    assert "none: no such file or directory; start an emulator with --control" in missing.stderr
    second = run_command("--control", str(path))
    assert (second.returncode, second.stdout) == (2, "")
    assert "address already in use; change an emulator there with --change" in second.stderr
