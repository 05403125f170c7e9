# SPDX-License-Identifier: Apache-2.0
"""Documents in files: projected, raw, invalid."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.emulator.client import get_instance
from tests.emulator.processes import StartCommand, run_command


def test_a_document_is_projected(start_command: StartCommand, tmp_path: Path) -> None:
    """--document replaces the example machine and is projected; fields of no version cause a warning."""
    path = tmp_path / "vm.json"
    path.write_text(json.dumps({"compute": {"name": "mine", "novelty": 1, "zone": 3}}))
    command = start_command("--document", str(path))
    document = get_instance(command.url, version="2017-12-01").json
    assert list(document) == ["compute"]
    assert document["compute"]["name"] == "mine"
    assert document["compute"]["zone"] == "3"
    assert document["compute"]["sku"] == ""
    assert "novelty" not in document["compute"]
    assert "compute.novelty" in command.stop()[1]


def test_unknown_fields_are_kept_when_asked_for(start_command: StartCommand, tmp_path: Path) -> None:
    """--keep-unknown serves fields of a document, of --set and of a scenario that no version has, with a warning."""
    path = tmp_path / "vm.json"
    path.write_text(
        json.dumps({"compute": {"novelty": {"a": 1}, "host": {"id": "x"}}, "network": {"interface": [{}]}, "x": 1})
    )
    scenario = tmp_path / "scenario.yaml"
    scenario.write_text(f"document: {path}\nset: {{compute.plan.tier: gold}}\n")
    field = "network.interface[0].interfaceCompartmentID"
    command = start_command("--keep-unknown", "--scenario", str(scenario), "--set", f"{field}=1")
    document = get_instance(command.url, version="2017-12-01").json
    assert document["network"]["interface"][0]["interfaceCompartmentID"] == "1"
    assert document["compute"]["novelty"] == {"a": 1}
    assert document["x"] == 1
    assert "host" not in document["compute"], "a field of a later version stays away"
    assert get_instance(command.url, version="2021-02-01").json["compute"]["plan"]["tier"] == "gold"
    named = "compute.novelty, compute.plan.tier, network.interface.0.interfaceCompartmentID, x"
    assert f"warning: no api-version has {named}; served in every version" in command.stop()[1]
    refused = run_command("--set", f"{field}=1")
    assert (refused.returncode, len(refused.stderr.splitlines())) == (2, 1)
    assert "no field 'interfaceCompartmentID' in network.interface.0 (--keep-unknown serves it);" in refused.stderr


def test_a_raw_document_is_served_byte_for_byte(start_command: StartCommand, tmp_path: Path) -> None:
    """--raw serves the bytes of the file in every version, even if they are not JSON."""
    path = tmp_path / "odd.json"
    path.write_bytes(b'\xef\xbb\xbf{"compute": {"b":1, "a":NaN')
    command = start_command("--raw", "--document", str(path))
    assert get_instance(command.url, version="2017-04-02").body == path.read_bytes()


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b'{"compute": }', "vm.json:1:13: not JSON"),
        (b"\xff", "vm.json: not UTF-8 at byte 0"),
        (b"[]", "vm.json: expected an object"),
        (b'{"other": 1}', "vm.json: none of the sections compute, network, extended"),
        (b'{"compute": {"plan": "x"}}', "vm.json: compute.plan: expected object"),
        (b'{"network": {"interface": [{"ipv4": []}]}}', "vm.json: network.interface.0.ipv4: expected object"),
    ],
)
def test_an_invalid_document_is_located(tmp_path: Path, body: bytes, message: str) -> None:
    """An invalid document is reported in one line that names the file and the location in it."""
    path = tmp_path / "vm.json"
    path.write_bytes(body)
    result = run_command("--document", str(path))
    assert result.returncode == 2
    assert len(result.stderr.splitlines()) == 1
    assert message in result.stderr
