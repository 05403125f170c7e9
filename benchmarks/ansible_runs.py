# SPDX-License-Identifier: Apache-2.0
"""Ansible: the module beside ping, beside setup, and beside five uri tasks, which is how it is done without us.

At the real address, with a kept answer; `localhost`, and 10 and 50 hosts with local connections.
"""

from __future__ import annotations

import json
import statistics
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks import peers
from benchmarks.figures import Figure, ratio, times
from benchmarks.timing import Command, Timing, time_in_turn

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOM = "Ansible"
CHECKOUT = Path(__file__).parents[1]
_SUBTREES = ("compute", "network", "compute/tagsList", "compute/storageProfile", "compute/securityProfile")


def measure_ping(*, quick: bool) -> Iterator[Figure]:
    """Time the module beside ping, and ping beside itself, which says how much the machine's own noise is worth."""
    with tempfile.TemporaryDirectory() as folder:
        yield from _measure_ping(_environment(Path(folder)), 3 if quick else 40)


def measure(*, quick: bool) -> Iterator[Figure]:
    """Time Ansible in plays, and on many hosts."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        env = _environment(folder)
        yield from _measure_uri(folder, env, 2 if quick else 10)
        for hosts in (2,) if quick else (10, 50):
            yield from _measure_hosts(folder, env, hosts, 2 if quick else 5)


def _environment(folder: Path) -> dict[str, str]:
    env = peers.build_environment(folder / "cache")
    scripts = str(Path(sys.executable).parent)
    return {
        **env,
        "PATH": f"{scripts}:{env['PATH']}",
        "LC_ALL": "C.UTF-8",
        "HOME": str(folder),
        "ANSIBLE_HOME": str(folder / "ansible"),
        "ANSIBLE_CONFIG": str(CHECKOUT / "ansible.cfg"),
        "ANSIBLE_LOCALHOST_WARNING": "false",
        "ANSIBLE_INVENTORY_UNPARSED_WARNING": "false",
    }


def _measure_ping(env: dict[str, str], rounds: int) -> Iterator[Figure]:
    ansible = ("ansible", "localhost", "-m")
    cold = ("azure_imds_facts", "-a", "cache_ttl=0")
    commands = {
        "ping": Command([*ansible, "ping"], env),
        "module, warm": Command([*ansible, "azure_imds_facts"], env),
        "ping again": Command([*ansible, "ping"], env),
    }
    timings = time_in_turn(commands, rounds)
    yield from times(ROOM, timings)
    yield ratio(ROOM, timings, "module, warm", "ping", most=1.15)
    yield ratio(ROOM, timings, "ping again", "ping")
    commands = {"ping": commands["ping"], "cold": Command([*ansible, *cold], env), "ping again": commands["ping again"]}
    timings = time_in_turn(commands, max(2, rounds // 2))
    yield Figure(ROOM, "processor time of ping", statistics.median(timings["ping"].cpu) * 1000, "CPU ms")
    yield _over(timings, "cold", "ping", "processor time of the module, cold, over ping", most=80)
    yield _over(timings, "ping again", "ping", "processor time of ping again, over ping")


def _over(timings: dict[str, Timing], name: str, base: str, what: str, *, most: float | None = None) -> Figure:
    """Return what a command takes of the processor over another, the median of the rounds, for each has both."""
    over = Timing(tuple(a - b for a, b in zip(timings[name].cpu, timings[base].cpu)), ())
    low, high = over.quartiles
    return Figure(ROOM, what, over.median * 1000, "CPU ms", f"{low * 1000:.0f} to {high * 1000:.0f}", most)


def _measure_uri(folder: Path, env: dict[str, str], rounds: int) -> Iterator[Figure]:
    base = f"http://{peers.ADDRESS}/metadata/instance"
    asks = [
        {"ansible.builtin.uri": {"url": f"{base}/{subtree}?api-version=2021-02-01", "headers": {"Metadata": "true"}}}
        for subtree in _SUBTREES
    ]
    plays: dict[str, list[dict[str, Any]]] = {
        "a play with the module": [{"azure_imds.facts.azure_imds_facts": {}}],
        "a play with one uri task": asks[:1],
        "a play with five uri tasks": asks,
        "a play with setup": [{"ansible.builtin.setup": {"gather_subset": ["!facter", "!ohai"]}}],
    }
    commands = {}
    for number, (name, tasks) in enumerate(plays.items()):
        playbook = folder / f"play-{number}.yml"
        playbook.write_text(json.dumps([_play(tasks)]))
        commands[name] = Command(["ansible-playbook", str(playbook)], env)
    timings = time_in_turn(commands, rounds)
    yield from times(ROOM, timings)
    yield ratio(ROOM, timings, "a play with the module", "a play with five uri tasks", most=0.5)


def _play(tasks: list[dict[str, Any]]) -> dict[str, Any]:
    return {"hosts": "localhost", "connection": "local", "gather_facts": False, "tasks": tasks}


def _measure_hosts(folder: Path, env: dict[str, str], hosts: int, rounds: int) -> Iterator[Figure]:
    inventory = folder / f"hosts-{hosts}"
    local = f"ansible_connection=local ansible_python_interpreter={sys.executable}"
    inventory.write_text("".join(f"vm{number} {local}\n" for number in range(hosts)))
    ansible = ("ansible", "all", "-i", str(inventory), "-f", "10", "-m")
    ping, module = f"ping, {hosts} hosts", f"module, {hosts} hosts"
    commands = {ping: Command([*ansible, "ping"], env), module: Command([*ansible, "azure_imds_facts"], env)}
    timings = time_in_turn(commands, rounds)
    yield from times(ROOM, timings)
    yield ratio(ROOM, timings, module, ping, most=1.12 if hosts == 50 else None)
