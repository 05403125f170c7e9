# SPDX-License-Identifier: Apache-2.0
"""Test the three spellings."""

from __future__ import annotations

import re
from typing import Any

import pytest
from azure_imds_facts.core.local_spelling import spell_local
from azure_imds_facts.core.salt_spelling import spell_salt
from azure_imds_facts.core.spelling import snake_case, spell_ansible
from hypothesis import given
from hypothesis import strategies as st

from tests.support.reporters import ListReporter

NAMES = st.text(max_size=8)
VALUES = st.recursive(
    st.none() | st.booleans() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=12,
)


def build_facts(**categories: Any) -> dict[str, Any]:
    """Return facts with an empty value for what every collection has."""
    return {"cloud": "AzureCloud", "snapshot": {"ageSeconds": 1, "source": "imds"}, **categories}


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("vmId", "vm_id"),
        ("diskSizeGB", "disk_size_gb"),
        ("privateIpv4", "private_ipv4"),
        ("Cost Center", "cost_center"),
        ("azEnvironment", "az_environment"),
        ("osDisk", "os_disk"),
        ("XMLHttpRequest", "xml_http_request"),
        ("isVmInStandbyPool", "is_vm_in_standby_pool"),
        ("ns:team", "ns_team"),
        ("hidden-title", "hidden_title"),
        ("--a..b--", "a_b"),
        ("_x_", "x"),
        ("a1B2", "a1_b2"),
        ("Straße", "stra_e"),
        ("ÄÖ", ""),
        ("", ""),
        ("___", ""),
        ("a__b", "a_b"),
        ("ABC", "abc"),
        ("İd", "d"),
        ("\uff12x", "x"),
        ("a\nB", "a_b"),
    ],
)
def test_snake_case(name: str, expected: str) -> None:
    """Words part at changes of case and at all but ASCII letters and digits."""
    assert snake_case(name) == expected


@given(st.text())
def test_snake_case_is_a_name(name: str) -> None:
    """Whatever the name, the result is a name of lower case ASCII without outer or double underscores."""
    assert re.fullmatch("(?:[a-z0-9]+(?:_[a-z0-9]+)*)?", snake_case(name))
    assert snake_case(snake_case(name)) == snake_case(name)


def test_flattening(reporter: ListReporter) -> None:
    """Objects are joined, lists stay with re-spelled keys, empty objects and lists' objects are left as told."""
    facts = build_facts(
        compute={
            "vmSize": "S",
            "storageProfile": {
                "osDisk": {"diskSizeGB": "30", "vhd": {}},
                "dataDisks": [{"diskSizeGB": "1", "image": {}}],
            },
            "plan": {},
            "empty": "",
            "none": None,
        }
    )
    expected = {
        "vm_size": "S",
        "storage_profile_os_disk_disk_size_gb": "30",
        "storage_profile_data_disks": [{"disk_size_gb": "1", "image": {}}],
        "empty": "",
        "none": None,
    }
    assert spell_local(facts, reporter=reporter, with_age=True)["compute"] == expected
    ansible = spell_ansible(facts, reporter=reporter)
    assert {key: ansible[f"azure_imds_compute_{key}"] for key in expected} == expected
    assert not reporter.warnings


@pytest.mark.parametrize(
    ("compute", "expected", "told"),
    [
        ({"vmId": 1, "vm_id": 2, "x": 3}, {"x": 3}, ["vmId", "vm_id"]),
        ({"a": {"bC": 1}, "aB": {"c": 2}, "aBC": 3}, {"a_bc": 3}, ["a.bC", "aB.c"]),
        ({"a": {"b": 1}, "a_b": 2}, {}, ["a.b", "a_b"]),
        ({"l": [{"aB": 1, "a_b": 2, "c": 3}]}, {"l": [{"c": 3}]}, ["aB", "a_b"]),
        ({"ü": 1, "x": 2}, {"x": 2}, ["ü"]),
        ({"l": [{"é": 1, "x": 2}]}, {"l": [{"x": 2}]}, ["é"]),
        ({"a": {"ü": 1}, "x": 2}, {"x": 2}, ["a.ü"]),
        ({"ü": {"a": 1}, "x": 2}, {"x": 2}, ["ü"]),
        ({"vmId": {}, "vm_id": 2}, {"vm_id": 2}, []),
    ],
)
def test_names_that_meet(
    compute: dict[str, Any], expected: dict[str, Any], told: list[str], reporter: ListReporter
) -> None:
    """All that meet in one name are left out with a warning that names them; so is what has no name left."""
    facts = build_facts(compute=compute)
    assert spell_local(facts, reporter=reporter, with_age=True)["compute"] == expected
    said = " ".join(reporter.warnings)
    assert all(name in said for name in told)
    assert bool(reporter.warnings) == bool(told)
    ansible = spell_ansible(facts, reporter=reporter)
    prefix = "azure_imds_compute_"
    assert {key[len(prefix) :]: ansible[key] for key in ansible if key.startswith(prefix)} == expected
    assert spell_salt(facts)["azure_imds"]["compute"] == compute


