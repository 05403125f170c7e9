# SPDX-License-Identifier: Apache-2.0
"""The command `emulate`, run as a process."""

from __future__ import annotations

import json
import re
import signal
import socket
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from .conftest import Command, ask, instance, run_command

if TYPE_CHECKING:
    from pathlib import Path

Serve = Callable[..., Command]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_prints_its_url_and_ends_cleanly(serve: Serve, number: int) -> None:
    """Standard output is one line, the URL; SIGTERM and SIGINT end the command with 0."""
    command = serve()
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+", command.url)
    assert command.process.stdout is not None
    assert command.stop(number)[0] == 0


def test_requests_are_logged_one_a_line(serve: Serve) -> None:
    """Each request is one line on standard error with method, target and status."""
    command = serve()
    ask(command.url, "/metadata/versions")
    ask(command.url, "/metadata/nothing", headers={})
    _, errors = command.stop()
    lines = errors.splitlines()
    assert [line.rsplit(" ", 1)[0] for line in lines] == [
        "GET /metadata/versions 200",
        "GET /metadata/nothing 400",
    ]


def test_flags_change_the_machine(serve: Serve) -> None:
    """--set, --tag, --cloud and --vm shape the document."""
    command = serve("--cloud", "china", "--vm", "spot", "--set", "compute.zone=2", "--tag", "a b=c:d", "--tag", "ENV=x")
    compute = instance(command.url).json["compute"]
    assert (compute["azEnvironment"], compute["priority"]) == ("AzureChinaCloud", "Spot")
    assert compute["zone"] == "2"
    assert compute["tags"] == "env:x;role:web;a b:c:d"


def test_a_document_is_filtered(serve: Serve, tmp_path: Path) -> None:
    """--document replaces the example machine and is filtered; what no version has is warned of."""
    path = tmp_path / "vm.json"
    path.write_text(json.dumps({"compute": {"name": "mine", "novelty": 1, "zone": 3}}))
    command = serve("--document", str(path))
    document = instance(command.url, version="2017-12-01").json
    assert list(document) == ["compute"]
    assert document["compute"]["name"] == "mine"
    assert document["compute"]["zone"] == "3"
    assert document["compute"]["sku"] == ""
    assert "novelty" not in document["compute"]
    assert "compute.novelty" in command.stop()[1]


def test_a_raw_document_is_served_byte_for_byte(serve: Serve, tmp_path: Path) -> None:
    """--raw serves the file's own bytes in every version, even where they are no JSON."""
    path = tmp_path / "odd.json"
    path.write_bytes(b'\xef\xbb\xbf{"compute": {"b":1, "a":NaN')
    command = serve("--raw", "--document", str(path))
    assert instance(command.url, version="2017-04-02").body == path.read_bytes()


BAD = [
    (["--cloud", "mars"], "unknown cloud 'mars'; allowed: public, government, china, german, stack"),
    (["--vm", "toaster"], "unknown machine 'toaster'; allowed: linux, windows, vmss"),
    (["--era", "1999"], "unknown era '1999'; allowed: now, 2019, 2017"),
    (["--port", "99999"], "invalid port 99999; allowed: 0 to 65535"),
    (["--bind", "localhost"], "invalid address 'localhost'; expected one such as"),
    (["--bind", "0.0.0.0"], "allow it with --allow-remote"),
    (["--rate-limit", "-1"], "--rate-limit: expected a number of 0 or more, not '-1'"),
    (["--event-clock", "0"], "invalid event clock 0; allowed: more than 0"),
    (["--token-lifetime", "soon"], "--token-lifetime: invalid duration 'soon'"),
    (["--fault", "explode"], "fault 'explode': unknown kind 'explode'; allowed: a status or ok"),
    (["--fault", "/metadata/versions=1"], "unknown kind '1'"),
    (["--load-balancer", "basic"], "unknown load balancer 'basic'; allowed: standard, gateway"),
    (["--identity", "none", "--identity", "a"], "identity 'none' excludes others"),
    (["--event", "Explode"], "--event: unknown event 'Explode'; allowed: Freeze"),
    (["--scenario", "/nonexistent.yaml"], "/nonexistent.yaml: no such file or directory"),
    (["--log", "/nonexistent/log"], "--log /nonexistent/log: no such file or directory"),
    (["--control", "/nonexistent/socket"], "control socket /nonexistent/socket: no such file or directory"),
    (["--export-keys", "/dev/null/x"], "/dev/null/x: not a directory"),
    (["--change", "{}"], "--change needs --control"),
    (["--set", "compute.zome=2"], "no field 'zome' in compute; allowed: additionalCapabilities"),
    (["--set", "compute.publicKeys=x"], "compute.publicKeys: expected JSON for array"),
    (["--set", "network.interface[4].macAddress=x"], "allowed: 0 to 1"),
    (["--set", "compute"], "--set: expected PATH=VALUE, not 'compute'"),
    (["--tag", "name"], "--tag: expected NAME=VALUE, not 'name'"),
    (["--versions", "latest"], "invalid api-version 'latest'; expected a date"),
    (["--raw"], "--raw serves a document unchanged; name one"),
    (["--document", "/nonexistent.json"], "/nonexistent.json: no such file or directory"),
]


@pytest.mark.parametrize(("arguments", "message"), BAD)
def test_bad_input_is_one_line(arguments: list[str], message: str) -> None:
    """A flag that cannot be followed is one line with the place and the allowed values, exit 2, no output."""
    result = run_command(*arguments)
    assert result.returncode == 2
    assert result.stdout == ""
    assert len(result.stderr.splitlines()) == 1
    assert message in result.stderr


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
def test_a_wrong_document_names_file_and_place(tmp_path: Path, body: bytes, message: str) -> None:
    """A document that cannot be served is one line that names the file and the place in it."""
    path = tmp_path / "vm.json"
    path.write_bytes(body)
    result = run_command("--document", str(path))
    assert result.returncode == 2
    assert len(result.stderr.splitlines()) == 1
    assert message in result.stderr


def test_a_port_in_use_is_one_line() -> None:
    """A port that somebody else has is one line that names it."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        result = run_command("--port", str(port))
    assert result.returncode == 2
    assert f"port {port} on 127.0.0.1: address already in use" in result.stderr
    assert len(result.stderr.splitlines()) == 1


def test_a_remote_address_is_warned_of(serve: Serve) -> None:
    """Binding another address than loopback takes a flag and says what it does."""
    command = serve("--bind", "0.0.0.0", "--allow-remote")
    assert "hands out metadata and tokens" in command.stop()[1]
