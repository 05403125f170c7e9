# SPDX-License-Identifier: Apache-2.0
"""The endpoint /metadata/attested/document, since 2018-10-01: the signed identity of the machine."""

from __future__ import annotations

import base64
import re
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from azure_imds_facts.emulator.http.response import HttpError, Response, error_response, json_response
from azure_imds_facts.emulator.versions import ATTESTED_SINCE
from azure_imds_facts.emulator.vm.machine import Machine, encode_json

from .checks import VersionPolicy, check_duplicates, check_method
from .error_responses import NOT_FOUND

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from azure_imds_facts.emulator.http.request import Request

    from .authority import Authority

__all__ = ["AttestedEndpoint", "build_payload"]

_VALIDITY_S = 6 * 3600  # recorded
# Up to 32 letters and digits (documented in the swagger). The rejection is assumed.
_NONCE = re.compile(r"[0-9A-Za-z]{1,32}")
_INVALID_NONCE = error_response(400, "Bad request. Invalid nonce")


def build_payload(compute: dict[str, Any], version: str, nonce: str | None, now: float) -> dict[str, Any]:
    """Return the payload to sign, in its order (documented). The nonce defaults to the time of expiry (recorded)."""
    expires = time.gmtime(now + _VALIDITY_S)
    plan = compute.get("plan") or {}
    fields: list[tuple[str, str, object]] = [
        ("2020-09-01", "licenseType", compute.get("licenseType") or ""),
        ("", "nonce", nonce or time.strftime("%Y%m%d-%H%M%S", expires)),
        ("", "plan", {name: plan.get(name) or "" for name in ("name", "product", "publisher")}),
        ("2019-11-01", "sku", compute.get("sku") or ""),
        ("2019-04-30", "subscriptionId", compute.get("subscriptionId") or ""),
        ("", "timeStamp", {"createdOn": _format_time(time.gmtime(now)), "expiresOn": _format_time(expires)}),
        ("", "vmId", compute.get("vmId") or ""),
    ]
    return {name: value for since, name, value in fields if since <= version}


def _format_time(moment: time.struct_time) -> str:
    return time.strftime("%m/%d/%y %H:%M:%S -0000", moment)


@dataclass(frozen=True)
class AttestedEndpoint:
    """The attested document, signed for each request. `find_vm_id` returns the id of the machine."""

    machine: Machine
    policy: VersionPolicy
    authority: Authority
    find_vm_id: Callable[[], str]
    clock: Callable[[], float] = time.time

    def respond(self, request: Request, subpath: Sequence[str]) -> Response:
        """Return `{"encoding":"pkcs7","signature":…}`, the signature in base64."""
        if subpath:
            raise HttpError(NOT_FOUND)
        check_method(request, "GET")
        check_duplicates(request)
        version = self.policy.check(request, since=ATTESTED_SINCE)
        nonce = request.parameter("nonce")
        if nonce and not _NONCE.fullmatch(nonce):
            raise HttpError(_INVALID_NONCE)
        compute = {**self.machine.compute, "vmId": self.find_vm_id()}
        payload = build_payload(compute, version, nonce, self.clock())
        signature = self.authority.sign_document(encode_json(payload, sort=False))
        return json_response({"encoding": "pkcs7", "signature": base64.b64encode(signature).decode()})
