# SPDX-License-Identifier: Apache-2.0
"""Test the example plays for a pool: real traffic through a real haproxy leaves the machine, and comes back."""

from __future__ import annotations

import contextlib
import json
import shutil
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
import yaml
from azure_imds_facts.core.events.client import EventClient
from azure_imds_facts.core.transport import HttpTransport
from azure_imds_facts.emulator import Emulator
from lab.places import CHECKOUT
from lab.processes import Background, running

from tests.e2e.conftest import shell
from tests.e2e.shell import Shell
from tests.eda.pools import SYSTEM_PATH, Pool, Seen, Traffic, fetch, haproxy_pool
from tests.eda.rulebooks import find_missing, running_rulebook

__all__ = ["shell"]

PLAYS = CHECKOUT / "examples/maintenance"
TOOLS = [tool for tool in ("haproxy", "socat") if not shutil.which(tool, path=SYSTEM_PATH)]
pytestmark = pytest.mark.skipif(bool(TOOLS), reason=f"not installed here: {' '.join(TOOLS)}")
BOTH = {"web1", "web2"}


@pytest.fixture
def imds() -> Iterator[Emulator]:
    """An emulated VM of the name vm-web1."""
    with Emulator() as emulator:
        emulator.set("compute.name", "vm-web1")
        yield emulator


@pytest.fixture
def pool() -> Iterator[Pool]:
    """A pool with an inventory, the example's with one load balancer, on this machine."""
    with haproxy_pool() as running:
        inventory: dict[str, Any] = yaml.safe_load((PLAYS / "inventory.yml").read_text())
        everything = inventory["all"]
        everything["children"]["load_balancers"]["hosts"] = {"lb": dict(everything["hosts"]["localhost"])}
        everything["vars"].update(haproxy_socket=str(running.folder / "admin.sock"), haproxy_patience=100)
        (running.folder / "inventory.yml").write_text(json.dumps(inventory))
        yield running


def is_approved(imds: Emulator) -> bool:
    """Return whether an approval was asked for."""
    return any(request.method == "POST" for request in imds.requests)


def count_events(imds: Emulator) -> int:
    """Return how many events IMDS lists."""
    return len(EventClient(imds.url, HttpTransport).fetch_timeline().events)


@contextlib.contextmanager
def holding(pool: Pool) -> Iterator[list[str]]:
    """Have a request under way at each server, until it is released; the list gets their answers."""
    answers: list[str] = []
    threads = [threading.Thread(target=lambda: answers.append(fetch(f"{pool.url}held"))) for _server in BOTH]
    for thread in threads:
        thread.start()
    yield answers
    for thread in threads:
        thread.join()


def leave(pool: Pool, imds: Emulator, program: Background) -> None:
    """See the traffic leave for a new event: all of it before the approval, and none that is lost."""
    with holding(pool) as held, Traffic(pool.url, lambda: is_approved(imds)).flowing() as traffic:
        assert traffic.watch() == BOTH
        program.wait_until(lambda: traffic.watch() == {"web2"}, timeout_s=60)
        time.sleep(2)
        assert not is_approved(imds), "a request is under way"
        pool.released.set()
        program.wait_until(lambda: is_approved(imds), timeout_s=60)
        assert sorted(held) == sorted(BOTH)
        assert traffic.watch() == {"web2"}
    assert Seen("web1", is_approved=True) not in traffic.seen
    assert not [seen for seen in traffic.seen if not seen.server]


def look(pool: Pool) -> set[str]:
    """Return which servers answer now."""
    with Traffic(pool.url, lambda: False).flowing() as traffic:
        return traffic.watch()


def test_plays(shell: Shell, imds: Emulator, pool: Pool) -> None:
    """One play takes the machine out, the other brings it back, unless there is more maintenance to come."""
    event_id = imds.event("Reboot", lasts="1s")
    options = ["-i", str(pool.folder / "inventory.yml"), "-e", f"azure_event_id={event_id}"]
    env = {**shell.env, "AZURE_IMDS_ENDPOINT": imds.url, "ANSIBLE_COLLECTIONS_PATH": str(CHECKOUT / "collections")}
    shell.env.update(env)
    command = ["ansible-playbook", str(PLAYS / "leave_pool.yml"), *options]
    with running(command, env=env, log=shell.folder / "log") as program:
        leave(pool, imds, program)
    back = ("ansible-playbook", str(PLAYS / "return_to_pool.yml"), *options)
    while count_events(imds):
        time.sleep(0.2)
    other = imds.event("Redeploy")
    imds.event("Freeze")
    imds.event("Reboot", resources=["another"])
    shell.run_ok(*back)
    assert look(pool) == {"web2"}
    imds.cancel_event(other)
    shell.run_ok(*back)
    assert look(pool) == BOTH


def test_load_balancer_refuses(shell: Shell, imds: Emulator, pool: Pool) -> None:
    """Where a load balancer knows no such server nothing is approved, and its words are shown."""
    event_id = imds.event("Reboot")
    command = ("ansible-playbook", str(PLAYS / "leave_pool.yml"), "-i", str(pool.folder / "inventory.yml"))
    given = ("-e", f"azure_event_id={event_id} haproxy_server=web9")
    done = shell.run(*command, *given, AZURE_IMDS_ENDPOINT=imds.url)
    assert done.returncode == 2
    assert "No such server" in done.stdout
    assert not is_approved(imds)


@pytest.mark.skipif(bool(find_missing()), reason=find_missing())
def test_rulebook(imds: Emulator, pool: Pool) -> None:
    """The example's rulebook takes the machine out and brings it back, from an event's announcement to its end."""
    folder = shutil.copytree(PLAYS, pool.folder / "plays")
    shutil.copy(pool.folder / "inventory.yml", folder)
    with running_rulebook("rulebook.yml", folder, endpoint=imds.url) as program:
        program.wait_until(lambda: len(imds.requests) > 2, timeout_s=60)
        imds.event("Reboot", lasts="1s")
        leave(pool, imds, program)
        program.wait_until(lambda: look(pool) == BOTH, timeout_s=60)
