# SPDX-License-Identifier: Apache-2.0
"""Test the local facts file: what may be replaced, marked or removed, and that it is never lost or half-written."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import azure_imds_facts
import pytest
from azure_imds_facts.core.errors import (
    ImdsError,
    InvalidError,
    NotAzureError,
    RejectedError,
    UnreachableError,
    UsageError,
)
from azure_imds_facts.core.facts_file import NAME, FactsFile

from tests.support.clocks import ManualClock
from tests.support.documents import SWAPPED_VM_ID, VM_ID

ROOT = Path(azure_imds_facts.__file__).parents[1]


def facts(**snapshot: object) -> dict[str, Any]:
    """Return the content of a file of ours."""
    told = {"source": "imds", "boot_id": "boot-1", "fetched_at": "2023-11-14T22:13:20Z", "vm_id": VM_ID, **snapshot}
    return {"available": True, "cloud": "AzureCloud", "compute": {"name": "größe"}, "tags": {}, "snapshot": told}


def write(directory: Path, content: dict[str, Any] | None = None, *, reveal: bool = False, force: bool = False) -> Path:
    """Write facts and return the file."""
    file = FactsFile(str(directory), clock=ManualClock(), force=force)
    try:
        return Path(file.write(content or facts(), is_revealing=reveal))
    finally:
        file.close()


def settle(directory: Path, error: ImdsError) -> str:
    """Settle a failure and return what was said."""
    file = FactsFile(str(directory), clock=ManualClock())
    try:
        return file.invalidate_after(error)
    finally:
        file.close()


def settle_boot(directory: Path, *, boot_id: str | None = "boot-2", dmi_uuid: str = "") -> str:
    """Settle a boot and return what was said."""
    file = FactsFile(str(directory), clock=ManualClock())
    try:
        return file.invalidate_earlier_boot(boot_id=boot_id, dmi_uuid=dmi_uuid)
    finally:
        file.close()


def source(directory: Path) -> str:
    """Return `snapshot.source` of the file."""
    return json.loads((directory / NAME).read_text())["snapshot"]["source"]


@pytest.mark.parametrize(("reveal", "mode"), [(False, 0o644), (True, 0o600)])
@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077])
def test_write(reveal: bool, mode: int, umask: int, tmp_path: Path) -> None:
    """The file is UTF-8 with sorted keys, 0644 or, revealing, 0600, never executable, whatever the umask."""
    before = os.umask(umask)
    try:
        path = write(tmp_path / "a" / "facts.d", reveal=reveal)
    finally:
        os.umask(before)
    assert path == tmp_path / "a" / "facts.d" / NAME
    assert path.stat().st_mode & 0o7777 == mode
    assert path.parent.stat().st_mode & 0o777 == 0o755
    text = path.read_bytes().decode("utf-8")
    assert "größe" in text
    assert json.loads(text) == facts()
    assert text.index('"available"') < text.index('"cloud"') < text.index('"snapshot"')
    assert os.listdir(path.parent) == [NAME]


def test_modes_change_with_reveal(tmp_path: Path) -> None:
    """What was 0600 is 0644 again once nothing is revealed, and the other way round."""
    write(tmp_path, reveal=True)
    assert write(tmp_path).stat().st_mode & 0o777 == 0o644
    assert write(tmp_path, reveal=True).stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[section]\nkey=value\n",
        b"#!/bin/sh\n",
        b"{}",
        b"[]",
        b'{"available": true}',
        b'{"available": true, "snapshot": {}}',
    ],
)
def test_foreign_file(content: bytes, tmp_path: Path) -> None:
    """A file that is not ours stays, and is replaced with --force."""
    (tmp_path / NAME).write_bytes(content)
    with pytest.raises(UsageError, match="not written by azure-imds-facts"):
        write(tmp_path)
    assert (tmp_path / NAME).read_bytes() == content
    assert json.loads(write(tmp_path, force=True).read_text()) == facts()


@pytest.mark.parametrize("kind", ["link", "dangling link", "hard link", "FIFO", "world-writable"])
@pytest.mark.parametrize("force", [False, True])
def test_unsafe_file(kind: str, force: bool, tmp_path: Path) -> None:
    """A link or what is no plain file is not followed; --force replaces it, and what it pointed to stays."""
    outside, place = tmp_path / "outside", tmp_path / "facts.d"
    place.mkdir()
    if kind != "dangling link":
        outside.write_text(json.dumps(facts(source="outside")))
    if kind.endswith("link") and kind != "hard link":
        (place / NAME).symlink_to(outside)
    elif kind == "hard link":
        os.link(outside, place / NAME)
    elif kind == "FIFO":
        os.mkfifo(place / NAME)
    else:
        (place / NAME).write_text(json.dumps(facts()))
        (place / NAME).chmod(0o666)
    if force:
        assert json.loads(write(place, force=True).read_text()) == facts()
        assert not (place / NAME).is_symlink()
        assert (place / NAME).stat().st_nlink == 1
    else:
        with pytest.raises(UsageError):
            write(place)
    assert not outside.exists() if kind == "dangling link" else "outside" in outside.read_text()


def test_directory_in_its_place(tmp_path: Path) -> None:
    """A directory called like the file is reported, with and without --force."""
    (tmp_path / NAME).mkdir()
    for force in (False, True):
        with pytest.raises(UsageError):
            write(tmp_path, force=force)
    assert os.listdir(tmp_path) == [NAME]


@pytest.mark.parametrize("error", [UnreachableError("No."), RejectedError("No."), InvalidError("No.")])
def test_failure_marks_stale(error: ImdsError, tmp_path: Path) -> None:
    """When there are no new facts the old ones stay, marked stale, with the mode they had."""
    write(tmp_path, reveal=True)
    assert "stale" in settle(tmp_path, error)
    assert json.loads((tmp_path / NAME).read_text()) == facts(source="stale")
    assert (tmp_path / NAME).stat().st_mode & 0o777 == 0o600
    assert settle(tmp_path, error) == ""


def test_failure_that_leaves_the_file(tmp_path: Path) -> None:
    """Usage errors, and not_azure without a word of DMI, leave the file alone; nothing is made where nothing was."""
    for error in (UsageError("No."), NotAzureError("No.")):
        write(tmp_path)
        assert settle(tmp_path, error) == ""
        assert source(tmp_path) == "imds"
    for other in (UnreachableError("No."), UsageError("No."), NotAzureError("No.", is_other_platform=True)):
        assert settle(tmp_path / "none", other) == ""
    assert not (tmp_path / "none").exists()


def test_another_platform(tmp_path: Path) -> None:
    """Where DMI names another platform the file of an earlier life is removed."""
    write(tmp_path)
    assert "removed" in settle(tmp_path, NotAzureError("No.", is_other_platform=True))
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize(
    ("boot_id", "dmi_uuid", "left"),
    [
        ("boot-1", "", "imds"),
        ("boot-2", "", "stale"),
        ("boot-2", VM_ID, "stale"),
        ("boot-2", SWAPPED_VM_ID.upper(), "stale"),
        ("boot-2", "5c08b38e-4d57-4c23-ac45-000000000000", None),
        (None, "", "stale"),
        (None, "5c08b38e-4d57-4c23-ac45-000000000000", None),
    ],
)
def test_boot(boot_id: str | None, dmi_uuid: str, left: str | None, tmp_path: Path) -> None:
    """At boot, facts of another boot are marked stale, and those of another VM removed."""
    write(tmp_path)
    said = settle_boot(tmp_path, boot_id=boot_id, dmi_uuid=dmi_uuid)
    assert (said == "") is (left == "imds")
    assert source(tmp_path) == left if left else os.listdir(tmp_path) == []


def test_link_to_directory(tmp_path: Path) -> None:
    """A link in the directory's place is refused."""
    (tmp_path / "real").mkdir()
    (tmp_path / "facts.d").symlink_to(tmp_path / "real")
    with pytest.raises(UsageError, match=r"facts\.d"):
        write(tmp_path / "facts.d")
    assert os.listdir(tmp_path / "real") == []


