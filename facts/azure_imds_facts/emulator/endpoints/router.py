# SPDX-License-Identifier: Apache-2.0
"""The front door of IMDS: the checks that come before every endpoint, in the order in which they are made."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from azure_imds_facts.emulator.errors import EmulatorError
from azure_imds_facts.emulator.http.response import (
    BAD_REQUEST_XML,
    FORWARDED,
    MISSING_HEADER,
    MISSING_HEADER_IDENTITY,
    NOT_FOUND,
    NOT_FOUND_IDENTITY,
    Answer,
    RefusalError,
    error,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from azure_imds_facts.emulator.http.request import Asked

    from .endpoint import Endpoint, VersionGate

__all__ = ["Service"]

Steps = tuple[str, ...]


@dataclass(frozen=True)
class Service:
    """Answers requests for one machine. `endpoints`: the steps of a path, in lower case, to who answers there."""

    gate: VersionGate
    endpoints: Mapping[Steps, Endpoint]

    def answer(self, asked: Asked) -> Answer:
        """Answer a request, whatever it is."""
        try:
            self._check_door(asked)
            endpoint, rest = self._route(asked)
            return endpoint.answer(asked, rest)
        except RefusalError as refusal:
            return refusal.answer
        except EmulatorError as problem:  # a part of the extra that is not installed
            return error(500, str(problem))

    def _check_door(self, asked: Asked) -> None:
        """HEAD and `/` never get past the web server; the header check precedes all others (both recorded)."""
        if asked.method == "HEAD" or asked.path == "/":
            raise RefusalError(BAD_REQUEST_XML)
        # `True` works as well as `true` (recorded); that any other value counts as none is assumed.
        if asked.headers.get("Metadata", "").lower() != "true":
            raise RefusalError(MISSING_HEADER_IDENTITY if _is_identity(asked) else MISSING_HEADER)
        if "X-Forwarded-For" in asked.headers:
            raise RefusalError(FORWARDED)

    def _route(self, asked: Asked) -> tuple[Endpoint, Steps]:
        """Find the endpoint. The case of its own path does not matter (assumed; both are seen in the wild)."""
        steps = asked.steps
        lowered = tuple(step.lower() for step in steps)
        for length in range(len(lowered), 0, -1):
            endpoint = self.endpoints.get(lowered[:length])
            if endpoint is not None:
                return endpoint, steps[length:]
        if lowered == ("metadata",) and asked.get("api-version") not in self.gate.versions:
            raise RefusalError(self.gate.refuse(asked.get("api-version")))  # recorded
        raise RefusalError(NOT_FOUND_IDENTITY if _is_identity(asked) else NOT_FOUND)


def _is_identity(asked: Asked) -> bool:
    return tuple(step.lower() for step in asked.steps[:2]) == ("metadata", "identity")
