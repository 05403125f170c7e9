# SPDX-License-Identifier: Apache-2.0
"""Measure what the grain costs a minion, in process: loaded by Salt's own loader, where Salt has loaded what it needs.

Prints medians over several processes: the first load with a warm cache (imports included), further loads, and the first
load that has to ask IMDS. Usage: salt_grain.py [PROCESSES]. What has been compiled counts; the first process compiles.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

_WARM_LOADS = 50
_MINION = {"id": "measured", "file_client": "local", "enable_fqdns_grains": False}


def main() -> None:
    """Measure and print."""
    from azure_imds_facts.emulator import Emulator  # noqa: PLC0415  the measured process does without

    processes = int(sys.argv[1]) if len(sys.argv) > 1 else 15
    with tempfile.TemporaryDirectory() as folder, Emulator() as imds:
        root = Path(folder)
        probe(root, imds.url)  # compiles, and fills the cache
        warm = [probe(root, imds.url) for _ in range(processes)]
        cold = [probe(root, imds.url, cache_ttl=0) for _ in range(processes)]
    median = statistics.median
    for name, runs in (("cache warm", warm), ("asks IMDS", cold)):
        wall, cpu = (median(figures[key] for figures in runs) for key in ("first_ms", "first_cpu_ms"))
        print(f"first load, {name:<12} {wall:6.1f} ms, of which the processor worked {cpu:.1f} ms")
    print(f"further load, cache warm {median(median(figures['further_ms']) for figures in warm):6.2f} ms")
    print(f"further load, worst      {max(max(figures['further_ms']) for figures in warm):6.2f} ms")


def probe(root: Path, endpoint: str, *, further: int = _WARM_LOADS, **settings: Any) -> dict[str, Any]:
    """Load the grain in a process of its own, once and `further` times; return its figures. It lives below `root`."""
    settings = {"endpoint": endpoint, "cache_dir": str(root / "cache"), "cache_ttl": 3600, **settings}
    (root / "minion").write_text(json.dumps({**_MINION, "root_dir": str(root), "azure_imds": settings}))
    command = [sys.executable, __file__, "--probe", str(root), str(further)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    figures: dict[str, Any] = json.loads(done.stdout)
    return figures


def _measure(root: Path, further: int) -> dict[str, Any]:
    """Load the grain once and again, and note what that imports and reads."""
    import salt.config  # noqa: PLC0415
    import salt.loader  # noqa: PLC0415
    import salt.minion  # noqa: PLC0415  what a minion has loaded by then

    options = salt.config.minion_config(str(root / "minion"))
    options["__cli"] = "salt-minion"
    read: list[str] = []
    sys.addaudithook(lambda event, arguments: _note(read, arguments) if event == "open" else None)
    before = set(sys.modules)
    functions = salt.loader.grain_funcs(options)
    read.clear()  # the loader's own: it looks through what is installed
    started, worked = time.perf_counter(), time.process_time()
    # Looking it up imports the file, as Salt does when it goes through all grains.
    grain = functions["azure_imds.azure_imds"]()
    first_ms, first_cpu_ms = (time.perf_counter() - started) * 1000, (time.process_time() - worked) * 1000
    imported, read_first = sorted(set(sys.modules) - before), list(read)
    read.clear()
    further_ms = []
    for _ in range(further):
        started = time.perf_counter()
        functions["azure_imds.azure_imds"]()
        further_ms.append((time.perf_counter() - started) * 1000)
    return {
        "categories": sorted(grain.get("azure_imds", {})),
        "source": grain.get("azure_imds", {}).get("snapshot", {}).get("source"),
        "first_ms": first_ms,
        "first_cpu_ms": first_cpu_ms,
        "further_ms": further_ms,
        "imported": imported,
        "read_first": read_first,
        "read_further": read,
        "loads": further,
    }


def _note(read: list[str], arguments: tuple[Any, ...]) -> None:
    """Note the name of a file that is opened; what importing opens stands in `imported`."""
    name = str(arguments[0])
    if not name.endswith((".py", ".pyc", ".so")) and not name.isdigit():
        read.append(Path(name).name)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--probe"]:
        print(json.dumps(_measure(Path(sys.argv[2]), int(sys.argv[3]))))
    else:
        main()