def test_file_in_the_directorys_place(tmp_path: Path) -> None:
    """A file in the directory's place, or above it, is reported."""
    (tmp_path / "file").write_text("x")
    for place in (tmp_path / "file", tmp_path / "file" / "facts.d"):
        with pytest.raises(UsageError):
            write(place)


@pytest.mark.skipif(getattr(os, "geteuid", lambda: 0)() == 0, reason="root may write to any directory")
def test_read_only_directory(tmp_path: Path) -> None:
    """A directory that may not be written to is reported, and what stood there is unchanged."""
    write(tmp_path)
    tmp_path.chmod(0o555)
    try:
        with pytest.raises(UsageError, match="permission denied"):
            write(tmp_path)
    finally:
        tmp_path.chmod(0o755)
    assert json.loads((tmp_path / NAME).read_text()) == facts()


WRITER = """
import sys
from azure_imds_facts.core.clock import Clock
from azure_imds_facts.core.errors import UsageError
from azure_imds_facts.core.facts_file import FactsFile
told = {"source": "imds", "boot_id": "b", "fetched_at": "f"}
def write(filler):
    file = FactsFile(sys.argv[1], clock=Clock())
    try:
        file.write({"available": True, "snapshot": told, "compute": {"filler": filler}}, is_revealing=False)
    finally:
        file.close()
"""


