# SPDX-License-Identifier: Apache-2.0
"""Reported: "show tags prints the snapshot too", "show scrolls past before I can read it"."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from azure_imds_facts.emulator import Emulator

from tests.reported.command_line import Ended, run_on_terminal
from tests.support.documents import build_document
from tests.support.servers import RawServer, answering

Run = Callable[..., Ended]


@pytest.fixture(name="imds")
def _imds() -> Iterator[Emulator]:
    """A VM with a few tags."""
    with Emulator(rate_limit=0, tags=(("Cost Center", "4711"),)) as emulator:
        yield emulator


def _crowd(document: dict[str, Any]) -> dict[str, Any]:
    """A machine with long names and more of everything than a screen holds."""
    compute = document["compute"]
    disk = {"name": "d" * 120, "diskSizeGB": "128", "managedDisk": {"storageAccountType": "Premium_LRS"}}
    compute.update(
        vmScaleSetName="web", priority="Spot", osType="Linux", publisher="p" * 60, offer="o" * 60, sku="s" * 60,
        resourceGroupName="g" * 90, subscriptionId="7d5f2c1e-6b0a-4e39-9c55-3a1f0e8d2b64", platformFaultDomain="2",
        storageProfile={"osDisk": disk, "dataDisks": [{**disk, "lun": str(lun)} for lun in range(64)]},
        tagsList=[{"name": f"{number}" + "n" * 500, "value": "v" * 256} for number in range(50)],
    )  # fmt: skip
    document["network"]["interface"] *= 8
    return document


@pytest.mark.parametrize("category", ["compute", "network", "tags", "scheduled_events", "identity"])
def test_show_of_a_category_prints_others(category: str, run: Run, imds: Emulator) -> None:
    """A category's facts are printed, and nothing else."""
    ended = run("show", category, "--endpoint", imds.url)
    heads = [line for line in ended.out.splitlines() if not line.startswith(" ")]
    assert (ended.code, ended.err, heads) == (0, "", [category])


def test_show_tags(run: Run, imds: Emulator) -> None:
    """The tags, with names and values as they are."""
    out = run("show", "tags", "--endpoint", imds.url).out
    assert out == "tags\n  env          demo\n  role         web\n  Cost Center  4711\n"


def test_show_of_two_categories(run: Run, imds: Emulator) -> None:
    """Several categories are named as in the setting `gather`, and an unknown one is usage."""
    out = run("show", "tags, network", "--endpoint", imds.url).out
    assert {line for line in out.splitlines() if not line.startswith(" ")} == {"network", "tags"}
    ended = run("show", "tagz", "--endpoint", imds.url)
    assert (ended.code, ended.out) == (2, "")
    assert "tagz" in ended.err


def test_show_of_what_could_not_be_had(run: Run, imds: Emulator) -> None:
    """A category that IMDS does not give is shown as empty, with the reason on standard error."""
    ended = run("show", "load_balancer", "--endpoint", imds.url)
    assert (ended.code, ended.out) == (0, "load_balancer\n  -\n")
    assert "No load balancer metadata" in ended.err


def test_show_is_a_screen(run: Run, imds: Emulator) -> None:
    """What, where, how big, network, disks, tags, maintenance and how old: each on the screen."""
    ended = run("show", "--endpoint", imds.url)
    assert (ended.code, ended.err) == (0, "")
    assert ended.out == (
        "machine      name            web-01\n"
        "             size            Standard_D2s_v3\n"
        "             image           Linux: Debian debian-12 12-gen2 0.20250911.2236\n"
        "             VM id           5e4b7a92-3f0d-4c6e-8a17-d2c94b6f1e08\n"
        "place        region          westeurope, zone 1, fault domain 0\n"
        "             cloud           AzureCloud\n"
        "             group           rg-web\n"
        "             subscription    7d5f2c1e-6b0a-4e39-9c55-3a1f0e8d2b64\n"
        "network      private         10.1.0.4, subnet 10.1.0.0/24\n"
        "             public          203.0.113.10\n"
        "             MAC             00:0d:3a:2b:5c:10\n"
        "disks        OS              web-01-os, 30 GB, Premium_LRS\n"
        "             LUN 0           web-01-data-0, 128 GB, Premium_LRS\n"
        "tags         env             demo\n"
        "             role            web\n"
        "             Cost Center     4711\n"
        "maintenance  not looked for  azure-imds-facts show scheduled_events\n"
        "facts        0 s old         from IMDS, api-version 2025-04-07\n"
    )


def test_show_says_what_is_planned(run: Run, imds: Emulator, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where events are gathered, maintenance is what is planned for this VM."""
    monkeypatch.setenv("AZURE_IMDS_GATHER", "scheduled_events")
    flags = ("--endpoint", imds.url, "--cache-ttl", "0")
    assert "\nmaintenance  none" in run("show", *flags).out
    imds.event("Reboot", resources=["another"])
    assert "\nmaintenance  none" in run("show", *flags).out
    imds.event("Reboot")
    (line,) = [line for line in run("show", *flags).out.splitlines() if line.startswith("maintenance")]
    assert "1 planned" in line
    assert "Reboot, not before " in line


@pytest.mark.parametrize(
    "vm", ["linux", "windows", "vmss", "spot", "multi-nic", "dual-stack", "trusted-launch", "classic"]
)
def test_show_scrolls_past_on_a_terminal(vm: str) -> None:
    """A screen has 24 lines of 80 columns, whichever machine; colours are there for a person alone."""
    with Emulator(rate_limit=0, vm=vm) as emulator:
        code, shown = run_on_terminal("show", "--endpoint", emulator.url, "--cache-ttl", "0")
        assert (code, "\x1b[1mfacts" in shown) == (0, True)
        plain = run_on_terminal("show", "--endpoint", emulator.url, "--cache-ttl", "0", NO_COLOR="1")[1]
    assert "\x1b" not in plain
    assert plain == shown.replace("\x1b[1m", "").replace("\x1b[0m", "")
    lines = plain.splitlines()
    assert len(lines) < 24
    assert max(map(len, lines)) <= 80


def test_show_scrolls_past_on_a_big_machine() -> None:
    """Fifty tags with long names, 64 disks and eight interfaces take a screen as well."""
    with RawServer(answering(json.dumps(_crowd(build_document())).encode())) as server:
        lines = run_on_terminal("show", "--endpoint", server.url, "--cache-ttl", "0", NO_COLOR="1")[1].splitlines()
    assert len(lines) <= 24
    assert max(map(len, lines)) == 80
    assert any(line.split()[:2] == ["46", "more"] for line in lines)


@pytest.mark.parametrize(
    "compute",
    [{"storageProfile": value} for value in (None, [], "x", {"osDisk": 5, "dataDisks": "x"}, {"dataDisks": [5, {}]})]
    + [{"vmSize": 5, "name": None, "location": {}, "tagsList": []}],
)
def test_show_of_an_odd_document(compute: dict[str, Any], run: Run) -> None:
    """Whatever a field holds, the rest is shown."""
    with RawServer(answering(json.dumps(build_document(**compute)).encode())) as server:
        ended = run("show", "--endpoint", server.url)
    assert ended.code == 0
    assert "10.1.0.4" in ended.out


def test_show_without_colour_in_a_pipe(run: Run, imds: Emulator) -> None:
    """No escape sequence is printed where no terminal reads, and an empty NO_COLOR is none."""
    assert "\x1b" not in run("show", "--endpoint", imds.url).out
    assert "\x1b[1m" in run_on_terminal("show", "--endpoint", imds.url, NO_COLOR="")[1]
