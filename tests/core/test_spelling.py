# SPDX-License-Identifier: Apache-2.0
"""Test the rules of spelling, and what Ansible gets by them."""

from __future__ import annotations

import re
from typing import Any

import pytest
from azure_imds_facts.core.spelling import snake_case, spell_ansible
from hypothesis import given
from hypothesis import strategies as st

from tests.support.facts import (
    COLLIDING,
    FLAT,
    NAMES,
    NESTED,
    ODD_TAGS,
    RESERVED_BY_ANSIBLE,
    VALUES,
    build_facts,
    build_other_categories,
)
from tests.support.reporters import ListReporter


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
    """Objects are joined, and objects in lists keep their form, with names in snake_case."""
    ansible = spell_ansible(build_facts(compute=NESTED), reporter=reporter)
    assert {key: ansible[f"azure_imds_compute_{key}"] for key in FLAT} == FLAT
    assert not reporter.warnings


@pytest.mark.parametrize(("compute", "expected", "reported"), COLLIDING)
def test_colliding_names(
    compute: dict[str, Any], expected: dict[str, Any], reported: list[str], reporter: ListReporter
) -> None:
    """All names that collide are left out, with a warning that mentions them, and so is a name of which none is left."""
    ansible = spell_ansible(build_facts(compute=compute), reporter=reporter)
    prefix = "azure_imds_compute_"
    assert {key[len(prefix) :]: ansible[key] for key in ansible if key.startswith(prefix)} == expected
    warnings = " ".join(reporter.warnings)
    assert all(name in warnings for name in reported)
    assert bool(reporter.warnings) == bool(reported)


def test_tags(reporter: ListReporter) -> None:
    """Tags are a mapping with exact names, and flat besides, without those that collide or of whose name none is left."""
    ansible = spell_ansible(build_facts(tags=ODD_TAGS), reporter=reporter)
    assert ansible["azure_imds_tags"] == ODD_TAGS
    flat = {key[16:]: value for key, value in ansible.items() if key.startswith("azure_imds_tags_")}
    assert flat == {"cost_center": "1", "role": "web", "x_y": "z"}
    warnings = " ".join(reporter.warnings)
    assert all(name in warnings for name in ("a:b", "A-B", "日本"))


def test_shape(reporter: ListReporter) -> None:
    """Every name has the prefix, and `azure_imds_available` is there."""
    assert spell_ansible(build_other_categories(), reporter=reporter) == {
        "azure_imds_available": True,
        "azure_imds_cloud": "AzureCloud",
        "azure_imds_snapshot_age_seconds": 1,
        "azure_imds_snapshot_source": "imds",
        "azure_imds_load_balancer_public_ip_addresses": [],
        "azure_imds_identity_tenant_id": "t",
        "azure_imds_scheduled_events_pending": 0,
    }


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


@pytest.mark.parametrize("name", RESERVED_BY_ANSIBLE)
def test_tags_reserved_by_ansible(name: str) -> None:
    """A mapping with such a key has another type to Ansible: it is left out of the mapping alone, with a warning."""
    reporter = ListReporter()
    spelled = spell_ansible(build_facts(tags={name: "x", "env": "prod"}), reporter=reporter)
    assert spelled["azure_imds_tags"] == {"env": "prod"}
    assert spelled[f"azure_imds_tags{name[1:]}"] == "x"
    assert [name in warning for warning in reporter.warnings] == [True]


def test_warnings_are_few() -> None:
    """A list of many objects with keys that collide, below a long name, does not flood a log."""
    reporter = ListReporter()
    colliding = [{"aB": 1, "a_b": 2}] * 5000
    spell_ansible(build_facts(compute={"k" * 100_000: colliding}), reporter=reporter)
    assert len(reporter.warnings) == 21
    assert reporter.warnings[-1] == "More is left out in the same way."
    assert sum(map(len, reporter.warnings)) < 50_000


def test_warnings_name_whole_tags() -> None:
    """A tag's name has up to 512 characters, and a warning has all of them, without characters that act on a terminal."""
    reporter = ListReporter()
    one, two = "k" * 511 + "-a", "k" * 511 + "_a"
    spell_ansible(
        build_facts(tags={one: "", two: ""}, compute={"x\x1b]0;\a\n": [{"aB": 1, "a_b": 2}]}), reporter=reporter
    )
    assert any(one in warning and two in warning for warning in reporter.warnings)
    assert all(warning.isprintable() for warning in reporter.warnings)
