# SPDX-License-Identifier: Apache-2.0
"""The facts file on Windows, while its writers are killed and its readers keep it open."""

from __future__ import annotations

import json

from azure_imds_facts.emulator import Emulator

from .conftest import FORM
from .wine import Drive

KILLS = 500 if FORM == "long" else 25


def test_killed_writers(drive: Drive, emulator: Emulator) -> None:
    """Whenever a writer is killed, a reader finds the old file or the new one, whole."""
    drive.make_folder("facts.d")
    emulator.tag("run", "x" * 4000)
    words = ("C:\\src\\tests\\windows\\killing.py", emulator.url, "C:\\facts.d", str(KILLS))
    done = drive.run(*words, timeout_s=60.0 + 4.0 * KILLS)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    print(f"\n{told}")
    assert told["killed"] + told["ended"] == KILLS
    assert told["killed"] >= KILLS // 5
    assert (told["broken"], told["missing"]) == (0, 0)
    assert told["read"] >= KILLS
