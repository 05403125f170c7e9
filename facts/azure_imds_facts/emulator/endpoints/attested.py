# SPDX-License-Identifier: Apache-2.0
"""/metadata/attested/document, since 2018-10-01: who this machine is, signed."""

from __future__ import annotations

import base64
import re
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from azure_imds_facts.emulator.http.response import NOT_FOUND, Answer, RefusalError, error, json_answer
from azure_imds_facts.emulator.versions import ATTESTED_SINCE
from azure_imds_facts.emulator.vm.machine import Machine, write_json

from .endpoint import VersionGate, refuse_method
from .instance import refuse_duplicates

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from azure_imds_facts.emulator.http.request import Asked

    from .authority import Authority

__all__ = ["AttestedEndpoint", "build_payload"]

_LIFE_S = 6 * 3600  # recorded
# Up to 32 letters and digits (documented in the swagger); the refusal is assumed.
_NONCE = re.compile(r"[0-9A-Za-z]{1,32}")
_BAD_NONCE = error(400, "Bad request. Invalid nonce")


def build_payload(compute: dict[str, Any], version: str, nonce: str | None, now: float) -> dict[str, Any]:
    """Return what is signed, in its order (documented); the nonce is the time of expiry by default (recorded)."""
    expires = time.gmtime(now + _LIFE_S)
    plan = compute.get("plan") or {}
    fields: list[tuple[str, str, object]] = [
        ("2020-09-01", "licenseType", compute.get("licenseType") or ""),
        ("", "nonce", nonce or time.strftime("%Y%m%d-%H%M%S", expires)),
        ("", "plan", {name: plan.get(name) or "" for name in ("name", "product", "publisher")}),
        ("2019-11-01", "sku", compute.get("sku") or ""),
        ("2019-04-30", "subscriptionId", compute.get("subscriptionId") or ""),
        ("", "timeStamp", {"createdOn": _spell(time.gmtime(now)), "expiresOn": _spell(expires)}),
        ("", "vmId", compute.get("vmId") or ""),
    ]
    return {name: value for since, name, value in fields if since <= version}


def _spell(moment: time.struct_time) -> str:
    return time.strftime("%m/%d/%y %H:%M:%S -0000", moment)


@dataclass(frozen=True)
class AttestedEndpoint:
    """Signs a payload afresh for each request."""

    machine: Machine
    gate: VersionGate
    authority: Authority
    clock: Callable[[], float] = time.time

    def answer(self, asked: Asked, rest: Sequence[str]) -> Answer:
        """Answer `{"encoding":"pkcs7","signature":…}`, the signature in base64."""
        if rest:
            raise RefusalError(NOT_FOUND)
        refuse_method(asked, "GET")
        refuse_duplicates(asked)
        version = self.gate.check(asked, since=ATTESTED_SINCE)
        nonce = asked.get("nonce")
        if nonce and not _NONCE.fullmatch(nonce):
            raise RefusalError(_BAD_NONCE)
        payload = build_payload(self.machine.compute, version, nonce, self.clock())
        signature = self.authority.sign_document(write_json(payload, sort=False))
        return json_answer({"encoding": "pkcs7", "signature": base64.b64encode(signature).decode()})
