# SPDX-License-Identifier: Apache-2.0
"""A snapshot of a machine's metadata, and its facts: categories of IMDS's fields, in IMDS's spelling and values."""

from __future__ import annotations

from . import compute, document, network, records, settings

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from . import errors
    from .records import JsonObject
    from .reporter import Reporter


@records.record
class Snapshot:
    """One machine's metadata at one time.

    `document`: `/metadata/instance` without null sections and without sensitive fields that were not asked for.
    `platform`: `vm`, or `arc` for a machine of Azure Arc. `source`: `imds`, `cache`, `stale` or `cloud-init`.
    `fetched_at`: RFC 3339 in UTC. `age_s`: seconds since then.
    `extra`: name among facts → content of a category with an endpoint of its own. `failures`: the same name → why it
    could not be had. `vm_id_verified`: True, or None where `vmId` was not compared with DMI. `proxy_agent`:
    IMDS was reached through Azure's metadata proxy agent.
    """

    document: JsonObject
    source: str
    endpoint: str
    platform: str = "vm"
    api_version: str | None
    fetched_at: str
    age_s: float = 0.0
    boot_id: str | None = None
    local_address: str | None = None
    proxy_agent: bool = False
    vm_id_verified: bool | None = None
    gather: JsonObject = settings.Settings.gather
    extra: JsonObject
    failures: dict[str, errors.ImdsError]


def build_facts(snapshot: Snapshot, *, reporter: Reporter) -> JsonObject:
    """Return category → content: always `cloud` and `snapshot`, besides what was gathered and could be had.

    `compute` and the items of lists are IMDS's objects; `tags` maps names to values. Omissions are reported.
    """
    section = snapshot.document.get("compute", {})
    tags = compute.parse_tags(section)
    facts: JsonObject = {"cloud": compute.name_cloud(section), "snapshot": _describe(snapshot, tags)}
    if "compute" in snapshot.gather:
        facts["compute"] = {key: value for key, value in section.items() if key not in ("tags", "tagsList")}
    if "network" in snapshot.gather:
        facts["network"] = network.summarize_network(
            snapshot.document.get("network", {}),
            local_address=snapshot.local_address,
            load_balancer=snapshot.extra.get("loadBalancer"),
        )
    if "tags" in snapshot.gather:
        facts["tags"] = tags.values
        if tags.skipped:
            reporter.warn(f"{tags.skipped} entries of tagsList left out: they lack a name or a value that is a string.")
    facts.update(snapshot.extra)
    chosen = snapshot.gather
    return {fact: _narrow(facts[fact], chosen.get(settings.NAMES.get(fact, fact), True)) for fact in facts}


def _narrow(content: Any, chosen: Any) -> Any:
    """Return what of a value is chosen (`settings.Settings.gather`). Lists are whole."""
    if chosen is True or not isinstance(content, dict):
        return content
    rest = chosen[""]
    return {name: _narrow(value, chosen.get(name, rest)) for name, value in content.items() if chosen.get(name, rest)}


def _describe(snapshot: Snapshot, tags: compute.Tags) -> JsonObject:
    return {
        "endpoint": snapshot.endpoint,
        "platform": snapshot.platform,
        "apiVersion": snapshot.api_version,
        "source": snapshot.source,
        "fetchedAt": snapshot.fetched_at,
        "ageSeconds": int(snapshot.age_s),
        "bootId": snapshot.boot_id,
        "partial": bool(document.list_missing(snapshot.document)),
        "tagsAmbiguous": tags.is_ambiguous,
        "vmId": document.parse_compute_text(snapshot.document, "vmId"),
        "vmIdVerified": snapshot.vm_id_verified,
        "proxyAgent": snapshot.proxy_agent,
        "missing": [
            name
            for name, row in settings.EXTRA_CATEGORIES.items()
            if name in snapshot.gather and row.fact not in snapshot.extra
        ],
    }
