# SPDX-License-Identifier: Apache-2.0
"""Whether a program that loads its grains is starting: only then is a failure of a moment ago heeded."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

# A minion loads its grains twice as it starts, for each of its masters: before it looks for the master, and when it has
# found it. Any other program loads them once. What loads them later was told to: by `saltutil.refresh_grains`, a sync.
_LOADS_OF_A_MINION = 2
# Master → how often this process has loaded the grains for it.
_LOADS: Counter[str] = Counter()


def note_load(opts: Mapping[str, Any]) -> bool:
    """Count a load of the grains; return whether it is one with which this program starts."""
    master = _name_master(opts)
    _LOADS[master] += 1
    return _LOADS[master] <= (_LOADS_OF_A_MINION if is_minion(opts) else 1)


def is_minion(opts: Mapping[str, Any]) -> bool:
    """Return whether this process is a minion that stays, rather than `salt-call`."""
    return str(opts.get("__cli", "")).startswith("salt-minion")


def _name_master(opts: Mapping[str, Any]) -> str:
    """Return what stays the same from one load to the next, "" where a minion looks for one master among several."""
    if opts.get("master_type", "str") != "str":
        return ""
    return re.sub(r":\d+$", "", str(opts.get("master", "")))
