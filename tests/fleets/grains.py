# SPDX-License-Identifier: Apache-2.0
"""The grain of many VMs, collected one after the other in one process, and its size on the way to a master.

Run as a program it reads the settings of minions from standard input, and prints their grains and how long they took:
Salt, once imported, has its say in whatever a process imports afterwards.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgpack

from tests.fleets.emulated import Vm

_CHECKOUT = Path(__file__).parents[2]
_TIMEOUT_S = 600


@dataclass(frozen=True)
class Collected:
    """Minion → its grain, and the seconds that all of them took, imports not included."""

    grains: dict[str, dict[str, Any]]
    seconds: float


def collect_grains(minions: Mapping[str, Mapping[str, Any]], folder: str) -> Collected:
    """Collect the grain of each minion as its own process would. `folder`: what stands for a minion's cachedir."""
    options = {name: {"cachedir": f"{folder}/{name}", **settings} for name, settings in minions.items()}
    done = subprocess.run(
        [sys.executable, "-m", "tests.fleets.grains"],
        cwd=_CHECKOUT,
        env={**os.environ, "PYTHONPATH": str(_CHECKOUT / "scripts")},
        input=json.dumps(options),
        stdout=subprocess.PIPE,
        text=True,
        timeout=_TIMEOUT_S,
        check=True,
    )
    return Collected(**json.loads(done.stdout))


def describe(grain: Mapping[str, Any]) -> tuple[str, Vm]:
    """Return the name and the rest of what a VM said, as Salt has it."""
    compute, tags = grain["compute"], grain["tags"]
    return compute["name"], Vm(
        compute["zone"], compute["platformFaultDomain"], compute["vmSize"], tags["env"], tags["number"]
    )


def measure_grains(grains: Mapping[str, Any]) -> int:
    """Return the bytes that Salt sends of grains, and that its master keeps."""
    return len(msgpack.packb(dict(grains), use_bin_type=False))


def _collect() -> None:
    from azure_imds_facts.salt.grain import collect_grain  # noqa: PLC0415  imports Salt

    options = json.load(sys.stdin)
    began = time.perf_counter()
    grains = {name: collect_grain(each)["azure_imds"] for name, each in options.items()}
    print(json.dumps({"grains": grains, "seconds": time.perf_counter() - began}))


if __name__ == "__main__":
    _collect()
