# SPDX-License-Identifier: Apache-2.0
"""The state file of `events --watch`, and who may use it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from azure_imds_facts.core.errors import UsageError
from azure_imds_facts.core.events.locked_state import LockedState

from tests.support.events import raw_event
from tests.support.watchers import environment, run_events

STATE = {"vmName": "web-01", "incarnation": 1, "events": [raw_event()], "approved": []}
# Locks a state, writes it, and waits for the end of its input.
PROGRAM = """
import json, sys
from azure_imds_facts.core.events.locked_state import LockedState
state = LockedState(sys.argv[1])
state.write(json.loads(sys.argv[2]))
print("locked", flush=True)
sys.stdin.read()
"""


def test_one_process_at_a_time(tmp_path: Path) -> None:
    """While a process uses a state no other may; one that was killed leaves its state, and no lock."""
    path = tmp_path / "folder" / "events.json"
    words = [sys.executable, "-c", PROGRAM, str(path), json.dumps(STATE)]
    with subprocess.Popen(
        words, env=environment(), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout
        assert process.stdout.readline() == "locked\n"
        with pytest.raises(UsageError, match="watched already"):
            LockedState(str(path))
        process.kill()
    assert LockedState(str(path)).read() == STATE
    assert path.parent.stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("content", [b"", b"{}"])
def test_a_new_state(content: bytes, tmp_path: Path) -> None:
    """An empty file becomes a state."""
    path = tmp_path / "events.json"
    path.write_bytes(content)
    state = LockedState(str(path))
    assert not state.read()
    state.write(STATE)
    assert json.loads(path.read_text()) == STATE


@pytest.mark.parametrize("kind", ["file in the way", "link", "directory"])
def test_unusable_places(kind: str, tmp_path: Path) -> None:
    """Where a state cannot be written, that is a usage error, before any command runs."""
    path = tmp_path / "events.json"
    if kind == "file in the way":
        path.write_text("")
        path = path / "events.json"
    elif kind == "link":
        (tmp_path / "target").write_text("{}")
        path.symlink_to("target")
    else:
        path.mkdir()
    with pytest.raises(UsageError, match="cannot be written to") as caught:
        LockedState(str(path))
    assert "--state" in caught.value.hint


@pytest.mark.parametrize("content", ["root:x:0:0::/root:/bin/sh\n", '{"mine": 1}', "[]", '{"events": []}'])
def test_a_foreign_file_is_left_alone(content: str, tmp_path: Path) -> None:
    """A state is written over nothing but a state, and no lock is left beside what is refused."""
    state = tmp_path / "theirs"
    state.write_text(content)
    done = run_events(
        "--watch", "--endpoint", "http://127.0.0.1:9", "--vm-name", "x", "--exec", "true", "--state", str(state)
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert "holds something else" in done.stderr
    assert (state.read_text(), [path.name for path in tmp_path.iterdir()]) == (content, ["theirs"])
