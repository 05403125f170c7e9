# SPDX-License-Identifier: Apache-2.0
"""The context manager."""

from __future__ import annotations

import asyncio

from azure_imds_facts.emulator import Emulator

from tests.emulator.client import StartEmulator, get_instance


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
