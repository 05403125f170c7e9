# SPDX-License-Identifier: Apache-2.0
"""`events --status`: what was told and how its command ended, without IMDS."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.emulators import Emulate
from tests.support.events import raw_event
from tests.support.watchers import Watcher, polls, run_events, wait_for


def test_status(emulate: Emulate, watch: Callable[..., Watcher], tmp_path: Path) -> None:
    """Events with their type, time and the end of their command, while the watch runs and afterwards."""
    emulator, state = emulate(), tmp_path / "state.json"
    command = "case $AZURE_IMDS_EVENT_TYPE in Reboot) exit 3;; Redeploy) sleep 60;; esac"
    watcher = watch(emulator, "--exec", command, "--state", str(state))
    ids = [emulator.event(kind, notice="600s") for kind in ("Reboot", "Redeploy", "Freeze", "Terminate")]
    wait_for(lambda: state.exists() and state.read_text().count("ended_at") == 2 and ids[1] in state.read_text())
    asked = polls(emulator)
    done = run_events("--status", "--state", str(state))
    assert (done.returncode, done.stderr) == (0, "")
    assert polls(emulator) - asked <= 2
    table = done.stdout.partition("Commands,")[0].splitlines()
    rows = {line.split()[0]: line for line in table if line.strip()}
    assert rows[ids[1]].endswith("scheduled: runs")
    assert "scheduled: exit 3" in rows[ids[0]]
    assert "Freeze" in rows[ids[2]]
    assert rows[ids[2]].endswith(" -")
    assert "scheduled: exit 0" in rows[ids[3]]
    assert any(line.endswith("runs") and ids[1] in line for line in done.stdout.splitlines())
    assert watcher.stop() == 0


def test_a_state_of_an_earlier_version(tmp_path: Path) -> None:
    """It is shown as well, and text in it does nothing to a terminal."""
    state = tmp_path / "s.json"
    raw = raw_event(Description="\x1b[31m", EventType="Reboot")
    state.write_text(json.dumps({"vmName": "web\x1b-01", "incarnation": 1, "events": [raw], "approved": []}))
    state.chmod(0o600)
    done = run_events("--status", "--state", str(state))
    assert (done.returncode, "Reboot" in done.stdout, "\x1b" in done.stdout) == (0, True, False)


@pytest.mark.parametrize(
    ("content", "code", "said"),
    [(None, 0, "No watch has stored anything"), (b"", 0, "it is empty"), (b"hello", 2, "--state")],
)
def test_without_a_state(content: bytes | None, code: int, said: str, tmp_path: Path) -> None:
    """A missing, an empty and a foreign file say so, and stay as they are."""
    state = tmp_path / "s.json"
    if content is not None:
        state.write_bytes(content)
    done = run_events("--status", "--state", str(state))
    assert done.returncode == code
    assert said in done.stdout + done.stderr
    assert (state.read_bytes() if content is not None else None) == content
