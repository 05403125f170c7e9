# SPDX-License-Identifier: Apache-2.0
"""Elements of a document: found by a path, rendered as JSON or as text."""

from __future__ import annotations

import pytest
from azure_imds_facts.emulator.endpoints.elements import find_element, render_element
from azure_imds_facts.emulator.http.response import HttpError

DOCUMENT = {"b": [{"x": "1"}, "two"], "a": "text", "empty": {}}


@pytest.mark.parametrize(
    ("path", "expected"), [("", DOCUMENT), ("a", "text"), ("b/0/x", "1"), ("b/1", "two"), ("empty", {})]
)
def test_find(path: str, expected: object) -> None:
    """Objects take a name and arrays an index."""
    assert find_element(DOCUMENT, path.split("/") if path else []) == expected


@pytest.mark.parametrize("path", ["A", "b/2", "b/-1", "b/x", "b/٠", "b/00", "a/0", "b/" + "9" * 5000])
def test_not_found(path: str) -> None:
    """Anything else is 404."""
    with pytest.raises(HttpError) as caught:
        find_element(DOCUMENT, path.split("/"))
    assert caught.value.response.status == 404


def test_text() -> None:
    """A container lists its sorted names with / after containers, a leaf is its value."""
    assert render_element(DOCUMENT, "text").body == b"a\nb/\nempty/"
    assert render_element(DOCUMENT["b"], "text").body == b"0/\n1"
    assert render_element("text", "text").body == b"text"
    assert render_element(None, "text").body == b"null"


def test_json() -> None:
    """A container has sorted keys unless the document is raw, and a leaf is rejected."""
    assert render_element(DOCUMENT, "json").body == b'{"a":"text","b":[{"x":"1"},"two"],"empty":{}}'
    assert render_element(DOCUMENT, "json", sort=False).body.startswith(b'{"b":')
    with pytest.raises(HttpError):
        render_element("text", "json")
