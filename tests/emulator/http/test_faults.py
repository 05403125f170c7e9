# SPDX-License-Identifier: Apache-2.0
"""Fault scripts: their grammar, and which requests they affect."""

from __future__ import annotations

import pytest
from azure_imds_facts.emulator import EmulatorError
from azure_imds_facts.emulator.http.faults import parse_fault_script

from tests.emulator.client import StartEmulator, get_instance, send_request


def test_a_script_is_a_sequence(start_emulator: StartEmulator) -> None:
    """Each step affects one request, `*N` several; later requests are served normally."""
    emulator = start_emulator(fault="410*3,500,ok,404")
    statuses = [get_instance(emulator.url).status for _ in range(8)]
    assert statuses == [410, 410, 410, 500, 200, 404, 200, 200]
    assert [record.status for record in emulator.requests] == statuses


def test_a_script_without_end_lasts_until_it_is_replaced(start_emulator: StartEmulator) -> None:
    """`*forever` never ends; an empty script ends it."""
    emulator = start_emulator(fault="503*forever")
    assert [get_instance(emulator.url).status for _ in range(5)] == [503] * 5
    emulator.fault("")
    assert get_instance(emulator.url).status == 200


def test_a_path_has_a_script_of_its_own(start_emulator: StartEmulator) -> None:
    """The longest matching path wins; other paths are not affected."""
    emulator = start_emulator()
    emulator.fault("500*forever", path="/metadata/instance")
    emulator.fault("410*forever", path="/metadata/instance/compute")
    assert get_instance(emulator.url).status == 500
    assert get_instance(emulator.url, "/compute").status == 410
    assert get_instance(emulator.url, "/computer").status == 500
    assert send_request(emulator.url, "/metadata/versions").status == 200


@pytest.mark.parametrize(
    ("script", "message"),
    [
        ("explode", "unknown kind 'explode'; allowed: a status or ok, hang, reset"),
        ("99", "unknown kind '99'"),
        ("600", "unknown kind '600'"),
        ("500*0", "invalid repetition '0'; allowed: 1 and more, or forever"),
        ("500*x", "invalid repetition 'x'"),
        ("429:retry=2", "unknown option 'retry'; allowed: after, retry-after, retry-after-date"),
        ("slow=soon", "invalid duration 'soon'"),
        ("500:after=x", "invalid duration 'x'"),
        ("huge=big", "invalid size 'big'"),
        ("hang=2s", "hang takes no value"),
        (",", "no step; allowed"),
    ],
)
def test_an_invalid_script_is_rejected(script: str, message: str) -> None:
    """An invalid script is rejected with the step and the allowed values."""
    with pytest.raises(EmulatorError) as caught:
        parse_fault_script(script)
    assert message in str(caught.value)
