# SPDX-License-Identifier: Apache-2.0
"""Signed documents of an emulator hold, and those with a fault are refused by the rule that they break."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from azure_imds_facts.attestation import AttestationError, Trust, verify
from azure_imds_facts.emulator import Emulator
from azure_imds_facts.emulator.endpoints.attested_faults import ATTESTED_FAULTS
from azure_imds_facts.emulator.errors import EmulatorError
from azure_imds_facts.emulator.fleet.vm import FleetVm

from tests.emulator.client import StartEmulator, send_request

PAGE = (Path(__file__).parents[3] / "docs/emulator-behaviour.md").read_text(encoding="utf-8")
NONCE = "0123456789"


def ask(emulator: Emulator | FleetVm, folder: Path, *, cloud: str = "AzureCloud") -> str:
    """Fetch a document and verify it as far as can be; return the VM, or the reason against it."""
    emulator.export_keys(folder)
    trust = Trust(()).add(trusted=((folder / "ca.pem").read_bytes(),))
    answer = send_request(emulator.url, f"/metadata/attested/document?api-version=2021-02-01&nonce={NONCE}").json
    instance = send_request(emulator.url, "/metadata/instance?api-version=2021-02-01").json
    try:
        claims = verify(
            answer,
            nonce=NONCE,
            vm_id=instance["compute"]["vmId"],
            subscriptions=[instance["compute"]["subscriptionId"]],
            cloud=cloud,
            trust=trust,
            is_offline=True,
        )
    except AttestationError as error:
        return error.reason
    return claims.vm_id


@pytest.mark.parametrize(
    ("cloud", "name"), [("public", "AzureCloud"), ("government", "AzureUSGovernment"), ("china", "AzureChinaCloud")]
)
def test_holds(cloud: str, name: str, start_emulator: StartEmulator, tmp_path: Path) -> None:
    """Without a fault the document holds, in each cloud by its own domain, as Azure's do."""
    emulator = start_emulator(cloud=cloud)
    instance = send_request(emulator.url, "/metadata/instance?api-version=2021-02-01").json
    assert ask(emulator, tmp_path, cloud=name) == instance["compute"]["vmId"]


@pytest.mark.parametrize("fault", ATTESTED_FAULTS)
def test_is_refused(fault: str, start_emulator: StartEmulator, tmp_path: Path) -> None:
    """Each fault is found, with the reason that the page names, for the second document too."""
    emulator = start_emulator(attested_fault=fault)
    row = re.search(rf"(?m)^\| `{fault}` \|.*\| `([a-z]+)`[^|]*\|$", PAGE)
    assert row
    assert [ask(emulator, tmp_path) for _time in range(2)] == [row[1]] * 2


def test_unknown_fault() -> None:
    """A fault that there is not is refused when the emulator is made."""
    with pytest.raises(EmulatorError, match="attested fault"):
        Emulator(attested_fault="bogus")
