# SPDX-License-Identifier: Apache-2.0
"""The fault matrix: every fault times the adapters' entry functions times both transports."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import product
from pathlib import Path
from typing import Any

import azure_imds_facts
import pytest

from tests.fire.behaviours import SECRET
from tests.fire.matrix import MATRIX, ONCE, Fault
from tests.fire.ways import OLD_FACTS, OLD_SNAPSHOT, TRANSPORTS, WAYS
from tests.support.servers import RawServer, sending

ROOT = Path(__file__).parents[2]
FACTS = Path(azure_imds_facts.__file__).parents[1]
TIMEOUT_S = 0.8
GRACE_S = 0.25
PROXIES = ("http_proxy", "https_proxy", "all_proxy")
BY_NAME = {fault.name: fault for fault in MATRIX}
Result = dict[str, Any]


class Results(dict[tuple[str, str, str], Result]):
    """Results by way, transport and fault; `past` is what was written past every reporter."""

    past = ""


def proxies(url: str) -> dict[str, str]:
    """Return every proxy variable, in either case, with one server."""
    return dict.fromkeys([*PROXIES, *map(str.upper, PROXIES)], url)


def child_environment(proxy: str) -> dict[str, str]:
    """Return an environment whose every proxy variable names one server, with nothing that makes an exception."""
    kept = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
    return {**kept, "PYTHONPATH": os.pathsep.join([str(FACTS), str(ROOT)]), **proxies(proxy)}


def run_all(way: str, transport: str, proxy: str, *names: str) -> tuple[dict[str, Result], str]:
    """Go through the table, or some of its rows, in a process of its own; return what it wrote to standard error too."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.fire.runner", way, transport, str(TIMEOUT_S), *names],
        env=child_environment(proxy),
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    results = map(json.loads, done.stdout.splitlines())
    return {result["name"]: result for result in results}, done.stderr


def is_in_time(fault: Fault, result: Result) -> bool:
    """Return whether a collection ended when the table says, and in any case inside the deadline plus 250 ms."""
    if fault.ends == ONCE:
        return bool(result["counted_s"] < TIMEOUT_S / 2)
    return bool(result["elapsed_s"] > TIMEOUT_S - 0.3 and result["counted_s"] < TIMEOUT_S + GRACE_S)


def is_as_told(fault: Fault, result: Result) -> bool:
    """Return whether a collection ended as the table says."""
    return result["outcome"] == fault.outcome and is_in_time(fault, result)


@pytest.fixture(scope="module")
def proxy() -> Iterator[RawServer]:
    """A server that all proxy variables and all redirects name."""
    with RawServer(sending(b"HTTP/1.1 500 Asked\r\n\r\n")) as server:
        yield server


@pytest.fixture(scope="module")
def results(proxy: RawServer) -> Results:
    """How every collection ended. What ended otherwise or out of time is tried once more: this machine may be busy."""
    collected = Results()

    def run(pair: tuple[str, str]) -> None:
        first, past = run_all(*pair, proxy.url)
        odd = [name for name, result in first.items() if not is_as_told(BY_NAME[name], result)]
        again = run_all(*pair, proxy.url, *odd)[0] if odd else {}
        collected.update({(*pair, name): result for name, result in {**first, **again}.items()})
        collected.past += past

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(run, product(WAYS, TRANSPORTS)))
    return collected


@pytest.fixture
def result(results: Results, way: str, transport: str, fault: Fault) -> Result:
    """How one collection ended."""
    return results[way, transport, fault.name]


each: Callable[[Any], Any] = pytest.mark.parametrize(
    ("way", "transport", "fault"),
    [
        pytest.param(*row, id=f"{row[2].name}-{row[0]}-{row[1]}".encode("ascii", "replace").decode())
        for row in product(WAYS, TRANSPORTS, MATRIX)
    ],
)


@each
def test_fault(result: Result, fault: Fault, way: str) -> None:
    """A fault has its outcome, in its time, without a traceback, and no message has a secret in it."""
    assert result["crash"] == ""
    assert result["outcome"] == fault.outcome, result["told"]
    assert is_in_time(fault, result), result
    said = "\n".join(result["told"])
    assert SECRET not in said
    assert "Traceback" not in said
    assert all(line.isprintable() for line in result["told"]), result["told"]
    if fault.ends == ONCE and fault.place == "server" and "version" not in fault.name:
        assert result["asked"] == 1


@each
def test_what_is_left(result: Result, fault: Fault, way: str) -> None:
    """After a fault there are no facts, no grain, and the old file marked stale; a document without secrets else."""
    assert SECRET not in result["kept"]
    if fault.outcome == "ok":
        assert "snapshot" in result["kept"]
        assert '"old"' not in result["kept"]
    elif way == "writer":
        assert json.loads(result["kept"]) == {**OLD_FACTS, "snapshot": {**OLD_SNAPSHOT, "source": "stale"}}
    else:
        assert result["kept"] in ("", "{}")


def test_nobody_else_was_asked(results: Results, proxy: RawServer) -> None:
    """In the whole matrix no proxy of the environment and no redirect's target was asked."""
    assert len(results) == len(WAYS) * len(TRANSPORTS) * len(MATRIX)
    assert proxy.connections == 0


def test_nothing_past_the_reporters(results: Results) -> None:
    """No library wrote or logged anything by itself."""
    assert results.past == ""


def test_table() -> None:
    """Names are unique, no cell is empty, and each outcome that a server can cause is there."""
    assert len(BY_NAME) == len(MATRIX)
    assert all(fault.name and fault.behaves and fault.outcome and fault.ends for fault in MATRIX)
    outcomes = {"ok", "unreachable", "throttled", "unavailable", "rejected", "invalid"}
    assert {fault.outcome for fault in MATRIX} == outcomes
