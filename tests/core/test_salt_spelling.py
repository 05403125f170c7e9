# SPDX-License-Identifier: Apache-2.0
"""Test the spelling of the Salt grain."""

from __future__ import annotations

from typing import Any

import pytest
from azure_imds_facts.core.salt_spelling import spell_salt
from azure_imds_facts.core.settings import build_settings

from tests.support.facts import COLLIDING, ODD_TAGS, RESERVED_BY_ANSIBLE, build_facts, build_other_categories


def test_shape() -> None:
    """One top-level grain holds the facts in IMDS's names."""
    facts = build_other_categories()
    assert spell_salt(facts, is_grain=False) == {"azure_imds": facts}


def test_nothing_volatile() -> None:
    """What a grain says of its answer is the same for one that is new and one that was kept."""
    for source, told in (("imds", "imds"), ("cache", "imds"), ("stale", "stale"), ("cloud-init", "cloud-init")):
        snapshot = {"source": source, "fetchedAt": "2026-11-22T21:56:00Z", "ageSeconds": 1, "missing": []}
        grain = spell_salt({"cloud": "AzureCloud", "snapshot": snapshot})["azure_imds"]
        assert grain["snapshot"] == {"source": told, "missing": []}
        assert snapshot["ageSeconds"] == 1


@pytest.mark.parametrize(
    ("gather", "is_short"),
    [
        ("compute.vmSize", True),
        ("compute.vmSize,tags.env", True),
        ("compute.vmSize,tags", False),
        ("!compute.plan", False),
        ("compute,!compute.plan", False),
        ([], False),
    ],
)
def test_a_grain_of_values_says_little_of_the_snapshot(gather: Any, is_short: bool) -> None:
    """Where only values are gathered, what says how far they can be relied on; `azure_imds.facts` has all of it."""
    chosen = build_settings({"gather": gather}, {}).gather
    snapshot = {"source": "cache", "partial": False, "missing": ["identity"], "vmId": "x", "fetchedAt": "t"}
    facts = {"cloud": "AzureCloud", "snapshot": snapshot}
    short = {"source": "imds", "partial": False, "missing": ["identity"]}
    grain = spell_salt(facts, gather=chosen)["azure_imds"]["snapshot"]
    assert grain == (short if is_short else {**short, "vmId": "x"})
    assert set(spell_salt(facts, is_grain=False, gather=chosen)["azure_imds"]["snapshot"]) == set(snapshot)


@pytest.mark.parametrize("compute", [row[0] for row in COLLIDING])
def test_names_stay(compute: dict[str, Any]) -> None:
    """Names that collide elsewhere are all there."""
    assert spell_salt(build_facts(compute=compute))["azure_imds"]["compute"] == compute


@pytest.mark.parametrize("tags", [ODD_TAGS, *({name: "x", "env": "prod"} for name in RESERVED_BY_ANSIBLE)])
def test_tags(tags: dict[str, str]) -> None:
    """Tags keep their exact names, and stand in `tagPairs` besides."""
    facts = build_facts(tags=tags)
    grain = spell_salt(facts)["azure_imds"]
    assert grain["tags"] == tags
    assert grain["tagPairs"] == [f"{name}={value}" for name, value in tags.items()]
    assert "tagPairs" not in facts
