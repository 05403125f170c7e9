# SPDX-License-Identifier: Apache-2.0
"""Keyword arguments of `Emulator`, converted to settings."""

from __future__ import annotations

from typing import Any

from azure_imds_facts.emulator.vm.event_plans import parse_event_plan

from .scenario import read_scenario
from .table import SETTINGS, Settings

__all__ = ["build_settings"]

_SEQUENCES = {row.name for row in SETTINGS if row.reader.is_sequence}


def build_settings(arguments: dict[str, Any], *, is_fleet: bool = False) -> Settings:
    """Build settings from keyword arguments, which take precedence over those of a scenario file.

    Differences to `Settings`: `vm` is one name or several, `fault` one script, `scenario` a file; `events` accepts
    the form of the flag; the rate limit is off by default. `is_fleet`: the file may have the key of a fleet.

    Raises:
        EmulatorError: the scenario file or an event is invalid.
    """
    values: dict[str, Any] = {"rate_limit": 0}
    named = dict(arguments)
    scenario, profiles, script = named.pop("scenario", None), named.pop("vm", None), named.pop("fault", "")
    if scenario is not None:
        keep_unknown = bool(named.get("keep_unknown"))
        values.update(read_scenario(str(scenario), keep_unknown=keep_unknown, is_fleet=is_fleet))
    if profiles is not None:
        values["vms"] = (profiles,) if isinstance(profiles, str) else tuple(profiles)
    if script:
        values["faults"] = (("/", script),)
    if "events" in named:
        plans = named.pop("events")
        values["events"] = tuple(parse_event_plan(plan) if isinstance(plan, str) else plan for plan in plans)
    for name, value in named.items():
        values[name] = tuple(value) if isinstance(value, list) and name in _SEQUENCES else value
    return Settings(**values)
