#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Write the module's return values from the field table: `scripts/render-return.py`, or `--check` to compare only."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import yaml
from azure_imds_facts.core.document import SENSITIVE
from azure_imds_facts.core.spelling import snake_case

ROOT = Path(__file__).resolve().parents[1]
TARGET = ROOT / "collections/ansible_collections/azure_imds/facts/plugins/modules/azure_imds_facts.yml"
FIELDS = ROOT / "facts/azure_imds_facts/emulator/fields.json"
MACHINE = ROOT / "facts/azure_imds_facts/emulator/machine.json"
MARK = "# From here on written by scripts/render-return.py.\n"
SENSITIVE_FIELDS = {field: name for name, fields in SENSITIVE.items() for field in fields}
INTRODUCTION = (
    "The facts, with IMDS's own values, strings as a rule. A field that a document lacks has no fact; a new field of "
    "C(compute) has one without a new version of this module."
)
# Fact → type, sample, when it is there, what it says, for what is no field of IMDS.
OK = "when the outcome is V(ok)"
NETWORK = "when network is gathered"
EXTRA = "when {} is gathered and could be had"
OTHERS: dict[str, tuple[str, object, str, str]] = {
    "available": ("bool", True, "always", "Whether there are facts. Look at it before any other."),
    "cloud": (
        "str",
        "AzureCloud",
        OK,
        "V(AzureCloud), V(AzureUSGovernment), V(AzureChinaCloud), V(AzureGermanCloud), V(AzureStack) or V(Unknown).",
    ),
    "network_interface": ("list", None, NETWORK, "The interfaces as IMDS lists them, keys in snake_case."),
    "network_mac_address": ("str", "00:0d:3a:f8:06:ec", NETWORK, "The primary interface's, with colons."),
    "network_private_ipv4": ("str", "10.1.0.4", NETWORK, "The primary interface's first, empty where it has none."),
    "network_public_ipv4": ("str", "20.50.1.7", NETWORK, "The primary interface's first, empty where it has none."),
    "network_private_ipv6": ("str", "ace:cab:deca::1", NETWORK, "The primary interface's first, or empty."),
    "network_public_ipv6": ("str", "", NETWORK, "The primary interface's first, or empty."),
    "network_subnet_ipv4": ("str", "10.1.0.0/24", NETWORK, "The primary interface's first subnet, or empty."),
    "network_mac_addresses": ("list", ["00:0d:3a:f8:06:ec"], NETWORK, "Of all interfaces."),
    "network_private_ipv4_addresses": ("list", ["10.1.0.4"], NETWORK, "Of all interfaces."),
    "network_public_ipv4_addresses": ("list", ["20.50.1.7"], NETWORK, "Of all interfaces."),
    "network_private_ipv6_addresses": ("list", [], NETWORK, "Of all interfaces."),
    "network_public_ipv6_addresses": ("list", [], NETWORK, "Of all interfaces."),
    "tags": (
        "dict",
        {"Cost Center": "4711"},
        "when tags are gathered",
        "Tag names and values, exactly as they are. Each is a fact of its own as well, C(azure_imds_tags_cost_center).",
    ),
    "snapshot_endpoint": ("str", "http://169.254.169.254", OK, "Where IMDS was."),
    "snapshot_api_version": ("str", "2025-04-07", OK, "The api-version of the document; null from cloud-init."),
    "snapshot_source": ("str", "imds", OK, "V(imds), V(cache), V(stale) or V(cloud-init)."),
    "snapshot_fetched_at": ("str", "2026-11-22T21:56:00Z", OK, "When IMDS said so, in UTC."),
    "snapshot_age_seconds": ("int", 12, OK, "How long ago that was."),
    "snapshot_boot_id": ("str", "5f0c1e7a-3c7e-4a55-9d2f-6f1f0d0c9b11", OK, "The boot in which that was."),
    "snapshot_partial": ("bool", False, OK, "Whether IMDS left compute or network out."),
    "snapshot_tags_ambiguous": (
        "bool",
        False,
        OK,
        "Whether tags could be read in several ways, as a string alone can.",
    ),
    "snapshot_vm_id": ("str", "5e4b7a92-3f0d-4c6e-8a17-d2c94b6f1e08", OK, "IMDS's id of the machine."),
    "snapshot_vm_id_verified": ("bool", True, OK, "True where DMI says the same, null where it was not compared."),
    "snapshot_missing": ("list", [], OK, "Categories that were gathered and could not be had."),
    "load_balancer_public_ip_addresses": (
        "list",
        [{"frontend_ip_address": "20.50.1.7", "private_ip_address": "10.1.0.4"}],
        EXTRA.format("load_balancer"),
        "Public and private address of each. Since api-version 2020-10-01.",
    ),
    "load_balancer_inbound_rules": ("list", [], EXTRA.format("load_balancer"), "Rules. Since api-version 2020-10-01."),
    "load_balancer_outbound_rules": ("list", [], EXTRA.format("load_balancer"), "Rules. Since api-version 2020-10-01."),
    "scheduled_events_incarnation": ("int", 4, EXTRA.format("scheduled_events"), "The number of the list."),
    "scheduled_events_events": ("list", [], EXTRA.format("scheduled_events"), "The events, keys in snake_case."),
    "scheduled_events_pending": ("int", 1, EXTRA.format("scheduled_events"), "How many concern this machine."),
    "scheduled_events_next_not_before": (
        "str",
        "Mon, 23 Nov 2026 18:29:47 GMT",
        EXTRA.format("scheduled_events"),
        "When the first of these may start, or empty.",
    ),
    "scheduled_events_next_type": ("str", "Reboot", EXTRA.format("scheduled_events"), "Its type, or empty."),
    "identity_tenant_id": (
        "str",
        "fd3a4f5e-9f3b-4d6a-8f0e-0a1b2c3d4e5f",
        EXTRA.format("identity"),
        "The tenant of the machine's managed identity.",
    ),
}


