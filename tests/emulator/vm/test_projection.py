# SPDX-License-Identifier: Apache-2.0
"""Projection: the document of each api-version against the field table."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from azure_imds_facts.emulator.versions import INSTANCE_VERSIONS
from azure_imds_facts.emulator.vm import profiles

from tests.emulator.client import StartEmulator, get_instance

FIELDS = Path(profiles.__file__).with_name("fields.json")
VERSIONS_WITH_TABLE = [version for version in INSTANCE_VERSIONS if version >= "2017-04-02"]


def list_paths(value: Any, path: str = "") -> set[str]:
    """Return all paths of a document, spelled as in the field table."""
    if isinstance(value, list):
        return {path}.union(*(list_paths(item, f"{path}[]") - {f"{path}[]"} for item in value))
    if not isinstance(value, dict):
        return {path}
    here = {path} if path else set()
    return here.union(*(list_paths(child, f"{path}.{name}" if path else name) for name, child in value.items()))


def list_table_paths(version: str) -> set[str]:
    """Return the paths of a version in the field table, read independently of the program."""
    rows = json.loads(FIELDS.read_text())
    return {
        row["path"]
        for row in rows
        if row["endpoint"] == "/metadata/instance"
        and row["introduced"].startswith("20")
        and row["introduced"] <= version
        and not row["path"].startswith("extended")
    }


def iterate_leaves(value: Any) -> Iterator[Any]:
    """Iterate over the values of a document that are neither objects nor arrays."""
    if isinstance(value, (dict, list)):
        for child in value.values() if isinstance(value, dict) else value:
            yield from iterate_leaves(child)
    else:
        yield value


@pytest.mark.parametrize("version", VERSIONS_WITH_TABLE)
def test_a_document_has_exactly_the_fields_of_its_version(start_emulator: StartEmulator, version: str) -> None:
    """With no list empty, each version has exactly the rows of the table up to it, all strings, sorted."""
    response = get_instance(start_emulator(vm="dual-stack").url, version=version)
    assert list_paths(response.json) == list_table_paths(version)
    assert all(isinstance(leaf, str) for leaf in iterate_leaves(response.json))
    assert response.text == json.dumps(response.json, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


@pytest.mark.parametrize("version", [version for version in VERSIONS_WITH_TABLE if version >= "2023-11-15"])
def test_physical_zone_only_in_a_zone(start_emulator: StartEmulator, version: str) -> None:
    """Outside a zone `physicalZone` is absent, and no other field."""
    emulator = start_emulator(vm="dual-stack")
    emulator.set("compute.zone", "")
    assert list_paths(get_instance(emulator.url, version=version).json) == list_table_paths(version) - {
        "compute.physicalZone"
    }


def test_the_preview_is_served(start_emulator: StartEmulator) -> None:
    """2017-03-01 has the fields of the first version of the table."""
    url = start_emulator().url
    assert get_instance(url, version="2017-03-01").body == get_instance(url, version="2017-04-02").body


def test_values_are_strings(start_emulator: StartEmulator) -> None:
    """Numbers, booleans and null of a document are formatted as in IMDS."""
    document = {"compute": {"platformFaultDomain": 2, "zone": None, "isHostCompatibilityLayerVm": True}}
    compute = get_instance(start_emulator(document=document).url).json["compute"]
    assert (compute["platformFaultDomain"], compute["zone"], compute["isHostCompatibilityLayerVm"]) == ("2", "", "true")
