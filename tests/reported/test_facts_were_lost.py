# SPDX-License-Identifier: Apache-2.0
"""What users reported: facts that vanished, came late or were another machine's. Each is a whole command, over HTTP."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from azure_imds_facts.core.clock import Clock, Deadline
from azure_imds_facts.core.collector import collect
from azure_imds_facts.core.errors import ImdsError, InvalidError
from azure_imds_facts.core.host import Host
from azure_imds_facts.core.settings import build_settings
from azure_imds_facts.core.transport import open_socket
from azure_imds_facts.emulator import Emulator

from tests.support.clocks import ManualClock
from tests.support.documents import VM_ID, build_document
from tests.support.hosts import build_host
from tests.support.reporters import ListReporter
from tests.support.scripted import ScriptedTransport, refused, reply
from tests.support.servers import RawServer, answering

ENVIRONMENT = {name: value for name, value in os.environ.items() if not name.startswith("AZURE_IMDS_")}
Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Run the command line with a cache of its own."""

    def run_it(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "azure_imds_facts", *arguments, "--cache-dir", str(tmp_path / "cache")]
        return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60, env=ENVIRONMENT)

    return run_it


def serve(fault: str) -> Emulator:
    """An emulator whose answers are these, in order."""
    return Emulator(fault=fault).start()


@pytest.fixture
def clock() -> ManualClock:
    """A clock that does not wait."""
    return ManualClock()


def test_an_address_became_empty_when_a_back_end_failed(run: Run, tmp_path: Path) -> None:
    """A partial answer after a whole one changes nothing but the source, in the file and in the grain's cache."""
    with serve("ok,partial*6,ok*forever") as imds:
        flags = ("--endpoint", imds.url, "--cache-ttl", "0", "--directory", str(tmp_path))
        assert run("local-facts", *flags).returncode == 0
        before = json.loads((tmp_path / "azure_imds.fact").read_text())
        ended = run("local-facts", *flags)
        after = json.loads((tmp_path / "azure_imds.fact").read_text())
        assert ended.returncode == 0
        assert "stale" in ended.stderr
        assert after["network"] == before["network"]
        assert after["network"]["private_ipv4"]
        assert after["snapshot"]["source"] == "stale"


def test_the_boot_took_the_first_partial_answer(run: Run, tmp_path: Path) -> None:
    """A patient boot asks again for what a partial answer lacks."""
    with serve("partial*2,ok*forever") as imds:
        ended = run("local-facts", "--boot", "--endpoint", imds.url, "--directory", str(tmp_path))
    assert ended.returncode == 0
    facts = json.loads((tmp_path / "azure_imds.fact").read_text())
    assert (facts["snapshot"]["partial"], facts["snapshot"]["source"]) == (False, "imds")
    assert facts["network"]["private_ipv4"]


def test_a_partial_answer_is_asked_for_again_twice(clock: ManualClock, tmp_path: Path) -> None:
    """Twice, half a second apart, within half of the time; a section that was missing before is not waited for."""
    partial = {"compute": build_document()["compute"]}

    def collect_it(timeout: float, **settings: Any) -> tuple[int, float]:
        transport = ScriptedTransport(reply(200, partial))
        chosen = build_settings({"cache_dir": str(tmp_path / "c"), "cache_ttl": 0, "timeout": timeout, **settings}, {})
        began = clock.passed
        collect(chosen, open_transport=transport.open, host=build_host(tmp_path / "host"), clock=clock)
        return len(transport.urls), round(clock.passed - began, 3)

    assert collect_it(0.9) == (1, 0.0)
    (tmp_path / "c").rename(tmp_path / "old")
    assert collect_it(5.0) == (3, 1.0)
    assert collect_it(5.0) == (1, 0.0), "a section that is always missing costs no wait"


@pytest.mark.parametrize("fault", ["429", "410", "500", "reset", "truncate"])
def test_get_gave_up_after_one_bad_moment(fault: str, run: Run) -> None:
    """The answer in text is asked for again like any other."""
    with serve(f"ok,{fault},ok*forever") as imds:
        assert run("get", "compute/storageProfile/osDisk/diskSizeGB", "--endpoint", imds.url).stdout == "30\n"


