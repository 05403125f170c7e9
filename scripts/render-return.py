#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Write the modules' return values from the field table: `scripts/render-return.py`, or `--check` to compare only."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

import yaml
from azure_imds_facts.core.document import SENSITIVE
from azure_imds_facts.core.settings import EXTRA_CATEGORIES
from azure_imds_facts.core.spelling import snake_case
from azure_imds_facts.emulator.vm.load_balancers import build_load_balancer

ROOT = Path(__file__).resolve().parents[1]
MODULES = ROOT / "collections/ansible_collections/azure_imds/facts/plugins/modules"
FIELDS = ROOT / "facts/azure_imds_facts/emulator/vm/fields.json"
MACHINE = ROOT / "facts/azure_imds_facts/emulator/vm/machine.json"
MARK = "# From here on written by scripts/render-return.py.\n"
SENSITIVE_FIELDS = {field: name for name, fields in SENSITIVE.items() for field in fields}
INTRODUCTION = (
    "The facts, with IMDS's own values, mostly strings. A field that a document lacks has no fact. A new field of "
    "C(compute) has one without a new version of this module."
)
REVEALED = {
    "description": ["The sensitive fields in C(metadata). If there are some, Ansible hides this result."],
    "returned": "when there is C(metadata)",
    "type": "list",
    "elements": "str",
    "sample": [],
}
# Module → the key of its result that holds the data, and what it returns besides.
RESULTS: dict[str, tuple[str, dict[str, Any]]] = {
    "azure_imds_facts": ("ansible_facts", {}),
    "azure_imds_info": ("metadata", {"revealed": REVEALED}),
}
TENANT = "3f8c2a4d-97b1-4e60-8d25-c5a90e1b7f43"
NOT_BEFORE = "Mon, 23 Nov 2026 18:29:47 GMT"
EVENTS = {
    "DocumentIncarnation": 4,
    "Events": [
        {
            "EventId": "602d9444-d2cd-49c7-8624-8643e7171297",
            "EventType": "Reboot",
            "ResourceType": "VirtualMachine",
            "Resources": ["web-01"],
            "EventStatus": "Scheduled",
            "NotBefore": NOT_BEFORE,
            "Description": "Host server is undergoing maintenance.",
            "EventSource": "Platform",
            "DurationInSeconds": -1,
        }
    ],
}
TYPES = {"string": "str", "int": "int", "bool": "bool", "object": "dict", "array": "list"}
# Fact → type, sample, when it is there, what it says, for what is no field of IMDS.
OK = "when the outcome is V(ok)"
NETWORK = "when network is gathered"
EXTRA = "when {} is gathered and available"
# Section → endpoint, when its facts are there.
SECTIONS = {
    "compute": ("/metadata/instance", "when compute is gathered"),
    "network": ("/metadata/instance", NETWORK),
    **{extra.fact: (extra.path, EXTRA.format(name)) for name, extra in EXTRA_CATEGORIES.items()},
}
# What stands elsewhere among the facts than in IMDS's answer.
RENAMED = {
    "loadbalancer.publicIpAddresses": "loadBalancer.publicIpAddresses",
    "loadbalancer.inboundRules": "loadBalancer.inboundRules",
    "loadbalancer.outboundRules": "loadBalancer.outboundRules",
    "loadbalancer.tunnelInterfaces": "loadBalancer.tunnelInterfaces",
    "DocumentIncarnation": "scheduledEvents.incarnation",
    "Events": "scheduledEvents.events",
    "tenantId": "identity.tenantId",
}
# Where the table's words are too short outside it.
DESCRIPTIONS = {
    "network.interface": "The network interfaces",
    "network.interface[].macAddress": "MAC address, without separators",
    "loadbalancer.tunnelInterfaces": "The tunnels of a Gateway load balancer",
    "loadbalancer.tunnelInterfaces[].gatewayIpAddress": "Address of the gateway",
    "loadbalancer.tunnelInterfaces[].gatewayPort": "Port of the gateway",
    "loadbalancer.tunnelInterfaces[].identifier": "Number of the tunnel",
    "loadbalancer.tunnelInterfaces[].type": "Which side of the appliance, internal or external",
    "loadbalancer.tunnelInterfaces[].protocol": "Protocol of the tunnel",
    "loadbalancer.tunnelInterfaces[].localIpAddress": "Address of the machine",
    "loadbalancer.tunnelInterfaces[].localPort": "Port on the machine",
    "tenantId": "The tenant of the machine's managed identity",
}
OTHERS: dict[str, tuple[str, object, str, str]] = {
    "available": (
        "bool",
        True,
        "always",
        "Whether there are facts. Test it first, and C(azure_imds_snapshot_partial) next.",
    ),
    "cloud": (
        "str",
        "AzureCloud",
        OK,
        (
            "V(AzureCloud), V(AzureUSGovernment), V(AzureChinaCloud), V(AzureGermanCloud), V(AzureBleuCloud), "
            "V(AzureDelosCloud), V(AzureStack) or V(Unknown)."
        ),
    ),
    "network_mac_address": ("str", "00:0d:3a:2b:5c:10", NETWORK, "The primary interface's, with colons."),
    "network_private_ipv4": ("str", "10.1.0.4", NETWORK, "The primary interface's first, empty where it has none."),
    "network_public_ipv4": ("str", "203.0.113.10", NETWORK, "The primary interface's first, empty where it has none."),
    "network_private_ipv6": ("str", "", NETWORK, "The primary interface's first, or empty."),
    "network_public_ipv6": ("str", "", NETWORK, "The primary interface's first, or empty."),
    "network_subnet_ipv4": ("str", "10.1.0.0/24", NETWORK, "The primary interface's first subnet, or empty."),
    "network_mac_addresses": ("list", ["00:0d:3a:2b:5c:10"], NETWORK, "Of all interfaces."),
    "network_private_ipv4_addresses": ("list", ["10.1.0.4"], NETWORK, "Of all interfaces."),
    "network_public_ipv4_addresses": ("list", ["203.0.113.10"], NETWORK, "Of all interfaces."),
    "network_private_ipv6_addresses": ("list", [], NETWORK, "Of all interfaces."),
    "network_public_ipv6_addresses": ("list", [], NETWORK, "Of all interfaces."),
    "tags": (
        "dict",
        {"Cost Center": "4711"},
        "when tags are gathered",
        "Tag names and values, exactly as they are. Each is also a flat fact, such as C(azure_imds_tags_cost_center).",
    ),
    "snapshot_endpoint": ("str", "http://169.254.169.254", OK, "The URL of IMDS."),
    "snapshot_platform": ("str", "vm", OK, "V(vm), or V(arc) for a machine outside Azure that Azure Arc manages."),
    "snapshot_api_version": ("str", "2025-04-07", OK, "The api-version of the document; null from cloud-init."),
    "snapshot_source": ("str", "imds", OK, "V(imds), V(cache), V(stale) or V(cloud-init)."),
    "snapshot_fetched_at": ("str", "2026-11-22T21:56:00Z", OK, "When IMDS answered, in UTC."),
    "snapshot_age_seconds": ("int", 12, OK, "The age of the answer."),
    "snapshot_boot_id": ("str", "5f0c1e7a-3c7e-4a55-9d2f-6f1f0d0c9b11", OK, "The boot of the answer."),
    "snapshot_partial": (
        "bool",
        False,
        OK,
        "Whether IMDS left compute or network out, as on a classic virtual machine. Then their facts are missing.",
    ),
    "snapshot_tags_ambiguous": (
        "bool",
        False,
        OK,
        "Whether tags came as a string that can be read in several ways.",
    ),
    "snapshot_vm_id": ("str", "5e4b7a92-3f0d-4c6e-8a17-d2c94b6f1e08", OK, "IMDS's id of the machine."),
    "snapshot_vm_id_verified": ("bool", True, OK, "True if DMI has the same id, null if it was not compared."),
    "snapshot_proxy_agent": ("bool", False, OK, "Whether the answer came through Azure's metadata proxy agent."),
    "snapshot_missing": ("list", [], OK, "Categories that were gathered and are not available."),
    "scheduled_events_pending": (
        "int",
        1,
        EXTRA.format("scheduled_events"),
        "The number of events that concern this machine.",
    ),
    "scheduled_events_next_not_before": (
        "str",
        NOT_BEFORE,
        EXTRA.format("scheduled_events"),
        "When the first of these may start, or empty.",
    ),
    "scheduled_events_next_type": ("str", "Reboot", EXTRA.format("scheduled_events"), "Its type, or empty."),
}


