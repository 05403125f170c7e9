# SPDX-License-Identifier: Apache-2.0
"""Test how files are read and written where others may have prepared the place."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from azure_imds_facts.core.safe_files import (
    UnsafeFileError,
    open_directory,
    open_lock_file,
    open_private_directory,
    read_file,
    remove_leftovers,
    write_file,
)


@pytest.fixture
def directory(tmp_path: Path) -> Iterator[int]:
    """A descriptor of the temporary directory."""
    descriptor = open_directory(str(tmp_path))
    yield descriptor
    os.close(descriptor)


def test_round_trip(directory: int, tmp_path: Path) -> None:
    """What was written is read, with the mode asked for, and nothing lies beside it."""
    write_file(directory, "a", b"one", mode=0o640)
    write_file(directory, "a", b"two", mode=0o600, durable=True)
    assert read_file(directory, "a", limit=3) == b"two"
    assert os.listdir(tmp_path) == ["a"]
    assert (tmp_path / "a").stat().st_mode & 0o777 == 0o600
    assert read_file(directory, "b", limit=3) is None


def test_limit(directory: int, tmp_path: Path) -> None:
    """What is larger than expected is not read."""
    (tmp_path / "a").write_bytes(b"1234")
    with pytest.raises(UnsafeFileError, match="over 3 bytes"):
        read_file(directory, "a", limit=3)


@pytest.mark.parametrize("kind", ["link", "hard link", "FIFO", "directory", "group-writable", "world-writable"])
def test_unsafe(kind: str, directory: int, tmp_path: Path) -> None:
    """No link, FIFO, directory or file that others may write is read or locked."""
    target, place = tmp_path / "target", tmp_path / "a"
    target.write_text("x")
    if kind == "link":
        place.symlink_to(target)
    elif kind == "hard link":
        os.link(target, place)
    elif kind == "FIFO":
        os.mkfifo(place, 0o600)
    elif kind == "directory":
        place.mkdir()
    else:
        place.write_text("x")
        place.chmod(0o620 if kind == "group-writable" else 0o602)
    before = len(os.listdir("/proc/self/fd")) if os.path.isdir("/proc/self/fd") else 0
    with pytest.raises(OSError):  # noqa: PT011  any of them
        read_file(directory, "a", limit=9)
    with pytest.raises(OSError):  # noqa: PT011  any of them
        open_lock_file(directory, "a")
    after = len(os.listdir("/proc/self/fd")) if before else 0
    assert before == after, "a descriptor is left open"
    if kind == "directory":
        with pytest.raises(OSError):  # noqa: PT011  any of them
            write_file(directory, "a", b"new", mode=0o600)
        assert sorted(os.listdir(tmp_path)) == ["a", "target"]
    else:
        write_file(directory, "a", b"new", mode=0o600)
        assert target.read_text() == "x"
        assert place.read_text() == "new"


def test_private_directory(tmp_path: Path) -> None:
    """It is made with 0700, together with what stands above it."""
    os.close(open_private_directory(str(tmp_path / "a" / "b")))
    assert (tmp_path / "a" / "b").stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("mode", [0o701, 0o750, 0o777, 0o1777])
def test_private_directory_open_to_others(mode: int, tmp_path: Path) -> None:
    """One that others may enter is refused, and no descriptor stays open."""
    (tmp_path / "a").mkdir()
    (tmp_path / "a").chmod(mode)
    with pytest.raises(UnsafeFileError, match="0700"):
        open_private_directory(str(tmp_path / "a"))


def test_leftovers(directory: int, tmp_path: Path) -> None:
    """Old temporary files of that name are removed; young ones, others' and directories stay."""
    for name in (".a.1.tmp", ".a.2.tmp", ".b.1.tmp", "a.tmp"):
        (tmp_path / name).write_text("x")
        os.utime(tmp_path / name, (1000, 1000))
    os.utime(tmp_path / ".a.2.tmp", (1990, 1990))
    (tmp_path / ".a.d.tmp").mkdir()
    os.utime(tmp_path / ".a.d.tmp", (1000, 1000))
    remove_leftovers(directory, "a", now=2000)
    assert sorted(os.listdir(tmp_path)) == [".a.2.tmp", ".a.d.tmp", ".b.1.tmp", "a.tmp"]
