# SPDX-License-Identifier: Apache-2.0
"""A watch as a program of its own runs it, without the command line."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.support.emulators import Emulate
from tests.support.watchers import environment, wait_for

PROGRAM = """
import sys
from azure_imds_facts.core.events.program import run_watch
from azure_imds_facts.core.events.watch_options import WatchOptions
from azure_imds_facts.core.reporter import Reporter
from azure_imds_facts.core.settings import build_settings

url, folder = sys.argv[1:]
settings = build_settings({"endpoint": url, "cache_dir": folder + "/cache"}, {})
options = WatchOptions(command=f"echo $AZURE_IMDS_EVENT_TYPE >> {folder}/ran", state_path=folder + "/state")
sys.exit(run_watch(options, settings, Reporter()))
"""


def test_a_program(emulate: Emulate, tmp_path: Path) -> None:
    """Options, settings and a reporter are all that a program needs."""
    emulator = emulate()
    emulator.event("Reboot")
    line = [sys.executable, "-c", PROGRAM, emulator.url, str(tmp_path)]
    with subprocess.Popen(line, env=environment(), stdout=subprocess.PIPE, text=True) as process:
        wait_for((tmp_path / "ran").exists)
        process.terminate()
        output, _nothing = process.communicate(timeout=60)
    assert process.returncode == 0
    assert output.count("\n") == 1
    assert (tmp_path / "ran").read_text() == "Reboot\n"
