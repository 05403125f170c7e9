# SPDX-License-Identifier: Apache-2.0
"""Test what Windows says of its machine, with tables as the emulator builds them."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import azure_imds_facts
import pytest
from azure_imds_facts.core.errors import NotAzureError
from azure_imds_facts.core.fallback import read_older_answers
from azure_imds_facts.core.host import find_imds
from azure_imds_facts.core.settings import Settings
from azure_imds_facts.core.windows.host import AGENT_DIR, WindowsHost

from tests.core.windows.test_smbios import AZURE, ELSEWHERE
from tests.support.documents import VM_ID
from tests.support.reporters import ListReporter

# 2026-11-27T08:15:00.1234567Z in Windows' count.
STARTED = 134_402_409_001_234_567


class Machine(WindowsHost):
    """A machine whose firmware and start a test gives."""

    def __init__(self, firmware: bytes = b"", started: int | None = STARTED, *, agent_dir: str = AGENT_DIR) -> None:
        super().__init__(agent_dir=agent_dir)
        self.__dict__.update(firmware=firmware, started=started)

    def read_firmware(self) -> bytes:
        """Return the test's tables."""
        return bytes(self.__dict__["firmware"])

    def read_start(self) -> int | None:
        """Return the test's start."""
        started: int | None = self.__dict__["started"]
        return started


def test_azure() -> None:
    """Azure's tag is enough, and the UUID is there to compare."""
    assert find_imds(Settings(), Machine(AZURE)) == (Settings(), VM_ID)


def test_elsewhere(tmp_path: Path) -> None:
    """Another tag is not Azure, whatever folder there is."""
    with pytest.raises(NotAzureError) as caught:
        find_imds(Settings(), Machine(ELSEWHERE, agent_dir=str(tmp_path)))
    assert caught.value.is_other_platform


def test_without_a_tag(tmp_path: Path) -> None:
    """Without a tag the agent's folder decides, and the refusal is in the words of Windows."""
    assert find_imds(Settings(), Machine(agent_dir=str(tmp_path))) == (Settings(), "")
    with pytest.raises(NotAzureError) as caught:
        find_imds(Settings(), Machine(agent_dir=str(tmp_path / "none")))
    assert "SMBIOS has no chassis asset tag" in str(caught.value)
    assert "cloud-init" not in str(caught.value)


def test_boot_id() -> None:
    """It says that it is a time of start, and that time to the last digit; without one there is none."""
    assert Machine().read_boot_id() == "boot-time:2026-11-27T08:15:00.1234567Z"
    assert Machine(started=None).read_boot_id() is None
    assert Machine(started=0).read_boot_id() is None


def test_it_has_no_path(reporter: ListReporter) -> None:
    """No path of a Unix is in it, so that none can be read: no copy of cloud-init's, no socket of Arc's, no agent."""
    host = WindowsHost()
    assert {value for name, value in vars(host).items() if name != "agent_dir"} == {""}
    assert list(read_older_answers(Settings(), None, host, reporter, now=0.0)) == []
    assert host.describe_stranger()
    assert find_imds(Settings(arc=True), Machine(AZURE))[0].platform == "vm"


def test_every_adapter_chooses() -> None:
    """Nothing that users get makes a host by itself: on Windows that would read paths of a Unix."""
    root = Path(azure_imds_facts.__file__).parents[2]
    if shutil.which("git") is None:
        pytest.skip("there is no git")
    done = subprocess.run(
        ["git", "grep", "-lE", r"\bHost\(\)", "--", "*.py", ":!tests"],
        cwd=root,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode > 1:
        pytest.skip("this is no checkout of git")
    core = "collections/ansible_collections/azure_imds/facts/plugins/module_utils/imds"
    assert done.stdout.split() == [f"{core}/host.py"]


@pytest.mark.skipif(sys.platform != "win32", reason="only Windows has firmware tables to ask for")
def test_this_machine() -> None:
    """Windows answers, and its start is the same each time."""
    host = WindowsHost()
    assert host.read_firmware()
    assert host.read_boot_id() == host.read_boot_id()
    assert str(host.read_boot_id()).startswith("boot-time:20")
