# SPDX-License-Identifier: Apache-2.0
"""Groups of VMs as a fleet file describes them: how many, and what differs from one to the next."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from azure_imds_facts.emulator.errors import EmulatorError, format_choices, format_value
from azure_imds_facts.emulator.quantities import check_whole_number
from azure_imds_facts.emulator.vm.document_paths import parse_path
from azure_imds_facts.emulator.vm.projection import find_field

from .names import check_fleet_profile, check_name
from .patterns import Pattern, parse_pattern

__all__ = [
    "GROUP_KEYS",
    "MAPPINGS",
    "MOST_VMS",
    "Group",
    "ScaleSet",
    "build_default_name",
    "build_group",
    "parse_entry",
]

MOST_VMS = 20_000
_MOST_ZONES, _MOST_DOMAINS = 9, 100
# What a VM has by other keys: a second value would say something else than these.
_TAKEN = {"name": "name", "zone": "zones", "physicalZone": "zones", "platformFaultDomain": "fault_domains"}
_TAKEN.update({"vmSize": "sizes", "vmScaleSetName": "scale_set", "tags": "tags", "tagsList": "tags"})
Patterns = tuple[Pattern, ...]


@dataclass(frozen=True)
class ScaleSet:
    """Uniform scale sets, filled one after the other. `name` may hold `{set}`; `instances`: so many VMs in each."""

    name: Pattern
    instances: int


@dataclass(frozen=True)
class Group:
    """One group. Of several values or patterns each VM takes the next one, from the first again after the last.

    vms: profiles in place of those of the whole fleet. zones: names of zones, empty for VMs in none.
    fault_domains: how many of them the VMs of a zone are spread over.
    changes: path → patterns of its value.
    """

    count: int
    name: Pattern
    vms: tuple[str, ...] = ()
    zones: tuple[str, ...] = ("1", "2", "3")
    fault_domains: int = 5
    sizes: Patterns = ()
    scale_set: ScaleSet | None = None
    tags: Mapping[str, Patterns] = field(default_factory=dict)
    changes: Mapping[str, Patterns] = field(default_factory=dict)


def build_group(values: Mapping[str, Any]) -> Group:
    """Build a group from parsed values.

    Raises:
        EmulatorError: `count` is missing, or keys exclude each other.
    """
    if "count" not in values:
        raise EmulatorError("a group needs a count")
    if "name" in values and "scale_set" in values:
        raise EmulatorError("name excludes scale_set: instances are called as their scale set and number, web_0")
    group = Group(**{"name": build_default_name(values["count"]), **values})
    _check_names(group)
    return group


def build_default_name(count: int) -> Pattern:
    """Return the pattern of the names of so many VMs: `vm-000`, and so on."""
    return parse_pattern(f"vm-{{n:0{len(str(count - 1))}}}")


def _check_names(group: Group) -> None:
    """Reject patterns by which several VMs would have one name, and placeholders without a value."""
    if group.scale_set is None and group.count > 1 and "n" not in group.name.names:
        raise EmulatorError("name: every VM would get the same name; put {n} into the name")
    if group.scale_set is None:
        used = [group.name, *group.sizes, *(each for many in _list_patterns(group) for each in many)]
        missing = {name for each in used for name in each.names} & {"scale_set", "set", "instance"}
        if missing:
            raise EmulatorError(f"{format_choices(sorted(missing))} in a pattern: this group has no scale_set")
    elif group.count > group.scale_set.instances and "set" not in group.scale_set.name.names:
        sets = -(-group.count // group.scale_set.instances)
        raise EmulatorError(f"scale_set: {sets} sets would get the same name; put {{set}} into the name")


def _list_patterns(group: Group) -> list[Patterns]:
    return [*group.tags.values(), *group.changes.values()]


def _parse_count(value: Any) -> int:
    return check_whole_number(value, least=1, most=MOST_VMS)


def _parse_name(value: Any) -> Pattern:
    pattern = parse_pattern(_check_text(value))
    if not value or not pattern.names <= {"n", "zone"}:
        raise EmulatorError(f"name {format_value(value)}: allowed in it: {{n}}, {{zone}}")
    check_name(pattern.fill({"n": 0, "zone": "1"}))
    return pattern


def _parse_zones(value: Any) -> tuple[str, ...]:
    """Return the names of zones: of a number those from 1 on."""
    if isinstance(value, (list, tuple)):
        return tuple(map(_check_text, value))
    return tuple(map(str, range(1, 1 + check_whole_number(value, least=0, most=_MOST_ZONES))))


def _parse_domains(value: Any) -> int:
    return check_whole_number(value, least=1, most=_MOST_DOMAINS)


def _parse_patterns(value: Any) -> Patterns:
    patterns = tuple(
        parse_pattern(_check_text(each)) for each in (value if isinstance(value, (list, tuple)) else [value])
    )
    if not patterns:
        raise EmulatorError("expected a value, or a list of them")
    return patterns


def _parse_sizes(value: Any) -> Patterns:
    patterns = _parse_patterns(value)
    if any(pattern.names for pattern in patterns):
        raise EmulatorError("sizes: expected names of sizes, without placeholders")
    return patterns


def _parse_profiles(value: Any) -> tuple[str, ...]:
    return tuple(check_fleet_profile(each) for each in (value if isinstance(value, (list, tuple)) else [value]))


def _parse_scale_set(value: Any) -> ScaleSet:
    if not isinstance(value, Mapping) or set(value) != {"name", "instances"}:
        raise EmulatorError("expected a mapping with name and instances, such as {name: 'web-{set}', instances: 100}")
    name = parse_pattern(_check_text(value["name"]))
    if not name.names <= {"set"} or "_" in "".join(part for part in name.parts if isinstance(part, str)):
        raise EmulatorError(f"name {format_value(value['name'])}: allowed in it: {{set}}, and no _")
    check_name(name.fill({"set": 0}))
    return ScaleSet(name, check_whole_number(value["instances"], least=1, most=MOST_VMS))


def _parse_tags(value: Any) -> dict[str, Patterns]:
    return {name: _parse_patterns(each) for name, each in _check_mapping(value).items()}


def _parse_changes(value: Any) -> dict[str, Patterns]:
    return {path: parse_entry("set", path, each) for path, each in _check_mapping(value).items()}


def parse_entry(key: str, name: str, value: Any) -> Patterns:
    """Parse one entry of a key in MAPPINGS.

    Raises:
        EmulatorError: the value is no pattern, or the path is not one that a fleet may set.
    """
    if key == "set":
        segments = parse_path(name)
        if find_field(segments).kind != "string":
            raise EmulatorError(f"{name}: a fleet sets single values; lists and objects are the same for all VMs")
        taken = _TAKEN.get(segments[1]) if segments[0] == "compute" and len(segments) == 2 else None
        if taken:
            raise EmulatorError(f"{name}: a fleet takes this from the key {taken!r}")
    return _parse_patterns(value)


def _check_mapping(value: Any) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise EmulatorError(f"expected a mapping, not {format_value(value)}")
    return value


def _check_text(value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, (str, int)):
        raise EmulatorError(f"expected text, not {format_value(value)}")
    return str(value)


# Key of a group → the field of Group, and the parser of its value.
GROUP_KEYS: dict[str, tuple[str, Callable[[Any], Any]]] = {
    "count": ("count", _parse_count),
    "name": ("name", _parse_name),
    "vm": ("vms", _parse_profiles),
    "zones": ("zones", _parse_zones),
    "fault_domains": ("fault_domains", _parse_domains),
    "sizes": ("sizes", _parse_sizes),
    "scale_set": ("scale_set", _parse_scale_set),
    "tags": ("tags", _parse_tags),
    "set": ("changes", _parse_changes),
}
# Keys whose value is a mapping of entries, each of which is parsed by itself.
MAPPINGS = ("tags", "set")
