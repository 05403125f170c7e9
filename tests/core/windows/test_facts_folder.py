# SPDX-License-Identifier: Apache-2.0
"""Test the directory of the facts file on Windows. Its rules hold on any system; that a reader keeps a file, on Windows."""

from __future__ import annotations

import os
import sys
import threading
import time
from pathlib import Path

import pytest
from azure_imds_facts.core.errors import UsageError
from azure_imds_facts.core.windows.facts_folder import WindowsFactsFolder, find_directory

NAME = "azure_imds.json"


def test_it_replaces_and_removes(tmp_path: Path) -> None:
    """A file is written as a whole, read with its mode, replaced, and removed; nothing else is left."""
    folder = WindowsFactsFolder(str(tmp_path / "a" / "facts.d"))
    assert folder.read(NAME, limit=100) is None
    folder.make()
    for content in (b"old", b"new"):
        folder.write(NAME, content, mode=0o644, now=time.time())
        found = folder.read(NAME, limit=100)
        assert found is not None
        assert found[0] == content
        assert folder.read(NAME, limit=1) == (content[:2], found[1])
    assert os.listdir(tmp_path / "a" / "facts.d") == [NAME]
    folder.remove(NAME)
    folder.close()
    assert os.listdir(tmp_path / "a" / "facts.d") == []


def test_leftovers_of_killed_writers(tmp_path: Path) -> None:
    """An old temporary file goes with the next write; a young one may be a living writer's."""
    old, young = tmp_path / f".{NAME}.0.tmp", tmp_path / f".{NAME}.1.tmp"
    for path in (old, young):
        path.touch()
    os.utime(old, (1, 1))
    WindowsFactsFolder(str(tmp_path)).write(NAME, b"x", mode=0o644, now=time.time())
    assert sorted(os.listdir(tmp_path)) == sorted([NAME, young.name])


def test_a_link_is_refused(tmp_path: Path) -> None:
    """Neither the directory nor the file may be a link, nor the directory a file."""
    (tmp_path / "real").mkdir()
    (tmp_path / "file").touch()
    try:
        (tmp_path / "link").symlink_to(tmp_path / "real", target_is_directory=True)
        (tmp_path / "real" / NAME).symlink_to(tmp_path / "file")
    except (OSError, NotImplementedError):
        pytest.skip("no links can be made here")
    if not (tmp_path / "link").is_symlink():
        pytest.skip("Wine says that it has made a link, and has not")
    with pytest.raises(OSError, match="no directory"):
        WindowsFactsFolder(str(tmp_path / "link"))
    with pytest.raises(OSError, match="no directory"):
        WindowsFactsFolder(str(tmp_path / "file"))
    with pytest.raises(OSError, match="is a link"):
        WindowsFactsFolder(str(tmp_path / "real")).read(NAME, limit=9)


def test_a_second_link_is_refused(tmp_path: Path) -> None:
    """A file that has another name too may be somebody else's."""
    (tmp_path / "other").touch()
    os.link(tmp_path / "other", tmp_path / NAME)
    with pytest.raises(OSError, match="plain file"):
        WindowsFactsFolder(str(tmp_path)).read(NAME, limit=9)


@pytest.mark.parametrize("held", [0, 3])
def test_it_waits_for_a_reader(held: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """While something holds the file a change is tried again, ever more rarely, and then it is made."""
    refusals = [PermissionError(13, "held")] * held
    pauses: list[float] = []
    replace = os.replace

    def refuse(source: str, target: str) -> None:
        if refusals:
            raise refusals.pop()
        replace(source, target)

    monkeypatch.setattr(os, "replace", refuse)
    WindowsFactsFolder(str(tmp_path), sleep=pauses.append).write(NAME, b"x", mode=0, now=0.0)
    assert pauses == [0.005, 0.01, 0.02][:held]
    assert os.listdir(tmp_path) == [NAME]


def test_it_gives_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A reader that never lets go leaves the old file as it is, and no temporary one."""
    (tmp_path / NAME).write_bytes(b"old")

    def refuse(*_of: object) -> None:
        raise PermissionError(13, "held")

    monkeypatch.setattr(os, "replace", refuse)
    with pytest.raises(PermissionError):
        WindowsFactsFolder(str(tmp_path), longest_held_s=0.0).write(NAME, b"new", mode=0, now=0.0)
    assert [path.read_bytes() for path in tmp_path.iterdir()] == [b"old"]


@pytest.mark.skipif(sys.platform != "win32", reason="elsewhere a file that is read can be replaced")
def test_a_reader_holds_the_file(tmp_path: Path) -> None:
    """On Windows a file that is open cannot be replaced; the writer does it once the reader has closed it."""
    path = tmp_path / NAME
    path.write_bytes(b"old")
    opened = open(path, "rb")  # noqa: SIM115  closed by the other thread
    with pytest.raises(PermissionError):
        WindowsFactsFolder(str(tmp_path), longest_held_s=0.0).write(NAME, b"new", mode=0, now=0.0)
    threading.Timer(0.5, opened.close).start()
    WindowsFactsFolder(str(tmp_path)).write(NAME, b"new", mode=0, now=0.0)
    assert path.read_bytes() == b"new"


@pytest.mark.skipif(sys.platform != "win32", reason="paths with a drive are absolute on Windows alone")
def test_the_place() -> None:
    """It is below the program files of this machine's own width; without them a directory has to be named."""
    expected = "C:\\Program Files\\azure-imds-facts\\facts.d"
    assert find_directory({"ProgramFiles": "C:\\Program Files"}) == expected
    both = {"ProgramFiles": "C:\\Program Files (x86)", "ProgramW6432": "C:\\Program Files"}
    assert find_directory(both) == expected


def test_no_place() -> None:
    """Without program files, or with ones that are nowhere, a directory has to be named."""
    for environ in ({}, {"ProgramFiles": ""}, {"ProgramFiles": "relative"}):
        with pytest.raises(UsageError, match="ProgramFiles"):
            find_directory(environ)
