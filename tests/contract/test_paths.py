# SPDX-License-Identifier: Apache-2.0
"""Paths in `gather`, of which the last that covers a value counts (contract, section 4)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from .asking import Spellings, describe, serve_document
from .generated import documents
from .odd import DOCUMENTS
from .reference import build_grain
from .serving import Serving

Path = tuple[str, ...]
CHOSEN = ("compute", "network", "tags")

fields = st.sampled_from(["a", "b", "aB", "osDisk", "diskSizeGB", "vmId", "name", "azEnvironment"])
tag_names = st.sampled_from(["Cost Center", "ns:team", "userData", "ansible_host", "a", "A.b"])
paths: st.SearchStrategy[Path] = st.one_of(
    st.sampled_from(CHOSEN).map(lambda name: (name,)),
    st.lists(fields, min_size=1, max_size=3).map(lambda names: ("compute", *names)),
    st.sampled_from(["interface", "privateIpv4", "macAddresses"]).map(lambda name: ("network", name)),
    tag_names.map(lambda name: ("tags", name)),
)
rules = st.lists(st.tuples(st.booleans(), paths), min_size=1, max_size=6)


def list_leaves(value: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    """Yield the path and the value of everything that is no object; an empty object has nothing below it."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from list_leaves(inner, (*path, name))
    else:
        yield path, value


def is_kept(leaf: Path, given_rules: list[tuple[bool, Path]]) -> bool:
    """Tell whether a leaf is among the facts: what the last rule says that names it or something above it."""
    kept = leaf[0] in CHOSEN and not given_rules[0][0]
    for is_wanted, path in given_rules:
        if path == leaf[: len(path)]:
            kept = is_wanted
    return kept


def goes_below(leaf: Path, given_rules: list[tuple[bool, Path]]) -> bool:
    """Tell whether a rule names something below a leaf, where no name leads: lists and values are whole."""
    return any(is_wanted and path[: len(leaf)] == leaf and path != leaf for is_wanted, path in given_rules)


@given(document=documents, given_rules=rules)
def test_generated_paths(serving: Serving, document: dict[str, Any], given_rules: list[tuple[bool, Path]]) -> None:
    """Of a made-up document, the values that the rules choose are there, as they are in the whole, and no others."""
    serve_document(serving, document)
    names = [f"{'' if is_wanted else '!'}{'.'.join(path)}" for is_wanted, path in given_rules]
    got = Spellings(serving, gather=names).salt["azure_imds"]
    whole = build_grain(document, describe(serving, got["snapshot"]))
    doubtful = [path for path, _value in list_leaves(whole) if goes_below(path, given_rules)]
    expected = {
        path: value
        for path, value in list_leaves(whole)
        if path[0] in CHOSEN and path not in doubtful and is_kept(path, given_rules)
    }
    found = {path: value for path, value in list_leaves(got) if path[0] in CHOSEN and path not in doubtful}
    assert found == expected
    if "tags" in got:
        assert got["tagPairs"] == [f"{name}={value}" for name, value in got["tags"].items()]
    assert got["snapshot"] == whole["snapshot"]
    assert got["cloud"] == whole["cloud"]


@pytest.mark.parametrize("gather", ["compute.userData", "compute.osProfile", "compute"])
def test_a_path_reveals_nothing(serving: Serving, gather: str) -> None:
    """A sensitive field that is named has no fact all the same, unless it is to be revealed."""
    serve_document(serving, DOCUMENTS["sensitive anywhere"])
    assert "userData" not in str(Spellings(serving, gather=gather).salt["azure_imds"]["compute"])
    revealed = Spellings(serving, gather="compute.userData", reveal="user_data")
    assert set(revealed.salt["azure_imds"]["compute"]) == {"userData"}
    assert "azure_imds_compute_user_data" in revealed.ansible
