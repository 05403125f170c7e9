# SPDX-License-Identifier: Apache-2.0
"""The context manager and the pytest fixture."""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from azure_imds_facts.emulator import Emulator, EmulatorError

from .conftest import environment, instance

Emulate = Callable[..., Emulator]


def test_methods_change_the_next_answer(emulate: Emulate) -> None:
    """Tags, size and fields change while it serves; the document is a copy."""
    emulator = emulate()
    emulator.tag("env", "prod")
    emulator.tag("ENV", "test")
    emulator.tag("ns:team", "core; platform")
    emulator.untag("role")
    emulator.resize("Standard_D8s_v5")
    emulator.set("network/interface/0/macAddress", "000D3A000001")
    emulator.document["compute"]["name"] = "nobody sees this"
    document = instance(emulator.url).json
    assert document["compute"]["tagsList"] == [
        {"name": "env", "value": "test"},
        {"name": "ns:team", "value": "core; platform"},
    ]
    assert document["compute"]["tags"] == "env:test;ns:team:core; platform"
    assert document["compute"]["vmSize"] == "Standard_D8s_v5"
    assert document["compute"]["name"] == "web-01"
    assert document["network"]["interface"][0]["macAddress"] == "000D3A000001"


def test_both_forms_of_tags_follow_each_other(emulate: Emulate) -> None:
    """Setting one form of the tags changes the other; a document with one form gets the other."""
    emulator = emulate()
    emulator.set("compute.tags", "a:1;b")
    assert emulator.document["compute"]["tagsList"] == [{"name": "a", "value": "1"}, {"name": "b", "value": ""}]
    assert emulator.document["compute"]["tags"] == "a:1;b"
    emulator.set("compute.tagsList", [{"name": "c", "value": "2"}])
    assert emulator.document["compute"]["tags"] == "c:2"
    old = emulate(document={"compute": {"tags": "x:y:z"}})
    assert instance(old.url).json["compute"]["tagsList"] == [{"name": "x", "value": "y:z"}]


def test_requests_are_recorded(emulate: Emulate) -> None:
    """Each request is there with method, path, query, headers and status, and the list can be emptied."""
    emulator = emulate()
    instance(emulator.url, "/compute", version="2021-02-01")
    record = emulator.requests[0]
    assert (record.method, record.path, record.status) == ("GET", "/metadata/instance/compute", 200)
    assert record.query == {"api-version": "2021-02-01"}
    assert record.headers["metadata"] == "true"
    emulator.requests.clear()
    instance(emulator.url)
    assert len(emulator.requests) == 1


def test_versions_and_raw_documents(emulate: Emulate) -> None:
    """Only the given versions are known; a raw document is the same in each, down to its key order."""
    odd = {"network": 5, "compute": {"zzz": [], "aaa": None}}
    emulator = emulate(document=odd, raw=True, versions=["2019-06-01", "2017-04-02"])
    assert [instance(emulator.url, version=v).text for v in ("2017-04-02", "2019-06-01")] == [
        '{"network":5,"compute":{"zzz":[],"aaa":null}}'
    ] * 2
    refused = instance(emulator.url, version="2025-04-07")
    assert (refused.status, refused.json["newest-versions"]) == (400, ["2019-06-01", "2017-04-02"])
    assert instance(emulator.url, "/compute", version="2017-04-02").json == {"zzz": [], "aaa": None}


def test_a_raw_document_can_be_changed(emulate: Emulate) -> None:
    """Tags and fields of a raw document change too, known to Azure or not; one that is no JSON cannot be changed."""
    emulator = emulate(document='{"compute": {"odd": 1}}', raw=True)
    assert instance(emulator.url).text == '{"compute": {"odd": 1}}'
    emulator.tag("a", "b")
    emulator.set("compute.deep.er", [1])
    compute = instance(emulator.url).json["compute"]
    assert (compute["odd"], compute["deep"], compute["tags"]) == (1, {"er": [1]}, "a:b")
    broken = emulate(document=b"{", raw=True)
    with pytest.raises(EmulatorError, match="no fields to change"):
        broken.tag("a", "b")


def test_odd_text_survives(emulate: Emulate) -> None:
    """Text outside ASCII is UTF-8 in JSON and as text; half of a surrogate pair stays an escape in JSON."""
    emulator = emulate()
    emulator.tag("Grüße", "世界")
    assert "Grüße:世界".encode() in instance(emulator.url).body
    assert instance(emulator.url, "/compute/tagsList/2/value", query="&format=text").text == "世界"
    odd = emulate(document={"compute": {"name": "\ud800"}})
    assert b'"name":"\\ud800"' in instance(odd.url).body


