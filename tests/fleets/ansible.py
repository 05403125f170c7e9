# SPDX-License-Identifier: Apache-2.0
"""Ansible on the hosts of a fleet: runs, what they printed, and what the fact cache holds."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lab.places import CHECKOUT

from tests.fleets.emulated import RunningFleet, Vm

FORKS = 10
CONSTRUCTED = CHECKOUT / "examples/inventory/z_azure.constructed.yml"
_LINE = re.compile(r"(\S+) \| (SUCCESS|FAILED!|UNREACHABLE!) => (\{.*\})")


@dataclass(frozen=True)
class Result:
    """What a module returned for a host."""

    is_failed: bool
    content: dict[str, Any]

    @property
    def facts(self) -> dict[str, Any]:
        """The facts, {} without any."""
        facts: dict[str, Any] = self.content.get("ansible_facts", {})
        return facts

    @property
    def source(self) -> str:
        """Where they came from, or how the module failed."""
        return str(self.facts.get("azure_imds_snapshot_source") or self.content.get("outcome"))


class Controller:
    """Runs `ansible` on a fleet with forks and a fact cache."""

    def __init__(self, fleet: RunningFleet, env: Mapping[str, str], *, timeout_s: float) -> None:
        self.facts_dir = fleet.folder / "facts"
        self._fleet = fleet
        self._timeout_s = timeout_s
        (fleet.inventory / CONSTRUCTED.name).write_text(CONSTRUCTED.read_text())
        self.env = {
            **env,
            "ANSIBLE_CONFIG": str(CHECKOUT / "ansible.cfg"),
            "ANSIBLE_INVENTORY": str(fleet.inventory),
            "ANSIBLE_CACHE_PLUGIN": "ansible.builtin.jsonfile",
            "ANSIBLE_CACHE_PLUGIN_CONNECTION": str(self.facts_dir),
        }

    def build_command(self, module: str, arguments: str = "", *more: str) -> list[str]:
        """Return the words of an ad-hoc run on all hosts, one line a host."""
        return ["ansible", "emulated_fleet", "-f", str(FORKS), "-o", "-m", module, "-a", arguments, *more]

    def run(self, words: Sequence[str]) -> str:
        """Run a command to its end, whatever its exit code, and return its standard output."""
        done = subprocess.run(
            words,
            env=self.env,
            cwd=CHECKOUT,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=self._timeout_s,
            check=False,
        )
        assert done.returncode in (0, 2), done.stdout[-3000:] + done.stderr[-3000:]
        return done.stdout

    def gather(self, arguments: str = "", *more: str) -> dict[str, Result]:
        """Run the module on all hosts."""
        return parse_results(self.run(self.build_command("azure_imds_facts", arguments, *more)))

    def list_groups(self) -> dict[str, set[str]]:
        """Return the groups of the inventory with their hosts, those that the cached facts make included."""
        listed = json.loads(self.run(["ansible-inventory", "--list"]))
        return {name: set(group.get("hosts", [])) for name, group in listed.items() if name != "_meta"}

    def read_cache(self) -> dict[str, dict[str, Any]]:
        """Return host → facts as the fact cache holds them, whatever this version of Ansible wraps them in."""
        found = {}
        for path in self.facts_dir.iterdir():
            content = json.loads(path.read_text())
            payload = content.get("__payload__", content)
            # 2.19 and later put a mark before the host's name.
            found[path.name.removeprefix("s1_")] = json.loads(payload) if isinstance(payload, str) else payload
        return found


def parse_results(printed: str) -> dict[str, Result]:
    """Return host → result of an ad-hoc run with one line a host."""
    found = [_LINE.fullmatch(line) for line in printed.splitlines()]
    return {match[1]: Result(match[2] != "SUCCESS", json.loads(match[3])) for match in found if match}


def describe(facts: Mapping[str, Any]) -> tuple[str, Vm]:
    """Return the name and the rest of what a VM said, as Ansible has it."""
    return facts["azure_imds_compute_name"], Vm(
        facts["azure_imds_compute_zone"],
        facts["azure_imds_compute_platform_fault_domain"],
        facts["azure_imds_compute_vm_size"],
        facts["azure_imds_tags"]["env"],
        facts["azure_imds_tags"]["number"],
    )


def measure_cache(folder: Path) -> float:
    """Return the bytes of the fact cache a host."""
    sizes = [path.stat().st_size for path in folder.iterdir()]
    return sum(sizes) / len(sizes)
