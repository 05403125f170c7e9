# SPDX-License-Identifier: Apache-2.0
"""What each adapter takes to import, over Python itself, and how much memory its process has had at most."""

from __future__ import annotations

import statistics
import subprocess
import sys
from typing import TYPE_CHECKING

from benchmarks.figures import Figure
from benchmarks.timing import Command, time_in_turn

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOM = "imports"
_MODULE = "ansible_collections.azure_imds.facts.plugins.modules.azure_imds_facts"
_ADAPTERS = {
    "command line": "import azure_imds_facts.cli",
    "Salt grain": "import azure_imds_facts.salt.grains.azure_imds",
    "Ansible's basic, which every module imports": "import ansible.module_utils.basic",
    "Ansible module, basic included": f"import sys; sys.path.insert(0, 'collections'); import {_MODULE}",
    "library": "import azure_imds_facts; azure_imds_facts.collect",
    "core, a kept answer": "import azure_imds_facts.core.collector, azure_imds_facts.core.spelling",
    "core, the HTTP client too": "import azure_imds_facts.core.retry, azure_imds_facts.core.transport",
    "requests as transport": "import azure_imds_facts.requests_transport",
    "emulator": "import azure_imds_facts.emulator; azure_imds_facts.emulator.Emulator",
}
# Not ru_maxrss, which a child has from the process that started it.
_PEAK = "; print(open('/proc/self/status').read().partition('VmHWM:')[2].split()[0])"


def measure(*, quick: bool) -> Iterator[Figure]:
    """Time an interpreter that imports and nothing else."""
    commands = {"pass": Command([sys.executable, "-c", "pass"])}
    commands.update({name: Command([sys.executable, "-c", code]) for name, code in _ADAPTERS.items()})
    timings = time_in_turn(commands, 3 if quick else 20)
    nothing_ms = timings["pass"].median * 1000
    for name in _ADAPTERS:
        yield Figure(ROOM, f"{name}: time over Python's own", timings[name].median * 1000 - nothing_ms, "ms")
    for name, code in {"Python itself": "pass", **_ADAPTERS}.items():
        yield Figure(ROOM, f"{name}: peak memory", statistics.median(_peaks(code)), "MiB")


def _peaks(code: str) -> list[float]:
    words = [sys.executable, "-c", code + _PEAK]
    return [int(subprocess.run(words, check=True, capture_output=True, text=True).stdout) / 1024 for _ in range(3)]
