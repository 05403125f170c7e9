# SPDX-License-Identifier: Apache-2.0
"""Example documents of `/metadata/scheduledevents`."""

from __future__ import annotations

from typing import Any


def raw_event(event_id: str = "A", **fields: object) -> dict[str, Any]:
    """Return an event as IMDS writes it."""
    return {
        "EventId": event_id,
        "EventStatus": "Scheduled",
        "EventType": "Reboot",
        "ResourceType": "VirtualMachine",
        "Resources": ["web-01"],
        "NotBefore": "Tue, 14 Nov 2023 22:28:20 GMT",
        "Description": "Host server is undergoing maintenance.",
        "EventSource": "Platform",
        "DurationInSeconds": -1,
        **fields,
    }


def document(*events: dict[str, Any], incarnation: int = 1) -> dict[str, Any]:
    """Return a document of scheduled events."""
    return {"DocumentIncarnation": incarnation, "Events": list(events)}
