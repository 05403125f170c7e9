# SPDX-License-Identifier: Apache-2.0
"""The core's own tests on Windows."""

from __future__ import annotations

import re
import subprocess
import sys

from tests.support import posix

from .wine import ROOT, Drive


def test_core(drive: Drive) -> None:
    """All pass but those for Unix alone, which are few beside them."""
    done = drive.run("-m", "pytest", "tests/core", "-q", "-p", "no:cacheprovider", "--tb=short", timeout_s=600.0)
    told = done.stdout + done.stderr
    assert done.returncode == 0, told[-8000:]
    counts = {word: int(number) for number, word in re.findall(r"([0-9]+) (passed|skipped)", told.splitlines()[-1])}
    listed = [sys.executable, "-m", "pytest", "-q", "--collect-only", "-p", "no:cacheprovider", *posix.FILES]
    left_out = subprocess.run(listed, cwd=ROOT, capture_output=True, text=True, check=True).stdout.count("::")
    print(f"\n{counts['passed']} passed, {counts['skipped']} skipped, {left_out} in files for Unix alone")
    assert counts["passed"] > 3 * (counts["skipped"] + left_out)
