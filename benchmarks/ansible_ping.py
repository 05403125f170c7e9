# SPDX-License-Identifier: Apache-2.0
"""Compare `ansible -m azure_imds_facts` (cache warm) with `ansible -m ping`, as whole processes on this machine.

Runs ping, the module and ping again in turn. Prints the ratio of the medians, the median of the ratios pair by pair,
and ping against itself, which says how much the machine's own noise is worth. Usage: ansible_ping.py [PAIRS]
"""

from __future__ import annotations

import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from azure_imds_facts.emulator import Emulator

CHECKOUT = Path(__file__).parents[1]
PING = ("ping",)
FACTS = ("azure_imds_facts", "-a", "cache_ttl=3600")


def measure(arguments: tuple[str, ...], env: dict[str, str]) -> tuple[float, float]:
    """Run `ansible localhost -m …` once and return its wall and processor seconds, children included."""
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run(
        ["ansible", "localhost", "-m", *arguments], cwd=CHECKOUT, env=env, check=True, stdout=subprocess.DEVNULL
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.perf_counter() - started, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main() -> None:
    """Measure and print."""
    pairs = int(sys.argv[1]) if len(sys.argv) > 1 else 40
    with tempfile.TemporaryDirectory() as folder, Emulator() as imds:
        env = {
            **os.environ,
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "ANSIBLE_HOME": f"{folder}/ansible",
            "ANSIBLE_LOCALHOST_WARNING": "0",
            "ANSIBLE_INVENTORY_UNPARSED_WARNING": "0",
            "AZURE_IMDS_ENDPOINT": imds.url,
            "AZURE_IMDS_CACHE_DIR": f"{folder}/cache",
        }
        measure(PING, env), measure(FACTS, env)  # what the first run of all compiles and caches counts for nobody
        rows = []
        for number in range(1, pairs + 1):
            rows.append((measure(PING, env), measure(FACTS, env), measure(PING, env)))
            print(f"\rpair {number} of {pairs}", end="", file=sys.stderr, flush=True)
        print(file=sys.stderr)
        requests = len(imds.requests)
    for index, name in enumerate(("wall", "processor")):
        ping, facts, again = ([row[column][index] for row in rows] for column in range(3))
        median = statistics.median
        print(
            f"{name:<10} ping {median(ping):.3f} s, module {median(facts):.3f} s: "
            f"ratio {median(facts) / median(ping):.3f}, "
            f"pairwise {median(f / p for f, p in zip(facts, ping)):.3f}; "
            f"ping/ping {median(again) / median(ping):.3f}"
        )
    print(f"requests   {requests} to IMDS for {pairs + 1} runs of the module")


if __name__ == "__main__":
    main()
