# SPDX-License-Identifier: Apache-2.0
"""Make facts of a snapshot: categories of IMDS's own fields, in IMDS's own spelling and values."""

from __future__ import annotations

from .clouds import name_cloud
from .document import is_partial
from .network import summarize_network
from .scheduled_events import summarize_events
from .tags import parse_tags

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .reporter import Reporter
    from .snapshot import Snapshot
    from .tags import Tags

# gather's name → the category's, for what stands behind endpoints of its own.
_EXTRAS = {"load_balancer": "loadBalancer", "scheduled_events": "scheduledEvents", "identity": "identity"}


def build_facts(snapshot: Snapshot, *, reporter: Reporter) -> dict[str, Any]:
    """Return category → content: always `cloud` and `snapshot`, besides what was gathered and could be had.

    `compute` and the items of lists are IMDS's objects; `tags` maps names to values. What is left out is reported.
    """
    compute = snapshot.document.get("compute")
    tags = parse_tags(compute)
    if tags.skipped and "tags" in snapshot.gather:
        reporter.warn(f"{tags.skipped} entries of tagsList are left out: they lack a name or a value that is a string.")
    facts: dict[str, Any] = {"cloud": name_cloud(compute), "snapshot": _describe(snapshot, tags)}
    if "compute" in snapshot.gather:
        facts["compute"] = {key: value for key, value in (compute or {}).items() if key not in ("tags", "tagsList")}
    if "network" in snapshot.gather:
        facts["network"] = summarize_network(
            snapshot.document.get("network"),
            local_address=snapshot.local_address,
            load_balancer=snapshot.extras.get("loadBalancer"),
        )
    if "tags" in snapshot.gather:
        facts["tags"] = tags.values
    for category, content in snapshot.extras.items():
        is_events = category == "scheduledEvents"
        facts[category] = summarize_events(content, (compute or {}).get("name")) if is_events else content
    return facts


def _describe(snapshot: Snapshot, tags: Tags) -> dict[str, Any]:
    gathered = [_EXTRAS[name] for name in snapshot.gather if name in _EXTRAS]
    vm_id = snapshot.document.get("compute", {}).get("vmId")
    return {
        "endpoint": snapshot.endpoint,
        "apiVersion": snapshot.api_version,
        "source": snapshot.source,
        "fetchedAt": snapshot.fetched_at,
        "ageSeconds": int(snapshot.age_s),
        "bootId": snapshot.boot_id,
        "partial": is_partial(snapshot.document),
        "tagsAmbiguous": tags.is_ambiguous,
        "vmId": vm_id if isinstance(vm_id, str) else None,
        "vmIdVerified": snapshot.vm_id_verified,
        "missing": [category for category in gathered if category not in snapshot.extras],
    }
