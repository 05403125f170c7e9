# SPDX-License-Identifier: Apache-2.0
"""Test the spelling of the local facts file."""

from __future__ import annotations

from typing import Any

import pytest
from azure_imds_facts.core.local_spelling import spell_local
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


def test_shape(reporter: ListReporter) -> None:
    """One mapping a category beside `available`; `age_seconds` only where it is requested."""
    facts = build_other_categories()
    local = spell_local(facts, reporter=reporter, with_age=False)
    assert local == {
        "available": True,
        "cloud": "AzureCloud",
        "snapshot": {"source": "imds"},
        "load_balancer": {"public_ip_addresses": []},
        "identity": {"tenant_id": "t"},
        "scheduled_events": {"pending": 0},
    }
    assert spell_local(facts, reporter=reporter, with_age=True)["snapshot"]["age_seconds"] == 1
    assert not reporter.warnings


def test_flattening(reporter: ListReporter) -> None:
    """Objects are joined, and objects in lists keep their form, with names in snake_case."""
    facts = build_facts(compute=NESTED)
    assert spell_local(facts, reporter=reporter, with_age=True)["compute"] == FLAT
    assert not reporter.warnings


@pytest.mark.parametrize(("compute", "expected", "reported"), COLLIDING)
def test_colliding_names(
    compute: dict[str, Any], expected: dict[str, Any], reported: list[str], reporter: ListReporter
) -> None:
    """All names that collide are left out, with a warning that mentions them, and so is a name of which none is left."""
    facts = build_facts(compute=compute)
    assert spell_local(facts, reporter=reporter, with_age=True)["compute"] == expected
    warnings = " ".join(reporter.warnings)
    assert all(name in warnings for name in reported)
    assert bool(reporter.warnings) == bool(reported)


def test_tags(reporter: ListReporter) -> None:
    """Tags keep their exact names."""
    assert spell_local(build_facts(tags=ODD_TAGS), reporter=reporter, with_age=True)["tags"] == ODD_TAGS


@pytest.mark.parametrize("name", RESERVED_BY_ANSIBLE)
def test_tags_reserved_by_ansible(name: str, reporter: ListReporter) -> None:
    """Ansible reads this file too: a tag that would change the type of the mapping is left out, with a warning."""
    facts = build_facts(tags={name: "x", "env": "prod"})
    assert spell_local(facts, reporter=reporter, with_age=True)["tags"] == {"env": "prod"}
    assert [name in warning for warning in reporter.warnings] == [True]


@given(compute=st.dictionaries(NAMES, VALUES, max_size=4), tags=st.dictionaries(NAMES, st.text(max_size=4), max_size=4))
def test_any_names(compute: dict[str, Any], tags: dict[str, str]) -> None:
    """Whatever fields and tags are called, the categories are the same."""
    facts = build_facts(compute=compute, tags=tags)
    spelled = spell_local(facts, reporter=ListReporter(), with_age=True)
    assert set(spelled) == {"available", "cloud", "compute", "snapshot", "tags"}
