# SPDX-License-Identifier: Apache-2.0
"""Files that an emulator writes: through no link, and whole."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from azure_imds_facts.emulator import Emulator, EmulatorError
from azure_imds_facts.emulator.files import write_files

from tests.emulator.client import send_request
from tests.emulator.processes import StartCommand, run_command


@pytest.mark.parametrize("kind", ["link", "dangling link", "hard link"])
def test_the_log_follows_no_link(tmp_path: Path, kind: str) -> None:
    """The command ends with 2 and one line; what the link names stays as it is."""
    victim, log = tmp_path / "victim", tmp_path / "log"
    if kind != "dangling link":
        victim.write_text("mine\n")
    if kind == "hard link":
        os.link(victim, log)
    else:
        log.symlink_to(victim)
    result = run_command("--log", str(log))
    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr.startswith(f"azure-imds-facts emulate: --log {log}: a ")
    assert len(result.stderr.splitlines()) == 1
    assert not victim.exists() if kind == "dangling link" else victim.read_text() == "mine\n"


def test_the_log_is_appended_to(start_command: StartCommand, tmp_path: Path) -> None:
    """A file that is there already goes on."""
    log = tmp_path / "log"
    log.write_text("before\n")
    command = start_command("--log", str(log))
    send_request(command.url, "/metadata/versions")
    command.stop()
    lines = log.read_text().splitlines()
    assert lines[0] == "before"
    assert lines[1].startswith("GET /metadata/versions 200 ")


def test_keys_follow_no_link(tmp_path: Path) -> None:
    """A link in the directory is replaced by the file, and one in the directory's place is refused."""
    victim, folder = tmp_path / "victim", tmp_path / "keys"
    victim.write_text("mine\n")
    folder.mkdir()
    (folder / "ca.pem").symlink_to(victim)
    os.link(victim, folder / "jwks.json")
    with Emulator() as emulator:
        written = emulator.export_keys(folder)
        assert victim.read_text() == "mine\n"
        assert sorted(path.name for path in written) == sorted(os.listdir(folder))
        assert all(path.is_file() and not path.is_symlink() and path.stat().st_nlink == 1 for path in written)
        elsewhere = tmp_path / "elsewhere"
        elsewhere.symlink_to(folder)
        with pytest.raises(EmulatorError, match="elsewhere: a symbolic link, which is not followed"):
            emulator.export_keys(elsewhere)


def test_a_link_that_dangles_is_no_directory(tmp_path: Path) -> None:
    """Nothing is made where it points."""
    link = tmp_path / "keys"
    link.symlink_to(tmp_path / "nowhere")
    with pytest.raises(EmulatorError, match="a symbolic link"):
        write_files(link, {"a": b""})
    assert os.listdir(tmp_path) == ["keys"]


def test_what_cannot_be_written_leaves_nothing(tmp_path: Path) -> None:
    """A directory in a file's place is named, and no temporary file stays."""
    (tmp_path / "a").mkdir()
    with pytest.raises(EmulatorError, match="is a directory"):
        write_files(tmp_path, {"a": b"x"})
    assert os.listdir(tmp_path) == ["a"]