def main() -> int:
    """Write the file, or compare it; return 1 where it is not as it should be."""
    head, mark, _rest = TARGET.read_text(encoding="utf-8").partition(MARK)
    if not mark:
        print(f"{TARGET} lacks the line {MARK!r}", file=sys.stderr)
        return 1
    wanted = head + mark + render()
    if "--check" not in sys.argv[1:]:
        TARGET.write_text(wanted, encoding="utf-8")
    elif TARGET.read_text(encoding="utf-8") != wanted:
        print(f"{TARGET} is not what the field table says: run scripts/render-return.py", file=sys.stderr)
        return 1
    return 0


def render() -> str:
    """Return the section RETURN."""
    contains = {f"azure_imds_{name}": describe(*told) for name, told in OTHERS.items()}
    contains.update(describe_compute())
    returned = {
        "outcome": {
            "description": ["How the collection ended, one name in every adapter."],
            "returned": "always",
            "type": "str",
            "sample": "ok",
        },
        "ansible_facts": {
            "description": [INTRODUCTION],
            "returned": "when the outcome is V(ok) or V(not_azure), or with O(fail_on=never)",
            "type": "dict",
            "contains": dict(sorted(contains.items())),
        },
    }
    text: str = yaml.dump({"RETURN": returned}, Dumper=_Indented, sort_keys=False, allow_unicode=True, width=150)
    return text


def describe(kind: str, sample: object, returned: str, description: str) -> dict[str, Any]:
    """Return one fact's description."""
    told: dict[str, Any] = {"description": [description], "returned": returned, "type": kind}
    if kind == "list":
        told["elements"] = "str" if description.startswith(("Of all", "Categories")) else "dict"
    if sample is not None:
        told["sample"] = sample
    return told


def describe_compute() -> dict[str, dict[str, Any]]:
    """Return fact → description of every leaf of `compute` in the field table."""
    machine = json.loads(MACHINE.read_text(encoding="utf-8"))
    facts = {}
    for field in json.loads(FIELDS.read_text(encoding="utf-8")):
        parts = field["path"].split(".")
        if parts[0] != "compute" or len(parts) == 1 or "[" in field["path"] or field["type"] == "object":
            continue
        if parts[1] in ("tags", "tagsList"):
            continue
        asked = SENSITIVE_FIELDS.get(parts[-1].lower())
        description = f"{field['description'].rstrip('.')}. Since api-version {field['introduced']}."
        told: dict[str, Any] = {
            "description": [description.replace("`", "")],
            "returned": f"when O(reveal={asked})" if asked else "when compute is gathered",
            "type": "list" if field["type"].startswith("array") else "str",
        }
        if told["type"] == "list":
            told["elements"] = "dict" if "object" in field["type"] else "str"
        sample = find(machine, parts)
        if isinstance(sample, str) and not asked:
            told["sample"] = sample
        facts["azure_imds_compute_" + "_".join(map(snake_case, parts[1:]))] = told
    return facts


def find(document: Any, parts: list[str]) -> Any:
    """Return what stands at a path, None where there is nothing."""
    for part in parts:
        document = document.get(part) if isinstance(document, dict) else None
    return document


class _Indented(yaml.SafeDumper):
    """Indent lists, as the rest of the file does."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:  # noqa: ARG002, FBT001, FBT002
        super().increase_indent(flow, False)


if __name__ == "__main__":
    sys.exit(main())
