# SPDX-License-Identifier: Apache-2.0
"""The endpoints /metadata/instance and /metadata/versions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from azure_imds_facts.emulator.http.response import HttpError, Response, json_response
from azure_imds_facts.emulator.versions import EXTENDED_SINCE
from azure_imds_facts.emulator.vm.machine import Machine, RawMachine

from .checks import VersionPolicy, check_duplicates, check_method
from .elements import find_element, render_element
from .error_responses import INVALID_FORMAT, NOT_FOUND

if TYPE_CHECKING:
    from collections.abc import Sequence

    from azure_imds_facts.emulator.http.request import Request

__all__ = ["InstanceEndpoint", "VersionsEndpoint"]


@dataclass(frozen=True)
class InstanceEndpoint:
    """The machine's document, complete or in part."""

    machine: Machine
    policy: VersionPolicy

    def respond(self, request: Request, subpath: Sequence[str]) -> Response:
        """Return the element at the subpath, whose names are case-sensitive (documented)."""
        check_method(request, "GET")
        check_duplicates(request)
        version = self.policy.check(request)
        format_name = _parse_format(request)
        extended = (request.parameter("extended") or "").lower() == "true" and version >= EXTENDED_SINCE
        if not subpath and format_name == "json":
            return Response(body=self.machine.encode(version, extended=extended))
        element = find_element(self.machine.project(version, extended=extended), subpath)
        return render_element(element, format_name, sort=not isinstance(self.machine, RawMachine))


def _parse_format(request: Request) -> str:
    """Return `json` or `text`, compared without case. Other values are rejected (assumed)."""
    format_name = (request.parameter("format") or "json").lower()
    if format_name not in ("json", "text"):
        raise HttpError(INVALID_FORMAT)
    return format_name


@dataclass(frozen=True)
class VersionsEndpoint:
    """The list of api-versions, oldest first. It is the one endpoint that takes no api-version (documented)."""

    versions: tuple[str, ...]

    def respond(self, request: Request, subpath: Sequence[str]) -> Response:
        """Return `{"apiVersions":[…]}`."""
        if subpath:
            raise HttpError(NOT_FOUND)
        check_method(request, "GET")
        return json_response({"apiVersions": sorted(self.versions)})
