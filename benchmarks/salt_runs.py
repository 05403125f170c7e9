# SPDX-License-Identifier: Apache-2.0
"""Salt: what the grain costs a minion in process, and `salt-call` as a whole with and without it."""

from __future__ import annotations

import json
import socket
import statistics
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks import peers
from benchmarks.figures import Figure, ratio, times
from benchmarks.salt_grain import probe
from benchmarks.timing import Command, time_in_turn

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOM = "Salt"
_OLD = Path("build/matrix/3006.27@3.11/bin/salt-call")


def measure(*, quick: bool) -> Iterator[Figure]:
    """Load the grain in processes of their own; then time salt-call."""
    with tempfile.TemporaryDirectory() as name:
        folder, processes = Path(name), 2 if quick else 15
        probe(folder, peers.BASE)  # compiles, and fills the cache
        warm = [probe(folder, peers.BASE) for _ in range(processes)]
        cold = [probe(folder, peers.BASE, cache_ttl=0) for _ in range(processes)]
        first = [figures["first_ms"] for figures in warm]
        further = [statistics.median(figures["further_ms"]) for figures in warm]
        yield Figure(ROOM, "first load, a kept answer, imports included", statistics.median(first), "ms", "", 20)
        yield Figure(ROOM, "first load that asks IMDS", statistics.median(run["first_ms"] for run in cold), "ms")
        yield Figure(ROOM, "further load", statistics.median(further), "ms", "", 5)
        yield from _measure_hanging(folder)
        yield from _measure_call(folder, 2 if quick else 8)


def _measure_hanging(folder: Path) -> Iterator[Figure]:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        endpoint = f"http://127.0.0.1:{silent.getsockname()[1]}"
        run = probe(folder, endpoint, cache_dir=str(folder / "none"))
    yield Figure(ROOM, "first load where IMDS hangs", run["first_ms"], "ms", "", 1200)
    yield Figure(ROOM, "further load where IMDS hangs", statistics.median(run["further_ms"]), "ms", "", 5)


def _measure_call(folder: Path, rounds: int) -> Iterator[Figure]:
    scripts = Path(sys.executable).parent
    commands = {"salt-call grains.items without the grain": _call(scripts / "salt-call", folder, "off", disabled=True)}
    commands["salt-call grains.items with it"] = _call(scripts / "salt-call", folder, "on", disabled=False)
    if _OLD.exists():
        commands["salt-call 3006, without metadata_azure"] = _call(_OLD, folder, "old-off", disabled=True)
        commands["salt-call 3006, with metadata_azure"] = _call(_OLD, folder, "old-on", disabled=True, old=True)
    else:
        print("  not measured: Salt 3006's metadata_azure: make test-matrix installs Salt 3006")
    timings = time_in_turn(commands, rounds)
    yield from times(ROOM, timings)
    names = list(commands)
    yield ratio(ROOM, timings, names[1], names[0])
    if len(names) > 2:
        yield ratio(ROOM, timings, names[3], names[2])


def _call(program: Path, folder: Path, name: str, *, disabled: bool, old: bool = False) -> Command:
    root = folder / name
    root.mkdir()
    minion = {
        "id": name,
        "root_dir": str(root),
        "file_client": "local",
        "enable_fqdns_grains": False,
        "metadata_server_grains": old,
        "azure_imds": {"endpoint": peers.BASE, "cache_dir": str(folder / "cache"), "cache_ttl": 3600},
    }
    (root / "minion").write_text(json.dumps(minion))
    env = {**peers.build_environment(folder / "cache"), "AZURE_IMDS_DISABLED": "1" if disabled else "0"}
    return Command([str(program), "--local", "-c", str(root), "grains.items", "--out", "json"], env)
