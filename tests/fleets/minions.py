# SPDX-License-Identifier: Apache-2.0
"""A real master with many real minions, each on a VM of an emulated fleet."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any

from lab.processes import Background
from lab.salted import reserved_ports, salt_master, write_master_config, write_minion_config

from tests.e2e.shell import Shell
from tests.minions.daemons import Master

# What a master and each minion took, and what is left alone; a machine with less runs fewer.
_MASTER_MIB, _MINION_MIB, _SPARE_MIB = 700, 150, 1500
_AT_ONCE = 4
_START_S = 300.0
_READY = "is ready to receive requests"


def limit_minions(wanted: int) -> int:
    """Return how many minions this machine's memory holds, at most as many as wanted."""
    lines = Path("/proc/meminfo").read_text().splitlines()
    free = next(int(line.split()[1]) // 1024 for line in lines if line.startswith("MemAvailable"))
    return max(0, min(wanted, (free - _MASTER_MIB - _SPARE_MIB) // _MINION_MIB))


@contextlib.contextmanager
def run_minions(shell: Shell, settings: Mapping[str, Mapping[str, Any]]) -> Iterator[Master]:
    """Run a master and a minion for each of `settings`, which the emulator wrote, until the end of the block."""
    folder = shell.folder / "salt"
    folder.mkdir()
    with ExitStack() as stack:
        ports = stack.enter_context(reserved_ports())
        master = Master(folder, shell)
        master.configure()
        stack.callback(master.prompt.close)
        write_master_config(folder, ports=ports)
        groups = {"prod_in_one": "G@azure_imds:tags:env:prod and G@azure_imds:compute:zone:1"}
        (folder / "master.d/groups.conf").write_text(json.dumps({"nodegroups": groups, "worker_threads": 5}))
        stack.enter_context(salt_master(folder, env=shell.env))
        left = list(settings)
        while left:
            batch, left = left[:_AT_ONCE], left[_AT_ONCE:]
            started = [_start(stack, shell, folder / name, settings[name], ports) for name in batch]
            for process, log in started:
                process.wait_until(partial(_is_ready, log), timeout_s=_START_S)
        everybody = dict.fromkeys(settings, True)
        master.wait_for(everybody, "-G", "azure_imds:cloud:AzureCloud", "test.ping", timeout_s=_START_S)
        yield master


def _start(
    stack: ExitStack, shell: Shell, folder: Path, settings: Mapping[str, Any], ports: tuple[int, int]
) -> tuple[Background, Path]:
    folder.mkdir()
    name = settings["id"]
    imds = {**settings["azure_imds"], "timeout": 5}
    write_minion_config(folder, minion_id=name, master_ports=ports, azure_imds=imds)
    (folder / "minion.d").mkdir()
    (folder / "minion.d/more.conf").write_text(json.dumps({"autoload_dynamic_modules": False}))
    command = ["salt-minion", "-c", str(folder), "-l", "warning"]
    process = Background(command, env=shell.env, log=folder / "salt-minion.out")
    stack.callback(_end, process)
    return process, folder / name / "minion.log"


def _is_ready(log: Path) -> bool:
    return log.exists() and _READY in log.read_text(errors="replace")


def _end(process: Background) -> None:
    """End a minion as a lost machine ends: asked to, it takes seconds."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process._process.pid, signal.SIGKILL)
    process.end()


def wait_for_grains(master: Master, count: int, *, timeout_s: float = 60.0) -> dict[str, dict[str, Any]]:
    """Return minion → all of its grains as the master keeps them, once it has those of so many minions."""
    deadline = time.monotonic() + timeout_s
    while len(kept := master.salt_run("cache.grains", "tgt=*")) < count:
        assert time.monotonic() < deadline, f"the master keeps grains of {len(kept)} minions"
        time.sleep(0.2)
    return dict(kept)
