# SPDX-License-Identifier: Apache-2.0
"""The endpoint /metadata/loadbalancer, since 2020-10-01."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from azure_imds_facts.emulator.http.response import HttpError, Response, error_response, json_response, text_response
from azure_imds_facts.emulator.versions import LOAD_BALANCER_SINCE
from azure_imds_facts.emulator.vm.load_balancers import SECTIONS

if TYPE_CHECKING:
    from azure_imds_facts.emulator.http.request import Request

    from .checks import VersionPolicy

__all__ = ["LoadBalancerEndpoint"]

_TUNNELS_SINCE = "2021-01-01"
# Verbatim as recorded and documented.
_NO_LOAD_BALANCER = error_response(
    404,
    "No load balancer metadata is found. Please check if your VM is using any non-basic SKU load balancer and"
    " retry later.",
)


@dataclass(frozen=True)
class LoadBalancerEndpoint:
    """The addresses and rules of the load balancer; `balancer` is None for a machine without one.

    The endpoint has error texts of its own (documented).
    """

    balancer: Mapping[str, Any] | None
    policy: VersionPolicy

    def respond(self, request: Request, subpath: Sequence[str]) -> Response:
        """Return `{"loadbalancer":{…}}`, or 404 without a load balancer."""
        _check_request(request, subpath)
        version = self.policy.check(request, since=LOAD_BALANCER_SINCE)
        if self.balancer is None:
            return _NO_LOAD_BALANCER
        content = {name: self.balancer[name] for name in SECTIONS if name in self.balancer}
        if version < _TUNNELS_SINCE:
            content.pop("tunnelInterfaces", None)
        return json_response({"loadbalancer": content})


def _check_request(request: Request, subpath: Sequence[str]) -> None:
    target = f'Path = "{request.path}", Method = "{request.method}"'
    if subpath:
        raise HttpError(text_response(f"API is not found: {target}", status=404))
    if request.method != "GET":
        raise HttpError(text_response(f"Http method is not allowed: {target}", status=405))
    if request.parameter("api-version") is None:
        _reject('Missing required parameter "api-version". Please fix the request and retry.')
    names = {name for name, _ in request.parameters}
    if request.has_duplicate_parameters() or not names <= {"api-version", "format"}:
        _reject("Unexpected request. Please check the query parameters and retry.")
    value = request.parameter("format")
    if value is not None and not re.fullmatch("(?i)json", value):
        _reject(
            f'Parameter value is not allowed, or parameter value "{value}" is not allowed for parameter'
            ' "format". Please fix the request and retry.'
        )


def _reject(text: str) -> None:
    raise HttpError(text_response(text, status=400))
