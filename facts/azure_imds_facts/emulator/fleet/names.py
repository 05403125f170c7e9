# SPDX-License-Identifier: Apache-2.0
"""Names of a fleet's VMs, and the profiles that they cannot have."""

from __future__ import annotations

from azure_imds_facts.emulator.errors import EmulatorError, format_choices, format_value
from azure_imds_facts.emulator.vm.profiles import PROFILES, check_profile

__all__ = ["check_fleet_profile", "check_name"]

_LONGEST = 64
# Profile without what a fleet spreads → the reason.
_EXCLUDED = {"classic": "it has no compute section", "arc": "it is in no zone and no fault domain"}


def check_name(name: str) -> str:
    """Return a name that may be a host of an inventory, a minion's id and a folder.

    Raises:
        EmulatorError: it has other characters, or is too long.
    """
    has_letters = name.isascii() and all(each.isalnum() or each in "-_." for each in name)
    if not name or name.startswith((".", "-")) or not has_letters or len(name) > _LONGEST:
        raise EmulatorError(f"name {format_value(name)}; allowed: up to {_LONGEST} letters, digits, -, _ and .")
    return name


def check_fleet_profile(name: str) -> str:
    """Return the name of a profile that VMs of a fleet can have.

    Raises:
        EmulatorError: the profile is unknown, or has no zones and fault domains.
    """
    reason = _EXCLUDED.get(check_profile(name))
    if reason:
        allowed = format_choices(each for each in PROFILES if each not in _EXCLUDED)
        raise EmulatorError(f"a fleet of machine {name!r}: {reason}; allowed: {allowed}")
    return name
