# SPDX-License-Identifier: Apache-2.0
"""The conformance table, row by row, and the documents of every api-version."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import azure_imds_facts.emulator
import pytest
from azure_imds_facts.emulator import Emulator
from azure_imds_facts.emulator.versions import INSTANCE_VERSIONS

from .conformance import TABLE, Row
from .conftest import Reply, ask, instance

FIELDS = Path(azure_imds_facts.emulator.__file__).with_name("vm") / "fields.json"
VERSIONS_WITH_TABLE = [version for version in INSTANCE_VERSIONS if version >= "2017-04-02"]


@pytest.fixture(scope="module")
def shared() -> Iterator[Callable[..., Emulator]]:
    """One emulator for all rows with the same settings."""
    running: dict[str, Emulator] = {}

    def get(settings: dict[str, Any]) -> Emulator:
        key = json.dumps(settings, sort_keys=True)
        if key not in running:
            running[key] = Emulator(**settings).start()
        return running[key]

    yield get
    for emulator in running.values():
        emulator.close()


@pytest.mark.parametrize("row", TABLE, ids=lambda row: f"{row.mark}: {row.method} {row.target} ({row.shows})")
def test_row(shared: Callable[..., Emulator], row: Row) -> None:
    """A request is answered as its row says."""
    reply = ask(shared(row.settings).url, row.target, method=row.method, headers=row.sent, body=row.payload)
    assert reply.status == row.status
    assert reply.headers["Content-Type"] == row.type
    for name, pattern in row.headers.items():
        assert re.fullmatch(pattern, reply.headers[name])
    check_body(reply, row.body)


def check_body(reply: Reply, expected: Any) -> None:
    """Compare a body: letter by letter, with a pattern, or as JSON."""
    if isinstance(expected, bytes):
        assert reply.body == expected
    elif isinstance(expected, re.Pattern):
        assert expected.fullmatch(reply.text)
    elif expected is not None:
        assert reply.json == expected


def test_every_row_has_a_mark() -> None:
    """Marks are D, R and A; each kind is there, and no row is there twice."""
    assert {mark for row in TABLE for mark in row.mark.split("+")} == {"D", "R", "A"}
    assert len({(row.shows, row.target, row.method, repr(row.sent)) for row in TABLE}) == len(TABLE)


def paths_of(value: Any, path: str = "") -> set[str]:
    """All paths of a document as the field table spells them."""
    if isinstance(value, list):
        return {path}.union(*(paths_of(item, f"{path}[]") - {f"{path}[]"} for item in value))
    if not isinstance(value, dict):
        return {path}
    here = {path} if path else set()
    return here.union(*(paths_of(child, f"{path}.{name}" if path else name) for name, child in value.items()))


def rows_of(version: str) -> set[str]:
    """The paths that the field table gives a version, read from the table's file here and now."""
    rows = json.loads(FIELDS.read_text())
    return {
        row["path"]
        for row in rows
        if row["endpoint"] == "/metadata/instance"
        and row["introduced"].startswith("20")
        and row["introduced"] <= version
        and not row["path"].startswith("extended")
    }


@pytest.mark.parametrize("version", VERSIONS_WITH_TABLE)
def test_a_document_has_exactly_the_fields_of_its_version(shared: Callable[..., Emulator], version: str) -> None:
    """With every list filled, each version shows the table's rows up to it and no others, all strings, sorted."""
    reply = instance(shared({"vm": "dual-stack"}).url, version=version)
    assert paths_of(reply.json) == rows_of(version)
    assert all(isinstance(leaf, str) for leaf in leaves_of(reply.json))
    assert reply.text == json.dumps(reply.json, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


@pytest.mark.parametrize("version", [version for version in VERSIONS_WITH_TABLE if version >= "2023-11-15"])
def test_physical_zone_only_in_a_zone(emulate: Callable[..., Emulator], version: str) -> None:
    """Outside a zone `physicalZone` is absent, and nothing else is."""
    emulator = emulate(vm="dual-stack")
    emulator.set("compute.zone", "")
    assert paths_of(instance(emulator.url, version=version).json) == rows_of(version) - {"compute.physicalZone"}


def test_the_preview_is_served(shared: Callable[..., Emulator]) -> None:
    """2017-03-01 shows what the first version of the table does."""
    url = shared({}).url
    assert instance(url, version="2017-03-01").body == instance(url, version="2017-04-02").body


def leaves_of(value: Any) -> Iterator[Any]:
    """All values of a document that are neither objects nor arrays."""
    if isinstance(value, (dict, list)):
        for child in value.values() if isinstance(value, dict) else value:
            yield from leaves_of(child)
    else:
        yield value
