# SPDX-License-Identifier: Apache-2.0
"""The facts as the contract words them, written without a look at the core: a second opinion for the tests.

`build_grain` makes the Salt grain (section 2), from which `spell_ansible` and `spell_local` make the other two.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from .clouds import read_cloud
from .network import summarise
from .reading import hide, read_tags

_HUMP = re.compile("(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
GATHERED = frozenset({"compute", "network", "tags"})


@dataclass(frozen=True)
class Circumstances:
    """How a document was got: what the `snapshot` category tells, and what was asked for (sections 2 and 4)."""

    local_address: str = ""
    snapshot: dict[str, Any] = field(default_factory=dict)
    gather: frozenset[str] = GATHERED
    reveal: frozenset[str] = frozenset()
    load_balancer: dict[str, Any] | None = None
    identity: dict[str, Any] | None = None


def build_grain(document: dict[str, Any], how: Circumstances) -> dict[str, Any]:
    """Return the content of the grain `azure_imds`: objects are mappings and names IMDS's own (section 2)."""
    seen = hide(document, how.reveal)
    compute, network = seen.get("compute"), seen.get("network")
    tags = read_tags(compute)
    balancer = hide(how.load_balancer, how.reveal)
    facts: dict[str, Any] = {"cloud": read_cloud(compute)}
    if "compute" in how.gather:
        facts["compute"] = {name: value for name, value in (compute or {}).items() if name not in ("tags", "tagsList")}
    if "network" in how.gather:
        balanced = (balancer or {}).get("publicIpAddresses") or []
        facts["network"] = summarise(((network or {}).get("interface") or []), how.local_address, balanced)
    if "tags" in how.gather:
        facts["tags"] = tags.mapping
        facts["tagPairs"] = [f"{name}={value}" for name, value in tags.mapping.items()]
    if balancer is not None:
        facts["loadBalancer"] = balancer
    if how.identity is not None:
        facts["identity"] = {"tenantId": how.identity["tenantId"]}
    facts["snapshot"] = {
        **how.snapshot,
        "partial": compute is None or network is None,
        "tagsAmbiguous": tags.is_ambiguous,
        "vmId": (compute or {}).get("vmId"),
    }
    return facts


def leave_out_age(content: dict[str, Any]) -> dict[str, Any]:
    """Return what stays the same from one load to the next: the grain proper (section 2, "Per adapter")."""
    snapshot = {name: value for name, value in content["snapshot"].items() if name not in ("fetchedAt", "ageSeconds")}
    return {**content, "snapshot": {**snapshot, "source": snapshot["source"].replace("cache", "imds")}}


def snake(name: str) -> str:
    """Spell one name as rule 2 of section 2 says."""
    return re.sub("[^A-Za-z0-9]+", "_", _HUMP.sub("_", name)).lower().strip("_")


def spell_local(grain: dict[str, Any], *, is_with_age: bool) -> dict[str, Any]:
    """Return the content of the facts.d file: flat categories, and the tags as they are (section 2)."""
    spelled: dict[str, Any] = {"available": True, "cloud": grain["cloud"]}
    for category, content in grain.items():
        if category == "tags":
            spelled["tags"] = content
        elif isinstance(content, dict):
            spelled[snake(category)] = flatten(content)
    if not is_with_age:
        del spelled["snapshot"]["age_seconds"]
    return spelled


def spell_ansible(grain: dict[str, Any]) -> dict[str, Any]:
    """Return the module's `ansible_facts`: all flat, tags both as a mapping and flat (section 2)."""
    spelled: dict[str, Any] = {"azure_imds_available": True, "azure_imds_cloud": grain["cloud"]}
    for category, content in grain.items():
        if isinstance(content, dict):
            flat = flatten(content)
            spelled.update({f"azure_imds_{snake(category)}_{name}": value for name, value in flat.items()})
    if "tags" in grain:
        spelled["azure_imds_tags"] = grain["tags"]
    return spelled


def flatten(content: dict[str, Any]) -> dict[str, Any]:
    """Join the fields of objects with `_`; names that meet are all left out (section 2, rules 1 and 2)."""
    return _unique([("_".join(path), respell(value)) for path, value in _walk(content, ())])


def _walk(content: dict[str, Any], above: tuple[str, ...]) -> list[tuple[tuple[str, ...], Any]]:
    found: list[tuple[tuple[str, ...], Any]] = []
    for name, value in content.items():
        path = (*above, snake(name))
        if not path[-1]:
            continue
        found += _walk(value, path) if isinstance(value, dict) else [(path, value)]
    return found


def respell(value: Any) -> Any:
    """Respell the keys of what stands in a list: objects there stay mappings (section 2, rules 1 and 2)."""
    if isinstance(value, dict):
        return _unique([(snake(name), respell(inner)) for name, inner in value.items() if snake(name)])
    if isinstance(value, list):
        return [respell(item) for item in value]
    return value


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    counts = Counter(name for name, _value in pairs)
    return {name: value for name, value in pairs if counts[name] == 1}
