# SPDX-License-Identifier: Apache-2.0
"""
Send scheduled events to the master: maintenance that Azure plans for this virtual machine.

.. versionadded:: 0.1.0

.. code-block:: yaml

    beacons:
      azure_imds_events:
        - interval: 1

interval
    Seconds from one request to the next. Use ``1`` to hear of an eviction at once: Azure announces it thirty seconds
    ahead.

remind
    Seconds until an event that is still ``Scheduled`` is sent again, with ``reminder: True``, at least three times
    before ``not_before``. ``azure_imds.acknowledge`` ends this: a minion cannot know whether a master heard it. The
    default is 60; 0 sends nothing again.

all
    Whether to send also events of other machines that IMDS lists. The default is False.

Each change is sent once, as ``salt/beacon/<minion>/azure_imds_events/<EventType>``. Its keys are ``change``
(``scheduled``, ``updated``, ``started``, ``completed`` or ``cancelled``), ``reminder``, ``event_id``, ``event_type``,
``event_status``, ``resource_type``, ``resources``, ``not_before``, ``seconds_left``, ``description``, ``event_source``,
``duration_in_seconds`` and ``concerns_others``. Settings are below the minion's key ``azure_imds:``.

The first request switches scheduled events on for the VM, which can take two minutes.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from azure_imds_facts.salt import grain
from azure_imds_facts.salt.beacon_watch import REMIND_S, watch_for

if TYPE_CHECKING:
    __opts__: dict[str, Any] = {}

__virtualname__ = "azure_imds_events"

# Key → what its value has to be, and the types of that. The others are Salt's own for every beacon.
_KEYS: dict[str, tuple[str, tuple[type, ...]]] = {
    "interval": ("a number of seconds", (int, float)),
    "remind": ("a number of seconds", (int, float)),
    "all": ("True or False", (bool,)),
    "enabled": ("True or False", (bool,)),
    "run_once": ("True or False", (bool,)),
    "disable_during_state_run": ("True or False", (bool,)),
    "beacon_module": ("a name", (str,)),
}


def __virtual__() -> str | tuple[bool, str]:  # noqa: N807  the name that Salt calls
    """Load on every minion but a proxy, and those on Windows."""
    if grain.is_proxy(__opts__):
        return False, "A proxy minion would watch the VM that it runs on, not its device."
    if sys.platform == "win32":
        return False, "On Windows it could not store what it sent: azure_imds.events has the events there."
    return __virtualname__


def validate(config: Any) -> tuple[bool, str]:
    """
    Return whether a configuration can be used, and what is wrong with it.

    .. versionadded:: 0.1.0
    """
    if not isinstance(config, list) or not all(isinstance(item, dict) for item in config):
        return False, "azure_imds_events has to be a list of mappings, such as - interval: 1"
    for name, value in _merge(config).items():
        if name not in _KEYS:
            return False, f"azure_imds_events knows no {name!r}; it knows {', '.join(_KEYS)}"
        wanted, types = _KEYS[name]
        if not isinstance(value, types) or (isinstance(value, bool) and bool not in types) or value is None:
            return False, f"azure_imds_events: {name} has to be {wanted}, not {value!r}"
    return True, "The beacon's configuration is fine."


def beacon(config: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """
    Return the changes since the last call.

    .. versionadded:: 0.1.0

    It waits for IMDS no longer than ``azure_imds:timeout``, a second.
    """
    merged = _merge(config)
    remind_s = float(merged.get("remind", REMIND_S))
    return watch_for(__opts__, is_all=bool(merged.get("all", False)), remind_s=remind_s).poll()


def _merge(config: list[dict[str, Any]]) -> dict[str, Any]:
    # Salt adds an item of its own, `_beacon_name`, to what it hands out.
    return {name: value for item in config for name, value in item.items() if not name.startswith("_")}
