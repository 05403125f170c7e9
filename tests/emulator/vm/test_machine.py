# SPDX-License-Identifier: Apache-2.0
"""The machine: raw documents, changes, encoding."""

from __future__ import annotations

import pytest
from azure_imds_facts.emulator import EmulatorError

from tests.emulator.client import StartEmulator, get_instance


def test_versions_and_raw_documents(start_emulator: StartEmulator) -> None:
    """Only the given versions are supported; a raw document is the same in each, including its key order."""
    odd = {"network": 5, "compute": {"zzz": [], "aaa": None}}
    emulator = start_emulator(document=odd, raw=True, versions=["2019-06-01", "2017-04-02"])
    assert [get_instance(emulator.url, version=v).text for v in ("2017-04-02", "2019-06-01")] == [
        '{"network":5,"compute":{"zzz":[],"aaa":null}}'
    ] * 2
    refused = get_instance(emulator.url, version="2025-04-07")
    assert (refused.status, refused.json["newest-versions"]) == (400, ["2019-06-01", "2017-04-02"])
    assert get_instance(emulator.url, "/compute", version="2017-04-02").json == {"zzz": [], "aaa": None}


def test_a_raw_document_can_be_changed(start_emulator: StartEmulator) -> None:
    """Tags and fields of a raw document can be changed, even unknown ones, unless it is not JSON."""
    emulator = start_emulator(document='{"compute": {"odd": 1}}', raw=True)
    assert get_instance(emulator.url).text == '{"compute": {"odd": 1}}'
    emulator.tag("a", "b")
    emulator.set("compute.deep.er", [1])
    compute = get_instance(emulator.url).json["compute"]
    assert (compute["odd"], compute["deep"], compute["tags"]) == (1, {"er": [1]}, "a:b")
    broken = start_emulator(document=b"{", raw=True)
    with pytest.raises(EmulatorError, match="no fields to change"):
        broken.tag("a", "b")


def test_odd_text_survives(start_emulator: StartEmulator) -> None:
    """Text outside ASCII is UTF-8 in JSON and as text; half of a surrogate pair stays an escape in JSON."""
    emulator = start_emulator()
    emulator.tag("Grüße", "世界")
    assert "Grüße:世界".encode() in get_instance(emulator.url).body
    assert get_instance(emulator.url, "/compute/tagsList/2/value", query="&format=text").text == "世界"
    odd = start_emulator(document={"compute": {"name": "\ud800"}})
    assert b'"name":"\\ud800"' in get_instance(odd.url).body


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
def test_an_invalid_change_is_rejected(start_emulator: StartEmulator, path: str, value: object, message: str) -> None:
    """A change that contradicts the field table is rejected, and the document stays unchanged."""
    emulator = start_emulator()
    before = emulator.document
    with pytest.raises(EmulatorError) as caught:
        emulator.set(path, value)
    assert message in str(caught.value)
    assert emulator.document == before
