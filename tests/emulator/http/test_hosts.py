# SPDX-License-Identifier: Apache-2.0
"""The host that a request names: a page that DNS has led here gets nothing, clients of every kind get their answer."""

from __future__ import annotations

from typing import Any

import pytest
from azure_imds_facts.emulator import Emulator, EmulatorError
from azure_imds_facts.emulator.http.hosts import HostPolicy
from azure_imds_facts.emulator.settings.scenario import read_scenario

from tests.emulator.client import send_request
from tests.emulator.http.test_server import exchange_bytes
from tests.emulator.processes import StartCommand

SERVED = [
    "", "127.0.0.1", "127.0.0.1:8080", "127.0.0.2", "localhost", "LOCALHOST:80", "localhost.", "imds.localhost",
    "[::1]", "[::1]:8080", "169.254.169.254", "169.254.169.254:80",
]  # fmt: skip
REFUSED = [
    "rebound.example", "rebound.example:8080", "127.0.0.1.rebound.example", "localhost.rebound.example", "notlocalhost",
    "x", "10.1.2.3", "10.1.2.3:80", "[fe80::1]", "127.1", "0x7f000001", ":80", "a b", "127.0.0.1@rebound.example",
]  # fmt: skip


def check(host: str, *, bound: str = "127.0.0.1", allowed: tuple[str, ...] = ()) -> bool:
    """Return whether a host is served."""
    policy = HostPolicy(allowed)
    policy.add_address(bound)
    return policy.check(host) is None


@pytest.mark.parametrize("host", SERVED)
def test_what_is_this_machine_s_is_served(host: str) -> None:
    """Loopback by address and name, and the address of IMDS itself, with any port: a tunnel may change that."""
    assert check(host)


@pytest.mark.parametrize("host", REFUSED)
def test_any_other_host_is_refused(host: str) -> None:
    """A name that only looks like loopback, and an address that is not listened on, get a 400 that names the way out."""
    policy = HostPolicy()
    policy.add_address("127.0.0.1")
    refusal = policy.check(host)
    assert refusal is not None
    assert refusal.status == 400
    assert b"--allow-host" in refusal.body


@pytest.mark.parametrize(
    ("bound", "host", "is_served"),
    [
        ("10.1.2.3", "10.1.2.3:80", True),
        ("10.1.2.3", "10.1.2.4", False),
        ("fd00::1", "[fd00:0::1]:80", True),
        ("0.0.0.0", "10.1.2.4:8080", True),
        ("::", "[fd00::2]", True),
        ("0.0.0.0", "imds", False),
    ],
)
def test_the_address_that_is_listened_on(bound: str, host: str, is_served: bool) -> None:
    """It is served; a listener on all addresses serves every address, but no name."""
    assert check(host, bound=bound) is is_served


def test_names_that_were_allowed() -> None:
    """They are served with any case, port and dot at the end; what only ends as they do is not."""
    for host in ("imds", "IMDS:8080", "imds."):
        assert check(host, allowed=("Imds.",))
    assert not check("evil-imds", allowed=("imds",))
    assert not check("imds.evil", allowed=("imds",))
    assert check("10.9.9.9", allowed=("10.9.9.9",))


def test_a_rebound_page_gets_no_token(start_command: StartCommand) -> None:
    """Whatever else a request has, its foreign host is refused before faults and limits, and the log says so."""
    command = start_command("--allow-host", "imds", "--fault", "503")
    token = "/metadata/identity/oauth2/token?api-version=2018-02-01&resource=https://vault.azure.net/"
    refused = send_request(command.url, token, headers={"Metadata": "true", "Host": "rebound.example:8080"})
    assert refused.status == 400
    assert refused.json == {
        "error": "Bad request. This emulator is not the host 'rebound.example:8080'; --allow-host allows names"
    }
    statuses = [
        send_request(command.url, "/metadata/versions", headers={"Metadata": "true", "Host": host}).status
        for host in ("imds", "imds", "localhost")
    ]
    assert statuses == [503, 200, 200]
    assert command.stop()[1].splitlines()[0].startswith(f"GET {token} 400 ")


def test_the_absolute_form_counts(start_emulator: Any) -> None:
    """Where the request's line names a host, that is the one, as HTTP has it."""
    url = start_emulator().url
    end = b" HTTP/1.1\r\nHost: %s\r\nMetadata: true\r\nConnection: close\r\n\r\n"
    served = exchange_bytes(url, b"GET http://127.0.0.1/metadata/versions" + end % b"rebound.example")
    assert served.startswith(b"HTTP/1.1 200 ")
    refused = exchange_bytes(url, b"GET http://rebound.example/metadata/versions" + end % b"127.0.0.1")
    assert refused.startswith(b"HTTP/1.1 400 ")


@pytest.mark.parametrize("host", ["a:80", "http://a", "", "a..b", "*", "a/b"])
def test_what_is_no_host_is_refused(host: str, tmp_path: Any) -> None:
    """A flag, a scenario or an argument that names no host is one line."""
    with pytest.raises(EmulatorError, match="invalid host"):
        Emulator(allow_hosts=[host])
    path = tmp_path / "scenario.yaml"
    path.write_text(f"allow_hosts: [imds, '{host}']")
    with pytest.raises(EmulatorError, match="1:21: invalid host"):
        read_scenario(str(path))
