# SPDX-License-Identifier: Apache-2.0
"""An event that is announced while no master is there is not lost, and drains once, whatever number of masters comes back.

AWAY_SECONDS=300 for an absence as it was measured: then it drains within the minute of `remind` after their return.
"""

from __future__ import annotations

import itertools
import json
import os
import shutil
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
import yaml
from azure_imds_facts.emulator import Emulator
from lab.places import short_folder
from lab.salted import reserved_ports, salt_master, write_master_config

from tests.e2e.shell import Shell
from tests.minions.daemons import Master, Minion
from tests.minions.long import long_forms
from tests.minions.test_events import FILES, statuses, wait_until

# Away in all, and the beacon's `remind`.
AWAY_S = float(os.environ.get("AWAY_SECONDS", "16"))
REMIND_S = max(5.0, AWAY_S / 5)
# What it takes at most from the reminder to the drain: the reactor, and the orchestration's first step.
DRAIN_S = 30.0


class Masters:
    """One master or two, with the reactor of docs/salt-events.md, on addresses of their own and with one key."""

    def __init__(self, folder: Path, ports: tuple[int, int], count: int) -> None:
        self.ports = ports
        self.addresses = [f"127.0.0.{number + 1}" for number in range(count)]
        self.drained = folder / "drained"
        self.masters = [self._prepare(folder / f"m{number}", ports) for number in range(count)]

    def _prepare(self, folder: Path, ports: tuple[int, int]) -> Master:
        folder.mkdir()
        master = Master(folder, Shell(folder))
        master.configure()
        for place, content in FILES.items():
            if place.startswith(("/srv/salt/reactor", "/srv/salt/orch/drain")):
                target = folder / place[1:]
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_text(content)
        (master.salt_tree / "drain.sls").write_text(
            f"note it:\n  cmd.run:\n    - name: echo drained >>{self.drained}\n"
        )
        reactor = FILES["/etc/salt/master.d/azure_imds_events.conf"].replace("/srv/salt", str(master.salt_tree))
        (folder / "master.d/reactor.conf").write_text(reactor)
        write_master_config(folder, ports=ports)
        address = {"interface": self.addresses[len(list(folder.parent.glob("m?"))) - 1]}
        (folder / "master.d/address.conf").write_text(json.dumps(address))
        return master

    def wait(self) -> None:
        """Wait until minions can reach all of them."""
        places = list(itertools.product(self.addresses, self.ports))
        wait_until(lambda: all(map(_listens, places)), timeout_s=60)

    @contextmanager
    def running(self) -> Iterator[None]:
        """Run them. The first one's key is that of all."""
        with ExitStack() as stack:
            for master in self.masters:
                pki = master.folder / "master-root/pki"
                first = self.masters[0].folder / "master-root/pki"
                if master is not self.masters[0] and not pki.exists():
                    wait_until((first / "master.pub").exists, timeout_s=60)
                    pki.mkdir(parents=True)
                    for name in ("master.pem", "master.pub"):
                        shutil.copy(first / name, pki / name)
                stack.enter_context(salt_master(master.folder, env=master.shell.env))
            yield


def _listens(place: tuple[str, int]) -> bool:
    try:
        socket.create_connection(place, timeout=1).close()
    except OSError:
        return False
    return True


@pytest.mark.parametrize("count", [1, pytest.param(2, marks=long_forms("two masters"))])
def test_away(count: int) -> None:
    """While they were away a reboot was announced: it drains once, soon after they are back, and is approved."""
    with short_folder() as folder, ExitStack() as stack:
        ports = stack.enter_context(reserved_ports())
        masters = Masters(folder, ports, count)
        imds = stack.enter_context(Emulator())
        imds.set("compute.name", "web")
        beacon = yaml.safe_load(FILES["/etc/salt/minion.d/azure_imds_events.conf"])
        beacon["beacons"]["azure_imds_events"].append({"remind": REMIND_S})
        options = {"master": masters.addresses, **beacon}
        minion = Minion(folder / "web", imds, ports=ports, options=options)
        stack.callback(minion.end)
        with masters.running():
            minion.start()
            wait_until(lambda: minion.log.count("is ready to receive requests") >= count, timeout_s=90)
            assert masters.masters[-1].salt("web", "test.ping") == {"web": True}
        time.sleep(AWAY_S / 2)
        event = imds.event("Reboot", lasts="600s")
        time.sleep(AWAY_S / 2)
        with masters.running():
            masters.wait()
            began = time.monotonic()
            wait_until(masters.drained.exists, timeout_s=REMIND_S + DRAIN_S)
            print(
                f"drained {time.monotonic() - began:.0f} s after the return of {count} master(s), remind {REMIND_S:g} s"
            )
            wait_until(lambda: statuses(imds)[event] == "Started", timeout_s=60)
            time.sleep(2 * REMIND_S + 5)
            assert masters.drained.read_text() == "drained\n"
        for master in masters.masters:
            master.prompt.close()
