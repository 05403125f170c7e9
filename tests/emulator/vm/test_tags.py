# SPDX-License-Identifier: Apache-2.0
"""Both forms of tags."""

from __future__ import annotations

from typing import Any

import pytest
from azure_imds_facts.emulator.vm.tags import add_tag, complete_tags, get_tags, remove_tag, set_tags

from tests.emulator.client import StartEmulator, get_instance


def test_both_forms_of_tags_follow_each_other(start_emulator: StartEmulator) -> None:
    """Setting one form of the tags changes the other; a document with one form gets the other."""
    emulator = start_emulator()
    emulator.set("compute.tags", "a:1;b")
    assert emulator.document["compute"]["tagsList"] == [{"name": "a", "value": "1"}, {"name": "b", "value": ""}]
    assert emulator.document["compute"]["tags"] == "a:1;b"
    emulator.set("compute.tagsList", [{"name": "c", "value": "2"}])
    assert emulator.document["compute"]["tags"] == "c:2"
    old = start_emulator(document={"compute": {"tags": "x:y:z"}})
    assert get_instance(old.url).json["compute"]["tagsList"] == [{"name": "x", "value": "y:z"}]


@pytest.mark.parametrize(
    ("compute", "tags"),
    [
        ({"tagsList": [{"name": "a", "value": 1}, "odd", {"name": "b"}]}, [("a", "1")]),
        ({"tags": "a:1:2;;b"}, [("a", "1:2"), ("b", "")]),
        ({"tagsList": [], "tags": "a:1"}, []),
        ({}, []),
    ],
)
def test_tags_of_a_document(compute: dict[str, Any], tags: list[tuple[str, str]]) -> None:
    """The list has precedence, even an empty one; malformed elements are ignored."""
    assert get_tags(compute) == tags


def test_names_ignore_case() -> None:
    """A tag keeps its first spelling and its position."""
    tags = add_tag([("Env", "a"), ("b", "c")], "ENV", "d")
    assert tags == [("Env", "d"), ("b", "c")]
    assert remove_tag(tags, "env") == [("b", "c")]
    assert remove_tag(tags, "other") == tags


def test_both_forms_are_set() -> None:
    """Setting tags replaces both forms; completing them adds the missing form only."""
    compute: dict[str, Any] = {}
    set_tags(compute, [("a", "1;2"), ("b", "")])
    assert compute == {
        "tags": "a:1;2;b:",
        "tagsList": [{"name": "a", "value": "1;2"}, {"name": "b", "value": ""}],
    }
    partial: dict[str, Any] = {"tags": "a:1"}
    complete_tags(partial)
    assert partial == {"tags": "a:1", "tagsList": [{"name": "a", "value": "1"}]}
