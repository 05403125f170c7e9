# SPDX-License-Identifier: Apache-2.0
"""What an endpoint is, and the check of the api-version that most of them share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from azure_imds_facts.emulator.http.response import NOT_ALLOWED, NOT_FOUND, Answer, RefusalError, invalid_version
from azure_imds_facts.emulator.versions import INSTANCE_VERSIONS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from azure_imds_facts.emulator.http.request import Asked
    from azure_imds_facts.emulator.vm.clouds import Cloud

__all__ = ["Endpoint", "VersionGate", "refuse_method"]


class Endpoint(Protocol):
    """One path of IMDS, and for /metadata/instance what is below it."""

    def answer(self, asked: Asked, rest: Sequence[str]) -> Answer:
        """Answer a request that has passed the front door; `rest` are the steps below the endpoint's own path."""
        ...


@dataclass(frozen=True)
class VersionGate:
    """Knows which api-versions this machine's cloud has, and how it refuses others."""

    cloud: Cloud
    versions: tuple[str, ...]
    era: str = "now"

    def check(self, asked: Asked, *, since: str = "") -> str:
        """Return the api-version of a request.

        Raises:
            RefusalError: it is missing or unknown (documented), has not arrived in this cloud (404, recorded), or
            is
                older than the endpoint (404, assumed).
        """
        version = asked.get("api-version")
        if version not in self.versions:
            raise RefusalError(self.refuse(version))
        if version < since:
            raise RefusalError(NOT_FOUND)
        return version

    def refuse(self, version: str | None) -> Answer:
        """Return the answer to a version that this machine does not serve."""
        is_late = self.cloud.late_is_404 and version in INSTANCE_VERSIONS
        return invalid_version(self.versions, era="2017" if is_late else self.era)


def refuse_method(asked: Asked, *allowed: str) -> None:
    """Refuse other verbs than those of an endpoint, as the swagger examples show it (documented).

    Raises:
        RefusalError: 405.
    """
    if asked.method not in allowed:
        raise RefusalError(NOT_ALLOWED)
