# SPDX-License-Identifier: Apache-2.0
"""JSON of the control socket: what is refused, and that an emulator goes on after it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from azure_imds_facts.emulator import EmulatorError
from azure_imds_facts.emulator.control.client import send_changes
from azure_imds_facts.emulator.control.strict_json import parse_strict_json

from tests.emulator.client import StartEmulator, get_instance, send_request
from tests.emulator.strange import check_refusal

REFUSED = [
    ("{", "not JSON (Expecting property name"),
    ('{"event": {"type": "Reboot", "notice": 1e400}}', "number '1e400' is too large"),
    ('{"throttle": {"rate_limit": NaN}}', "not JSON (NaN is not a number in JSON)"),
    ('{"throttle": {"rate_limit": -Infinity}}', "not JSON (-Infinity is not a number in JSON)"),
    ('{"resize": "\\ud800"}', "not JSON (a lone surrogate, '\\ud800')"),
    ('{"tag": ' * 40 + "1" + "}" * 40, "nested too deeply; allowed: 32 levels"),
    ("[" * 100_000, "nested too deeply; allowed: 32 levels"),
    ('{"event": {"type": "Reboot", "notice": ' + "9" * 5000 + "}}", "not JSON (Exceeds the limit"),
]


@pytest.mark.parametrize(("text", "message"), REFUSED, ids=lambda text: text[:40])
def test_what_no_client_could_read_is_refused(text: str, message: str) -> None:
    """Numbers that are none, text that is no Unicode and endless nesting are refused in one line."""
    with pytest.raises(EmulatorError) as caught:
        parse_strict_json(text.encode())
    assert message in str(caught.value)
    check_refusal(str(caught.value))


def test_other_json_is_parsed() -> None:
    """Numbers, text in any script and 32 levels pass."""
    deep = "[" * 31 + "{}" + "]" * 31
    text = '[1e308, "\N{GREEK SMALL LETTER ALPHA}\\ud83d\\ude00"]'
    assert parse_strict_json(text.encode()) == [1e308, "\N{GREEK SMALL LETTER ALPHA}\N{GRINNING FACE}"]
    assert json.dumps(parse_strict_json(deep.encode())) == deep
    with pytest.raises(EmulatorError, match="not JSON"):
        parse_strict_json(b'"\xff"')


def test_the_emulator_goes_on(start_emulator: StartEmulator, tmp_path: Path) -> None:
    """Each is refused over the socket as well, with a body too large and wrong types; then all is served as before."""
    path = tmp_path / "control"
    emulator = start_emulator(control=str(path))
    before = get_instance(emulator.url).body
    more = [
        ('{"event": {"type": "Reboot", "resources": [[1]]}}', "resources: expected names joined with +, or a list"),
        ('{"resize": "' + "x" * 2_000_000 + '"}', "changes too large; allowed: 1 MiB"),
    ]
    for text, message in [*REFUSED, *more]:
        with pytest.raises(EmulatorError) as caught:
            send_changes(str(path), text)
        assert message in str(caught.value)
        check_refusal(str(caught.value))
        assert get_instance(emulator.url).body == before
    events = send_request(emulator.url, "/metadata/scheduledevents?api-version=2020-07-01").json
    assert events == {"DocumentIncarnation": 1, "Events": []}
