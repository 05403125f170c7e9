# SPDX-License-Identifier: Apache-2.0
"""/metadata/identity: tokens that verify, the recorded errors, the tenant."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest
from azure_imds_facts.emulator import Emulator
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey, RSAPublicNumbers
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from .conftest import Reply, ask

if TYPE_CHECKING:
    from pathlib import Path

Emulate = Callable[..., Emulator]
VAULT = "https://vault.azure.net"


def token(emulator: Emulator, query: str = "", *, resource: str = VAULT) -> Reply:
    """Ask for a token."""
    wanted = f"&resource={quote(resource)}" if resource else ""
    return ask(emulator.url, f"/metadata/identity/oauth2/token?api-version=2018-02-01{wanted}{query}")


def decode(part: str) -> Any:
    """Read a part of a token."""
    return json.loads(unpad(part))


def unpad(part: str) -> bytes:
    """Read base64url without its padding."""
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


def test_a_token_verifies_with_the_exported_key(emulate: Emulate, tmp_path: Path) -> None:
    """The signature of a token verifies with the key set that is exported, and a changed token does not."""
    emulator = emulate()
    emulator.export_keys(tmp_path)
    head, claims, signature = token(emulator).json["access_token"].split(".")
    key = json.loads((tmp_path / "jwks.json").read_text())["keys"][0]
    assert decode(head) == {"typ": "JWT", "alg": "RS256", "x5t": key["kid"], "kid": key["kid"]}
    numbers = RSAPublicNumbers(*(int.from_bytes(unpad(key[name]), "big") for name in ("e", "n")))
    signed = f"{head}.{claims}".encode()
    numbers.public_key().verify(unpad(signature), signed, PKCS1v15(), hashes.SHA256())
    from_pem = load_pem_public_key((tmp_path / "token-key.pem").read_bytes())
    assert isinstance(from_pem, RSAPublicKey)
    assert from_pem.public_numbers() == numbers
    with pytest.raises(InvalidSignature):
        from_pem.verify(unpad(signature), signed + b"x", PKCS1v15(), hashes.SHA256())


def test_what_a_token_says(emulate: Emulate) -> None:
    """The answer has the recorded members, numbers as strings, and the claims fit them."""
    emulator = emulate()
    before = int(time.time())
    answer = token(emulator).json
    assert list(answer) == [
        "access_token",
        "client_id",
        "expires_in",
        "expires_on",
        "ext_expires_in",
        "not_before",
        "resource",
        "token_type",
    ]
    assert all(isinstance(value, str) for value in answer.values())
    assert before + 86400 <= int(answer["expires_on"]) <= time.time() + 86400
    claims = decode(answer["access_token"].split(".")[1])
    identity = emulator.identities[0]
    assert (claims["aud"], claims["appid"], claims["oid"]) == (VAULT, identity.client_id, identity.object_id)
    assert claims["exp"] == int(answer["expires_on"])
    assert claims["iss"].endswith(f"/{claims['tid']}/")


def test_a_token_is_kept_until_it_expires(emulate: Emulate) -> None:
    """The same token comes back for an identity and resource, unless bypass_cache=true or it has expired."""
    emulator = emulate(token_lifetime=2)
    first = token(emulator).json["access_token"]
    assert token(emulator).json["access_token"] == first
    assert token(emulator, "&bypass_cache=true").json["access_token"] != first
    second = token(emulator).json["access_token"]
    time.sleep(2.1)
    assert token(emulator).json["access_token"] != second


@pytest.mark.parametrize("selector", ["client_id", "object_id", "msi_res_id", "mi_res_id"])
def test_a_user_assigned_identity_is_chosen(emulate: Emulate, selector: str) -> None:
    """Each selector finds its identity, without case."""
    emulator = emulate(identities=["system", "deploy", "backup"])
    wanted = emulator.identities[2]
    own = {"client_id": wanted.client_id, "object_id": wanted.object_id}.get(selector, wanted.resource_id)
    assert token(emulator, f"&{selector}={quote(own.upper())}").json["client_id"] == wanted.client_id


def test_without_selector(emulate: Emulate) -> None:
    """The system-assigned identity is meant, else the only user-assigned one."""
    both = emulate(identities=["deploy", "system"])
    assert token(both).json["client_id"] == both.identities[1].client_id
    one = emulate(identities=["deploy"])
    assert token(one).json["client_id"] == one.identities[0].client_id


INVALID = "invalid_request"
AMBIGUOUS = (
    "Multiple user assigned identities exist, please specify the clientId / resourceId of the identity in the"
    " token request"
)
CONFLICT = "Only one of client_id, object_id and msi_res_id may be specified"


@pytest.mark.parametrize(
    ("identities", "query", "resource", "text"),
    [
        (["none"], "", VAULT, "Identity not found"),
        (["system"], "&client_id=0", VAULT, "Identity not found"),
        (["a", "b"], "", VAULT, AMBIGUOUS),
        (["system"], "", "", "Required audience parameter not specified"),
        (["a"], "&client_id=1&object_id=2", VAULT, CONFLICT),
    ],
)
def test_errors(emulate: Emulate, identities: list[str], query: str, resource: str, text: str) -> None:
    """Each error is 400 with the recorded code and text."""
    reply = token(emulate(identities=identities), query, resource=resource)
    assert (reply.status, reply.json) == (400, {"error": INVALID, "error_description": text})


def test_an_unknown_resource(emulate: Emulate) -> None:
    """What is neither URI nor application id is a resource that the tenant does not know."""
    reply = token(emulate(), resource="nonsense")
    assert (reply.status, reply.json["error"]) == (400, "invalid_resource")
    assert reply.json["error_description"].startswith("AADSTS500011:")


def test_the_header_and_the_directory(emulate: Emulate) -> None:
    """Identity has an envelope of its own for a missing header, and a 404 with a capital F."""
    url = emulate().url
    reply = ask(url, "/metadata/identity/oauth2/token", headers={})
    assert reply.json == {
        "error": "bad_request_102",
        "error_description": "Required metadata header not specified",
    }
    assert (ask(url, "/metadata/identity").status, ask(url, "/metadata/identity").body) == (
        404,
        b'{"error":"Not Found"}',
    )


def test_the_tenant(emulate: Emulate) -> None:
    """/metadata/identity/info tells the tenant that tokens are of."""
    emulator = emulate(tenant_id="11111111-2222-3333-4444-555555555555")
    reply = ask(emulator.url, "/metadata/identity/info?api-version=2018-10-01")
    assert reply.json == {"tenantId": "11111111-2222-3333-4444-555555555555"}
    claims = decode(token(emulator).json["access_token"].split(".")[1])
    assert claims["tid"] == "11111111-2222-3333-4444-555555555555"
