# SPDX-License-Identifier: Apache-2.0
"""The time and the memory that documents of nearly 1 MiB take, whatever is in them."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from typing import Any, NamedTuple

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


class Taken(NamedTuple):
    """What each document took one way."""

    way: str
    rows: dict[str, list[Row]]
    delay_s: float = 0.0

    def check(self, name: str, is_within: Callable[[list[Row]], bool]) -> None:
        """Hold the times against a bound; work beside it slows a processor, so they may be taken anew, twice."""
        rows = self.rows[name]
        for _time in range(2):
            if is_within(rows):
                return
            rows = collect_all(self.way, [name], delay_s=self.delay_s)[name]
        assert is_within(rows), (name, rows)


@pytest.fixture(scope="module", params=WAYS)
def taken(request: pytest.FixtureRequest) -> Taken:
    """What each document took one way, its server answering at once."""
    return Taken(request.param, collect_all(request.param, (*LEGAL, *TOO_LARGE)))


def within(*bounds_s: float) -> Callable[[list[Row]], bool]:
    """Return whether each collection of a document took less of the processor than its bound."""

    def is_within(rows: list[Row]) -> bool:
        slowness = measure_slowness()
        return all(row["busy_s"] < bound_s * slowness for row, bound_s in zip(rows, bounds_s, strict=True))

    return is_within


@pytest.mark.parametrize("name", LEGAL)
def test_a_legal_document(taken: Taken, name: str) -> None:
    """It becomes facts, in a third of the time that there is, under 64 MiB above idle; the file is read back."""
    rows = taken.rows[name]
    assert [row["outcome"] for row in rows] == ["ok"] * 3
    assert max(row["kib"] for row in rows) < LIMIT_KIB_OF.get(name, LIMIT_KIB)
    # What comes after the answer; the third time the cache is read before.
    taken.check(name, within(GRACE_S + 0.1, GRACE_S + 0.1, TIMEOUT_S))


@pytest.mark.parametrize("name", TOO_LARGE)
def test_a_document_whose_facts_are_too_large(taken: Taken, name: str) -> None:
    """It is refused as soon, whether or not there is a cache."""
    rows = taken.rows[name]
    assert [row["outcome"] for row in rows] == ["invalid"] * 3
    assert max(row["kib"] for row in rows) < LIMIT_KIB
    taken.check(name, within(GRACE_S, GRACE_S, GRACE_S))


def ends_in_time(rows: list[Row]) -> bool:
    """Return whether two collections end half a second after their timeout; time that others had counts not."""
    late_s = [min(row["took_s"], LATE_S + row["busy_s"]) - TIMEOUT_S for row in rows[:2]]
    return max(late_s) < GRACE_S * measure_slowness()


@pytest.mark.parametrize("way", WAYS)
def test_an_answer_just_before_the_deadline(way: str) -> None:
    """A collection ends half a second after its timeout at most."""
    late = Taken(way, collect_all(way, SLOWEST, delay_s=LATE_S), LATE_S)
    for name, rows in late.rows.items():
        assert [row["outcome"] for row in rows[:2]] == ["ok"] * 2, name
        late.check(name, ends_in_time)
