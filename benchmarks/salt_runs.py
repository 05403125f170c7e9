# SPDX-License-Identifier: Apache-2.0
"""Salt: what the grain costs a minion in process, and `salt-call` as a whole with and without it."""

from __future__ import annotations

import json
import socket
import statistics
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

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
        run = probe(folder, endpoint, cache_dir=str(folder / "none"), further=1)
    yield Figure(ROOM, "first load where IMDS hangs", run["first_ms"], "ms", "", 1200)
    yield Figure(ROOM, "further load where IMDS hangs", statistics.median(run["further_ms"]), "ms", "", 5)


def _measure_call(folder: Path, rounds: int) -> Iterator[Figure]:
    current = Path(sys.executable).parent / "salt-call"
    with socket.create_server(("127.0.0.1", 0)) as silent:
        hanging = {"endpoint": f"http://127.0.0.1:{silent.getsockname()[1]}", "cache_dir": str(folder / "hanging")}
        commands = {
            "salt-call grains.items without the grain": _call(current, folder / "without", {}, is_disabled=True),
            "salt-call grains.items, warm": _call(current, folder / "warm", {}),
            "salt-call grains.items, cold": _call(current, folder / "cold", {"cache_ttl": 0}),
            "salt-call grains.items, IMDS hanging": _call(current, folder / "hangs", hanging),
        }
        pairs = [(name, "salt-call grains.items without the grain") for name in list(commands)[1:]]
        if _OLD.exists():
            commands["salt-call 3006 without metadata_azure"] = _call(
                _OLD, folder / "old-without", {}, is_disabled=True
            )
            commands["salt-call 3006 with metadata_azure"] = _call(
                _OLD, folder / "old-with", {}, is_disabled=True, is_old=True
            )
            pairs.append(("salt-call 3006 with metadata_azure", "salt-call 3006 without metadata_azure"))
        else:
            print("  not measured: Salt 3006's metadata_azure: make test-matrix installs Salt 3006", file=sys.stderr)
        timings = time_in_turn(commands, rounds)
    yield from times(ROOM, timings)
    for name, to in pairs:
        yield ratio(ROOM, timings, name, to)


def _call(
    program: Path, root: Path, ours: dict[str, Any], *, is_disabled: bool = False, is_old: bool = False
) -> Command:
    """Return a call with a configuration of its own; a failure is forgotten before it, so that each meets IMDS."""
    root.mkdir()
    cache = ours.get("cache_dir", str(root.parent / "cache"))
    minion = {
        "id": root.name,
        "root_dir": str(root),
        "file_client": "local",
        "enable_fqdns_grains": False,
        "metadata_server_grains": is_old,
        "azure_imds": {"endpoint": peers.BASE, "cache_dir": cache, "cache_ttl": 3600, **ours},
    }
    (root / "minion").write_text(json.dumps(minion))
    words = [str(program), "--local", "-c", str(root), "grains.items", "--out", "json"]
    env = {**peers.build_environment(root.parent / "cache"), "AZURE_IMDS_DISABLED": "1" if is_disabled else "0"}
    return Command(words, env, lambda: _forget_failures(Path(cache)))


def _forget_failures(cache: Path) -> None:
    for path in cache.glob("failure.*"):
        path.unlink()
