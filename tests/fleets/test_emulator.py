# SPDX-License-Identifier: Apache-2.0
"""What a thousand VMs cost the machine that they are emulated on."""

from __future__ import annotations

import http.client
import json

from tests.e2e.shell import Shell
from tests.fleets.emulated import expect_vms, read_cpu_s, read_memory_mib, run_fleet, write_fleet
from tests.support.speed import measure_slowness

COUNT = 1000
# What is promised.
MOST_MIB, MOST_START_S = 300, 3.0


def test_a_thousand_vms(shell: Shell) -> None:
    """They start within three seconds and stay below 300 MB, once every one has answered in several versions too."""
    write_fleet(shell.folder / "fleet.yml", COUNT)
    with run_fleet(shell.folder, shell.env, shell.folder / "fleet.yml", "--rate-limit", "0") as fleet:
        started_s, before = read_cpu_s(fleet.pid), read_memory_mib(fleet.pid)
        for name, settings in fleet.minions.items():
            assert ask_name(settings["azure_imds"]["endpoint"]) == [name] * 3
        after = read_memory_mib(fleet.pid)
        assert set(fleet.count_requests().values()) == {3}
        assert set(fleet.minions) == set(expect_vms(COUNT))
    print(f"{started_s:.2f} s of the processor to start, {before:.0f} MiB, {after:.0f} MiB after {3 * COUNT} requests")
    assert started_s <= MOST_START_S * measure_slowness()
    assert after <= MOST_MIB


def ask_name(endpoint: str) -> list[str]:
    """Return the name that a VM tells in three versions, in all of its document and by itself."""
    connection = http.client.HTTPConnection(endpoint.partition("//")[2], timeout=30)
    found = []
    for version in ("2017-08-01", "2021-02-01", "2025-04-07"):
        connection.request("GET", f"/metadata/instance?api-version={version}", headers={"Metadata": "true"})
        found.append(json.loads(connection.getresponse().read())["compute"]["name"])
    connection.close()
    return found