def run_writer(program: str, *words: str, **options: Any) -> subprocess.CompletedProcess[str]:
    """Run a program around the writer."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.run(
        [*words], input=WRITER + program, capture_output=True, text=True, env=environment, check=False, **options
    )


@pytest.mark.parametrize("limit", ["disk full", "read-only"])
def test_on_a_small_disk(limit: str, tmp_path: Path) -> None:
    """Where the disk is full or read-only the old file stands, whole, and nothing else lies beside it."""
    program = """
import json, os, subprocess
write("old")
if sys.argv[2] == "read-only":
    subprocess.run(["mount", "-o", "remount,ro", sys.argv[1]], check=True)
try:
    write("x" * 300_000)
except UsageError as error:
    print(error)
print(json.load(open(os.path.join(sys.argv[1], "azure_imds.fact")))["compute"]["filler"], len(os.listdir(sys.argv[1])))
"""
    mount = 'mount -t tmpfs -o size=128k none "$1" || exit 77; exec "$0" - "$1" "$2"'
    words = ["unshare", "-m", "sh", "-c", mount, sys.executable, str(tmp_path), limit]
    try:
        done = run_writer(program, *words)
    except FileNotFoundError:
        pytest.skip("there is no unshare")
    if done.returncode == 77 or "unshare" in done.stderr:
        pytest.skip(f"no mount namespace here: {done.stderr.strip()}")
    assert done.stderr == ""
    assert done.stdout.splitlines()[-1] == "old 1"
    assert ("no space left" if limit == "disk full" else "read-only file system") in done.stdout


def test_killed_writers(tmp_path: Path) -> None:
    """A writer that is killed leaves the old file or the new one, and its leftovers are removed later."""
    write(tmp_path)
    program = WRITER + "\nprint('ready', flush=True)\nwhile True:\n    write('x' * 200_000)\n"
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    for pause_s in (0.001, 0.004, 0.009, 0.013, 0.021):
        with subprocess.Popen(
            [sys.executable, "-c", program, str(tmp_path)], stdout=subprocess.PIPE, env=environment
        ) as writer:
            assert writer.stdout
            assert writer.stdout.readline() == b"ready\n"
            time.sleep(pause_s)
            os.kill(writer.pid, signal.SIGKILL)
        content = json.loads((tmp_path / NAME).read_text())
        assert content == facts() or content["compute"]["filler"] == "x" * 200_000
    for leftover in tmp_path.iterdir():
        os.utime(leftover, (1_600_000_000, 1_600_000_000))
    write(tmp_path)
    assert os.listdir(tmp_path) == [NAME]


@pytest.mark.parametrize("place", ["", "file/below", "file"])
def test_places_that_are_none(place: str, tmp_path: Path) -> None:
    """That nothing can be written there is found out before anything is asked."""
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match="cannot be used"):
        FactsFile(f"{tmp_path}/{place}" if place else "", clock=ManualClock())


@pytest.mark.parametrize("end", ["", "/", "/."])
def test_no_link_is_followed(end: str, tmp_path: Path) -> None:
    """A link is none in any spelling."""
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    with pytest.raises(UsageError, match="cannot be used"):
        write(Path(f"{tmp_path}/link{end}")) if not end else FactsFile(f"{tmp_path}/link{end}", clock=ManualClock())
    assert list((tmp_path / "real").iterdir()) == []


@pytest.mark.parametrize("newer", ["{}", json.dumps(facts(fetched_at="2023-11-15T22:13:20Z"))])
def test_a_file_that_was_exchanged_stays(newer: str, tmp_path: Path) -> None:
    """What came while IMDS was waited for, another writer's newer facts for instance, is neither replaced nor marked."""
    path = write(tmp_path, reveal=True)
    file = FactsFile(str(tmp_path), clock=ManualClock())
    path.rename(tmp_path / "away")
    path.write_text(newer)
    path.chmod(0o644)
    assert file.invalidate_after(UnreachableError("x")) == ""
    file.close()
    assert path.read_text() == newer


def test_half_a_character_is_written_whole(tmp_path: Path) -> None:
    """A file of ours that holds what is no character can be marked all the same."""
    path = write(tmp_path)
    path.write_text(path.read_text().replace("größe", "\\ud800"))
    assert "marked stale" in settle(tmp_path, UnreachableError("x"))
    assert source(tmp_path) == "stale"
