# SPDX-License-Identifier: Apache-2.0
"""The router: the checks that precede every endpoint, in the order of IMDS, and the choice of the endpoint."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from azure_imds_facts.emulator.errors import EmulatorError
from azure_imds_facts.emulator.http.response import HttpError, Response, error_response, identity_error_response

from .error_responses import (
    BAD_REQUEST_XML,
    FORWARDED_FOR,
    MISSING_HEADER,
    MISSING_HEADER_IDENTITY,
    NOT_FOUND,
    NOT_FOUND_IDENTITY,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from azure_imds_facts.emulator.http.request import Request

    from .checks import VersionPolicy
    from .issuer import IssuerEndpoint

__all__ = ["Endpoint", "Router"]

Segments = tuple[str, ...]


class Endpoint(Protocol):
    """One path of IMDS, and for /metadata/instance the paths below it."""

    def respond(self, request: Request, subpath: Sequence[str]) -> Response:
        """Return the response; `subpath` holds the segments below the endpoint's own path."""
        ...


@dataclass(frozen=True)
class Router:
    """Responds to all requests for one machine. `endpoints` is keyed by the segments of a path, in lower case.

    `issuer` stands for another server, which has the certificate of the issuer of attested documents' signer.
    """

    policy: VersionPolicy
    endpoints: Mapping[Segments, Endpoint]
    issuer: IssuerEndpoint

    def respond(self, request: Request) -> Response:
        """Return the response to any request."""
        try:
            if self.issuer.serves(request):
                return self.issuer.respond(request)
            _check_headers(request)
            endpoint, subpath = self._route(request)
            return endpoint.respond(request, subpath)
        except HttpError as error:
            return error.response
        except EmulatorError as error:  # an optional dependency is not installed
            if request.is_identity:
                return identity_error_response("server_error", str(error), status=500)
            return error_response(500, str(error))

    def _route(self, request: Request) -> tuple[Endpoint, Segments]:
        """Find the endpoint. The case of its own path is ignored (assumed; clients use both)."""
        segments = request.segments
        lowered = tuple(segment.lower() for segment in segments)
        for length in range(len(lowered), 0, -1):
            endpoint = self.endpoints.get(lowered[:length])
            if endpoint is not None:
                return endpoint, segments[length:]
        version = request.parameter("api-version")
        if lowered == ("metadata",) and version not in self.policy.versions:
            raise HttpError(self.policy.build_rejection(version))  # recorded
        raise HttpError(NOT_FOUND_IDENTITY if request.is_identity else NOT_FOUND)


def _check_headers(request: Request) -> None:
    """Check the headers before anything else. HEAD and `/` do not get past the web server (both recorded)."""
    if request.method == "HEAD" or request.path == "/":
        raise HttpError(BAD_REQUEST_XML)
    # `True` is accepted like `true` (recorded). That any other value counts as missing is assumed.
    if request.headers.get("Metadata", "").lower() != "true":
        raise HttpError(MISSING_HEADER_IDENTITY if request.is_identity else MISSING_HEADER)
    if "X-Forwarded-For" in request.headers:
        raise HttpError(FORWARDED_FOR)