def main() -> int:
    """Write the files, or compare them; return 1 where one is not as it should be."""
    return max(process(module) for module in RESULTS)


def process(module: str) -> int:
    """Write one module's file, or compare it; return 1 where it is not as it should be."""
    target = MODULES / f"{module}.yml"
    head, mark, _rest = target.read_text(encoding="utf-8").partition(MARK)
    if not mark:
        print(f"{target} lacks the line {MARK!r}", file=sys.stderr)
        return 1
    wanted = head + mark + render(*RESULTS[module])
    if "--check" not in sys.argv[1:]:
        target.write_text(wanted, encoding="utf-8")
    elif target.read_text(encoding="utf-8") != wanted:
        print(f"{target} is not what the field table says: run scripts/render-return.py", file=sys.stderr)
        return 1
    return 0


def render(key: str, others: dict[str, Any]) -> str:
    """Return the section RETURN of a module that returns the data below `key`, and `others`."""
    contains = {f"azure_imds_{name}": describe(*told) for name, told in OTHERS.items()}
    contains.update(describe_fields())
    returned = {
        "outcome": {
            "description": ["How the collection ended, by the same name as in every adapter."],
            "returned": "always",
            "type": "str",
            "sample": "ok",
        },
        key: {
            "description": [INTRODUCTION],
            "returned": "when the outcome is V(ok) or V(not_azure), or with O(fail_on=never)",
            "type": "dict",
            "contains": dict(sorted(contains.items())),
        },
        **others,
    }
    text: str = yaml.dump({"RETURN": returned}, Dumper=_Indented, sort_keys=False, allow_unicode=True, width=150)
    return text


