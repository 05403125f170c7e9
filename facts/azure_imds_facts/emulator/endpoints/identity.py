# SPDX-License-Identifier: Apache-2.0
"""The endpoints below /metadata/identity: access tokens signed by an untrusted key, and the id of the tenant."""

from __future__ import annotations

import re
import time
import uuid
from typing import TYPE_CHECKING, Any

from azure_imds_facts.emulator.http.response import HttpError, Response, identity_error_response, json_response
from azure_imds_facts.emulator.http.statuses import build_status_response
from azure_imds_facts.emulator.versions import IDENTITY_SINCE

from .checks import check_duplicates

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from azure_imds_facts.emulator.http.request import Request
    from azure_imds_facts.emulator.vm.identities import Identity

    from .authority import Authority
    from .checks import VersionPolicy

__all__ = ["IdentityInfoEndpoint", "TokenEndpoint", "select_identity"]

_MAX_CACHED_TOKENS = 1000
# Recorded texts.
_IDENTITY_NOT_FOUND = identity_error_response("invalid_request", "Identity not found")
_AMBIGUOUS_IDENTITY = identity_error_response(
    "invalid_request",
    "Multiple user assigned identities exist, please specify the clientId / resourceId of the identity in the"
    " token request",
)
# That the selectors exclude each other is documented, the text is assumed.
_CONFLICTING_SELECTORS = identity_error_response(
    "invalid_request", "Only one of client_id, object_id and msi_res_id may be specified"
)
# The text is recorded, its envelope assumed.
_MISSING_RESOURCE = identity_error_response("invalid_request", "Required audience parameter not specified")
# A resource is a URI or an application id. That any other text is unknown to the tenant is assumed.
_RESOURCE = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://\S+|[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


def select_identity(identities: Sequence[Identity], request: Request) -> Identity:
    """Return the identity that a request selects by `client_id`, `object_id` or `msi_res_id` (documented).

    `mi_res_id` is accepted too (assumed). Without a selector: the system-assigned identity, else the only
    user-assigned one.

    Raises:
        HttpError: 400, no identity matches, or more than one (recorded).
    """
    names = ("client_id", "object_id", "msi_res_id", "mi_res_id")
    selectors = [(name, value) for name in names for value in [request.parameter(name)] if value]
    if len(selectors) > 1:
        raise HttpError(_CONFLICTING_SELECTORS)
    if selectors:
        candidates = [identity for identity in identities if _matches(identity, *selectors[0])]
    else:
        candidates = [identity for identity in identities if identity.is_system] or list(identities)
    if len(candidates) != 1:
        raise HttpError(_AMBIGUOUS_IDENTITY if candidates else _IDENTITY_NOT_FOUND)
    return candidates[0]


def _matches(identity: Identity, selector: str, value: str) -> bool:
    own = {"client_id": identity.client_id, "object_id": identity.object_id}.get(selector, identity.resource_id)
    return bool(own) and own.lower() == value.lower()


class TokenEndpoint:
    """Access tokens. One is reused for each identity and resource until it expires (assumed) or is bypassed.

    `issuer` is that of the cloud, without the tenant.
    """

    def __init__(
        self,
        *,
        identities: Sequence[Identity],
        tenant_id: str,
        policy: VersionPolicy,
        authority: Authority,
        issuer: str,
        lifetime_s: int,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._identities = identities
        self._tenant_id = tenant_id
        self._policy = policy
        self._authority = authority
        self._issuer = f"{issuer}/{tenant_id}/"
        self._lifetime_s = lifetime_s
        self._clock = clock
        self._cache: dict[tuple[str, str], tuple[int, str]] = {}

    def respond(self, request: Request, subpath: Sequence[str]) -> Response:
        """Return a token. All numbers are strings (recorded)."""
        _check_request(request, subpath, self._policy, since=IDENTITY_SINCE)
        resource = self._check_resource(request.parameter("resource"))
        identity = select_identity(self._identities, request)
        bypass_cache = request.parameter("bypass_cache") == "true"
        expires_on, token = self._issue(identity, resource, bypass_cache=bypass_cache)
        expires_in = str(expires_on - int(self._clock()))
        return json_response(
            {
                "access_token": token,
                "client_id": identity.client_id,
                "expires_in": expires_in,
                "expires_on": str(expires_on),
                "ext_expires_in": expires_in,
                "not_before": str(expires_on - self._lifetime_s),
                "resource": resource,
                "token_type": "Bearer",
            }
        )

    def _check_resource(self, resource: str | None) -> str:
        if not resource:
            raise HttpError(_MISSING_RESOURCE)
        if not _RESOURCE.fullmatch(resource):
            # Documented: AADSTS500011 for a resource that is unknown to the tenant.
            text = (
                f"AADSTS500011: The resource principal named {resource} was not found in the tenant named"
                f" {self._tenant_id}."
            )
            raise HttpError(identity_error_response("invalid_resource", text))
        return resource

    def _issue(self, identity: Identity, resource: str, *, bypass_cache: bool) -> tuple[int, str]:
        now = int(self._clock())
        cached = self._cache.get((identity.client_id, resource))
        if cached is not None and cached[0] > now and not bypass_cache:
            return cached
        expires_on = now + self._lifetime_s
        token = self._authority.sign_token(self._build_claims(identity, resource, now, expires_on))
        # Bounds the cache for a client that requests ever new resources.
        if len(self._cache) >= _MAX_CACHED_TOKENS:
            self._cache.clear()
        self._cache[identity.client_id, resource] = expires_on, token
        return expires_on, token

    def _build_claims(self, identity: Identity, resource: str, now: int, expires_on: int) -> dict[str, Any]:
        return {
            "aud": resource,
            "iss": self._issuer,
            "iat": now,
            "nbf": now,
            "exp": expires_on,
            "appid": identity.client_id,
            "appidacr": "2",
            "idp": self._issuer,
            "idtyp": "app",
            "oid": identity.object_id,
            "sub": identity.object_id,
            "tid": self._tenant_id,
            "uti": uuid.uuid4().hex[:22],
            "ver": "1.0",
        }


class IdentityInfoEndpoint:
    """The id of the tenant of the machine's identities (documented)."""

    def __init__(self, *, tenant_id: str, policy: VersionPolicy) -> None:
        self._tenant_id = tenant_id
        self._policy = policy

    def respond(self, request: Request, subpath: Sequence[str]) -> Response:
        """Return `{"tenantId":…}`."""
        _check_request(request, subpath, self._policy, since=IDENTITY_SINCE)
        return json_response({"tenantId": self._tenant_id})


def _check_request(request: Request, subpath: Sequence[str], policy: VersionPolicy, *, since: str) -> None:
    """Check path, method, parameters and api-version. Statuses are documented for identity, their texts assumed."""
    if subpath:
        raise HttpError(build_status_response(404, identity=True))
    if request.method != "GET":
        raise HttpError(build_status_response(405, identity=True))
    check_duplicates(request)
    if policy.check(request) < since:
        raise HttpError(build_status_response(404, identity=True))
