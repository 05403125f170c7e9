# SPDX-License-Identifier: Apache-2.0
"""The core's own tests on Windows."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest

from tests.support import posix

from .wine import ROOT, Drive

# What takes the emulator, which wants Python 3.9.
EMULATED = (
    "tests/core/events",
    "tests/core/test_proxy_agent.py",
    "tests/core/test_transport.py",
    "tests/core/windows/test_host.py",
    "tests/core/windows/test_smbios.py",
)


@pytest.mark.parametrize("python", ["311", "38"])
def test_core(python: str, drive: Drive) -> None:
    """All pass but those for Unix alone, which are few beside them, and those for a newer Python than the core's oldest."""
    flags = [f"--ignore={path}" for path in EMULATED if python == "38"]
    words = ("-m", "pytest", "tests/core", "-q", "-p", "no:cacheprovider", "--tb=short", *flags)
    done = drive.run(*words, python=python, timeout_s=900.0)
    told = done.stdout + done.stderr
    assert done.returncode == 0, told[-8000:]
    counts = {word: int(number) for number, word in re.findall(r"([0-9]+) (passed|skipped)", told.splitlines()[-1])}
    listed = [sys.executable, "-m", "pytest", "-q", "--collect-only", "-p", "no:cacheprovider", *posix.FILES]
    left_out = subprocess.run(listed, cwd=ROOT, capture_output=True, text=True, check=True).stdout.count("::")
    print(
        f"\nPython {python}: {counts['passed']} passed, {counts['skipped']} skipped, {left_out} in files for Unix alone"
    )
    assert counts["passed"] > 2 * (counts["skipped"] + left_out)
