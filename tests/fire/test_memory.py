# SPDX-License-Identifier: Apache-2.0
"""The memory that the largest answers take."""

from __future__ import annotations

import subprocess
import sys
from contextlib import ExitStack

import pytest

from tests.fire.behaviours import GOOD, answer
from tests.fire.matrix import LARGE, Fault
from tests.fire.test_matrix import ROOT, child_environment
from tests.fire.ways import TRANSPORTS
from tests.support.servers import RawServer, refused_port

LIMIT_KIB = 64 * 1024


@pytest.fixture(scope="module", params=TRANSPORTS)
def taken(request: pytest.FixtureRequest) -> dict[str, int]:
    """KiB above idle for each fault, over one of the transports."""
    with ExitStack() as running:
        behaviours = [answer(200, GOOD), *(fault.behaviour for fault in LARGE if fault.behaviour)]
        urls = [running.enter_context(RawServer(behaviour)).url for behaviour in behaviours]
        refused = running.enter_context(refused_port())
        done = subprocess.run(
            [sys.executable, "-m", "tests.fire.memory", request.param, *urls],
            env=child_environment(f"http://127.0.0.1:{refused}"),
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
    assert done.returncode == 0, done.stderr
    return {fault.name: int(line) for fault, line in zip(LARGE, done.stdout.split())}


@pytest.mark.skipif(sys.platform != "linux", reason="memory is read from /proc")
@pytest.mark.parametrize("fault", LARGE, ids=lambda fault: fault.name)
def test_memory(taken: dict[str, int], fault: Fault) -> None:
    """However much a server sends, a collection stays under 64 MiB above idle."""
    assert taken[fault.name] < LIMIT_KIB
