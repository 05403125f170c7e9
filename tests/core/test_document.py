# SPDX-License-Identifier: Apache-2.0
"""Test what counts as a document of IMDS, and what is left out of it as sensitive."""

from __future__ import annotations

import json
from typing import Any

import pytest
from azure_imds_facts.core.document import SENSITIVE, list_missing, redact, validate_document
from azure_imds_facts.core.errors import InvalidError
from hypothesis import given
from hypothesis import strategies as st

FIELDS = ("userData", "customData", "publicKeys", "adminUsername", "secretUrl", "keyUrl")
SPELLED = [*FIELDS, *(field.upper() for field in FIELDS), *(field.lower() for field in FIELDS)]
DOCUMENTS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5) | st.sampled_from(SPELLED), inner, max_size=4)
    ),
    max_leaves=20,
)


@pytest.mark.parametrize(
    ("document", "sections"),
    [
        ({"compute": {}, "network": {}}, {"compute", "network"}),
        ({"compute": {"tags": None}}, {"compute"}),
        ({"network": {"interface": []}, "compute": None}, {"network"}),
        ({"compute": {"tags": ""}, "network": None, "extended": {"x": 1}}, {"compute", "extended"}),
        ({"compute": {}, "network": {"interface": ["odd", None]}}, {"compute", "network"}),
    ],
)
def test_validate_document(document: dict[str, Any], sections: set[str]) -> None:
    """Compute or network is enough; a null section counts as absent."""
    valid = validate_document(document)
    assert set(valid) == sections
    assert set(list_missing(valid)) == {"compute", "network"} - sections


@pytest.mark.parametrize(
    "document",
    [
        None,
        [],
        "text",
        1,
        {},
        {"error": "Bad request"},
        {"compute": None, "network": None},
        {"compute": [], "network": {}},
        {"compute": {}, "network": "x"},
        {"compute": 0},
        {"compute": {}, "network": {"interface": {}}},
        {"compute": {}, "network": {"interface": "x"}},
        {"compute": {"tags": {}}},
        {"compute": {"tags": []}},
        {"compute": {"tags": 1}},
        {"compute": {"tags": False}},
    ],
)
def test_no_document(document: object) -> None:
    """Anything else is invalid, and asking again does not help."""
    with pytest.raises(InvalidError) as caught:
        validate_document(document)
    assert not caught.value.is_broken_json


@pytest.mark.parametrize("interface", [None, [None], []])
def test_null_interface(interface: object) -> None:
    """`interface` that is null counts as absent."""
    document = {"compute": {}, "network": {"interface": interface}}
    assert validate_document(document) == document


def names_in(value: Any) -> set[str]:
    """Return every field name in a JSON value."""
    if isinstance(value, dict):
        return set(value).union(*map(names_in, value.values()))
    return set().union(*map(names_in, value)) if isinstance(value, list) else set()


@pytest.mark.parametrize("field", SPELLED)
@pytest.mark.parametrize("wrap", [lambda x: x, lambda x: {"a": {"b": x}}, lambda x: [[{"c": x}]], lambda x: {"a": [x]}])
def test_sensitive_anywhere(field: str, wrap: Any) -> None:
    """A sensitive field is left out at any depth, in lists too, whatever its case and its value."""
    for value in ("SECRET", {"x": "SECRET"}, ["SECRET"], None):
        assert redact(wrap({field: value, "kept": 1})) == wrap({"kept": 1})


@pytest.mark.parametrize(
    ("name", "fields"),
    [
        ("user_data", ["userData"]),
        ("custom_data", ["customData"]),
        ("public_keys", ["publicKeys"]),
        ("admin_username", ["adminUsername"]),
        ("disk_encryption", ["secretUrl", "keyUrl"]),
    ],
)
def test_reveal(name: str, fields: list[str]) -> None:
    """`reveal` puts back what it names and nothing else."""
    document = {"compute": {field: field for field in FIELDS}}
    assert redact(document, reveal=(name,)) == {"compute": {field: field for field in fields}}
    assert name in SENSITIVE


def test_tag_names_are_data() -> None:
    """A tag may be called like a sensitive field: in the list its name is a value."""
    tags = [{"name": "userData", "value": "kept"}]
    assert redact({"tagsList": tags}) == {"tagsList": tags}


def test_the_original_stays() -> None:
    """What is handed in is not changed."""
    document = {"compute": {"userData": "x", "l": [{"keyUrl": "y"}]}}
    before = json.dumps(document)
    redact(document)
    assert json.dumps(document) == before


@given(DOCUMENTS)
def test_any_document(document: Any) -> None:
    """Whatever the document, no sensitive name comes out, and a second run finds nothing more."""
    redacted = redact(document)
    assert not {name.lower() for name in names_in(redacted)} & {field.lower() for field in FIELDS}
    assert redact(redacted) == redacted


@pytest.mark.parametrize(("opening", "closing"), [("[", "]"), ('{"a":', "}"), ('{"userData":', "}"), ('[{"a":', "}]")])
def test_depth(opening: str, closing: str) -> None:
    """Nested 16 deep is taken, deeper is no document of IMDS's, wherever it is, in what is left out as well."""
    levels = 1 if opening in ("[", '{"a":', '{"userData":') else 2
    for deep in (16, 18):
        count = deep // levels
        value = json.loads(opening * count + "1" + closing * count)
        if deep == 16:
            redact(value)
        else:
            with pytest.raises(InvalidError, match="nested over 16 deep"):
                redact(value)
