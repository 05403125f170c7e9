# SPDX-License-Identifier: Apache-2.0
"""Changes to a running emulator."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from azure_imds_facts.emulator import EmulatorError
from azure_imds_facts.emulator.control.client import send_changes

from tests.emulator.client import StartEmulator, get_instance, send_request


def change(path: Path, changes: dict[str, Any]) -> Any:
    """Send changes; return the state after them."""
    return json.loads(send_changes(str(path), json.dumps(changes)))


def test_every_change(start_emulator: StartEmulator, tmp_path: Path) -> None:
    """Tags, size, fields, faults, limits and events change for the next request."""
    path = tmp_path / "control"
    emulator = start_emulator(control=str(path))
    state = change(
        path,
        {
            "tag": {"env": "prod", "new": "1"},
            "untag": ["role"],
            "resize": "Standard_D4s_v5",
            "set": {"compute.zone": "3"},
            "event": {"type": "Freeze", "notice": "1m", "resources": ["a", "b"]},
        },
    )
    compute = get_instance(emulator.url).json["compute"]
    assert compute["tags"] == "env:prod;new:1"
    assert (compute["vmSize"], compute["zone"]) == ("Standard_D4s_v5", "3")
    assert state["document"]["compute"]["vmSize"] == "Standard_D4s_v5"
    event = state["scheduledevents"]["Events"][0]
    assert (event["EventType"], event["Resources"]) == ("Freeze", ["a", "b"])
    assert change(path, {"cancel_event": event["EventId"]})["scheduledevents"]["Events"] == []
    change(path, {"event": "Reboot:notice=0s"})
    events = send_request(emulator.url, "/metadata/scheduledevents?api-version=2020-07-01").json["Events"]
    assert [each["EventStatus"] for each in events] == ["Started"]
    change(path, {"fault": "503"})
    assert [get_instance(emulator.url).status for _ in range(2)] == [503, 200]
    change(path, {"fault": {"/metadata/versions": "410"}})
    assert [get_instance(emulator.url).status, send_request(emulator.url, "/metadata/versions").status] == [200, 410]
    change(path, {"throttle": {"rate_limit": 1, "retry_after": 4}})
    responses = [get_instance(emulator.url) for _ in range(2)]
    assert [response.status for response in responses] == [200, 429]
    assert responses[1].headers["Retry-After"] == "4"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ("{", "not JSON"),
        ("[]", "expected an object with some of tag, untag, resize"),
        ('{"tga": {}}', "unknown change 'tga'; allowed: tag, untag"),
        ('{"tag": "a=b"}', "tag: expected an object, not 'a=b'"),
        ('{"tag": {"a": 1}}', "tag 'a': expected text, not 1"),
        ('{"set": {"compute.zome": "1"}}', "no field 'zome' in compute"),
        ('{"fault": "explode"}', "unknown kind 'explode'"),
        ('{"fault": 5}', "fault: expected text or an object"),
        ('{"throttle": {"speed": 1}}', "unknown limit 'speed'; allowed: rate_limit"),
        ('{"throttle": {"rate_limit": "x"}}', "rate_limit: expected a number"),
        ('{"event": "Explode"}', "unknown event 'Explode'; allowed: Freeze"),
        ('{"event": {"source": "User"}}', "unknown event 'None'"),
    ],
)
def test_an_invalid_change_is_rejected(
    start_emulator: StartEmulator, tmp_path: Path, changes: str, message: str
) -> None:
    """An invalid change is rejected with the allowed values, and the emulator continues."""
    path = tmp_path / "control"
    emulator = start_emulator(control=str(path))
    with pytest.raises(EmulatorError) as caught:
        send_changes(str(path), changes)
    assert message in str(caught.value)
    assert get_instance(emulator.url).status == 200


def test_an_unknown_event_cannot_be_cancelled(start_emulator: StartEmulator, tmp_path: Path) -> None:
    """The error names the unknown event."""
    path = tmp_path / "control"
    start_emulator(control=str(path))
    with pytest.raises(EmulatorError, match="unknown event nosuch"):
        change(path, {"cancel_event": "nosuch"})
