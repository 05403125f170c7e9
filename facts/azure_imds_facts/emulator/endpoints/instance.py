# SPDX-License-Identifier: Apache-2.0
"""/metadata/instance and /metadata/versions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from azure_imds_facts.emulator.http.response import BAD_FORMAT, DUPLICATE, NOT_FOUND, Answer, RefusalError, json_answer
from azure_imds_facts.emulator.versions import EXTENDED_SINCE
from azure_imds_facts.emulator.vm.machine import Machine, RawMachine

from .elements import render, walk
from .endpoint import VersionGate, refuse_method

if TYPE_CHECKING:
    from collections.abc import Sequence

    from azure_imds_facts.emulator.http.request import Asked

__all__ = ["InstanceEndpoint", "VersionsEndpoint", "read_format", "refuse_duplicates"]


def refuse_duplicates(asked: Asked) -> None:
    """Refuse a query parameter that is there twice (documented; body assumed).

    Raises:
        RefusalError: 400.
    """
    if asked.has_duplicates():
        raise RefusalError(DUPLICATE)


def read_format(asked: Asked) -> str:
    """Return `json` or `text`, compared without case; any other value is refused (assumed).

    Raises:
        RefusalError: 400.
    """
    format_name = (asked.get("format") or "json").lower()
    if format_name not in ("json", "text"):
        raise RefusalError(BAD_FORMAT)
    return format_name


@dataclass(frozen=True)
class InstanceEndpoint:
    """The machine's document, whole or in part."""

    machine: Machine
    gate: VersionGate

    def answer(self, asked: Asked, rest: Sequence[str]) -> Answer:
        """Answer with the element at `rest`; names below /metadata/instance are case-sensitive (documented)."""
        refuse_method(asked, "GET")
        refuse_duplicates(asked)
        version = self.gate.check(asked)
        format_name = read_format(asked)
        extended = (asked.get("extended") or "").lower() == "true" and version >= EXTENDED_SINCE
        if not rest and format_name == "json":
            return Answer(body=self.machine.whole(version, extended=extended))
        found = walk(self.machine.view(version, extended=extended), rest)
        return render(found, format_name, sort=not isinstance(self.machine, RawMachine))


@dataclass(frozen=True)
class VersionsEndpoint:
    """The list of versions, oldest first; the one endpoint that takes no api-version (documented)."""

    versions: tuple[str, ...]

    def answer(self, asked: Asked, rest: Sequence[str]) -> Answer:
        """Answer `{"apiVersions":[…]}`."""
        if rest:
            raise RefusalError(NOT_FOUND)
        refuse_method(asked, "GET")
        return json_answer({"apiVersions": sorted(self.versions)})
