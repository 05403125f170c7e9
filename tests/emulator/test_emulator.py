# SPDX-License-Identifier: Apache-2.0
"""The context manager."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from azure_imds_facts.emulator import Emulator, EmulatorError

from tests.emulator.client import StartEmulator, get_instance, send_request


def test_methods_change_the_next_response(start_emulator: StartEmulator) -> None:
    """Tags, size and fields change while it serves; the document is a copy."""
    emulator = start_emulator()
    emulator.tag("env", "prod")
    emulator.tag("ENV", "test")
    emulator.tag("ns:team", "core; platform")
    emulator.untag("role")
    emulator.resize("Standard_D8s_v5")
    emulator.set("network/interface/0/macAddress", "000D3A000001")
    emulator.document["compute"]["name"] = "a change of the copy"
    document = get_instance(emulator.url).json
    assert document["compute"]["tagsList"] == [
        {"name": "env", "value": "test"},
        {"name": "ns:team", "value": "core; platform"},
    ]
    assert document["compute"]["tags"] == "env:test;ns:team:core; platform"
    assert document["compute"]["vmSize"] == "Standard_D8s_v5"
    assert document["compute"]["name"] == "web-01"
    assert document["network"]["interface"][0]["macAddress"] == "000D3A000001"


def test_it_starts_inside_a_running_event_loop() -> None:
    """An asyncio program can use it like any other."""

    async def use() -> int:
        with Emulator() as emulator:
            return await asyncio.to_thread(lambda: get_instance(emulator.url).status)

    assert asyncio.run(use()) == 200


def test_two_at_once(start_emulator: StartEmulator) -> None:
    """Emulators share nothing."""
    one, two = start_emulator(), start_emulator(cloud="china")
    one.tag("only", "one")
    assert "only" not in get_instance(two.url).text
    assert one.url != two.url


@pytest.mark.parametrize(
    "arguments",
    [
        ({"/metadata/versions": "503"},),
        ("/metadata/versions=503",),
    ],
)
def test_a_fault_in_the_forms_of_scenario_and_flag(start_emulator: StartEmulator, arguments: tuple[Any]) -> None:
    """`fault()` takes a mapping, and the text of `--fault`."""
    emulator = start_emulator()
    emulator.fault(*arguments)
    assert get_instance(emulator.url).status == 200
    assert send_request(emulator.url, "/metadata/versions").status == 503


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"script": {"/x": 503}}, "fault of '/x': expected text, not 503"),
        ({"script": "/x"}, r"expected \[PATH=\]SCRIPT"),
        ({"script": 503}, "fault: expected text or an object, not 503"),
        ({"script": "503", "path": 5}, "fault of 5: expected text, not 5"),
    ],
)
def test_an_invalid_fault(arguments: Any, message: str) -> None:
    """What is no fault is refused with the place."""
    with pytest.raises(EmulatorError, match=message):
        Emulator().fault(**arguments)


def test_an_event_in_the_form_of_the_flag(start_emulator: StartEmulator) -> None:
    """`event()` takes the text of `--event`; further options are added."""
    emulator = start_emulator()
    emulator.event("Preempt:notice=0s", resources=["a"])
    event = send_request(emulator.url, "/metadata/scheduledevents?api-version=2020-07-01").json["Events"][0]
    assert (event["EventType"], event["EventStatus"], event["Resources"]) == ("Preempt", "Started", ["a"])


@pytest.mark.parametrize(
    ("kind", "message"),
    [("Preempt:notice", "use one like after=10s"), ("Preempt:x=1", "unknown option 'x'"), (5, "unknown event 5")],
)
def test_an_invalid_event(kind: Any, message: str) -> None:
    """What is no event is refused with the allowed values."""
    with pytest.raises(EmulatorError, match=message):
        Emulator().event(kind)
