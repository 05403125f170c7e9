# SPDX-License-Identifier: Apache-2.0
"""Directories for local facts that cannot be written to: an exit code, a message, and nothing is lost."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from azure_imds_facts.emulator import Emulator

from .conftest import ENVIRONMENT

NAME = "azure_imds.fact"
Words = Callable[..., list[str]]
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="mounts and files of other users take root")


def run(words: list[str]) -> subprocess.CompletedProcess[str]:
    """Run to the end."""
    return subprocess.run(words, env=ENVIRONMENT, capture_output=True, text=True, timeout=120, check=False)


def mounted(words: list[str], directory: Path, setup: str) -> list[str]:
    """The words that run others where `directory` is a small file system, and print the fact file at the end."""
    script = 'cd /; mount -t tmpfs -o size=64k,mode=755 t "$1"; cp "$2" "$1"; ' + setup
    script += '; dir="$1"; name="$2"; shift 2; "$@"; code=$?; cat "$dir/azure_imds.fact"; exit $code'
    return ["unshare", "--mount", "sh", "-c", script, "sh", str(directory), str(directory.parent / NAME), *words]


@pytest.fixture(name="old")
def _old(writer: Words, tmp_path: Path) -> bytes:
    """What an earlier run wrote, beside the directory that the test makes."""
    assert run(writer(tmp_path)).returncode == 0
    return (tmp_path / NAME).read_bytes()


def test_directory_is_a_file(writer: Words, tmp_path: Path) -> None:
    """A file in the directory's place stays, and is named."""
    place = tmp_path / "facts.d"
    place.write_text("precious")
    done = run(writer(place))
    assert done.returncode == 2
    assert f"cannot be used: {place}: not a directory" in done.stderr
    assert done.stdout == ""
    assert place.read_text() == "precious"


def test_directory_is_a_link(writer: Words, tmp_path: Path) -> None:
    """A link in the directory's place is not followed."""
    (tmp_path / "elsewhere").mkdir()
    place = tmp_path / "facts.d"
    place.symlink_to(tmp_path / "elsewhere")
    done = run(writer(place))
    assert done.returncode == 2
    assert "not a link to one" in done.stderr
    assert list((tmp_path / "elsewhere").iterdir()) == []


@needs_root
def test_read_only(writer: Words, old: bytes, emulator: Emulator, tmp_path: Path) -> None:
    """On a read-only file system the old file stays as it was."""
    place = tmp_path / "facts.d"
    place.mkdir()
    emulator.resize("Standard_E4s_v5")
    done = run(mounted(writer(place), place, 'mount -o remount,ro "$1"'))
    assert done.returncode == 2
    assert f"{place}/{NAME} cannot be written: read-only file system; it is unchanged." in done.stderr
    assert done.stdout.encode() == old


@needs_root
@pytest.mark.parametrize("flags", [(), ("--boot",)])
def test_full_disk(writer: Words, old: bytes, emulator: Emulator, tmp_path: Path, flags: tuple[str, ...]) -> None:
    """On a full disk this boot's old file stays as it was, and nothing half-written beside it."""
    place = tmp_path / "facts.d"
    place.mkdir()
    emulator.resize("Standard_E4s_v5")
    done = run(mounted(writer(place, *flags), place, 'cat /dev/zero >"$1/filler" 2>/dev/null; ls -A "$1" >&2'))
    assert done.returncode == 2
    assert f"{place}/{NAME} cannot be written: no space left on device; it is unchanged." in done.stderr
    assert done.stdout.encode() == old


@needs_root
def test_full_disk_with_facts_of_an_earlier_boot(writer: Words, old: bytes, emulator: Emulator, tmp_path: Path) -> None:
    """Where there is no room for the mark, facts of an earlier boot are removed rather than taken for current."""
    content = json.loads(old)
    content["snapshot"]["boot_id"] = "11111111-2222-4333-8444-555555555555"
    (tmp_path / NAME).write_text(json.dumps(content))
    place = tmp_path / "facts.d"
    place.mkdir()
    emulator.resize("Standard_E4s_v5")
    done = run(mounted(writer(place, "--boot"), place, 'cat /dev/zero >"$1/filler" 2>/dev/null'))
    assert "could not be marked stale and was removed" in done.stderr
    assert done.returncode == 0, "what was removed made room"
    assert json.loads(done.stdout)["compute"]["vm_size"] == "Standard_E4s_v5"


@needs_root
def test_directory_of_another_user(writer: Words, old: bytes, tmp_path: Path) -> None:
    """Without root's powers, as in the unit, another user's directory is left alone."""
    place = tmp_path / "facts.d"
    place.mkdir()
    shutil.copyfile(tmp_path / NAME, place / NAME)
    os.chown(place, 65534, 65534)
    done = run(["setpriv", "--bounding-set=-all", "--no-new-privs", *writer(place)])
    assert done.returncode == 2
    assert f"{place}/{NAME} cannot be written: permission denied; it is unchanged." in done.stderr
    assert (place / NAME).read_bytes() == old


@needs_root
def test_file_of_another_user(writer: Words, old: bytes, tmp_path: Path) -> None:
    """Another user's file is not ours, whatever is in it; --force replaces it with one of ours."""
    place = tmp_path / "facts.d"
    place.mkdir()
    shutil.copyfile(tmp_path / NAME, place / NAME)
    os.chown(place / NAME, 65534, 65534)
    done = run(writer(place))
    assert done.returncode == 2
    assert "belongs to another user" in done.stderr
    assert "--force" in done.stderr
    assert (place / NAME).read_bytes() == old
    assert run(writer(place, "--force")).returncode == 0
    assert (place / NAME).stat().st_uid == 0


def test_unprivileged(writer: Words, old: bytes, tmp_path: Path) -> None:
    """A directory without the right to write is named, and its file stays."""
    place = tmp_path / "facts.d"
    place.mkdir()
    shutil.copyfile(tmp_path / NAME, place / NAME)
    place.chmod(0o555)
    words = writer(place)
    done = run(words if os.geteuid() else ["setpriv", "--bounding-set=-all", "--no-new-privs", *words])
    place.chmod(0o755)
    assert done.returncode == 2
    assert "permission denied; it is unchanged" in done.stderr
    assert (place / NAME).read_bytes() == old
    assert [path.name for path in place.iterdir()] == [NAME]
