# SPDX-License-Identifier: Apache-2.0
"""Test machines of Azure Arc: what is asked there, of whom, and what becomes of the answer."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Callable

import pytest
from azure_imds_facts.core.errors import ImdsError, NotAzureError, UnreachableError
from azure_imds_facts.core.facts import build_facts
from azure_imds_facts.core.host import AZURE_ASSET_TAG
from azure_imds_facts.core.local_facts import write_local_facts
from azure_imds_facts.core.raw_query import fetch_path
from azure_imds_facts.core.settings import build_settings

from tests.support.clocks import ManualClock
from tests.support.documents import ARC_VM_ID, build_arc_document, build_document
from tests.support.hosts import build_arc_host, build_host, listen, listening
from tests.support.reporters import ListReporter
from tests.support.scripted import ScriptedTransport, refused, reply, server_of

Collect = Callable[..., Any]
DOCUMENT = build_arc_document()
INSTANCE = "http://127.0.0.1:40342/metadata/instance?api-version=2020-06-01"
# What a refusal of the version is assumed to be: 400 without a list, and no page that lists versions.
REFUSED = reply(400, {"error": "Bad request. api-version is invalid"})


def test_facts(collect_from: Collect, reporter: ListReporter, tmp_path: Path) -> None:
    """The recorded shape is a whole document: facts as a VM's, an empty network summary, `platform` arc."""
    transport = ScriptedTransport(reply(200, DOCUMENT))
    snapshot = collect_from(transport, host=build_arc_host(tmp_path / "host"))
    assert transport.urls == [INSTANCE]
    facts = build_facts(snapshot, reporter=reporter)
    assert facts["tags"] == {"Cost Center": "42", "site": "plant"}
    assert (facts["cloud"], facts["compute"]["sku"]) == ("AzureCloud", "Debian GNU/Linux 12 (bookworm)")
    assert (facts["network"]["interface"], facts["network"]["macAddress"], facts["network"]["macAddresses"]) == (
        [],
        "",
        [],
    )
    told = facts["snapshot"]
    assert (told["platform"], told["endpoint"], told["partial"]) == ("arc", "http://127.0.0.1:40342", False)
    assert (told["vmId"], told["vmIdVerified"]) == (ARC_VM_ID, None)
    assert not reporter.warnings


def test_a_partial_document_is_not_waited_for(collect_from: Collect, tmp_path: Path, clock: ManualClock) -> None:
    """Azure Arc's document is used as it comes: one request, and no time spent."""
    transport = ScriptedTransport(reply(200, {"compute": DOCUMENT["compute"]}))
    began = clock.monotonic()
    assert collect_from(transport, host=build_arc_host(tmp_path / "host")).platform == "arc"
    assert (len(transport.urls), clock.monotonic()) == (1, began)


def test_cached_apart(collect_from: Collect, tmp_path: Path) -> None:
    """An answer of a named endpoint at the same address, whose listener was not looked at, is never one of Azure Arc."""
    host = build_arc_host(tmp_path / "host")
    named = ScriptedTransport(reply(200, build_document()))
    assert collect_from(named, host=host, endpoint="http://127.0.0.1:40342").platform == "vm"
    own = ScriptedTransport(reply(200, DOCUMENT))
    assert collect_from(own, host=host).source == "imds"
    assert collect_from(own, host=host).source == "cache"
    assert collect_from(own, host=host).platform == "arc"
    assert len(own.urls) == 1


