# SPDX-License-Identifier: Apache-2.0
"""The router: the choice of the endpoint, and errors that it converts to responses."""

from __future__ import annotations

import json
from collections.abc import Sequence

from azure_imds_facts.emulator import EmulatorError
from azure_imds_facts.emulator.endpoints.authority import Authority
from azure_imds_facts.emulator.endpoints.checks import VersionPolicy
from azure_imds_facts.emulator.endpoints.issuer import IssuerEndpoint
from azure_imds_facts.emulator.endpoints.router import Endpoint, Router
from azure_imds_facts.emulator.http.request import Request
from azure_imds_facts.emulator.http.response import Response, json_response
from azure_imds_facts.emulator.vm.clouds import find_cloud

ISSUER = IssuerEndpoint(Authority(common_name="metadata.azure.com", region="westeurope"))


class EchoEndpoint:
    """Returns its name and the subpath."""

    def __init__(self, name: str) -> None:
        self._name = name

    def respond(self, request: Request, subpath: Sequence[str]) -> Response:
        """Return the name and the subpath."""
        return json_response([self._name, *subpath])


class FailingEndpoint:
    """Lacks an optional dependency."""

    def respond(self, request: Request, subpath: Sequence[str]) -> Response:
        """Fail."""
        raise EmulatorError("signatures need the package cryptography")


def respond(path: str, **headers: str) -> Response:
    """Route a request."""
    endpoints: dict[tuple[str, ...], Endpoint] = {
        ("metadata", "instance"): EchoEndpoint("instance"),
        ("metadata", "instance", "deep"): EchoEndpoint("deep"),
        ("metadata", "attested"): FailingEndpoint(),
        ("metadata", "identity", "token"): FailingEndpoint(),
    }
    policy = VersionPolicy(find_cloud("public"), ("2021-02-01",))
    return Router(policy, endpoints, ISSUER).respond(Request("GET", path, "", headers or {"Metadata": "true"}))


def test_the_longest_path_wins() -> None:
    """The endpoint with the most segments is chosen without case; the subpath keeps its case."""
    assert json.loads(respond("/metadata/instance").body) == ["instance"]
    assert json.loads(respond("/Metadata/INSTANCE/Compute/x").body) == ["instance", "Compute", "x"]
    assert json.loads(respond("/metadata/instance/deep/a%2Fb").body) == ["deep", "a/b"]


def test_a_missing_dependency_is_500() -> None:
    """An optional dependency that is not installed is reported in the body."""
    response = respond("/metadata/attested")
    assert (response.status, json.loads(response.body)) == (500, {"error": "signatures need the package cryptography"})
    assert json.loads(respond("/metadata/identity/token").body) == {
        "error": "server_error",
        "error_description": "signatures need the package cryptography",
    }


def test_headers_are_checked_first() -> None:
    """Without the header even an unknown path is 400; identity has an envelope of its own."""
    assert respond("/nothing", Other="x").status == 400
    assert json.loads(respond("/metadata/identity/x", Other="x").body)["error"] == "bad_request_102"
    assert respond("/metadata/identity/x").body == b'{"error":"Not Found"}'
