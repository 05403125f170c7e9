# SPDX-License-Identifier: Apache-2.0
"""Test what becomes of a snapshot."""

from __future__ import annotations

from typing import Any

import pytest
from azure_imds_facts.core.facts import Snapshot, build_facts
from azure_imds_facts.core.settings import CATEGORIES, build_settings

from tests.support.documents import VM_ID, build_document
from tests.support.reporters import ListReporter


def snapshot(document: dict[str, Any] | None = None, **how: Any) -> Snapshot:
    """Return a snapshot with defaults for what a test does not speak of."""
    defaults: dict[str, Any] = {
        "document": build_document() if document is None else document,
        "source": "imds",
        "endpoint": "http://169.254.169.254",
        "api_version": "2025-04-07",
        "fetched_at": "2023-11-14T22:13:20Z",
        "age_s": 12.9,
        "boot_id": "boot",
        "extra": {},
        "failures": {},
    }
    return Snapshot(**{**defaults, **how})


def test_categories(reporter: ListReporter) -> None:
    """The defaults give compute, network and tags beside cloud and snapshot."""
    facts = build_facts(snapshot(), reporter=reporter)
    assert set(facts) == {"cloud", "snapshot", "compute", "network", "tags"}
    assert facts["cloud"] == "AzureCloud"
    assert facts["compute"]["vmSize"] == "Standard_D2s_v3"
    assert not {"tags", "tagsList"} & set(facts["compute"])
    assert facts["tags"] == {"Cost Center": "42", "role": "web"}
    assert facts["network"]["macAddress"] == "00:0d:3a:f8:06:ec"
    assert not reporter.warnings


def test_snapshot(reporter: ListReporter) -> None:
    """`snapshot` says how the facts were got."""
    assert build_facts(snapshot(vm_id_verified=True), reporter=reporter)["snapshot"] == {
        "endpoint": "http://169.254.169.254",
        "platform": "vm",
        "apiVersion": "2025-04-07",
        "source": "imds",
        "fetchedAt": "2023-11-14T22:13:20Z",
        "ageSeconds": 12,
        "bootId": "boot",
        "partial": False,
        "tagsAmbiguous": False,
        "vmId": VM_ID,
        "vmIdVerified": True,
        "proxyAgent": False,
        "missing": [],
    }


@pytest.mark.parametrize("name", CATEGORIES[:3])
def test_gather(name: str, reporter: ListReporter) -> None:
    """What was not gathered is not there; cloud and snapshot always are."""
    assert set(build_facts(snapshot(gather={name: True}), reporter=reporter)) == {"cloud", "snapshot", name}


def gather(*names: str, document: dict[str, Any] | None = None, **how: Any) -> dict[str, Any]:
    """Return the facts that a setting of `gather` leaves."""
    chosen = build_settings({"gather": list(names)}, {}).gather
    return build_facts(snapshot(document, gather=chosen, **how), reporter=ListReporter())


def test_paths() -> None:
    """Paths choose fields at any depth, beside whole categories; cloud and snapshot always come along."""
    facts = gather("compute.vmSize", "compute.storageProfile.osDisk.diskSizeGB", "network.privateIpv4", "tags")
    assert facts["compute"] == {"vmSize": "Standard_D2s_v3", "storageProfile": {"osDisk": {"diskSizeGB": "30"}}}
    assert facts["network"] == {"privateIpv4": "10.1.0.4"}
    assert facts["tags"] == {"Cost Center": "42", "role": "web"}
    assert set(facts) == {"cloud", "snapshot", "compute", "network", "tags"}
    assert "ageSeconds" in facts["snapshot"]


def test_paths_left_out() -> None:
    """`!path` takes a field out of its category, or of the default."""
    whole = gather("compute")["compute"]
    left = gather("!compute.storageProfile.osDisk", "!tags.role")
    assert "osDisk" in whole["storageProfile"]
    storage = {name: value for name, value in whole["storageProfile"].items() if name != "osDisk"}
    assert left["compute"] == {**whole, "storageProfile": storage}
    assert left["tags"] == {"Cost Center": "42"}
    assert "interface" in left["network"]