def test_values_are_strings(emulate: Emulate) -> None:
    """Numbers, booleans and null of a given document are spelled as IMDS spells them."""
    document = {"compute": {"platformFaultDomain": 2, "zone": None, "isHostCompatibilityLayerVm": True}}
    compute = instance(emulate(document=document).url).json["compute"]
    assert (compute["platformFaultDomain"], compute["zone"], compute["isHostCompatibilityLayerVm"]) == ("2", "", "true")


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        ("compute..zone", "1", "invalid path"),
        ("network.interface.x.macAddress", "1", "no field 'x' in network.interface; allowed: an index"),
        ("compute.zone.deeper", "1", "no field 'deeper' in compute.zone; allowed: nothing"),
        ("network.interface[5].macAddress", "1", "allowed: 0 to 1"),
        ("compute.plan", "x", "expected JSON for object"),
        ("compute.plan", [], "compute.plan: expected object"),
        ("compute.zone", {}, "compute.zone: expected string"),
    ],
)
def test_a_change_that_cannot_be(emulate: Emulate, path: str, value: object, message: str) -> None:
    """A change that does not fit the field table is refused, and the document stays as it was."""
    emulator = emulate()
    before = emulator.document
    with pytest.raises(EmulatorError) as caught:
        emulator.set(path, value)
    assert message in str(caught.value)
    assert emulator.document == before


def test_closing_frees_the_port(emulate: Emulate) -> None:
    """After close() the port is free, and closing again does nothing."""
    emulator = emulate()
    port = int(emulator.url.rsplit(":", 1)[1])
    emulator.close()
    emulator.close()
    with socket.create_server(("127.0.0.1", port)) as again:
        assert again.getsockname()[1] == port


def test_it_serves_ipv6_loopback(emulate: Emulate) -> None:
    """The loopback of IPv6 can be bound too."""
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        pytest.skip("this machine has no IPv6 loopback")
    emulator = emulate(bind="::1")
    assert emulator.url.startswith("http://[::1]:")


def test_it_starts_inside_a_running_event_loop() -> None:
    """An asyncio program can use it like any other."""

    async def use() -> int:
        with Emulator() as emulator:
            return await asyncio.to_thread(lambda: instance(emulator.url).status)

    assert asyncio.run(use()) == 200


def test_two_at_once(emulate: Emulate) -> None:
    """Emulators share nothing."""
    one, two = emulate(), emulate(cloud="china")
    one.tag("only", "one")
    assert "only" not in instance(two.url).text
    assert one.url != two.url


PLUGIN = """
import json, urllib.request

def ask(url):
    request = urllib.request.Request(url + "/metadata/instance?api-version=2021-02-01", headers={"Metadata": "true"})
    return json.load(urllib.request.urlopen(request))

def test_fixture(azure_imds):
    azure_imds.tag("env", "prod")
    azure_imds.resize("Standard_B2s")
    compute = ask(azure_imds.url)["compute"]
    assert ("env:prod" in compute["tags"], compute["vmSize"]) == (True, "Standard_B2s")
    assert [record.status for record in azure_imds.requests] == [200]

def test_fresh(azure_imds):
    azure_imds.fault("500*2,ok")
    assert azure_imds.requests == []
    assert ask_status(azure_imds.url) == [500, 500, 200]

def ask_status(url):
    statuses = []
    for _ in range(3):
        try:
            statuses.append(ask(url) and 200)
        except urllib.error.HTTPError as error:
            statuses.append(error.code)
    return statuses
"""


def test_the_pytest_plugin(tmp_path: Path) -> None:
    """In somebody else's tests the fixture `azure_imds` is a fresh emulator for each test."""
    (tmp_path / "test_mine.py").write_text(PLUGIN)
    words = [sys.executable, "-m", "pytest", "-q", "-p", "azure_imds_facts.emulator.pytest_plugin", "--noconftest"]
    plain = {**environment(), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "no_proxy": "*"}
    result = subprocess.run(
        [*words, "-c", os.devnull, "--rootdir", str(tmp_path), str(tmp_path)],
        env=plain,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stdout + result.stderr
    assert "2 passed" in result.stdout


def test_the_plugin_costs_other_tests_nothing() -> None:
    """Loading the plugin imports neither the server nor its library."""
    script = "import sys, azure_imds_facts.emulator.pytest_plugin as p; print('aiohttp' in sys.modules)"
    result = subprocess.run(
        [sys.executable, "-c", script], env=environment(), capture_output=True, text=True, check=True
    )
    assert result.stdout == "False\n"