def test_the_third_get_within_a_second_failed(run: Run) -> None:
    """A leaf costs one request, so that five a second are five answers."""
    with serve("ok*forever") as imds:
        assert run("get", "compute/name", "--endpoint", imds.url).returncode == 0
        assert len(imds.requests) == 1


@pytest.mark.parametrize("vm_id", ["missing", None, 5, "", [VM_ID]])
def test_facts_without_an_id_were_taken_for_this_machines(vm_id: Any, clock: ManualClock, tmp_path: Path) -> None:
    """At Azure's own address a document without a proper `vmId` is asked for again, then refused."""
    document = build_document(vmId=vm_id)
    if vm_id == "missing":
        del document["compute"]["vmId"]
    host = build_host(tmp_path / "host", uuid=VM_ID, copy=document)
    transport = ScriptedTransport(reply(200, document))
    settings = build_settings({"cache_dir": str(tmp_path / "c")}, {})
    with pytest.raises(InvalidError, match="another VM"):
        collect(settings, open_transport=transport.open, host=host, clock=clock)
    assert len(transport.urls) == (1 if vm_id == "" else 3)
    reporter = ListReporter()
    with pytest.raises(ImdsError) as caught:
        collect(settings, open_transport=ScriptedTransport(refused()).open, host=host, clock=clock, reporter=reporter)
    assert caught.value.outcome == "unreachable", "cloud-init's copy is of the same kind"
    assert any("cloud-init" in warning for warning in reporter.warnings)


def test_a_machine_without_a_uuid_got_no_facts(clock: ManualClock, tmp_path: Path) -> None:
    """A UUID of zeros is none: there is nothing to compare."""
    host = build_host(tmp_path / "host", uuid="00000000-0000-0000-0000-000000000000")
    transport = ScriptedTransport(reply(200, build_document()))
    settings = build_settings({"cache_dir": str(tmp_path / "c")}, {})
    snapshot = collect(settings, open_transport=transport.open, host=host, clock=clock)
    assert (snapshot.vm_id_verified, len(transport.urls)) == (None, 1)


def test_null_interfaces_failed_every_collection(run: Run) -> None:
    """`interface` that is null counts as absent."""
    document = {**build_document(), "network": {"interface": None}}
    with RawServer(answering(json.dumps(document).encode())) as server:
        ended = run("facts", "--endpoint", server.url)
    assert (ended.returncode, json.loads(ended.stdout)["network"]["interface"]) == (0, [])


def test_missing_categories_had_names_that_no_option_has(run: Run) -> None:
    """What could not be had is called in `snapshot_missing` as in `gather`; the grain has the category's name."""
    with serve("ok*forever") as imds:
        flags = ("--endpoint", imds.url, "--gather", "compute,load_balancer,identity", "--timeout", "2")
        facts = json.loads(run("facts", *flags).stdout)
        grain = json.loads(run("facts", "--format", "salt", *flags).stdout)["azure_imds"]
        ansible = json.loads(run("facts", "--format", "ansible", *flags).stdout)
    assert facts["snapshot"]["missing"] == ansible["azure_imds_snapshot_missing"] == ["load_balancer"]
    assert grain["snapshot"]["missing"] == ["loadBalancer"]


def test_localhost_waited_for_a_silent_resolver(monkeypatch: pytest.MonkeyPatch) -> None:
    """`localhost` is 127.0.0.1, then ::1: no name is looked up."""
    import socket  # noqa: PLC0415

    looked_up: list[Any] = []
    really = socket.getaddrinfo

    def look_up(host: Any, *rest: Any) -> Any:
        looked_up.append(host)
        return really(host, *rest)

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    with RawServer(answering(b"{}")) as server:
        open_socket("localhost", server.port, Deadline(5.0, Clock())).close()
    assert looked_up == [b"127.0.0.1"]
    with pytest.raises(ConnectionRefusedError):
        open_socket("localhost", 9, Deadline(5.0, Clock()))
    assert set(looked_up) == {b"127.0.0.1", b"::1"}