def test_tags(reporter: ListReporter) -> None:
    """Tags are a mapping with exact names; in Ansible flat besides, without those that meet or have no name left."""
    tags = {"Cost Center": "1", "a:b": "2", "A-B": "3", "": "empty", "日本": "4", "role": "web", "x=y": "z"}
    facts = build_facts(tags=tags)
    ansible = spell_ansible(facts, reporter=reporter)
    assert ansible["azure_imds_tags"] == tags
    flat = {key[16:]: value for key, value in ansible.items() if key.startswith("azure_imds_tags_")}
    assert flat == {"cost_center": "1", "role": "web", "x_y": "z"}
    said = " ".join(reporter.warnings)
    assert "a:b" in said
    assert "A-B" in said
    assert "日本" in said
    assert spell_local(facts, reporter=reporter, with_age=True)["tags"] == tags
    grain = spell_salt(facts)["azure_imds"]
    assert grain["tags"] == tags
    assert grain["tagPairs"] == [f"{name}={value}" for name, value in tags.items()]


def test_adapter_shapes(reporter: ListReporter) -> None:
    """Each adapter has its frame: `available`, the prefix, one top-level grain; `age_seconds` only where wanted."""
    facts = build_facts(
        loadBalancer={"publicIpAddresses": []}, identity={"tenantId": "t"}, scheduledEvents={"pending": 0}
    )
    local = spell_local(facts, reporter=reporter, with_age=False)
    assert local["available"] is True
    assert local["cloud"] == "AzureCloud"
    assert local["snapshot"] == {"source": "imds"}
    assert local["load_balancer"] == {"public_ip_addresses": []}
    assert spell_local(facts, reporter=reporter, with_age=True)["snapshot"]["age_seconds"] == 1
    ansible = spell_ansible(facts, reporter=reporter)
    assert ansible == {
        "azure_imds_available": True,
        "azure_imds_cloud": "AzureCloud",
        "azure_imds_snapshot_age_seconds": 1,
        "azure_imds_snapshot_source": "imds",
        "azure_imds_load_balancer_public_ip_addresses": [],
        "azure_imds_identity_tenant_id": "t",
        "azure_imds_scheduled_events_pending": 0,
    }
    assert list(spell_salt(facts)) == ["azure_imds"]
    assert spell_salt(facts)["azure_imds"] == facts


@given(compute=st.dictionaries(NAMES, VALUES, max_size=4), tags=st.dictionaries(NAMES, st.text(max_size=4), max_size=4))
def test_nothing_leaves_the_namespace(compute: dict[str, Any], tags: dict[str, str]) -> None:
    """Whatever fields and tags are called, every name begins with azure_imds and no fact is another category's."""
    facts = build_facts(compute=compute, tags=tags)
    ansible = spell_ansible(facts, reporter=ListReporter())
    frame = {"azure_imds_available": True, "azure_imds_cloud": "AzureCloud", "azure_imds_tags": tags}
    frame["azure_imds_snapshot_source"] = "imds"
    assert {name: ansible[name] for name in frame} == frame
    for name in ansible:
        assert name in frame or re.fullmatch("azure_imds_(?:compute|tags|snapshot)_[a-z0-9_]+", name)
    assert set(spell_local(facts, reporter=ListReporter(), with_age=True)) <= {
        "available",
        "cloud",
        "compute",
        "snapshot",
        "tags",
    }


@pytest.mark.parametrize("name", ["__ansible_type", "__ansible_vault", "__ansible_unsafe", "__ansible_new"])
def test_ansible_s_own_marks_are_no_tags(name: str) -> None:
    """A mapping with such a key is none to Ansible: it is left out there, told, and nowhere else left out."""
    reporter = ListReporter()
    facts = build_facts(tags={name: "x", "env": "prod"})
    spelled = spell_ansible(facts, reporter=reporter)
    assert spelled["azure_imds_tags"] == {"env": "prod"}
    assert spelled[f"azure_imds_tags{name[1:]}"] == "x"
    assert spell_local(facts, reporter=reporter, with_age=True)["tags"] == {"env": "prod"}
    assert spell_salt(facts)["azure_imds"]["tags"] == {name: "x", "env": "prod"}
    assert [name in warning for warning in reporter.warnings] == [True, True]


def test_long_names_over_many_leaves_are_cut_off() -> None:
    """A document of a few hundred KiB does not become gigabytes of names: what goes too far is left out, and told."""
    reporter = ListReporter()
    inner = {f"a{number}": 1 for number in range(20_000)}
    spelled = spell_ansible(build_facts(compute={"k" * 100_000: inner, "name": "late"}), reporter=reporter)
    assert sum(map(len, spelled)) < 5 << 20
    (warning,) = reporter.warnings
    assert "take over 4 MiB" in warning
    assert len(warning) < 2000


def test_what_is_left_out_is_told_a_few_times() -> None:
    """A list of many objects with keys that meet, below a long name, does not flood a log."""
    reporter = ListReporter()
    met = [{"aB": 1, "a_b": 2}] * 5000
    spell_ansible(build_facts(compute={"k" * 100_000: met}), reporter=reporter)
    assert len(reporter.warnings) == 21
    assert reporter.warnings[-1] == "More is left out in the same way."
    assert sum(map(len, reporter.warnings)) < 50_000


def test_warnings_name_whole_tags() -> None:
    """A tag's name has up to 512 characters, and all of them are told; what could harm a terminal is not."""
    reporter = ListReporter()
    one, two = "k" * 511 + "-a", "k" * 511 + "_a"
    spell_ansible(
        build_facts(tags={one: "", two: ""}, compute={"x\x1b]0;\a\n": [{"aB": 1, "a_b": 2}]}), reporter=reporter
    )
    assert any(one in warning and two in warning for warning in reporter.warnings)
    assert all(warning.isprintable() for warning in reporter.warnings)
