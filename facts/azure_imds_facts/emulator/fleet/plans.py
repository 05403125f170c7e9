# SPDX-License-Identifier: Apache-2.0
"""Plans of a fleet's VMs: the fields and tags in which each differs from the machine that they are made from.

Assumed: zones and fault domains are filled evenly, so that each zone has VMs in every domain; where VMs are is Azure's
own affair. Ids, addresses and names of disks follow from the names, so that they are the same in every run.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from azure_imds_facts.emulator.vm.document_paths import get_value

from .names import check_name

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .groups import Group, Patterns

__all__ = ["VmPlan", "plan_disks", "plan_group", "plan_network"]

_NAMESPACE = uuid.UUID("6f0a3b52-9c1e-4d57-8f43-2b7e1c9d5a60")
# Addresses in a subnet; Azure keeps the first four and the last one of each (documented).
_IN_SUBNET, _FIRST_HOST = 250, 4


@dataclass(frozen=True)
class VmPlan:
    """One VM: its name, the fields that it has of its own, in the form of `--set`, and its tags."""

    name: str
    changes: tuple[tuple[str, object], ...]
    tags: tuple[tuple[str, str], ...]


def plan_group(group: Group) -> Iterator[VmPlan]:
    """Yield the plans of a group's VMs."""
    for number in range(group.count):
        yield _plan_vm(group, number)


def _plan_vm(group: Group, number: int) -> VmPlan:
    # Domain after domain within each zone, not both by one number: then each zone would have one domain.
    zone = group.zones[number % len(group.zones)] if group.zones else ""
    domain = number // (len(group.zones) or 1) % group.fault_domains
    values: dict[str, object] = {"n": number, "zone": zone, "fault_domain": domain}
    values["size"] = size = _choose(group.sizes, number, values)
    changes: list[tuple[str, object]] = [("compute.platformFaultDomain", str(domain)), ("compute.zone", zone)]
    if group.scale_set is None:
        name = group.name.fill(values)
    else:
        values["set"], values["instance"] = divmod(number, group.scale_set.instances)
        values["scale_set"] = scale_set = group.scale_set.name.fill(values)
        name = f"{scale_set}_{values['instance']}"
        changes += [
            ("compute.vmScaleSetName", scale_set),
            ("compute.placementGroupId", str(uuid.uuid5(_NAMESPACE, f"placement:{scale_set}"))),
        ]
    changes += [("compute.name", name), ("compute.vmId", str(uuid.uuid5(_NAMESPACE, f"vm:{name}")))]
    changes += [("compute.vmSize", size)] if size else []
    changes += [(path, _choose(patterns, number, values)) for path, patterns in group.changes.items()]
    tags = tuple((tag, _choose(patterns, number, values)) for tag, patterns in group.tags.items())
    return VmPlan(check_name(name), tuple(changes), tags)


def _choose(patterns: Patterns, number: int, values: dict[str, object]) -> str:
    return patterns[number % len(patterns)].fill(values) if patterns else ""


def plan_network(index: int, interfaces: Sequence[Any]) -> Iterator[tuple[str, object]]:
    """Yield the addresses of the VM with an index in its fleet, for those that the interfaces of its template have."""
    third, fourth = divmod(index, _IN_SUBNET)
    for number, interface in enumerate(interfaces):
        path, subnet = f"network.interface[{number}]", f"10.{1 + number}.{third}"
        yield f"{path}.macAddress", f"000D3A{0x2C0000 + (number << 15) + index:06X}"
        addresses = {"ipv4": f"{subnet}.{fourth + _FIRST_HOST}", "ipv6": f"fd00:10:1:{number}::{index + 4:x}"}
        for kind, address in addresses.items():
            if get_value(interface, (kind, "ipAddress", "0")):
                yield f"{path}.{kind}.ipAddress[0].privateIpAddress", address
        if get_value(interface, ("ipv4", "ipAddress", "0", "publicIpAddress")):
            yield f"{path}.ipv4.ipAddress[0].publicIpAddress", ""
        if get_value(interface, ("ipv4", "subnet", "0")):
            yield f"{path}.ipv4.subnet[0].address", f"{subnet}.0"


def plan_disks(storage: Any, name: str) -> Iterator[tuple[str, object]]:
    """Yield the storage profile of a VM, whose disks are named after it where those of its template are."""
    old = str(get_value(storage, ("osDisk", "name")) or "").rpartition("-")[0]
    if old:
        yield "compute.storageProfile", _rename(storage, f"{old}-", f"{name}-")


def _rename(value: Any, old: str, new: str) -> Any:
    """Return a value with names replaced; what does not change is the same object."""
    if isinstance(value, str):
        return value.replace(old, new) if old in value else value
    if isinstance(value, dict):
        renamed = {key: _rename(child, old, new) for key, child in value.items()}
        return value if all(renamed[key] is value[key] for key in value) else renamed
    if isinstance(value, list):
        items = [_rename(child, old, new) for child in value]
        return value if all(one is other for one, other in zip(items, value)) else items
    return value
