# SPDX-License-Identifier: Apache-2.0
"""The time and the memory that documents of nearly 1 MiB take, whatever is in them."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterable
from contextlib import ExitStack
from typing import Any

import pytest
from azure_imds_facts.core.json_body import MAX_BYTES

from tests.fire.behaviours import GOOD
from tests.fire.cost import TIMEOUT_S
from tests.fire.large import LEGAL, TOO_LARGE
from tests.fire.test_matrix import ROOT, child_environment
from tests.support.servers import RawServer, answering, refused_port
from tests.support.speed import measure_slowness

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="memory is read from /proc")

WAYS = ("module", "writer", "grain")
LIMIT_KIB = 64 * 1024
# Lists that hold objects at their very end, all of whose names have to be spelled anew: the document stands beside its
# facts. In Salt's spelling they are the same lists.
LIMIT_KIB_OF = {"deep objects in lists": 84 * 1024}
GRACE_S = 0.5
LATE_S = TIMEOUT_S - 0.1
# The ones that take longest.
SLOWEST = ("deep lists", "deep objects in lists", "objects to spell")
Row = dict[str, Any]


def collect_all(way: str, names: Iterable[str], *, delay_s: float = 0.0) -> dict[str, list[Row]]:
    """Return what the three collections of each document took, by name."""
    bodies = {"warming up": GOOD, **{name: (LEGAL.get(name) or TOO_LARGE[name])() for name in names}}
    assert all(MAX_BYTES * 0.9 < len(body) <= MAX_BYTES for body in bodies.values() if body is not GOOD)
    with ExitStack() as running:
        servers = {
            name: running.enter_context(RawServer(answering(body, delay_s=delay_s))) for name, body in bodies.items()
        }
        refused = running.enter_context(refused_port())
        done = subprocess.run(
            [sys.executable, "-m", "tests.fire.cost", way],
            input="".join(f"{name} {server.url}\n" for name, server in servers.items()),
            env=child_environment(f"http://127.0.0.1:{refused}"),
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=600,
            check=False,
        )
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    found: dict[str, list[Row]] = {}
    for line in done.stdout.splitlines():
        row = json.loads(line)
        found.setdefault(row["name"], []).append(row)
    assert set(found) == set(names)
    return found


@pytest.fixture(scope="module", params=WAYS)
def taken(request: pytest.FixtureRequest) -> dict[str, list[Row]]:
    """What each document took one way, its server answering at once."""
    return collect_all(request.param, (*LEGAL, *TOO_LARGE))


@pytest.mark.parametrize("name", LEGAL)
def test_a_legal_document(taken: dict[str, list[Row]], name: str) -> None:
    """It becomes facts, in a third of the time that there is, under 64 MiB above idle; the file is read back."""
    first, cached, anew = taken[name]
    assert [row["outcome"] for row in taken[name]] == ["ok"] * 3
    assert max(row["kib"] for row in taken[name]) < LIMIT_KIB_OF.get(name, LIMIT_KIB)
    # What comes after the answer; the third time the cache is read before.
    assert first["busy_s"] < (GRACE_S + 0.1) * measure_slowness()
    assert cached["busy_s"] < (GRACE_S + 0.1) * measure_slowness()
    assert anew["busy_s"] < TIMEOUT_S * measure_slowness()


@pytest.mark.parametrize("name", TOO_LARGE)
def test_a_document_whose_facts_are_too_large(taken: dict[str, list[Row]], name: str) -> None:
    """It is refused as soon, whether or not there is a cache."""
    assert [row["outcome"] for row in taken[name]] == ["invalid"] * 3
    assert max(row["kib"] for row in taken[name]) < LIMIT_KIB
    assert max(row["busy_s"] for row in taken[name]) < GRACE_S * measure_slowness()


@pytest.mark.parametrize("way", WAYS)
def test_an_answer_just_before_the_deadline(way: str) -> None:
    """A collection ends half a second after its timeout at most. Time in which others had the processor counts not."""
    for name, rows in collect_all(way, SLOWEST, delay_s=LATE_S).items():
        for row in rows[:2]:
            assert row["outcome"] == "ok", name
            late_s = min(row["took_s"], LATE_S + row["busy_s"]) - TIMEOUT_S
            assert late_s < GRACE_S * measure_slowness(), (name, row)
