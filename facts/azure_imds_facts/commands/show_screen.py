# SPDX-License-Identifier: Apache-2.0
"""One screen about a machine for people: what it is, where, its network, disks, tags and maintenance."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from typing import Any

    Facts = Mapping[str, Any]
    # A label, and the text beside it.
    Line = tuple[str, str]

# A screen has 24 lines: of long lists these many stand on it, and where to see the rest.
_MOST_TAGS = 4
_MOST_DATA_DISKS = 2

# Group, label, what stands between the parts, and the parts: a text around a value, and the value's path among facts.
# A part without a value is left out, and so is a row without parts.
_ROWS: tuple[tuple[str, str, str, tuple[tuple[str, str], ...]], ...] = (
    ("machine", "name", ", ", (("{}", "compute.name"), ("of scale set {}", "compute.vmScaleSetName"))),
    ("machine", "size", ", ", (("{}", "compute.vmSize"), ("{}", "compute.priority"))),
    (
        "machine",
        "image",
        " ",
        (
            ("{}:", "compute.osType"),
            ("{}", "compute.publisher"),
            ("{}", "compute.offer"),
            ("{}", "compute.sku"),
            ("{}", "compute.version"),
            ("{}", "compute.storageProfile.imageReference.id"),
        ),
    ),
    ("machine", "VM id", ", ", (("{}", "snapshot.vmId"),)),
    (
        "place",
        "region",
        ", ",
        (("{}", "compute.location"), ("zone {}", "compute.zone"), ("fault domain {}", "compute.platformFaultDomain")),
    ),
    ("place", "cloud", ", ", (("{}", "cloud"),)),
    ("place", "group", ", ", (("{}", "compute.resourceGroupName"),)),
    ("place", "subscription", ", ", (("{}", "compute.subscriptionId"),)),
    (
        "network",
        "private",
        ", ",
        (("{}", "network.privateIpv4"), ("{}", "network.privateIpv6"), ("subnet {}", "network.subnetIpv4")),
    ),
    ("network", "public", ", ", (("{}", "network.publicIpv4"), ("{}", "network.publicIpv6"))),
    ("network", "MAC", ", ", (("{}", "network.macAddress"),)),
)


def list_lines(facts: Facts) -> Iterator[tuple[str, str, str]]:
    """Yield (group, label, text) for each line of the screen, from facts (`facts.build_facts`)."""
    groups: dict[str, list[Line]] = {}
    for group, label, between, parts in _ROWS:
        texts = [form.format(value) for form, path in parts if (value := _find(facts, path))]
        if texts:
            groups.setdefault(group, []).append((label, between.join(texts)))
    for group, list_group in _LISTS.items():
        groups.setdefault(group, []).extend(list_group(facts))
    for group, lines in groups.items():
        for label, text in lines:
            yield group, label, text


def _find(facts: Facts, path: str) -> str:
    """Return the text at a path, `""` where there is none, or no text."""
    value: object = facts
    for name in path.split("."):
        value = value.get(name) if isinstance(value, dict) else None
    return value if isinstance(value, str) else ""


def _list_other_interfaces(facts: Facts) -> Iterator[Line]:
    network = facts.get("network") or {}
    others = len(network.get("interface") or []) - 1
    if others > 0:
        primary = (network.get("privateIpv4"), network.get("privateIpv6"))
        listed = [*network.get("privateIpv4Addresses", ()), *network.get("privateIpv6Addresses", ())]
        addresses = ", ".join(str(address) for address in listed if address not in primary) or "no address"
        yield f"{others} more", addresses


def _list_disks(facts: Facts) -> Iterator[Line]:
    storage = (facts.get("compute") or {}).get("storageProfile")
    storage = storage if isinstance(storage, dict) else {}
    if isinstance(storage.get("osDisk"), dict):
        yield "OS", _describe_disk(storage["osDisk"])
    listed = storage.get("dataDisks")
    disks = [disk for disk in listed if isinstance(disk, dict)] if isinstance(listed, list) else []
    for disk in disks[:_MOST_DATA_DISKS]:
        yield f"LUN {_find(disk, 'lun') or '?'}", _describe_disk(disk)
    yield from _name_rest(len(disks) - _MOST_DATA_DISKS, "compute")


def _describe_disk(disk: Facts) -> str:
    size = _find(disk, "diskSizeGB")
    texts = (
        _find(disk, "name"), f"{size} GB" if size else "", _find(disk, "managedDisk.storageAccountType"),
    )  # fmt: skip
    return ", ".join(filter(None, texts)) or "-"


def _list_tags(facts: Facts) -> Iterator[Line]:
    if "tags" not in facts:
        return
    tags: dict[str, str] = facts["tags"]
    yield from [*tags.items()][:_MOST_TAGS] or [("-", "")]
    yield from _name_rest(len(tags) - _MOST_TAGS, "tags")


def _list_maintenance(facts: Facts) -> Iterator[Line]:
    events = facts.get("scheduledEvents") or {}
    if not events.keys() >= {"pending", "nextNotBefore", "nextType"}:
        yield "not looked for", "azure-imds-facts show scheduled_events"
    elif not events["pending"]:
        yield "none", ""
    else:
        due = f", not before {events['nextNotBefore']}" if events["nextNotBefore"] else ""
        yield f"{events['pending']} planned", f"{events['nextType'] or 'under way'}{due}"


def _list_source(facts: Facts) -> Iterator[Line]:
    snapshot = facts["snapshot"]
    sources = {
        "imds": "from IMDS",
        "cache": "from the cache",
        "stale": "IMDS does not answer",
        "cloud-init": "cloud-init's",
    }
    notes = [
        sources[snapshot["source"]],
        f"api-version {snapshot['apiVersion']}" if snapshot["apiVersion"] else "",
        "not whole" if snapshot["partial"] else "",
        "vmId verified" if snapshot["vmIdVerified"] else "",
    ]
    yield _describe_age(snapshot["ageSeconds"]), ", ".join(filter(None, notes))


def _describe_age(seconds: int) -> str:
    for unit, length in (("h", 3600), ("min", 60)):
        if seconds >= 2 * length:
            return f"{seconds // length} {unit} old"
    return f"{seconds} s old"


def _name_rest(count: int, category: str) -> Iterator[Line]:
    if count > 0:
        yield f"{count} more", f"azure-imds-facts show {category}"


# Group → what lists its lines, after those of the table.
_LISTS: dict[str, Callable[[Facts], Iterator[Line]]] = {
    "network": _list_other_interfaces,
    "disks": _list_disks,
    "tags": _list_tags,
    "maintenance": _list_maintenance,
    "facts": _list_source,
}
