# SPDX-License-Identifier: Apache-2.0
"""/metadata/identity: access tokens, well-formed and signed by a key that nobody trusts, and the tenant's id."""

from __future__ import annotations

import re
import time
import uuid
from typing import TYPE_CHECKING, Any

from azure_imds_facts.emulator.http.response import (
    NOT_ALLOWED,
    NOT_FOUND_IDENTITY,
    Answer,
    RefusalError,
    identity_error,
    json_answer,
)
from azure_imds_facts.emulator.versions import IDENTITY_INFO_SINCE, OAUTH_SINCE
from azure_imds_facts.emulator.vm.identities import Identity, choose_identity

from .instance import refuse_duplicates

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from azure_imds_facts.emulator.http.request import Asked

    from .authority import Authority
    from .endpoint import VersionGate

__all__ = ["IdentityInfoEndpoint", "TokenEndpoint"]

# The text is recorded, its envelope assumed.
_NO_RESOURCE = identity_error("invalid_request", "Required audience parameter not specified")
# A resource is a URI or an application's id; that nothing else is ever registered is assumed.
_RESOURCE = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://\S+|[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


class TokenEndpoint:
    """Hands out one token for each identity and resource until it has expired (assumed), or `bypass_cache=true`."""

    def __init__(
        self,
        *,
        identities: Sequence[Identity],
        tenant_id: str,
        gate: VersionGate,
        authority: Authority,
        lifetime_s: int,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._identities = identities
        self._tenant_id = tenant_id
        self._gate = gate
        self._authority = authority
        self._lifetime_s = lifetime_s
        self._clock = clock
        self._issued: dict[tuple[str, str], tuple[int, str]] = {}

    def answer(self, asked: Asked, rest: Sequence[str]) -> Answer:
        """Answer a token; all its numbers are strings (recorded)."""
        _check(asked, rest)
        self._gate.check(asked, since=OAUTH_SINCE)
        resource = self._check_resource(asked.get("resource"))
        identity = choose_identity(self._identities, asked)
        expires_on, token = self._issue(identity, resource, fresh=asked.get("bypass_cache") == "true")
        left = str(expires_on - int(self._clock()))
        return json_answer(
            {
                "access_token": token,
                "client_id": identity.client_id,
                "expires_in": left,
                "expires_on": str(expires_on),
                "ext_expires_in": left,
                "not_before": str(expires_on - self._lifetime_s),
                "resource": resource,
                "token_type": "Bearer",
            }
        )

    def _check_resource(self, resource: str | None) -> str:
        if not resource:
            raise RefusalError(_NO_RESOURCE)
        if not _RESOURCE.fullmatch(resource):
            # Documented: AADSTS500011 for a resource that the tenant does not know.
            text = (
                f"AADSTS500011: The resource principal named {resource} was not found in the tenant named"
                f" {self._tenant_id}."
            )
            raise RefusalError(identity_error("invalid_resource", text))
        return resource

    def _issue(self, identity: Identity, resource: str, *, fresh: bool) -> tuple[int, str]:
        now = int(self._clock())
        held = self._issued.get((identity.client_id, resource))
        if held is not None and held[0] > now and not fresh:
            return held
        expires_on = now + self._lifetime_s
        token = self._authority.sign_token(self._claims(identity, resource, now, expires_on))
        # Other resources would pile up without end if a client asked for ever new ones.
        if len(self._issued) >= 1000:
            self._issued.clear()
        self._issued[identity.client_id, resource] = expires_on, token
        return expires_on, token

    def _claims(self, identity: Identity, resource: str, now: int, expires_on: int) -> dict[str, Any]:
        issuer = f"https://sts.windows.net/{self._tenant_id}/"
        return {
            "aud": resource,
            "iss": issuer,
            "iat": now,
            "nbf": now,
            "exp": expires_on,
            "appid": identity.client_id,
            "appidacr": "2",
            "idp": issuer,
            "idtyp": "app",
            "oid": identity.object_id,
            "sub": identity.object_id,
            "tid": self._tenant_id,
            "uti": uuid.uuid4().hex[:22],
            "ver": "1.0",
        }


class IdentityInfoEndpoint:
    """The id of the tenant that the machine's identities live in (documented)."""

    def __init__(self, *, tenant_id: str, gate: VersionGate) -> None:
        self._tenant_id = tenant_id
        self._gate = gate

    def answer(self, asked: Asked, rest: Sequence[str]) -> Answer:
        """Answer `{"tenantId":…}`."""
        _check(asked, rest)
        self._gate.check(asked, since=IDENTITY_INFO_SINCE)
        return json_answer({"tenantId": self._tenant_id})


def _check(asked: Asked, rest: Sequence[str]) -> None:
    if rest:
        raise RefusalError(NOT_FOUND_IDENTITY)
    if asked.method != "GET":
        raise RefusalError(NOT_ALLOWED)
    refuse_duplicates(asked)
