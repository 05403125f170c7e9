# SPDX-License-Identifier: Apache-2.0
"""How much slower this machine is than the one on which a bound in seconds of the processor was set."""

from __future__ import annotations

import functools
import json
import time

# What the work below took on that machine.
_REFERENCE_S = 0.033


@functools.lru_cache(maxsize=1)
def measure_slowness() -> float:
    """Return the factor, 1.0 at least: a bound is as strict as it reads on a machine that is no slower."""
    return max(1.0, min(_work() for _time in range(7)) / _REFERENCE_S)


def _work() -> float:
    """Return the seconds of the processor that parsing, spelling anew and writing of a fixed document take."""
    began = time.process_time()
    document = json.loads(_TEXT)
    spelled = [{key.upper(): [str(value) for value in values] for key, values in row.items()} for row in document]
    json.dumps(spelled, sort_keys=True)
    return time.process_time() - began


_TEXT = json.dumps([{f"key{name}": [number, name, "value"] for name in range(20)} for number in range(1500)])
