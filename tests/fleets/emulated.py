# SPDX-License-Identifier: Apache-2.0
"""A fleet in a process of its own, as users start it, and what each of its VMs has to say, reckoned here once more."""

from __future__ import annotations

import json
import os
import signal
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lab.processes import Background, running

SIZES = ("Standard_D2s_v5", "Standard_D4s_v5", "Standard_E2s_v5", "Standard_B2s")
ENVS = ("prod", "prod", "test", "prod", "dev")
_IN_A_SET = 50
_START_S = 60.0


@dataclass(frozen=True)
class Vm:
    """What a VM has to say of itself."""

    zone: str
    fault_domain: str
    size: str
    env: str
    number: str


def expect_vms(count: int) -> dict[str, Vm]:
    """Return the VMs of `write_fleet` by name: three quarters single ones, the others in scale sets."""
    single = count - count // 4
    vms = {f"web-{n:04}": _expect(n) for n in range(single)}
    vms.update({f"job-{n // _IN_A_SET}_{n % _IN_A_SET}": _expect(n) for n in range(count - single)})
    return vms


def _expect(n: int) -> Vm:
    return Vm(str(n % 3 + 1), str(n // 3 % 5), SIZES[n % 4], ENVS[n % 5], str(n))


def write_fleet(path: Path, count: int) -> None:
    """Write the file of a fleet with so many VMs."""
    group = {"zones": 3, "fault_domains": 5, "sizes": list(SIZES), "tags": {"env": list(ENVS), "number": "{n}"}}
    single = count - count // 4
    groups = [
        {**group, "count": single, "name": "web-{n:04}"},
        {**group, "count": count - single, "scale_set": {"name": "job-{set}", "instances": _IN_A_SET}},
    ]
    path.write_text(json.dumps({"fleet": groups}))


@dataclass
class RunningFleet:
    """The process, with the files that it wrote: an inventory, settings of minions and the request log."""

    process: Background
    folder: Path

    @property
    def pid(self) -> int:
        """The process's id."""
        return self.process._process.pid

    @property
    def inventory(self) -> Path:
        """A folder with the inventory; more sources can be put there."""
        return self.folder / "inventory"

    @property
    def minions(self) -> dict[str, Any]:
        """Name → the settings of a minion there."""
        return {path.stem: json.loads(path.read_text()) for path in sorted((self.folder / "minions").iterdir())}

    def count_requests(self, path: str = "/metadata/instance?") -> Counter[str]:
        """Return how many requests for a path each VM has had."""
        lines = (self.folder / "requests.log").read_text().splitlines()
        return Counter(line.split()[0] for line in lines if f" {path}" in line)

    def kill(self) -> None:
        """End it as a crash would."""
        os.killpg(self.pid, signal.SIGKILL)


@contextmanager
def run_fleet(folder: Path, env: Mapping[str, str], file: Path | str, *flags: str) -> Iterator[RunningFleet]:
    """Run `azure-imds-facts emulate --fleet` until the end of the block. `file`: a fleet file, or a number of VMs."""
    (folder / "inventory").mkdir()
    words = ["azure-imds-facts", "emulate", "--fleet", str(file), "--log", str(folder / "requests.log"), *flags]
    words += ["--inventory", str(folder / "inventory/hosts.yml"), "--minions", str(folder / "minions")]
    with running(words, env=env, log=folder / "fleet.out") as process:
        process.wait_until(lambda: "http://" in (folder / "fleet.out").read_text(), timeout_s=_START_S)
        yield RunningFleet(process, folder)


def read_memory_mib(pid: int) -> float:
    """Return a process's resident memory."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20


def read_cpu_s(pid: int) -> float:
    """Return the seconds of the processor that a process has taken."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