def describe(kind: str, sample: object, returned: str, description: str) -> dict[str, Any]:
    """Return one fact's description."""
    told: dict[str, Any] = {"description": [description], "returned": returned, "type": kind}
    if kind == "list":
        told["elements"] = "str"
    told["sample"] = sample
    return told


def describe_fields() -> dict[str, dict[str, Any]]:
    """Return fact → description of every leaf and list in the field table, of each section."""
    fields = {field["path"]: field for field in json.loads(FIELDS.read_text(encoding="utf-8"))}
    document = build_document()
    facts = {}
    for path, field in fields.items():
        for section, (endpoint, gathered) in SECTIONS.items():
            fact = name_fact(path, section)
            if field["endpoint"] != endpoint or fact is None or "[" in path or field["type"] == "object":
                continue
            asked = SENSITIVE_FIELDS.get(path.rpartition(".")[2].lower())
            told = describe_field(path, fields, returned=f"when O(reveal={asked})" if asked else gathered)
            if told is not None:
                facts[fact] = {**told, "sample": spell(find(document, path.split(".")))}
    return facts


def name_fact(path: str, section: str) -> str | None:
    """Return the name of the fact that a path becomes, None where it becomes none of this section."""
    name = RENAMED.get(path, path)
    if not name.startswith(f"{section}.") or path in ("compute.tags", "compute.tagsList"):
        return None
    return "azure_imds_" + "_".join(map(snake_case, name.split(".")))


def describe_field(path: str, fields: dict[str, dict[str, str]], **more: str) -> dict[str, Any] | None:
    """Return the description of a field, and of all inside it; None for one that no api-version is known to have."""
    field = fields[path]
    if field["introduced"] == "unknown":
        return None
    kind, _, elements = field["type"].partition("<")
    words = DESCRIPTIONS.get(path, field["description"]).rstrip(".").replace("`", "")
    told: dict[str, Any] = {"description": [f"{words}. Since api-version {field['introduced']}."], **more}
    told["type"] = TYPES[kind.partition("(")[0]]
    if elements:
        told["elements"] = TYPES[elements.rstrip(">")]
    below = re.compile(re.escape(path) + r"(?:\[\])?\.([^.\[]+)")
    inside = {match[1]: describe_field(match[0], fields) for match in map(below.fullmatch, fields) if match}
    if inside:
        told["contains"] = {snake_case(name): each for name, each in sorted(inside.items()) if each is not None}
    return told


def build_document() -> dict[str, Any]:
    """Return what the samples are taken from: the emulator's machine and its load balancers, and an event."""
    document: dict[str, Any] = json.loads(MACHINE.read_text(encoding="utf-8"))
    balancers = [build_load_balancer(name, document) or {} for name in ("gateway", "standard")]
    return {**document, "loadbalancer": {**balancers[0], **balancers[1]}, **EVENTS, "tenantId": TENANT}


def spell(value: Any) -> Any:
    """Return a value with the keys that the module gives it."""
    if isinstance(value, dict):
        return {snake_case(name): spell(inner) for name, inner in value.items()}
    return [spell(item) for item in value] if isinstance(value, list) else value


def find(document: Any, parts: list[str]) -> Any:
    """Return what stands at a path. Raises KeyError where there is nothing."""
    for part in parts:
        document = document[part]
    return document


class _Indented(yaml.SafeDumper):
    """Indent lists, as the rest of the file does."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:  # noqa: ARG002, FBT001, FBT002
        super().increase_indent(flow, False)


if __name__ == "__main__":
    sys.exit(main())
