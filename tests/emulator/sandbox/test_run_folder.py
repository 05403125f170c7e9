# SPDX-License-Identifier: Apache-2.0
"""The folder of a run: it goes with the run, and after a SIGKILL with the next one."""

from __future__ import annotations

import os
import signal
import subprocess
import tempfile
from pathlib import Path

import pytest
from azure_imds_facts.emulator.sandbox.run_folder import open_run_folder

from tests.emulator.processes import build_environment, can_unshare, command_line


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder for temporary files."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def test_it_goes_with_the_run(place: Path) -> None:
    """It is there while the run lasts, for its user alone; what others left in it goes too."""
    with open_run_folder() as folder:
        assert Path(folder).parent == place
        assert Path(folder).stat().st_mode & 0o777 == 0o700
        Path(folder, "cache").mkdir()
        Path(folder, "cache/entry").touch()
    assert os.listdir(place) == []


def test_runs_beside_each_other_keep_theirs(place: Path) -> None:
    """A later run leaves the folder of one that goes on."""
    with open_run_folder() as first:
        with open_run_folder() as second:
            assert first != second
            assert sorted(os.listdir(place)) == sorted([Path(first).name, Path(second).name])
        assert os.listdir(place) == [Path(first).name]


def test_what_only_has_the_name_stays(place: Path) -> None:
    """Links and files of such a name are not a run's folder."""
    other = place / "other"
    other.mkdir()
    (other / "mine").touch()
    (place / "azure-imds-emulator-link").symlink_to(other)
    (place / "azure-imds-emulator-file").touch()
    with open_run_folder():
        pass
    assert sorted(os.listdir(place)) == ["azure-imds-emulator-file", "azure-imds-emulator-link", "other"]
    assert (other / "mine").exists()


def test_a_foreign_folder_stays(place: Path) -> None:
    """A folder of another user is left alone, also by root."""
    if os.geteuid() != 0:
        pytest.skip("giving a folder to another user takes root")
    foreign = place / "azure-imds-emulator-foreign"
    foreign.mkdir()
    os.chown(foreign, 65534, 65534)
    with open_run_folder():
        pass
    assert foreign.exists()


def test_what_sigkill_left_goes_at_the_next_start(tmp_path: Path) -> None:
    """An emulator with a command is killed: its folder is there, and gone once the next one has started."""
    if not can_unshare():
        pytest.skip("this kernel does not permit namespaces")
    environment = {**build_environment(), "TMPDIR": str(tmp_path)}
    script = 'touch "$AZURE_IMDS_CACHE_DIR/entry"; echo "$AZURE_IMDS_CACHE_DIR"; exec sleep 600'
    with subprocess.Popen(
        command_line("--", "sh", "-c", script), env=environment, stdout=subprocess.PIPE, text=True
    ) as killed:
        assert killed.stdout is not None
        folder = Path(killed.stdout.readline().strip())
        killed.send_signal(signal.SIGKILL)
        killed.wait(timeout=20)
    assert (folder / "entry").exists()
    words = command_line("--", "sh", "-c", f'ls "{tmp_path}"; echo "$AZURE_IMDS_CACHE_DIR"')
    again = subprocess.run(words, env=environment, capture_output=True, text=True, timeout=60, check=True)
    inside, own = again.stdout.splitlines()
    assert inside == Path(own).name != folder.name
    assert os.listdir(tmp_path) == []
