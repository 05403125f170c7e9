# SPDX-License-Identifier: Apache-2.0
"""How many bytes of facts travel and are kept for a thousand machines, with the default of `gather` and with ten paths.

The bytes are the same on every machine; docs/reference.md has them.
"""

from __future__ import annotations

import copy
import json
import re
import statistics
import subprocess
import sys
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from azure_imds_facts.core.document import redact
from azure_imds_facts.core.facts import Snapshot, build_facts
from azure_imds_facts.core.reporter import Reporter
from azure_imds_facts.core.salt_spelling import spell_salt
from azure_imds_facts.core.settings import build_settings
from azure_imds_facts.core.spelling import spell_ansible
from azure_imds_facts.emulator import Emulator

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

REFERENCE = (Path(__file__).parents[2] / "docs/reference.md").read_text(encoding="utf-8")
MACHINES = 1000
# What a minion sends its master, which keeps it as well, for ten values.
MOST_OF_A_GRAIN = 400
# Of the documentation's table.
ROWS = (
    "grain, as Salt sends and keeps it (msgpack)",
    "grain, as JSON",
    "facts, as Ansible's fact cache keeps them (`jsonfile`)",
)


def list_documents() -> Iterator[dict[str, Any]]:
    """Yield the documents of machines that differ as those of a fleet do: names, ids, places, addresses, tags."""
    with Emulator() as imds:
        imds.tag("Cost Center", "4711")
        base = redact(imds.document)
    for number in range(MACHINES):
        document = copy.deepcopy(base)
        compute, (interface, *_others) = document["compute"], document["network"]["interface"]
        name = f"web-{number:04}"
        compute.update(
            name=name,
            vmId=str(uuid.UUID(int=number << 64 | number)),
            zone=str(number % 3 + 1),
            platformFaultDomain=str(number % 5),
            resourceId=compute["resourceId"].replace(base["compute"]["name"], name),
        )
        interface["ipv4"]["ipAddress"][0]["privateIpAddress"] = f"10.1.{number >> 8}.{number & 255}"
        compute["tagsList"].append({"name": "env", "value": "staging" if number % 4 == 0 else "prod"})
        yield redact(document)


def read_example() -> str:
    """Return the ten paths of the documentation, which is where to copy them from."""
    (found,) = re.findall(r"(?m)^azure-imds-facts facts --format salt --gather (\S+)$", REFERENCE)
    return str(found)


def pack_grain(facts: dict[str, Any], gather: dict[str, Any]) -> int:
    """Return the bytes of a grain as a minion sends it to its master, and the master keeps it."""
    msgpack = pytest.importorskip("msgpack", reason="Salt, which brings msgpack, is not installed")
    return len(msgpack.packb(spell_salt(facts, gather=gather), use_bin_type=False))


def print_grain(facts: dict[str, Any], gather: dict[str, Any]) -> int:
    """Return the bytes of a grain as JSON without blanks."""
    return len(json.dumps(spell_salt(facts, gather=gather), separators=(",", ":"), ensure_ascii=False).encode())


def keep_facts(facts: dict[str, Any], _gather: dict[str, Any]) -> int:
    """Return the bytes of a file of Ansible's cache `jsonfile`: JSON inside JSON, since ansible-core 2.19."""
    inner = json.dumps(spell_ansible(facts, reporter=Reporter()))
    return len(json.dumps({"__payload__": inner}))


MEASURES: dict[str, Callable[[dict[str, Any], dict[str, Any]], int]] = dict(
    zip(ROWS, (pack_grain, print_grain, keep_facts))
)


@pytest.fixture(name="documents", scope="module")
def _documents() -> list[dict[str, Any]]:
    return [*list_documents()]


def measure(documents: list[dict[str, Any]], gather: str | None, row: str) -> list[int]:
    """Return the bytes for each machine."""
    chosen = build_settings({"gather": gather}, {}).gather
    how: dict[str, Any] = {
        "source": "imds",
        "endpoint": "http://169.254.169.254",
        "api_version": "2025-04-07",
        "fetched_at": "2026-11-27T10:00:00Z",
        "boot_id": str(uuid.UUID(int=1)),
        "vm_id_verified": True,
        "extra": {},
        "failures": {},
    }
    snapshots = (Snapshot(document=document, gather=chosen, **how) for document in documents)
    return [MEASURES[row](build_facts(snapshot, reporter=Reporter()), chosen) for snapshot in snapshots]


def test_salt_packs_it_so() -> None:
    """What is counted here is what Salt's own function makes of a grain."""
    pytest.importorskip("msgpack", reason="Salt, which brings msgpack, is not installed")
    facts = {"cloud": "AzureCloud", "snapshot": {"source": "imds", "missing": []}, "tags": {"Größe": "1" * 40}}
    # In a process of its own: Salt puts an importer in the way of every later import.
    program = "import json, salt.payload, sys; print(len(salt.payload.dumps(json.load(sys.stdin))))"
    printed = subprocess.run(
        [sys.executable, "-c", program], input=json.dumps(spell_salt(facts)), capture_output=True, text=True, check=True
    )
    assert int(printed.stdout) == pack_grain(facts, {})


def test_ten_values_are_few_bytes(documents: list[dict[str, Any]]) -> None:
    """The grain of ten values takes 400 bytes at most."""
    example = read_example()
    assert len(example.split(",")) == 10
    taken = measure(documents, example, ROWS[0])
    assert len(taken) == MACHINES
    assert max(taken) <= MOST_OF_A_GRAIN


@pytest.mark.parametrize("row", ROWS)
def test_the_documentation_says_how_many(documents: list[dict[str, Any]], row: str) -> None:
    """Its table has the bytes of these machines, on average."""
    means = [round(statistics.mean(measure(documents, gather, row))) for gather in (None, read_example())]
    print(f"{row}: {means[0]} and {means[1]} bytes a machine")
    assert f"| {row} | {means[0]:,} | {means[1]:,} |" in REFERENCE
