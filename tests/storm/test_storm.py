# SPDX-License-Identifier: Apache-2.0
"""A short storm; `make test-storm` has the long one."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.watchers import environment

ROOT = Path(__file__).resolve().parents[2]
VMS, SECONDS, EVENTS = os.environ.get("STORM", "3 40 12").split()


@pytest.mark.skipif(os.geteuid() != 0, reason="small disks for the states take root")
def test_a_storm() -> None:
    """Every event's command is started in time, none again after its end was recorded, nothing forbidden is approved."""
    if subprocess.run(["unshare", "-m", "true"], check=False, capture_output=True).returncode:
        pytest.skip("no mount namespace can be made here")
    line = [sys.executable, "-m", "tests.storm.storm", VMS, SECONDS, EVENTS]
    done = subprocess.run(
        ["unshare", "-m", *line], cwd=ROOT, env=environment(PYTHONPATH=f"{ROOT / 'facts'}:{ROOT}"),
        capture_output=True, text=True, check=False, timeout=float(SECONDS) + 300,
    )  # fmt: skip
    print(done.stdout, done.stderr)
    assert done.returncode == 0, done.stdout
