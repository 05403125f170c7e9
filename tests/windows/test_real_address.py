# SPDX-License-Identifier: Apache-2.0
"""Windows at IMDS's own address: detection by SMBIOS, whose VM it is, and folders that an ordinary user has planted."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from .wine import ROOT, Drive, end_server

HERE = "tests/windows/at_the_address.py"
PLANTED = ("run", "proc", "sys", "usr", "opt", "WindowsAzure")


@pytest.fixture(name="told", scope="module")
def _told(drive: Drive, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """What Windows answered in the sandbox of `emulate -- COMMAND`, where the first question met a silent IMDS."""
    if os.geteuid() != 0:
        pytest.skip("laying files over those of the machine takes root")
    end_server()  # one that runs already has the sockets of another network
    control = str(tmp_path_factory.mktemp("control") / "socket")
    emulate = [sys.executable, "-m", "azure_imds_facts", "emulate", "--vm", "windows", "--control", control]
    words = [
        *emulate,
        "--fault",
        "hang*forever",
        "--",
        sys.executable,
        str(ROOT / HERE),
        str(drive.path.parent),
        control,
    ]
    try:
        done = subprocess.run(
            words,
            env=drive.build_environment(PYTHONPATH=str(ROOT / "facts")),
            cwd=ROOT,
            input="",
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        yield json.loads(done.stdout)
    finally:
        for name in PLANTED:
            shutil.rmtree(drive.path / name, ignore_errors=True)


def test_planted_folders(told: dict[str, Any]) -> None:
    """Folders run, proc and sys of an ordinary user in C:, and an IMDS that hangs: `unreachable`, and no fact."""
    assert told["planted"]["code"] == 4, told["planted"]
    assert told["planted"]["output"] == ""
    assert "unreachable" in told["planted"]["messages"]
    assert "planted" not in told["planted"]["messages"]


@pytest.mark.parametrize("order", ["facts", "swapped"])
def test_the_firmware_says_which_vm(order: str, told: dict[str, Any]) -> None:
    """The asset tag is enough to ask, and the UUID in either order verifies `vmId`."""
    assert told[order]["code"] == 0, told[order]
    facts = json.loads(told[order]["output"])
    assert facts["snapshot"]["vm_id_verified"] is True
    assert facts["snapshot"]["endpoint"] == "http://169.254.169.254"
    assert facts["compute"]["vm_id"] == told["vm_id"]
    assert facts["compute"]["os_type"] == "Windows"


def test_another_vm(told: dict[str, Any]) -> None:
    """A document of another VM than the firmware names is `invalid`."""
    assert told["other"]["code"] == 8, told["other"]
    assert "another VM" in told["other"]["messages"]


def test_elsewhere(told: dict[str, Any]) -> None:
    """Another platform's asset tag is `not_azure`, planted folders or not, and IMDS is not asked."""
    assert told["elsewhere"]["code"] == 3, told["elsewhere"]
    assert "RACK-07" in told["elsewhere"]["messages"]


def test_commands(told: dict[str, Any]) -> None:
    """Doctor names the sign, and the signed document is fetched."""
    assert told["doctor"]["code"] == 0, told["doctor"]
    assert "An Azure VM, by SMBIOS's chassis asset tag." in told["doctor"]["output"]
    assert json.loads(told["attest"]["output"])["encoding"] == "pkcs7"
