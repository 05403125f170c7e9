# SPDX-License-Identifier: Apache-2.0
"""The state file of a watch."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from azure_imds_facts.core.events.state import DAMAGED, LIMIT, Found, StateFile
from azure_imds_facts.core.safe_files import UnsafeFileError

from tests.support.events import raw_event

STATE = {"vmName": "web-01", "incarnation": 1, "events": [raw_event()], "approved": []}
NAME = "events.json"


@pytest.fixture
def open_state(tmp_path: Path) -> Iterator[Callable[[], StateFile]]:
    """Open the state file, as often as wanted; all are closed at the end."""
    opened: list[StateFile] = []

    def open_it() -> StateFile:
        opened.append(StateFile(str(tmp_path / NAME)))
        return opened[-1]

    yield open_it
    for file in opened:
        file.close()


@pytest.mark.parametrize("durable", [False, True])
def test_round_trip(durable: bool, open_state: Callable[[], StateFile], tmp_path: Path) -> None:
    """The next process reads what this one wrote; the file is its owner's alone, and nothing lies beside it."""
    assert open_state().read() is None
    assert os.listdir(tmp_path) == []
    open_state().write(STATE, durable=durable)
    assert open_state().read() == STATE
    assert open_state().inspect() == Found(state=STATE)
    assert (tmp_path / NAME).stat().st_mode & 0o777 == 0o600
    assert os.listdir(tmp_path) == [NAME]


def test_an_unchanged_state_is_not_written(open_state: Callable[[], StateFile], tmp_path: Path) -> None:
    """Only a state that differs from the one that was read or written last reaches the disk."""
    open_state().write(STATE, durable=False)
    file = open_state()
    assert file.read() == STATE
    before = (tmp_path / NAME).stat()
    file.write(STATE, durable=False)
    unchanged = (tmp_path / NAME).stat()
    assert (unchanged.st_ino, unchanged.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
    for incarnation in (2, 1):
        file.write({**STATE, "incarnation": incarnation}, durable=False)
        assert json.loads((tmp_path / NAME).read_text())["incarnation"] == incarnation


NEW = {"azure_imds_events": 2, "vm_name": "web-01", "incarnation": 1, "events": []}


@pytest.mark.parametrize("state", [STATE, {**STATE, "x": 1}, NEW])
def test_states(state: dict[str, Any], open_state: Callable[[], StateFile], tmp_path: Path) -> None:
    """A state of this version is one, and of one before it, and of a program that stores more."""
    assert open_state().inspect() == Found()
    (tmp_path / NAME).write_text(json.dumps(state))
    assert open_state().inspect() == Found(state=state)


WHOLE = json.dumps(NEW).encode()


@pytest.mark.parametrize(
    "content",
    [b"", b"\0", b"\0" * 100_000, WHOLE[:1], WHOLE[:10], WHOLE[:40], WHOLE[:-1], WHOLE[:40] + b"\0" * 9000,
     WHOLE[:40] + b"x" * 100, WHOLE + b" " * (LIMIT + 1), json.dumps(STATE).encode()[:20], b'{"vmName": "web-01"}',
     WHOLE[:24] + b"[" * 100_000],
    ids=lambda content: repr(content)[:30],
)  # fmt: skip
def test_damaged_states(content: bytes, open_state: Callable[[], StateFile], tmp_path: Path) -> None:
    """What is empty, NUL-filled or begins as a state does is this program's, whatever follows and however long."""
    (tmp_path / NAME).write_bytes(content)
    file = open_state()
    found = file.inspect()
    assert found.is_own
    assert found.problem
    assert file.put_aside() == NAME + DAMAGED
    assert (tmp_path / (NAME + DAMAGED)).read_bytes() == content
    assert open_state().inspect() == Found()


@pytest.mark.parametrize(
    "content",
    [b"root:x:0:0::/root:/bin/sh\n", b'{"mine": 1}', b"{}", b"[]", b"null", b'{"events": []}', b"\xff", b" ",
     b"[" * 100_000, b"\0x"],
    ids=lambda content: repr(content)[:30],
)  # fmt: skip
def test_foreign_files(content: bytes, open_state: Callable[[], StateFile], tmp_path: Path) -> None:
    """What holds anything else is foreign, and stays as it is."""
    (tmp_path / NAME).write_bytes(content)
    assert not open_state().inspect().is_own
    assert (tmp_path / NAME).read_bytes() == content


@pytest.mark.parametrize("content", [b"{", b"\xff", b"[" * 100_000, b"x"], ids=lambda content: repr(content)[:30])
def test_a_damaged_file_is_no_state(content: bytes, open_state: Callable[[], StateFile], tmp_path: Path) -> None:
    """It is read as none, and the next state replaces it."""
    (tmp_path / NAME).write_bytes(content)
    file = open_state()
    assert file.read() is None
    file.write(STATE, durable=False)
    assert open_state().read() == STATE


@pytest.mark.parametrize("kind", ["link", "directory", "too large"])
def test_unsafe_files(kind: str, open_state: Callable[[], StateFile], tmp_path: Path) -> None:
    """No link is followed, and nothing is read that no state can be."""
    place = tmp_path / NAME
    if kind == "link":
        (tmp_path / "target").write_text(json.dumps(STATE))
        place.symlink_to("target")
    elif kind == "directory":
        place.mkdir()
    else:
        place.write_bytes(b" " * (LIMIT + 1))
    with pytest.raises(UnsafeFileError if kind == "too large" else OSError):
        open_state().read()
    if kind != "too large":
        with pytest.raises(OSError):  # noqa: PT011  the system's own words differ
            open_state().inspect()


def test_without_a_directory(tmp_path: Path) -> None:
    """A directory that is missing is an error of the system."""
    with pytest.raises(FileNotFoundError):
        StateFile(str(tmp_path / "missing" / NAME))
