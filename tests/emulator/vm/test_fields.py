# SPDX-License-Identifier: Apache-2.0
"""The field table and the trees built from it."""

from __future__ import annotations

import dataclasses

from azure_imds_facts.emulator.versions import INSTANCE_VERSIONS
from azure_imds_facts.emulator.vm.fields import build_field_tree, load_instance_tree, read_fields


def test_rows_are_unique_and_known() -> None:
    """No field is there twice, and each known version introduces the fields it names."""
    rows = read_fields()
    assert len({(row.endpoint, row.path) for row in rows}) == len(rows)
    introduced = {row.introduced for row in rows if row.endpoint == "/metadata/instance" and row.introduced[:2] == "20"}
    assert introduced <= set(INSTANCE_VERSIONS)


def test_kinds_of_nodes() -> None:
    """Containers are objects or arrays, everything below /metadata/instance else is a string."""
    tree = load_instance_tree("2021-02-01")
    compute = tree.children["compute"].children
    assert tree.children["network"].children["interface"].kind == "array"
    assert (compute["plan"].kind, compute["name"].kind) == ("object", "string")
    assert load_instance_tree().children["extended"].children["compute"].children["hasCustomData"].kind == "bool"


def test_unknown_age() -> None:
    """A field of unknown age is in no version, but in the tree of all fields."""
    row = dataclasses.replace(read_fields()[0], path="a.b", introduced="unknown", type="string")
    assert not any(row.is_in(version) for version in INSTANCE_VERSIONS)
    assert build_field_tree([row]).children["a"].children["b"].kind == "string"
