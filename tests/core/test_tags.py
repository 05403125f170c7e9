# SPDX-License-Identifier: Apache-2.0
"""Test how tags are read."""

from __future__ import annotations

from typing import Any

import pytest
from azure_imds_facts.core.compute import parse_tags


@pytest.mark.parametrize(
    ("compute", "expected", "ambiguous", "skipped"),
    [
        ({}, {}, False, 0),
        ({"tags": None}, {}, False, 0),
        ({"tags": ""}, {}, False, 0),
        ({"tags": "a:1;b:2"}, {"a": "1", "b": "2"}, False, 0),
        ({"tags": "a:1:2"}, {"a": "1:2"}, True, 0),
        ({"tags": "a:1;b"}, {"a": "1", "b": ""}, True, 0),
        ({"tags": ";;a:1;"}, {"a": "1"}, False, 0),
        ({"tags": " a : 1 ;b: "}, {" a ": " 1 ", "b": " "}, False, 0),
        ({"tags": "a:1;a:2"}, {"a": "2"}, False, 0),
        ({"tags": ":v"}, {"": "v"}, False, 0),
        ({"tags": "größe:ü"}, {"größe": "ü"}, False, 0),
        ({"tags": "a:1", "tagsList": []}, {}, False, 0),
        ({"tags": "a:1:2", "tagsList": [{"name": "a", "value": "x;y:z"}]}, {"a": "x;y:z"}, False, 0),
        ({"tags": "a:1", "tagsList": None}, {"a": "1"}, False, 0),
        ({"tags": "a:1", "tagsList": "a:2"}, {"a": "1"}, False, 0),
        ({"tags": "a:1", "tagsList": {"name": "a", "value": "2"}}, {"a": "1"}, False, 0),
        ({"tagsList": [{"name": "", "value": "v"}]}, {"": "v"}, False, 0),
        ({"tagsList": [{"name": "a"}, {"value": "b"}, "c", None, {"name": 1, "value": "d"}]}, {}, False, 5),
        ({"tagsList": [{"name": "a", "value": None}, {"name": "b", "value": ""}]}, {"b": ""}, False, 1),
        ({"tagsList": [{"name": "a", "value": "1"}, {"name": "a", "value": "2"}]}, {"a": "2"}, False, 0),
    ],
)
def test_parse_tags(compute: dict[str, Any], expected: dict[str, str], ambiguous: bool, skipped: int) -> None:
    """A list beats the string, which is split on `;` and the first `:` with nothing trimmed."""
    tags = parse_tags(compute)
    assert (tags.values, tags.is_ambiguous, tags.skipped) == (expected, ambiguous, skipped)


def test_order_is_the_documents() -> None:
    """Tags keep the order in which IMDS names them."""
    assert list(parse_tags({"tags": "b:1;a:2;c:3"}).values) == ["b", "a", "c"]
