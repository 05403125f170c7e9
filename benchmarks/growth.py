# SPDX-License-Identifier: Apache-2.0
"""How the cost grows with the document: from an answer's bytes to Ansible's facts, in process, without the network."""

from __future__ import annotations

import json
import statistics
import time
from typing import TYPE_CHECKING, Any

from azure_imds_facts.core.document import redact, validate_document
from azure_imds_facts.core.facts import Snapshot, build_facts
from azure_imds_facts.core.json_body import parse_json
from azure_imds_facts.core.reporter import Reporter
from azure_imds_facts.core.spelling import spell_ansible

from benchmarks.figures import Figure

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOM = "growth"
_HOW: dict[str, Any] = {
    "source": "imds",
    "endpoint": "http://169.254.169.254",
    "api_version": "2021-02-01",
    "extra": {},
    "failures": {},
}


def measure(*, quick: bool) -> Iterator[Figure]:
    """Time documents of growing size, growing numbers of interfaces, and tags at full length."""
    rounds = 3 if quick else 15
    by_size = {kib: _time(_document(filler=kib * 1024), rounds) for kib in (1, 16, 128, 900)}
    for kib, ms in by_size.items():
        yield Figure(ROOM, f"a document of {kib} KiB", ms, "ms")
    yield Figure(ROOM, "900 KiB / 128 KiB, 7 times as large", by_size[900] / by_size[128], "x", "", 7 * 1.5)
    by_interfaces = {count: _time(_document(interfaces=count), rounds) for count in (1, 16, 64, 256)}
    for count, ms in by_interfaces.items():
        yield Figure(ROOM, f"{count} interfaces", ms, "ms")
    yield Figure(ROOM, "256 / 64 interfaces, 4 times as many", by_interfaces[256] / by_interfaces[64], "x", "", 4 * 1.5)
    yield Figure(ROOM, "50 tags at full length", _time(_document(tags=50), rounds), "ms")


def _document(*, filler: int = 0, interfaces: int = 1, tags: int = 0) -> bytes:
    listed = [{"name": f"{number:03}" + "n" * 509, "value": "v" * 256} for number in range(tags)]
    # A field of many entries: one long string would be copied at the speed of memory.
    entries = [{"field": f"{number:06}", "value": "x" * 40} for number in range(filler // 72)]
    compute: dict[str, Any] = {"vmSize": "Standard_D2s_v3", "tagsList": listed, "extendedLocation": entries}
    return json.dumps(
        {"compute": compute, "network": {"interface": [_interface(n) for n in range(interfaces)]}}
    ).encode()


def _interface(number: int) -> dict[str, Any]:
    address = f"10.0.{number >> 8}.{number & 255}"
    pair = {"privateIpAddress": address, "publicIpAddress": f"203.0.{number >> 8}.{number & 255}"}
    subnet = [{"address": "10.0.0.0", "prefix": "16"}]
    return {
        "ipv4": {"ipAddress": [pair], "subnet": subnet},
        "ipv6": {"ipAddress": [{"privateIpAddress": f"fd00::{number:x}"}]},
        "macAddress": f"000D3A{number:06X}",
    }


def _time(body: bytes, rounds: int) -> float:
    taken = []
    for _ in range(rounds):
        started = time.perf_counter()
        document = redact(validate_document(parse_json(body)))
        snapshot = Snapshot(document=document, fetched_at="2026-11-23T10:00:00Z", **_HOW)
        spell_ansible(build_facts(snapshot, reporter=Reporter()), reporter=Reporter())
        taken.append((time.perf_counter() - started) * 1000)
    return statistics.median(taken)
