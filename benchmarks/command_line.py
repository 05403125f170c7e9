# SPDX-License-Identifier: Apache-2.0
"""The command line beside its peers: time, and requests to IMDS for one collection. At the real address."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks import peers
from benchmarks.figures import Figure, ratio, times
from benchmarks.requests_log import count_requests
from benchmarks.timing import time_in_turn

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOM = "command line"


def measure(*, quick: bool) -> Iterator[Figure]:
    """Time all commands in turn, and count what one run of each asks."""
    with tempfile.TemporaryDirectory() as folder:
        ours = peers.our_commands(Path(folder))
        others, absent = peers.peer_commands(Path(folder))
        timings = time_in_turn({**ours, **others}, 3 if quick else 25)
        yield from times(ROOM, timings)
        yield ratio(ROOM, timings, "facts, cold", "one GET in Python", most=1.5)
        yield ratio(ROOM, timings, "facts, warm", "python3 -c pass", most=3.5)
        if "ohai azure" in timings:
            yield ratio(ROOM, timings, "facts, cold", "ohai azure", most=0.35)
            yield ratio(ROOM, timings, "facts, warm", "ohai azure", most=0.2)
        for line in absent:
            print(f"  not measured: {line}")
        for name, command in {**ours, **others}.items():
            if name != "python3 -c pass":
                most = {"facts, cold": 1, "facts, warm": 0}.get(name)
                yield Figure("requests", f"{name}: requests for one collection", count_requests(command), "", "", most)