@pytest.mark.parametrize("refusal", [REFUSED, reply(404), reply(500)])
@pytest.mark.parametrize("known", ["2020-06-01", "2019-11-01", "2017-08-01"])
def test_negotiation(known: str, refusal: Any, collect_from: Collect, tmp_path: Path, clock: ManualClock) -> None:
    """Three versions, newest first, no other and no page of versions; one that was found is remembered ten minutes."""
    host = build_arc_host(tmp_path / "host")
    server = server_of((known,), DOCUMENT, wrong=refusal)
    transport = ScriptedTransport(server)
    ladder = ["2020-06-01", "2019-11-01", "2017-08-01"]
    assert collect_from(transport, host=host).api_version == known
    assert transport.versions == ladder[: ladder.index(known) + 1]
    for waited_s, first in ((300, known), (400, "2020-06-01")):
        clock.advance(waited_s)
        transport = ScriptedTransport(server)
        collect_from(transport, host=host, cache_ttl=0)
        assert transport.versions[0] == first


def test_a_list_of_versions(collect_from: Collect, tmp_path: Path) -> None:
    """Of a refusal's list the three count alone: no other version was ever seen there."""
    refusal = reply(400, {"newest-versions": ["2021-02-01", "2020-09-01", "2017-08-01"]})
    transport = ScriptedTransport(server_of(("2017-08-01",), DOCUMENT, wrong=refusal))
    assert collect_from(transport, host=build_arc_host(tmp_path / "host")).api_version == "2017-08-01"
    assert transport.versions == ["2020-06-01", "2017-08-01"]


def test_no_version_is_good(collect_from: Collect, tmp_path: Path) -> None:
    """Where none of the three is known the request is rejected."""
    transport = ScriptedTransport(REFUSED)
    with pytest.raises(ImdsError) as caught:
        collect_from(transport, host=build_arc_host(tmp_path / "host"))
    assert caught.value.outcome == "rejected"
    assert transport.versions == ["2020-06-01", "2019-11-01", "2017-08-01"]


@pytest.mark.parametrize("line", [listening(1000), listening(1000, "0" * 32)])
def test_another_user_s_listener(line: str, collect_from: Collect, tmp_path: Path) -> None:
    """Nothing is asked of it until the deadline, and the message names its user."""
    transport = ScriptedTransport(reply(200, DOCUMENT))
    with pytest.raises(UnreachableError, match=r"0 requests in .*uid 1000 \(alice\) listens there"):
        collect_from(transport, host=build_arc_host(tmp_path / "host", line))
    assert transport.urls == []


