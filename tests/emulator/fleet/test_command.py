# SPDX-License-Identifier: Apache-2.0
"""The command `emulate --fleet` as a process: what it prints and writes, and what it refuses."""

from __future__ import annotations

import json
import os
import re
import stat
from pathlib import Path

import pytest
import yaml

from tests.emulator.client import get_instance
from tests.emulator.processes import StartCommand, run_command


def test_it_prints_names_and_urls(start_command: StartCommand) -> None:
    """Standard output is a line for each VM, and is there once requests are accepted; the log names the VM."""
    command = start_command("--fleet", "3")
    assert command.process.stdout is not None
    lines = [command.url, *(command.process.stdout.readline().strip() for _ in range(2))]
    assert [line.split()[0] for line in lines] == ["vm-0", "vm-1", "vm-2"]
    urls = [line.split()[1] for line in lines]
    assert [get_instance(url).json["compute"]["name"] for url in urls] == ["vm-0", "vm-1", "vm-2"]
    code, errors = command.stop()
    assert code == 0
    assert [line.rsplit(" ", 1)[0] for line in errors.splitlines()] == [
        f"vm-{number} GET /metadata/instance?api-version=2025-04-07 200" for number in range(3)
    ]


def test_flags_hold_for_all(start_command: StartCommand, tmp_path: Path) -> None:
    """Flags and a scenario describe what all VMs have in common; a file with groups takes flags as well."""
    scenario = tmp_path / "scenario.yaml"
    scenario.write_text("cloud: china\n")
    for arguments in (["--fleet", "2", "--scenario", str(scenario)], ["--fleet", str(write_fleet(tmp_path))]):
        command = start_command(*arguments, "--tag", "a=b", "--vm", "spot", "--fleet-by", "port")
        compute = get_instance(command.url.split()[1]).json["compute"]
        assert (compute["azEnvironment"], compute["priority"]) == ("AzureChinaCloud", "Spot")
        assert "a:b" in compute["tags"]


def write_fleet(folder: Path) -> Path:
    """Write a fleet of two VMs in China and return the file."""
    path = folder / "fleet.yaml"
    path.write_text("cloud: china\nfleet: {count: 2, name: 'cn-{n}'}\n")
    return path


def test_inventory_on_standard_output(start_command: StartCommand) -> None:
    """Without a file the inventory takes the place of the list."""
    command = start_command("--fleet", "2", "--quiet", "--inventory")
    assert command.process.stdout is not None
    text = command.url
    while not text.rstrip().endswith("\n}"):
        text += "\n" + command.process.stdout.readline().rstrip("\n")
    hosts = json.loads(text)["emulated_fleet"]["hosts"]
    assert get_instance(hosts["vm-1"]["imds_endpoint"]).json["compute"]["name"] == "vm-1"


def test_files(start_command: StartCommand, tmp_path: Path) -> None:
    """Inventory, roster and minions' settings are written before anything is printed; the caches' folder goes at the end."""
    inventory, roster, minions = (tmp_path / name for name in ("hosts.yml", "roster", "minions"))
    command = start_command(
        "--fleet", "2", "--inventory", str(inventory), "--roster", str(roster), "--minions", str(minions)
    )
    url = command.url.split()[1]
    host = yaml.safe_load(inventory.read_text())["emulated_fleet"]["hosts"]["vm-0"]
    folder = Path(
        yaml.safe_load(inventory.read_text())["emulated_fleet"]["vars"]["ansible_python_interpreter"]
    ).parents[1]
    settings = {"endpoint": url, "cache_dir": f"{folder}/vm-0/cache"}
    assert host == {"imds_endpoint": url}
    assert yaml.safe_load(roster.read_text())["vm-0"] == {
        "host": "127.0.0.1",
        "minion_opts": {"azure_imds": settings},
    }
    assert sorted(path.name for path in minions.iterdir()) == ["vm-0.conf", "vm-1.conf"]
    assert yaml.safe_load((minions / "vm-0.conf").read_text()) == {"id": "vm-0", "azure_imds": settings}
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    command.stop()
    assert not folder.exists()


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["--fleet", "0"], "0 VMs; allowed: 1 to 20000"),
        (["--fleet", "99999"], "99999 VMs; allowed: 1 to 20000"),
        (["--fleet", "/nonexistent.yaml"], "/nonexistent.yaml: no such file or directory"),
        (["--inventory", "x"], "--inventory needs --fleet, the VMs that it is about"),
        (["--fleet-by", "port"], "--fleet-by needs --fleet"),
        (["--fleet", "2", "--fleet-by", "name"], "unknown way of a fleet 'name'; allowed: address, port"),
        (["--fleet", "2", "--inventory", "/nonexistent/x"], "--inventory /nonexistent/x: no such file or directory"),
        (["--fleet", "2", "--roster", "/nonexistent/x"], "--roster /nonexistent/x: no such file or directory"),
        (["--fleet", "2", "--minions", "/dev/null/x"], "--minions /dev/null/x: not a directory"),
        (["--fleet", "2", "--vm", "classic"], "a fleet of machine 'classic': it has no compute section"),
        (
            ["--fleet", "2", "--raw", "--document", os.devnull],
            "a fleet takes a document with a compute section, and not",
        ),
        (["--fleet", "2", "--set", "compute.zome=1"], "no field 'zome' in compute"),
        (["--fleet", "2", "--control", "/nonexistent/x"], "control socket /nonexistent/x: no such file or directory"),
        (["--fleet", "2", "--", "true"], "a command has one machine; omit --fleet, or serve the fleet beside it"),
        (["--fleet", "f.yaml", "--scenario", "s.yaml"], "--fleet f.yaml is a scenario itself; omit --scenario"),
    ],
)
def test_refuse(arguments: list[str], problem: str) -> None:
    """What makes no sense is one line on standard error, and 2."""
    done = run_command(*arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.count("\n") == 1
    assert problem in done.stderr


def test_a_scenario_with_a_fleet_is_sent_to_its_flag(tmp_path: Path) -> None:
    """--scenario names the flag that serves a fleet, with the place in the file."""
    done = run_command("--scenario", str(write_fleet(tmp_path)))
    assert "fleet.yaml:2:1: the key 'fleet' describes a fleet, which --fleet serves" in done.stderr


def test_help_teaches(tmp_path: Path) -> None:
    """The help shows a fleet file, which is one."""
    told = run_command("--help").stdout
    example = re.search(r"\n\n((?:  .*\n)+)\nHow to use it", told)
    assert example is not None
    path = tmp_path / "fleet.yaml"
    path.write_text(re.sub("(?m)^  ", "", example[1]))
    from azure_imds_facts.emulator import EmulatedFleet  # noqa: PLC0415  beside what it is compared with

    fleet = EmulatedFleet(str(path))
    assert len(fleet) == 1000
    assert fleet["job-3_99"].describe()["size"] == "Standard_D4s_v5"
    assert fleet["web-599"].describe()["tags"]["number"] == "599"
