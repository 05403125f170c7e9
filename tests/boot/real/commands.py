# SPDX-License-Identifier: Apache-2.0
"""Run programs, and wait for things to become true."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def run(*words: str, check: bool = True, timeout: float = 120, **options: object) -> subprocess.CompletedProcess[str]:
    """Run a program to its end; where it fails, what it said is in the error."""
    done: subprocess.CompletedProcess[str] = subprocess.run(  # type: ignore[call-overload]
        words, capture_output=True, text=True, timeout=timeout, check=False, **options
    )
    if check and done.returncode:
        raise AssertionError(f"{' '.join(words)} exited {done.returncode}:\n{done.stdout}{done.stderr}")
    return done


def wait_for(what: str, look: Callable[[], T | None], *, within_s: float, every_s: float = 0.02) -> T:
    """Return the first true value that `look` gives. Raises AssertionError where there is none in time."""
    end = time.monotonic() + within_s
    while time.monotonic() < end:
        found = look()
        if found:
            return found
        time.sleep(every_s)
    raise AssertionError(f"not within {within_s} s: {what}")
