# SPDX-License-Identifier: Apache-2.0
"""Sum up the scheduled events (planned maintenance) that concern this VM."""

from __future__ import annotations

from .dates import parse_date

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def summarize_events(document: dict[str, Any], vm_name: object) -> dict[str, object]:
    """Return the `scheduledEvents` category.

    `events` are IMDS's own. `pending` counts those with this VM among their `Resources`. `nextNotBefore` and `nextType`
    are of the earliest of these that has a time; both are `""` where none has, as with an event that has started.
    """
    events = document["Events"]
    own = [event for event in events if isinstance(event, dict) and _concerns(event, vm_name)]
    timed = [(moment, event) for event in own for moment in [parse_date(event.get("NotBefore"))] if moment is not None]
    earliest = min(timed, key=lambda pair: pair[0])[1] if timed else {}
    return {
        "incarnation": document.get("DocumentIncarnation"),
        "events": events,
        "pending": len(own),
        "nextNotBefore": earliest.get("NotBefore", ""),
        "nextType": earliest.get("EventType", ""),
    }


def _concerns(event: dict[str, Any], vm_name: object) -> bool:
    """Names carry a leading `_` before api-version 2017-08-01 (documented)."""
    resources = event.get("Resources")
    if not isinstance(resources, list) or not isinstance(vm_name, str) or not vm_name:
        return False
    wanted = (vm_name.lower(), f"_{vm_name.lower()}")
    return any(isinstance(resource, str) and resource.lower() in wanted for resource in resources)
