# SPDX-License-Identifier: Apache-2.0
"""Measure this project beside what a user would pick instead, as ratios of medians on one machine."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks import (
    ansible_runs,
    command_line,
    elsewhere,
    emulator_runs,
    fleet_runs,
    growth,
    imports,
    peers,
    report,
    requests_log,
    salt_runs,
    stampede,
    tables,
)
from benchmarks.figures import Figure

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

CHECKOUT = Path(__file__).parents[1]


@dataclass(frozen=True)
class Room:
    """A part of the measurements; `is_on_azure`: at the real address, where an emulator without limits answers."""

    measure: Callable[..., Iterable[Figure]]
    is_on_azure: bool
    told: str


ROOMS = {
    "command": Room(command_line.measure, True, "the command line beside its peers, and requests for one collection"),
    "ping": Room(ansible_runs.measure_ping, True, "Ansible: the module beside ping, 40 rounds"),
    "ansible": Room(ansible_runs.measure, True, "Ansible: plays, 10 and 50 hosts"),
    "salt": Room(salt_runs.measure, True, "Salt: in process, and salt-call"),
    "elsewhere": Room(elsewhere.measure, False, "what a machine that is not on Azure pays"),
    "stampede": Room(stampede.measure, True, "up to 400 processes at once"),
    "growth": Room(growth.measure, False, "large documents"),
    "emulator": Room(emulator_runs.measure, False, "the emulator under load"),
    "fleet": Room(fleet_runs.measure, False, "Ansible and Salt on a thousand emulated VMs, about fifteen minutes"),
    "imports": Room(imports.measure, False, "time and memory of imports"),
}


def main() -> int:
    """Measure what was asked for, and write or print the report; return 1 where a promise was not met."""
    options = _parse()
    if options.into:
        return _measure_here(options.only[0], options.into, quick=options.quick)
    if options.render:
        report.render(CHECKOUT / "docs")
        return 0
    figures: list[Figure] = []
    load = os.getloadavg()[0]
    with tempfile.TemporaryDirectory() as folder:
        for number, name in enumerate(options.only or ROOMS, 1):
            room = ROOMS[name]
            print(f"[{number}/{len(options.only or ROOMS)}] {name}: {room.told}", file=sys.stderr, flush=True)
            figures += _measure_apart(name, Path(folder), quick=options.quick)
    print(tables.render_tables(figures))
    if options.write:
        report.write(figures, CHECKOUT / "docs", is_part=bool(options.only), load=load)
    # A few rounds say nothing of times.
    return 0 if options.quick or all(figure.is_met for figure in figures if figure.most is not None) else 1


def _parse() -> argparse.Namespace:
    rooms = "\n".join(f"  {name:<10} {room.told}" for name, room in ROOMS.items())
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description=__doc__,
        epilog=f"rooms:\n{rooms}\n\nIt ends with 1 where something promised was not met, except with --quick.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--only", action="append", choices=list(ROOMS), metavar="ROOM", help="this room; may be repeated"
    )
    parser.add_argument("--quick", action="store_true", help="a few rounds, to see whether all of it works")
    parser.add_argument(
        "--write",
        action="store_true",
        help="write tables, plot and raw figures to docs/benchmarks.*; with --only those of these rooms",
    )
    parser.add_argument(
        "--render", action="store_true", help="measure nothing; write tables and plot anew from docs/benchmarks.json"
    )
    parser.add_argument("--into", type=Path, help=argparse.SUPPRESS)  # of the process that runs one room
    options = parser.parse_args()
    if options.write and options.quick:
        parser.error("--write needs rooms in full: omit --quick")
    return options


def _measure_apart(name: str, folder: Path, *, quick: bool) -> list[Figure]:
    """Measure a room in a process of its own, at the real address where it has to be."""
    into, log = folder / f"{name}.json", folder / f"{name}.log"
    words = [sys.executable, "-m", "benchmarks", "--only", name, "--into", str(into), *(["--quick"] if quick else [])]
    if ROOMS[name].is_on_azure:
        log.touch()
        words = [peers.OURS, "emulate", "--rate-limit", "0", "--log", str(log), "--", *words]
    path = os.pathsep.join([str(CHECKOUT), *filter(None, [os.environ.get("PYTHONPATH")])])
    env = {**os.environ, "PYTHONPATH": path, requests_log.VARIABLE: str(log)}
    subprocess.run(words, cwd=CHECKOUT, env=env, check=True)
    return [Figure(**figure) for figure in json.loads(into.read_text(encoding="utf-8"))]


def _measure_here(name: str, into: Path, *, quick: bool) -> int:
    figures = [asdict(figure) for figure in ROOMS[name].measure(quick=quick)]
    into.write_text(json.dumps(figures), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
