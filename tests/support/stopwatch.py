# SPDX-License-Identifier: Apache-2.0
"""Real time, for the few tests that have to measure it; most move a clock of their own (clocks.py)."""

from __future__ import annotations

import os
import re
import time
from pathlib import Path

_PRESSURE = Path("/proc/pressure/cpu")


class Stopwatch:
    """Seconds since it was made, less those in which this machine had more to do than processors.

    So a bound that is promised holds on a busy machine too, where it says less, and is as strict as it reads on a quiet
    one. Linux counts such seconds; where it does not, all seconds count.
    """

    def __init__(self) -> None:
        self._began = time.monotonic()
        self._stalled_s = _read_stalled_s()

    @property
    def seconds(self) -> float:
        """Return what has passed, 0 at least."""
        return max(0.0, time.monotonic() - self._began - (_read_stalled_s() - self._stalled_s))


def _read_stalled_s() -> float:
    """Return the seconds since the boot in which a task waited for a processor: the kernel's are the processors' mean."""
    try:
        pressure = _PRESSURE.read_text(encoding="ascii")
    except OSError:
        return 0.0
    found = re.search(r"^some .*total=(\d+)$", pressure, re.MULTILINE)
    return int(found.group(1)) / 1e6 * (os.cpu_count() or 1) if found else 0.0
