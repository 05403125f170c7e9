# SPDX-License-Identifier: Apache-2.0
"""Selectors: VMs of a fleet by name, and by fields and tags as they are now."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from fnmatch import fnmatchcase

from azure_imds_facts.emulator.errors import EmulatorError, format_value
from azure_imds_facts.emulator.vm.document_paths import get_value, parse_path
from azure_imds_facts.emulator.vm.projection import find_field
from azure_imds_facts.emulator.vm.tags import get_tags

from .vm import FleetVm

__all__ = ["SELECTORS", "select"]

# How the changes of a fleet say whom they are for.
SELECTORS = ("vm", "where")
_TAGS = "tags."
Test = Callable[[FleetVm], bool]


def select(vms: Iterable[FleetVm], *, vm: object = "*", where: object = None) -> list[FleetVm]:
    """Return the VMs whose names match `vm`, a pattern of the shell or a list of them, and who match all of `where`.

    `where`: `compute.zone` or another path below compute, or `tags.NAME`, → a pattern of its value. Case counts, but
    not in the names of tags.

    Raises:
        EmulatorError: a selector has the wrong type, a path is unknown, or no VM matches.
    """
    known = list(vms)
    names, tests = _check_names(vm), [_build_test(path, value) for path, value in _check_where(where).items()]
    named = (each for each in known if any(fnmatchcase(each.name, name) for name in names))
    found = [each for each in named if all(test(each) for test in tests)]
    if not found:
        raise EmulatorError(f"no VM matches; there are {len(known)}: {known[0].name} to {known[-1].name}")
    return found


def _check_names(vm: object) -> list[str]:
    names = [vm] if isinstance(vm, str) else vm
    if not isinstance(names, (list, tuple)) or not all(isinstance(name, str) for name in names):
        raise EmulatorError(f"vm: expected a name, a pattern such as web-*, or a list of them, not {format_value(vm)}")
    return list(names)


def _check_where(where: object) -> Mapping[str, str]:
    wanted = {} if where is None else where
    if not isinstance(wanted, Mapping) or not all(isinstance(value, str) for value in wanted.values()):
        raise EmulatorError(f"where: expected an object of paths and texts, not {format_value(where)}")
    return wanted


def _build_test(path: str, pattern: str) -> Test:
    if path.startswith(_TAGS):
        name = path[len(_TAGS) :]
        return lambda vm: any(
            known.casefold() == name.casefold() and fnmatchcase(value, pattern)
            for known, value in get_tags(vm.assembly.machine.compute)
        )
    segments = parse_path(path)
    find_field(segments, keep_unknown=False)
    if segments[0] != "compute":
        raise EmulatorError(f"where: {format_value(path)}; allowed: fields of compute, and tags.NAME")
    return lambda vm: fnmatchcase(str(get_value(vm.assembly.machine.compute, segments[1:]) or ""), pattern)