def test_another_vms_event_was_taken_for_this_ones() -> None:
    """Names are compared without the case of ASCII letters alone: the Kelvin sign is no `k`."""
    from azure_imds_facts.core.extra_categories import names_vm  # noqa: PLC0415

    assert names_vm(["WEB-K"], "web-k")
    assert not names_vm(["web-\u212a"], "web-k")
    assert not names_vm(["STRASSE"], "straße")


@pytest.fixture
def stopped(tmp_path: Path) -> Iterator[tuple[subprocess.Popen[bytes], RawServer]]:
    """A collection that was stopped while it waits for IMDS, and so holds the lock, and a server that answers others."""

    def behave(server: RawServer, connection: Any) -> None:
        while server.read_request(connection):
            if len(server.requests) == 1:
                server.ended.wait(100)
                return
            content = json.dumps(build_document()).encode()
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(content), content))

    with RawServer(behave) as server:
        command = [sys.executable, "-m", "azure_imds_facts", "facts", "--endpoint", server.url]
        flags = ["--cache-dir", str(tmp_path / "cache"), "--timeout", "60"]
        with subprocess.Popen([*command, *flags], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
            while not server.requests:
                time.sleep(0.01)
            process.send_signal(signal.SIGSTOP)
            yield process, server
            process.kill()


def test_a_stopped_process_kept_everybody_from_facts(
    stopped: tuple[subprocess.Popen[bytes], RawServer], run: Run, tmp_path: Path
) -> None:
    """Who waits learns the holder's process; after 40 s there is a new lock, and one asks for all."""
    process, server = stopped
    ended = run("facts", "--endpoint", server.url, "--timeout", "0.5")
    assert (ended.returncode, str(process.pid) in ended.stderr) == (4, True)
    (lock,) = (tmp_path / "cache").glob("*.lock")
    holder = json.loads(lock.read_text())
    assert holder["pid"] == process.pid
    lock.write_text(json.dumps({**holder, "boottime": holder["boottime"] - 41}))
    command = [sys.executable, "-m", "azure_imds_facts", "facts", "--endpoint", server.url, "--timeout", "30"]
    flags = ["--cache-dir", str(tmp_path / "cache")]
    others = [
        subprocess.Popen([*command, *flags], stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=ENVIRONMENT)
        for _ in range(8)
    ]
    assert [other.communicate(timeout=60)[1] and other.returncode for other in others] == [b""] * 8
    assert [other.returncode for other in others] == [0] * 8
    assert len(server.requests) == 2, "single flight goes on with the new lock"


def test_an_old_answer_replaced_a_newer_one(clock: ManualClock, tmp_path: Path) -> None:
    """A process that was stopped between question and answer does not put its old answer over a newer one."""
    host: Host = build_host(tmp_path / "host")
    settings = build_settings({"cache_dir": str(tmp_path / "c"), "cache_ttl": 0}, {})

    def collect_one(document: dict[str, Any], **more: Any) -> str:
        transport = ScriptedTransport(reply(200, document), **more)
        compute = collect(settings, open_transport=transport.open, host=host, clock=clock).document["compute"]
        return str(compute["name"])

    def meanwhile() -> None:
        # Another process, for which the lock was made anew.
        for lock in (tmp_path / "c").glob("*.lock"):
            lock.unlink()
        clock.advance(50)
        assert collect_one(build_document(name="new")) == "new"

    assert collect_one(build_document(name="old"), on_fetch=meanwhile) == "old"
    cached = build_settings({"cache_dir": str(tmp_path / "c"), "cache_ttl": 600}, {})
    snapshot = collect(cached, open_transport=ScriptedTransport(refused()).open, host=host, clock=clock)
    assert (snapshot.source, snapshot.document["compute"]["name"]) == ("cache", "new")
