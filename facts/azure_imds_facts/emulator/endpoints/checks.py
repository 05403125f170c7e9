# SPDX-License-Identifier: Apache-2.0
"""Checks of requests that several endpoints share: the method, duplicate parameters, the api-version."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from azure_imds_facts.emulator.http.response import HttpError, Response
from azure_imds_facts.emulator.versions import INSTANCE_VERSIONS

from .error_responses import (
    DUPLICATE_PARAMETER,
    INVALID_VERSION,
    METHOD_NOT_ALLOWED,
    NOT_FOUND,
    invalid_version_response,
)

if TYPE_CHECKING:
    from azure_imds_facts.emulator.http.request import Request
    from azure_imds_facts.emulator.vm.clouds import Cloud

__all__ = ["VersionPolicy", "check_duplicates", "check_method"]


def check_method(request: Request, *allowed: str) -> None:
    """Reject other methods than those of an endpoint, as the swagger examples do (documented).

    Raises:
        HttpError: 405.
    """
    if request.method not in allowed:
        raise HttpError(METHOD_NOT_ALLOWED)


def check_duplicates(request: Request) -> None:
    """Reject a query parameter that occurs twice (documented; body assumed).

    Raises:
        HttpError: 400.
    """
    if request.has_duplicate_parameters():
        raise HttpError(DUPLICATE_PARAMETER)


@dataclass(frozen=True)
class VersionPolicy:
    """The api-versions of the machine's cloud, and the rejection of others.

    `has_list`: a rejection lists the newest. That Azure Arc's does not is assumed.
    """

    cloud: Cloud
    versions: tuple[str, ...]
    era: str = "now"
    has_list: bool = True

    def check(self, request: Request, *, since: str = "") -> str:
        """Return the api-version of a request. `since`: the version that introduced the endpoint.

        Raises:
            HttpError: the version is missing or unknown (documented), exists only in other clouds (404, recorded), or
                precedes the endpoint (404, assumed).
        """
        version = request.parameter("api-version")
        if version not in self.versions:
            raise HttpError(self.build_rejection(version))
        if version < since:
            raise HttpError(NOT_FOUND)
        return version

    def build_rejection(self, version: str | None) -> Response:
        """Return the response to a version that this machine does not serve."""
        if not self.has_list:
            return INVALID_VERSION
        is_late = self.cloud.late_is_404 and version in INSTANCE_VERSIONS
        return invalid_version_response(self.versions, era="2017" if is_late else self.era)
