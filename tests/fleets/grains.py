# SPDX-License-Identifier: Apache-2.0
"""The grain of many VMs, collected one after the other in one process, and its size on the way to a master."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from azure_imds_facts.salt.grain import collect_grain

from tests.fleets.emulated import Vm


def collect_grains(minions: Mapping[str, Mapping[str, Any]], folder: str) -> dict[str, dict[str, Any]]:
    """Return minion → its grain, as its own process would collect it. `folder`: what stands for a minion's cachedir."""
    return {
        name: collect_grain({"cachedir": f"{folder}/{name}", **settings})["azure_imds"]
        for name, settings in minions.items()
    }


def describe(grain: Mapping[str, Any]) -> tuple[str, Vm]:
    """Return the name and the rest of what a VM said, as Salt has it."""
    compute, tags = grain["compute"], grain["tags"]
    return compute["name"], Vm(
        compute["zone"], compute["platformFaultDomain"], compute["vmSize"], tags["env"], tags["number"]
    )


def measure_grain(grain: Mapping[str, Any]) -> int:
    """Return the bytes that Salt sends of a grain, and that its master keeps."""
    from salt.payload import dumps  # noqa: PLC0415  there where Salt is

    return len(dumps({"azure_imds": dict(grain)}))
