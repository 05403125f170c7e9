# SPDX-License-Identifier: Apache-2.0
"""Salt 3008.3 on a Windows minion: the grain and the execution module, from the package and from exported files.

Salt's own grains about the machine ask WMI, which Wine has not.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest
from azure_imds_facts.emulator import Emulator

from .conftest import FORM
from .wine import ROOT, Drive

Call = Callable[..., Any]
SALT_CALL = """
import os
import sys

base = "C:\\\\salt311"
package = sys.argv.pop(1)
if not package:
    # Exported files have to do by themselves.
    sys.path = [place for place in sys.path if not place.startswith("C:\\\\src")]
sys.path[:0] = [base, base + "\\\\win32", base + "\\\\win32\\\\lib", package]
os.add_dll_directory(base + "\\\\pywin32_system32")
from salt.scripts import salt_call

sys.argv[0] = "salt-call"
salt_call()
"""
ENTRY_POINTS = "[salt.loader]\nazure_imds_facts = azure_imds_facts.salt\n"


@pytest.fixture(name="call", params=["package", "exported"])
def _call(request: pytest.FixtureRequest, drive: Drive, emulator: Emulator) -> Call:
    """Call a function of Salt on the minion, which has the package, or the files of `export salt`."""
    if FORM != "long":
        pytest.skip("Salt on Windows is part of the long form: scripts/test-windows.sh without `short`")
    folder = drive.make_folder("minion")
    config = {
        "id": "pane",
        "root_dir": "C:\\minion",
        "disable_grains": ["core", "disks", "pending_reboot"],
        "azure_imds": {"endpoint": emulator.url, "timeout": 20},
    }
    if request.param == "package":
        place = "C:\\minion\\package"
        described = folder / "package/azure_imds_facts-0.1.0.dist-info"
        described.mkdir(parents=True)
        (described / "METADATA").write_text("Metadata-Version: 2.1\nName: azure-imds-facts\nVersion: 0.1.0\n")
        (described / "entry_points.txt").write_text(ENTRY_POINTS)
    else:
        place = ""
        words = [sys.executable, "-m", "azure_imds_facts", "export", "salt", str(folder / "tree")]
        subprocess.run(words, cwd=ROOT, check=True, capture_output=True)
        for kind, option in (("grains", "grains_dirs"), ("modules", "module_dirs"), ("beacons", "beacons_dirs")):
            config[option] = [f"C:\\minion\\tree\\_{kind}"]
    (folder / "minion").write_text(json.dumps(config))
    (folder / "salt-call.py").write_text(SALT_CALL)

    def call(function: str, *words: str, is_refused: bool = False) -> Any:
        flags = ("--config-dir", "C:\\minion", "--local", "--out", "json")
        done = drive.run("C:\\minion\\salt-call.py", place, *flags, function, *words, timeout_s=300.0)
        if is_refused:
            return (done.stdout + done.stderr).strip().splitlines()[-1]
        start = done.stdout.find("{")
        assert start >= 0, done.stdout + done.stderr
        return json.loads(done.stdout[start:])["local"]

    return call


def test_salt(call: Call, emulator: Emulator) -> None:
    """The grain is the machine's; the module gets facts, raw answers and events, and says what cannot be on Windows."""
    grain = call("grains.get", "azure_imds")
    assert grain["compute"]["vmSize"] == emulator.document["compute"]["vmSize"]
    assert grain["snapshot"]["bootId"].startswith("boot-time:20")
    assert call("azure_imds.facts", "gather=tags")["tags"] == grain["tags"]
    assert call("azure_imds.get", "compute/vmId") == grain["compute"]["vmId"]
    emulator.event("Reboot")
    assert [event["event_type"] for event in call("azure_imds.events")["events"]] == ["Reboot"]


def test_what_cannot_be(call: Call) -> None:
    """Nothing can be acknowledged, which is said in one line."""
    told = call("azure_imds.acknowledge", "0123", is_refused=True)
    assert told.startswith("Error running 'azure_imds.acknowledge': usage: Nothing can be noted on Windows")