def test_the_agent_takes_its_port_back(
    collect_from: Collect, tmp_path: Path, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was refused is tried again: once the port is the agent's, it is asked."""
    host = build_arc_host(tmp_path / "host", listening(1000))
    transport = ScriptedTransport(reply(200, DOCUMENT))
    sleep = clock.sleep

    def take_back(seconds: float) -> None:
        listen(host, listening())
        sleep(seconds)

    monkeypatch.setattr(clock, "sleep", take_back)
    assert collect_from(transport, host=host).source == "imds"
    assert len(transport.urls) == 1


def test_swapped_between_look_and_answer(collect_from: Collect, tmp_path: Path) -> None:
    """An answer after which another user holds the port is not used; the next one is, if the port is the agent's."""
    host = build_arc_host(tmp_path / "host")
    lies = {**DOCUMENT, "compute": {**DOCUMENT["compute"], "tags": "role:liar", "tagsList": []}}
    transport = ScriptedTransport(reply(200, lies), on_fetch=lambda: listen(host, listening(1000)))
    with pytest.raises(UnreachableError, match="uid 1000"):
        collect_from(transport, host=host)
    assert len(transport.urls) == 1
    listen(host, listening())
    assert collect_from(ScriptedTransport(reply(200, DOCUMENT)), host=host).source == "imds"


def test_no_copy_of_cloud_init(collect_from: Collect, tmp_path: Path) -> None:
    """Where the agent does not answer, cloud-init's copy is not used; an older answer of the agent's is."""
    host = build_arc_host(tmp_path / "host")
    Path(host.instance_data).write_text(json.dumps({"ds": {"meta_data": {"imds": build_document()}}}))
    with pytest.raises(UnreachableError):
        collect_from(ScriptedTransport(refused()), host=host)
    collect_from(ScriptedTransport(reply(200, DOCUMENT)), host=host)
    older = collect_from(ScriptedTransport(refused()), host=host, cache_ttl=0)
    assert (older.source, older.platform) == ("stale", "arc")


def test_azure_does_not_ask_it(collect_from: Collect, tmp_path: Path) -> None:
    """With Azure's tag in DMI Azure's own address alone is asked."""
    host = build_arc_host(tmp_path / "host", tag=AZURE_ASSET_TAG)
    transport = ScriptedTransport(reply(200, build_document(vmId=host.read_product_uuid())))
    snapshot = collect_from(transport, host=host)
    assert (snapshot.platform, {url[:23] for url in transport.urls}) == ("vm", {"http://169.254.169.254/"})


def test_raw_query(tmp_path: Path) -> None:
    """A raw question goes to the same place, in the same version, under the same condition."""
    host = build_arc_host(tmp_path)
    transport = ScriptedTransport(reply(200, b"plant-07"))

    def ask() -> bytes:
        return fetch_path(
            build_settings({"cache_dir": str(tmp_path / "cache")}, {}),
            "compute/name",
            text_format=None,
            open_transport=transport.open,
            reporter=ListReporter(),
            host=host,
            clock=ManualClock(),
        ).body

    assert ask() == b"plant-07"
    assert transport.urls == [
        "http://127.0.0.1:40342/metadata/instance/compute/name?api-version=2020-06-01&format=text"
    ]
    listen(host, listening(1000))
    with pytest.raises(UnreachableError, match="alice"):
        ask()
    assert len(transport.urls) == 1


def test_local_facts(tmp_path: Path, reporter: ListReporter) -> None:
    """The file of a machine of Azure Arc is not removed because DMI has another UUID, nor while a stranger listens."""
    host = build_arc_host(tmp_path / "host")
    transport = ScriptedTransport(reply(200, DOCUMENT))
    file = tmp_path / "facts.d/azure_imds.fact"

    def write() -> Any:
        write_local_facts(
            build_settings({"timeout": 2, "cache_dir": str(tmp_path / "cache"), "cache_ttl": 0}, {}),
            directory=str(file.parent),
            is_boot=True,
            reporter=reporter,
            open_transport=transport.open,
            host=host,
            clock=ManualClock(),
        )

    write()
    facts = json.loads(file.read_text())
    assert (facts["snapshot"]["platform"], facts["snapshot"]["vm_id"]) == ("arc", ARC_VM_ID)
    assert (facts["tags"]["Cost Center"], facts["network"]["interface"]) == ("42", [])
    Path(host.boot_id).write_text("22222222-2222-4333-8444-555555555555\n")
    listen(host, listening(1000))
    with pytest.raises(UnreachableError):
        write()
    assert json.loads(file.read_text())["snapshot"]["source"] == "stale"
    listen(host, listening())
    write()
    assert json.loads(file.read_text())["snapshot"]["source"] == "imds"


def test_a_vm_s_file_on_a_machine_of_azure_arc(tmp_path: Path, reporter: ListReporter) -> None:
    """A file that an Azure VM wrote describes another machine, and is removed at boot as before."""
    vm = build_host(tmp_path / "vm")
    arc = build_arc_host(tmp_path / "arc", listening(1000))
    file = tmp_path / "facts.d/azure_imds.fact"
    Path(arc.boot_id).write_text("22222222-2222-4333-8444-555555555555\n")
    for host in (vm, arc):
        transport = ScriptedTransport(reply(200, build_document()))
        try:
            write_local_facts(
                build_settings({"timeout": 1, "cache_dir": str(tmp_path / "cache")}, {}),
                directory=str(file.parent),
                is_boot=True,
                reporter=reporter,
                open_transport=transport.open,
                host=host,
                clock=ManualClock(),
            )
        except (NotAzureError, UnreachableError):
            assert host is arc
    assert not file.exists()