def test_paths_that_lead_to_nothing() -> None:
    """They give nothing; their category is there, empty, and nothing is missing."""
    facts = gather("compute.noSuchField", "compute.VMSIZE", "tags.nosuch")
    assert (facts["compute"], facts["tags"], facts["snapshot"]["missing"]) == ({}, {}, [])
    assert gather("tags.env", document={"network": {}})["tags"] == {}


def test_lists_are_whole() -> None:
    """What stands in a list has no path of its own: one that goes on below a list is the list's."""
    document = build_document(storageProfile={"dataDisks": [{"lun": "0", "name": "d"}]})
    wanted = {"storageProfile": {"dataDisks": [{"lun": "0", "name": "d"}]}}
    assert gather("compute.storageProfile.dataDisks", document=document)["compute"] == wanted
    assert gather("compute.storageProfile.dataDisks.lun", document=document)["compute"] == wanted
    assert gather("network.interface")["network"]["interface"][0]["macAddress"]


def test_odd_names_of_tags() -> None:
    """A tag's name may hold dots, colons, blanks and anything but a comma."""
    tags = [{"name": name, "value": "1"} for name in ("a.b.c", "ns:team", "Cost Center", "größe", "!x", "a")]
    document = build_document(tagsList=tags)
    for entry in tags:
        name = entry["name"]
        assert gather(f"tags.{name}", document=document)["tags"] == {name: "1"}
        assert name not in gather(f"!tags.{name}", document=document)["tags"]


def test_paths_of_other_categories() -> None:
    """They are asked for like the whole; where one cannot be had it is the category that is missing."""
    extra = {"scheduledEvents": {"incarnation": 1, "events": [], "pending": 0}}
    facts = gather("scheduledEvents.pending", "identity.tenantId", extra=extra)
    assert facts["scheduledEvents"] == {"pending": 0}
    assert facts["snapshot"]["missing"] == ["identity"]


def test_missing(reporter: ListReporter) -> None:
    """Gathered categories that could not be had are named."""
    facts = build_facts(
        snapshot(gather=dict.fromkeys(CATEGORIES, True), extra={"identity": {"tenantId": "t"}}), reporter=reporter
    )
    assert facts["snapshot"]["missing"] == ["load_balancer", "scheduled_events"]
    assert facts["identity"] == {"tenantId": "t"}
    assert not {"load_balancer", "scheduled_events"} & set(facts)


def test_without_network(reporter: ListReporter) -> None:
    """A document without network gives its summary with empty values."""
    facts = build_facts(snapshot({"compute": {"location": "westeurope"}}), reporter=reporter)
    assert facts["network"]["interface"] == []
    assert facts["network"]["privateIpv4"] == ""
    assert facts["snapshot"]["partial"] is True
    assert facts["snapshot"]["vmId"] is None
    assert facts["tags"] == {}


def test_without_compute(reporter: ListReporter) -> None:
    """A document without compute gives an empty compute, no tags, and an unknown cloud."""
    facts = build_facts(snapshot({"network": {"interface": []}}), reporter=reporter)
    assert (facts["compute"], facts["tags"], facts["cloud"]) == ({}, {}, "Unknown")
    assert facts["snapshot"]["partial"] is True


def test_other_sections_and_fields(reporter: ListReporter) -> None:
    """Unknown fields of compute and interfaces pass through; other fields of network and other sections do not."""
    document = build_document(future={"a": 1})
    document["extended"] = {"x": 1}
    document["network"]["other"] = 1
    document["network"]["interface"][0]["future"] = "y"
    facts = build_facts(snapshot(document), reporter=reporter)
    assert facts["compute"]["future"] == {"a": 1}
    assert facts["network"]["interface"][0]["future"] == "y"
    assert "other" not in facts["network"]
    assert "extended" not in facts


def test_skipped_tags(reporter: ListReporter) -> None:
    """Entries of tagsList that are no tags are reported, where tags are gathered."""
    document = build_document(tagsList=[{"name": "a"}, {"name": "b", "value": "1"}])
    assert build_facts(snapshot(document), reporter=reporter)["tags"] == {"b": "1"}
    assert len(reporter.warnings) == 1
    build_facts(snapshot(document, gather={"compute": True}), reporter=reporter)
    assert len(reporter.warnings) == 1
