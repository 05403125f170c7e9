# SPDX-License-Identifier: Apache-2.0
"""The state file of `events --watch`, and who may use it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from azure_imds_facts.core.errors import UsageError
from azure_imds_facts.core.events.locked_state import LockedState, PassingError
from azure_imds_facts.core.events.state_path import find_state

from tests.support.events import raw_event
from tests.support.reporters import ListReporter
from tests.support.watchers import environment, run_events, words

STATE = {"vmName": "web-01", "incarnation": 1, "events": [raw_event()], "approved": []}
# Locks a state, writes it, and waits for the end of its input.
PROGRAM = """
import json, sys
from azure_imds_facts.core.events.locked_state import LockedState
from azure_imds_facts.core.reporter import Reporter
state = LockedState(sys.argv[1], reporter=Reporter())
state.write(json.loads(sys.argv[2]))
print("locked", flush=True)
sys.stdin.read()
"""


def open_state(path: Path) -> LockedState:
    """Lock a state that is not in the default place."""
    return LockedState(str(path), reporter=ListReporter())


def test_one_process_at_a_time(tmp_path: Path) -> None:
    """While a process uses a state no other may; one that was killed leaves its state, and no lock."""
    path = tmp_path / "folder" / "events.json"
    words = [sys.executable, "-c", PROGRAM, str(path), json.dumps(STATE)]
    with subprocess.Popen(
        words, env=environment(), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout
        assert process.stdout.readline() == "locked\n"
        with pytest.raises(PassingError, match="watched already"):
            open_state(path)
        process.kill()
    assert open_state(path).read() == STATE
    assert path.parent.stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("content", [b"", b"\0" * 4096, json.dumps(STATE).encode()[:30]])
@pytest.mark.parametrize("is_default", [False, True])
def test_a_damaged_state_is_put_aside(is_default: bool, content: bytes, tmp_path: Path, reporter: ListReporter) -> None:
    """It is begun anew, with a warning that names where the old one is."""
    path = tmp_path / "events.json"
    path.write_bytes(content)
    state = LockedState(str(path), reporter=reporter, is_default=is_default)
    assert state.read() is None
    assert (tmp_path / "events.json.damaged").read_bytes() == content
    assert "events.json.damaged" in reporter.warnings[0]
    state.write(STATE)
    assert json.loads(path.read_text()) == STATE


@pytest.mark.parametrize("kind", ["text", "link", "directory"])
def test_the_default_place_is_this_program_s(kind: str, tmp_path: Path, reporter: ListReporter) -> None:
    """Whatever is there is put aside."""
    path = tmp_path / "events.json"
    if kind == "text":
        path.write_text("hello")
    elif kind == "link":
        path.symlink_to("/etc/hostname")
    else:
        path.mkdir()
    state = LockedState(str(path), reporter=reporter, is_default=True)
    state.write(STATE)
    assert json.loads(path.read_text()) == STATE
    assert len(reporter.warnings) == 1


@pytest.mark.parametrize("content", [b"", None])
def test_what_was_put_aside_before(content: bytes | None, tmp_path: Path, reporter: ListReporter) -> None:
    """A folder has the name already, which a file cannot replace, nor a folder where it is not empty."""
    path = tmp_path / "events.json"
    (tmp_path / "events.json.damaged" / "full").mkdir(parents=True)
    if content is None:
        path.mkdir()
    else:
        path.write_bytes(content)
    LockedState(str(path), reporter=reporter, is_default=True).write(STATE)
    assert json.loads(path.read_text()) == STATE
    assert (tmp_path / "events.json.damaged" / "full").is_dir()
    assert "events.json.damaged.1" in reporter.warnings[0]


def test_a_lock_is_waited_for(tmp_path: Path, reporter: ListReporter) -> None:
    """Commands of a watch that was killed hold it for a moment."""
    path = tmp_path / "events.json"
    first = open_state(path)
    waited: list[float] = []

    def release(seconds: float) -> None:
        waited.append(seconds)
        os.close(first.lock)

    assert LockedState(str(path), reporter=reporter, sleep=release).read() is None
    assert len(waited) == 1


@pytest.mark.skipif(os.geteuid() != 0, reason="mounting a small disk takes root")
@pytest.mark.parametrize("full", ["bytes", "inodes"])
def test_a_full_disk_passes(full: str, tmp_path: Path) -> None:
    """Without room, or without inodes, the watch cannot begin, and ends with 1: a service manager tries again."""
    small = tmp_path / "small"
    small.mkdir()
    options = "size=4k" if full == "bytes" else "size=1m,nr_inodes=2"
    fill = f"head -c 4096 /dev/zero > {small}/filler" if full == "bytes" else f"touch {small}/filler"
    script = f'mount -t tmpfs -o {options} none {small} || exit 77; {fill}; exec "$0" "$@"'
    line = words("--watch", "--endpoint", "http://127.0.0.1:9", "--vm-name", "x", "--exec", "true",
                 "--state", f"{small}/events.json", "--cache-dir", f"{tmp_path}/cache")  # fmt: skip
    done = subprocess.run(
        ["unshare", "-m", "sh", "-c", script, *line],
        env=environment(), capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    if done.returncode == 77:
        pytest.skip("nothing can be mounted here")
    assert (done.returncode, done.stdout) == (1, "")
    assert "No space left on device" in done.stderr
    assert "Traceback" not in done.stderr


def test_where_the_state_is(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a home directory there is no place for it, and the error names --state; no folder is called `~`."""
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setenv("XDG_STATE_HOME", "/state")
    assert find_state(None) == "/state/azure-imds-facts/events.json"
    monkeypatch.setenv("XDG_STATE_HOME", "relative")
    monkeypatch.setenv("HOME", "/home/me")
    assert find_state(None) == "/home/me/.local/state/azure-imds-facts/events.json"
    assert find_state("~/x") == "/home/me/x"
    monkeypatch.setattr(os.path, "expanduser", lambda path: path)  # neither HOME nor an entry of the user
    for given in (None, "~/x"):
        with pytest.raises(UsageError, match="--state"):
            find_state(given)


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
        open_state(path)
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
