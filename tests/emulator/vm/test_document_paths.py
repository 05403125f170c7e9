# SPDX-License-Identifier: Apache-2.0
"""Paths in a document."""

from __future__ import annotations

from typing import Any

import pytest
from azure_imds_facts.emulator import EmulatorError
from azure_imds_facts.emulator.vm.document_paths import format_path, parse_path, set_value


@pytest.mark.parametrize(
    "text", ["network.interface[0].macAddress", "network/interface/0/macAddress", "/network/interface.0/macAddress/"]
)
def test_forms(text: str) -> None:
    """Dots, slashes and brackets give the same segments."""
    assert parse_path(text) == ("network", "interface", "0", "macAddress")
    assert format_path(parse_path(text)) == "network.interface.0.macAddress"


@pytest.mark.parametrize("text", ["", "/", "a..b", ".a", "a."])
def test_empty_segments(text: str) -> None:
    """A path has no empty segment."""
    with pytest.raises(EmulatorError, match="invalid path"):
        parse_path(text)


def test_missing_parents_are_created() -> None:
    """Objects are created on the way, and the index after the last element appends."""
    document: dict[str, Any] = {"a": [{"b": 1}]}
    set_value(document, ("a", "1", "b"), 2)
    set_value(document, ("a", "0"), "replaced")
    set_value(document, ("c", "d"), 3)
    assert document == {"a": ["replaced", {"b": 2}], "c": {"d": 3}}


@pytest.mark.parametrize(
    ("segments", "message"),
    [
        (("a", "3"), "a.3: the array has 1 elements; allowed: 0 to 1"),
        (("a", "x"), "a.x: the parent of 'x' is neither an object nor an array"),
        (("a", "0", "b", "c"), "a.0.b.c: the parent of 'c' is neither"),
    ],
)
def test_impossible_paths(segments: tuple[str, ...], message: str) -> None:
    """A path that does not fit the document is rejected with the reason."""
    with pytest.raises(EmulatorError) as caught:
        set_value({"a": [{"b": 1}]}, segments, 0)
    assert message in str(caught.value)
