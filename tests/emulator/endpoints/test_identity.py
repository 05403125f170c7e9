# SPDX-License-Identifier: Apache-2.0
"""/metadata/identity: tokens that verify, the recorded errors, the tenant."""

from __future__ import annotations

import base64
import json
import time
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from azure_imds_facts.emulator import Emulator
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey, RSAPublicNumbers
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from tests.emulator.client import Response, StartEmulator, send_request

VAULT = "https://vault.azure.net"


def get_token(emulator: Emulator, query: str = "", *, resource: str = VAULT) -> Response:
    """Request a token."""
    wanted = f"&resource={quote(resource)}" if resource else ""
    return send_request(emulator.url, f"/metadata/identity/oauth2/token?api-version=2018-02-01{wanted}{query}")


def decode_json(part: str) -> Any:
    """Read a part of a token."""
    return json.loads(decode_base64url(part))


def decode_base64url(part: str) -> bytes:
    """Read base64url without its padding."""
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


def test_a_token_verifies_with_the_exported_key(start_emulator: StartEmulator, tmp_path: Path) -> None:
    """The signature of a token verifies with the key set that is exported, and a changed token does not."""
    emulator = start_emulator()
    emulator.export_keys(tmp_path)
    head, claims, signature = get_token(emulator).json["access_token"].split(".")
    key = json.loads((tmp_path / "jwks.json").read_text())["keys"][0]
    assert decode_json(head) == {"typ": "JWT", "alg": "RS256", "x5t": key["kid"], "kid": key["kid"]}
    numbers = RSAPublicNumbers(*(int.from_bytes(decode_base64url(key[name]), "big") for name in ("e", "n")))
    signed = f"{head}.{claims}".encode()
    numbers.public_key().verify(decode_base64url(signature), signed, PKCS1v15(), hashes.SHA256())
    from_pem = load_pem_public_key((tmp_path / "token-key.pem").read_bytes())
    assert isinstance(from_pem, RSAPublicKey)
    assert from_pem.public_numbers() == numbers
    with pytest.raises(InvalidSignature):
        from_pem.verify(decode_base64url(signature), signed + b"x", PKCS1v15(), hashes.SHA256())


def test_claims_and_members_of_a_token(start_emulator: StartEmulator) -> None:
    """The answer has the recorded members, numbers as strings, and the claims fit them."""
    emulator = start_emulator()
    before = int(time.time())
    answer = get_token(emulator).json
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
    claims = decode_json(answer["access_token"].split(".")[1])
    identity = emulator.identities[0]
    assert (claims["aud"], claims["appid"], claims["oid"]) == (VAULT, identity.client_id, identity.object_id)
    assert claims["exp"] == int(answer["expires_on"])
    assert claims["iss"].endswith(f"/{claims['tid']}/")


def test_a_token_is_cached_until_it_expires(start_emulator: StartEmulator) -> None:
    """The same token comes back for an identity and resource, unless bypass_cache=true or it has expired."""
    emulator = start_emulator(token_lifetime=2)
    first = get_token(emulator).json["access_token"]
    assert get_token(emulator).json["access_token"] == first
    assert get_token(emulator, "&bypass_cache=true").json["access_token"] != first
    second = get_token(emulator).json["access_token"]
    time.sleep(2.1)
    assert get_token(emulator).json["access_token"] != second


@pytest.mark.parametrize("selector", ["client_id", "object_id", "msi_res_id", "mi_res_id"])
def test_a_user_assigned_identity_is_chosen(start_emulator: StartEmulator, selector: str) -> None:
    """Each selector finds its identity, without case."""
    emulator = start_emulator(identities=["system", "deploy", "backup"])
    wanted = emulator.identities[2]
    own = {"client_id": wanted.client_id, "object_id": wanted.object_id}.get(selector, wanted.resource_id)
    assert get_token(emulator, f"&{selector}={quote(own.upper())}").json["client_id"] == wanted.client_id


def test_without_selector(start_emulator: StartEmulator) -> None:
    """The system-assigned identity is meant, else the only user-assigned one."""
    both = start_emulator(identities=["deploy", "system"])
    assert get_token(both).json["client_id"] == both.identities[1].client_id
    one = start_emulator(identities=["deploy"])
    assert get_token(one).json["client_id"] == one.identities[0].client_id


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
def test_errors(start_emulator: StartEmulator, identities: list[str], query: str, resource: str, text: str) -> None:
    """Each error is 400 with the recorded code and text."""
    response = get_token(start_emulator(identities=identities), query, resource=resource)
    assert (response.status, response.json) == (400, {"error": INVALID, "error_description": text})


def test_an_unknown_resource(start_emulator: StartEmulator) -> None:
    """A resource that is neither a URI nor an application id is unknown to the tenant."""
    response = get_token(start_emulator(), resource="nonsense")
    assert (response.status, response.json["error"]) == (400, "invalid_resource")
    assert response.json["error_description"].startswith("AADSTS500011:")


def test_the_header_and_the_directory(start_emulator: StartEmulator) -> None:
    """Identity has an envelope of its own for a missing header, and a 404 with a capital F."""
    url = start_emulator().url
    response = send_request(url, "/metadata/identity/oauth2/token", headers={})
    assert response.json == {
        "error": "bad_request_102",
        "error_description": "Required metadata header not specified",
    }
    assert (send_request(url, "/metadata/identity").status, send_request(url, "/metadata/identity").body) == (
        404,
        b'{"error":"Not Found"}',
    )


def test_the_tenant(start_emulator: StartEmulator) -> None:
    """/metadata/identity/info returns the tenant of the tokens."""
    emulator = start_emulator(tenant_id="11111111-2222-3333-4444-555555555555")
    response = send_request(emulator.url, "/metadata/identity/info?api-version=2018-02-01")
    assert response.json == {"tenantId": "11111111-2222-3333-4444-555555555555"}
    claims = decode_json(get_token(emulator).json["access_token"].split(".")[1])
    assert claims["tid"] == "11111111-2222-3333-4444-555555555555"


@pytest.mark.parametrize(
    ("cloud", "issuer"),
    [
        ("public", "https://sts.windows.net"),
        ("government", "https://sts.windows.net"),
        ("china", "https://sts.chinacloudapi.cn"),
        ("german", "https://sts.microsoftonline.de"),
    ],
)
def test_the_issuer_is_the_cloud_s(start_emulator: StartEmulator, cloud: str, issuer: str) -> None:
    """A token's issuer is that of the cloud's directory, with the tenant."""
    emulator = start_emulator(cloud=cloud, tenant_id="11111111-2222-3333-4444-555555555555")
    claims = decode_json(get_token(emulator).json["access_token"].split(".")[1])
    assert claims["iss"] == claims["idp"] == f"{issuer}/11111111-2222-3333-4444-555555555555/"
