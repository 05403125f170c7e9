# SPDX-License-Identifier: Apache-2.0
"""Count what reaches the emulator, by the log that it writes."""

from __future__ import annotations

import os
import time
from pathlib import Path

from benchmarks.timing import Command, run_once

VARIABLE = "BENCHMARKS_REQUESTS_LOG"


def count_lines() -> int:
    """Return how many requests the emulator has had."""
    time.sleep(0.1)  # for the last line to be written
    return len(Path(os.environ[VARIABLE]).read_text(encoding="utf-8").splitlines())


def count_requests(command: Command) -> int:
    """Run a command twice, and return the requests that the second run made."""
    run_once(command)
    before = count_lines()
    run_once(command)
    return count_lines() - before
