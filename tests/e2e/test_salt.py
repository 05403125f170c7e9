# SPDX-License-Identifier: Apache-2.0
"""The grain in real Salt: alone, and with a master that targets by it."""

from __future__ import annotations

import json
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, Callable

import pytest
from lab.places import short_folder
from lab.salted import reserved_ports, salt_master, salt_minion, write_master_config, write_minion_config

from tests.e2e.shell import Shell

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def salt_call(shell: Shell, *arguments: str, **extra_env: str) -> Any:
    """Run salt-call without a master and return what it gave."""
    printed = shell.run_ok(
        "salt-call", "--local", "-c", str(shell.folder), "--out=json", "-l", "error", *arguments, **extra_env
    )
    return json.loads(printed)["local"]


def configure(shell: Shell, **settings: Any) -> None:
    """Write a minion's configuration with these settings below azure_imds."""
    write_minion_config(shell.folder, minion_id="alone", master_ports=(0, 0), azure_imds={"timeout": 10, **settings})


def test_grain(shell: Shell, vm: str) -> None:
    """Installed, the grain is there without any more ado, in IMDS's own spelling."""
    configure(shell, endpoint=vm)
    grain = salt_call(shell, "grains.get", "azure_imds")
    assert grain["compute"]["vmSize"] == "Standard_D2s_v3"
    assert grain["compute"]["zone"] == "1"
    assert grain["tags"]["Cost Center"] == "47:11"
    assert "Cost Center=47:11" in grain["tagPairs"]
    assert grain["snapshot"]["source"] == "imds"


def test_path_of_the_grain(shell: Shell, vm: str) -> None:
    """A single fact is asked for by its path, as in the documentation."""
    configure(shell, endpoint=vm)
    assert salt_call(shell, "grains.get", "azure_imds:compute:vmSize") == "Standard_D2s_v3"


def test_grain_of_the_wheel(shell: Shell, vm: str, installed_wheel: Path) -> None:
    """The grain comes from the installed wheel as well, not from a checkout only."""
    configure(shell, endpoint=vm)
    program = "import azure_imds_facts.salt as grain; print(grain.__file__)"
    assert str(installed_wheel) in shell.run_ok("python", "-c", program, PYTHONPATH=str(installed_wheel))
    size = salt_call(shell, "grains.get", "azure_imds:compute:vmSize", PYTHONPATH=str(installed_wheel))
    assert size == "Standard_D2s_v3"


@pytest.mark.parametrize("settings", [{"endpoint": "http://127.0.0.1:1"}, {"timeout": "soon"}])
def test_no_grain(shell: Shell, settings: dict[str, Any]) -> None:
    """Without an answer, or with a wrong setting, there is no grain, one warning, and Salt works on."""
    configure(shell, **{"timeout": 1, **settings})
    done = shell.run(
        "salt-call", "--local", "-c", str(shell.folder), "--out=json", "-l", "warning", "grains.get", "azure_imds"
    )
    assert done.returncode == 0
    assert json.loads(done.stdout) == {"local": ""}
    assert "Traceback" not in done.stderr
    warnings = [line for line in done.stderr.splitlines() if "azure_imds" in line]
    assert len(warnings) == 1


def test_disabled(shell: Shell, vm: str) -> None:
    """Switched off, the grain is absent, and no warning is logged."""
    configure(shell, endpoint=vm)
    done = shell.run(
        *("salt-call", "--local", "-c", str(shell.folder), "--out=json", "-l", "warning", "grains.get", "azure_imds"),
        AZURE_IMDS_DISABLED="1",
    )
    assert json.loads(done.stdout) == {"local": ""}
    assert "azure_imds" not in done.stderr


@pytest.fixture(scope="module")
def fleet(vm: str, start_vm: Callable[..., str]) -> Iterator[Callable[..., dict[str, Any]]]:
    """A master and two minions on two VMs, which differ in zone and size; a function that runs `salt` there."""
    other = start_vm(
        *(
            "--set",
            "compute.vmSize=Standard_E8s_v5",
            "--set",
            "compute.zone=2",
            "--tag",
            "env=test",
            "--tag",
            "ns:team=core",
        ),
    )
    with short_folder() as folder, ExitStack() as running:
        shell = Shell(folder)
        ports = running.enter_context(reserved_ports())
        master = folder / "m"
        master.mkdir()
        write_master_config(master, ports=ports)
        daemons = [running.enter_context(salt_master(master, env=shell.env))]
        for name, endpoint in (("one", vm), ("two", other)):
            minion = folder / name
            minion.mkdir()
            write_minion_config(
                minion, minion_id=name, master_ports=ports, azure_imds={"timeout": 10, "endpoint": endpoint}
            )
            daemons.append(running.enter_context(salt_minion(minion, env=shell.env)))

        def salt(*arguments: str) -> dict[str, Any]:
            done = shell.run("salt", "-c", str(master), "--static", "--out=json", *arguments)
            answers: dict[str, Any] = json.loads(done.stdout) if done.stdout.strip().startswith("{") else {}
            return answers

        yield salt
        for daemon in daemons:
            # Each takes seconds to end: let them do so at the same time.
            daemon.ask_to_end()


@pytest.mark.parametrize(
    ("target", "picked"),
    [
        (("-G", "azure_imds:compute:zone:1"), {"one"}),
        (("-G", "azure_imds:compute:zone:2"), {"two"}),
        (("-G", "azure_imds:compute:vmSize:Standard_D2s_v3"), {"one"}),
        (("-G", "azure_imds:compute:vmSize:Standard_E*"), {"two"}),
        (("-G", "azure_imds:tags:env:test"), {"two"}),
        # A key that holds a colon cannot be walked to; the list of pairs is there for it.
        (("-G", "azure_imds:tagPairs:ns:team=core"), {"two"}),
        (("-C", "G@azure_imds:cloud:AzureCloud"), {"one", "two"}),
        (("-G", "azure_imds:compute:zone:3"), set()),
    ],
)
def test_targeting(fleet: Callable[..., dict[str, Any]], target: tuple[str, ...], picked: set[str]) -> None:
    """A master's target by grain picks the minions whose VMs are so, and no others."""
    assert fleet(*target, "test.ping") == dict.fromkeys(picked, True)
