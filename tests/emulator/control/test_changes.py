# SPDX-License-Identifier: Apache-2.0
"""Changes to a running emulator."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from azure_imds_facts.emulator import EmulatorError
from azure_imds_facts.emulator.assembly import assemble
from azure_imds_facts.emulator.control.changes import apply_changes
from azure_imds_facts.emulator.control.client import send_changes
from azure_imds_facts.emulator.control.strict_json import parse_strict_json
from azure_imds_facts.emulator.settings import Settings
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.emulator.client import StartEmulator, get_instance, send_request
from tests.emulator.strange import CHANGES, check_answers, check_refusal, dump, read_strictly


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
        ('{"event": {"source": "User"}}', "an event needs a type"),
        ('{"event": {"type": ["Reboot"]}}', "unknown event ['Reboot']; allowed: Freeze"),
        ('{"event": {"type": "Reboot", "resources": [[1]]}}', "resources: expected names joined with +, or a list"),
        ('{"event": {"type": "Reboot", "notice": -1}}', "notice: expected a number of 0 or more, not -1"),
        ('{"event": {"type": "Reboot", "notice": true}}', "notice: expected a number of 0 or more, not True"),
        ('{"event": {"type": "Reboot", "lasts": 1e300}}', "lasts: invalid duration 1e+300; allowed: up to 31622400"),
        ('{"event": {"type": "Reboot", "after": null}}', "after: expected a number of 0 or more, not None"),
        ('{"event": {"type": "Reboot", "duration": 1.5}}', "duration: 1.5 is not a whole number from -1 to 2147483647"),
        (
            '{"event": {"type": "Reboot", "source": ["User"]}}',
            "source: unknown event source ['User']; allowed: Platform",
        ),
        ('{"event": {"type": "Reboot", "description": 5}}', "description: expected text, not 5"),
        ('{"untag": [1]}', "untag: expected text, not 1"),
        ('{"fault": {"/": 429}}', "fault of '/': expected text, not 429"),
        ('{"fault": "huge=99999999999"}', "invalid size '99999999999'; allowed: a number of bytes, up to 268435456"),
        ('{"fault": "\u00b2\u00b2\u00b2"}', "unknown kind"),
        ('{"fault": "429:retry-after=1\\r\\nx"}', "a header cannot have control characters"),
        ('{"throttle": {"rate_limit": true}}', "rate_limit: expected a number of 0 or more, not True"),
        ('{"throttle": {"rate_limit": -1}}', "rate_limit: expected a number of 0 or more, not -1"),
        ('{"throttle": {"retry_after": 1e300}}', "retry_after: invalid duration 1e+300"),
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


@settings(max_examples=60)
@given(st.lists(CHANGES, min_size=1, max_size=3), st.sampled_from([0.01, 1, 60, 1e6]))
def test_strange_changes(several: list[Any], clock: float) -> None:
    """Whatever the changes, each is applied or refused in one line, and every endpoint answers as before."""
    assembly = assemble(Settings(event_clock=clock))
    for changes in several:
        try:
            read_strictly(dump(apply_changes(assembly, parse_strict_json(dump(changes)))))
        except EmulatorError as error:
            check_refusal(str(error))
    check_answers(assembly)


def test_an_unknown_event_cannot_be_cancelled(start_emulator: StartEmulator, tmp_path: Path) -> None:
    """The error names the unknown event."""
    path = tmp_path / "control"
    start_emulator(control=str(path))
    with pytest.raises(EmulatorError, match="unknown event 'nosuch'"):
        change(path, {"cancel_event": "nosuch"})
