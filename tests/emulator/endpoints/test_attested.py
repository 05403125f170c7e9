# SPDX-License-Identifier: Apache-2.0
"""/metadata/attested/document: the signature verifies with openssl, and the signed payload."""

from __future__ import annotations

import base64
import calendar
import datetime as dt
import json
import shutil
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from azure_imds_facts.emulator import Emulator
from cryptography import x509
from cryptography.hazmat.primitives.serialization import pkcs7
from cryptography.x509.verification import PolicyBuilder, Store, VerificationError

from tests.emulator.client import Response, StartEmulator, send_request


def get_attested(emulator: Emulator, query: str = "", *, version: str = "2021-02-01") -> Response:
    """Request the attested document."""
    return send_request(emulator.url, f"/metadata/attested/document?api-version={version}{query}")


def run_openssl(*arguments: str, input_: bytes | None = None) -> subprocess.CompletedProcess[bytes]:
    """Run openssl."""
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not installed")
    return subprocess.run(["openssl", *arguments], input=input_, capture_output=True, check=False)


Verify = Callable[[Emulator, Response], Any]


@pytest.fixture
def verify(tmp_path: Path) -> Callable[[Emulator, Response], Any]:
    """Verify a signature with openssl against the exported authority; return the payload."""

    def run(emulator: Emulator, response: Response) -> Any:
        emulator.export_keys(tmp_path)
        signature = tmp_path / "signature.der"
        signature.write_bytes(base64.b64decode(response.json["signature"]))
        result = run_openssl(
            "smime", "-verify", "-in", str(signature), "-inform", "DER",
            "-CAfile", str(tmp_path / "ca.pem"), "-purpose", "any",
        )  # fmt: skip
        assert result.returncode == 0, result.stderr.decode()
        return json.loads(result.stdout)

    return run


def test_openssl_verifies_the_signature(start_emulator: StartEmulator, verify: Verify) -> None:
    """The signature verifies up to the exported root, and the payload describes this machine."""
    emulator = start_emulator(cloud="government")
    response = get_attested(emulator, "&nonce=1234567890")
    assert list(response.json) == ["encoding", "signature"]
    assert response.json["encoding"] == "pkcs7"
    payload = verify(emulator, response)
    compute = emulator.document["compute"]
    assert list(payload) == ["licenseType", "nonce", "plan", "sku", "subscriptionId", "timeStamp", "vmId"]
    assert payload["nonce"] == "1234567890"
    assert {name: payload[name] for name in ("sku", "subscriptionId", "vmId")} == {
        name: compute[name] for name in ("sku", "subscriptionId", "vmId")
    }


def test_the_certificate_names_cloud_and_region(start_emulator: StartEmulator, tmp_path: Path) -> None:
    """The signer's common name is the cloud's domain, its alternative names are that, and with the region before it."""
    start_emulator(cloud="government").export_keys(tmp_path)
    certificate = x509.load_pem_x509_certificate((tmp_path / "attested.pem").read_bytes())
    assert certificate.subject.rfc4514_string() == "CN=metadata.azure.us"
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["usgovvirginia.metadata.azure.us", "metadata.azure.us"]


def test_the_form_of_a_signature_is_azure_s(start_emulator: StartEmulator) -> None:
    """There are no signed attributes, the digest is named by the OID of its use with RSA, and the leaf is alone.

    So it was recorded from 2018 to 2026. The content lies in it as it is, where Microsoft's sample looks for the nonce.
    """
    emulator = start_emulator()
    signed = base64.b64decode(get_attested(emulator, "&nonce=1234567890").json["signature"])
    (leaf,) = pkcs7.load_der_pkcs7_certificates(signed)
    assert b'"nonce":"1234567890"' in signed
    lines = run_openssl("asn1parse", "-inform", "DER", input_=signed).stdout.decode().splitlines()
    names = [line.split(":")[-1] for line in lines if "OBJECT" in line]
    assert names[:2] == ["pkcs7-signedData", "sha256WithRSAEncryption"]
    assert names[-2:] == ["sha256WithRSAEncryption", "rsaEncryption"]
    assert not {"contentType", "messageDigest", "signingTime", "sha256"} & set(names)
    assert leaf.issuer != leaf.subject


def test_a_strict_verifier_of_servers_accepts_the_chain(start_emulator: StartEmulator, tmp_path: Path) -> None:
    """From the leaf's "CA Issuers" to the root, under the rules of browsers, for each of its names; and no other root."""
    emulator = start_emulator()
    (leaf,) = pkcs7.load_der_pkcs7_certificates(base64.b64decode(get_attested(emulator).json["signature"]))
    access = leaf.extensions.get_extension_for_class(x509.AuthorityInformationAccess).value
    place = access[0].access_location.value
    assert place.startswith(emulator.url)
    response = send_request(emulator.url, place.removeprefix(emulator.url), headers={})
    assert (response.status, response.headers["Content-Type"]) == (200, "application/pkix-cert")
    intermediate = x509.load_der_x509_certificate(response.body)
    emulator.export_keys(tmp_path)
    other = start_emulator()
    other.export_keys(tmp_path / "other")
    roots = [x509.load_pem_x509_certificate((tmp_path / name).read_bytes()) for name in ("root.pem", "other/root.pem")]
    for name in ("westeurope.metadata.azure.com", "metadata.azure.com"):
        builder = PolicyBuilder().time(dt.datetime.now(dt.timezone.utc).replace(tzinfo=None))
        own, foreign = (builder.store(Store([root])).build_server_verifier(x509.DNSName(name)) for root in roots)
        assert own.verify(leaf, [intermediate]) == [leaf, intermediate, roots[0]]
        with pytest.raises(VerificationError):
            foreign.verify(leaf, [intermediate])


def test_a_classic_machine_has_an_id(start_emulator: StartEmulator, verify: Verify) -> None:
    """Of a classic machine `vmId` alone is certain (documented): the rest is empty."""
    emulator = start_emulator(vm="classic")
    payload = verify(emulator, get_attested(emulator))
    assert payload["vmId"] == start_emulator().document["compute"]["vmId"]
    assert {payload[name] for name in ("licenseType", "sku", "subscriptionId")} == {""}


@pytest.mark.parametrize("cloud", ["stack", "bleu"])
def test_a_cloud_without_attested_documents_has_keys(start_emulator: StartEmulator, tmp_path: Path, cloud: str) -> None:
    """What there is, is exported; the certificate for attested documents is not there."""
    names = {path.name for path in start_emulator(cloud=cloud).export_keys(tmp_path)}
    assert names == {"root.pem", "intermediate.pem", "ca.pem", "token-key.pem", "jwks.json"}
    assert names == {path.name for path in tmp_path.iterdir()}


def test_the_nonce_defaults_to_the_time_of_expiry(start_emulator: StartEmulator, verify: Verify) -> None:
    """Without a nonce it is the time of expiry, six hours after signing."""
    emulator = start_emulator()
    payload = verify(emulator, get_attested(emulator))
    form = "%m/%d/%y %H:%M:%S -0000"
    created, expires = (time.strptime(payload["timeStamp"][name], form) for name in ("createdOn", "expiresOn"))
    assert calendar.timegm(expires) - calendar.timegm(created) == 6 * 3600
    assert abs(calendar.timegm(created) - time.time()) < 60
    assert payload["nonce"] == time.strftime("%Y%m%d-%H%M%S", expires)


@pytest.mark.parametrize(
    ("version", "absent"),
    [
        ("2018-10-01", {"subscriptionId", "sku", "licenseType"}),
        ("2019-04-30", {"sku", "licenseType"}),
        ("2019-11-01", {"licenseType"}),
        ("2020-09-01", set()),
    ],
)
def test_each_version_signs_its_fields(
    start_emulator: StartEmulator, verify: Verify, version: str, absent: set[str]
) -> None:
    """Each version adds its fields to the payload."""
    emulator = start_emulator()
    payload = verify(emulator, get_attested(emulator, version=version))
    every = {"licenseType", "nonce", "plan", "sku", "subscriptionId", "timeStamp", "vmId"}
    assert set(payload) == every - absent


def test_rejections(start_emulator: StartEmulator) -> None:
    """A wrong nonce is 400, a version from before the endpoint 404, and Azure Stack Hub has none."""
    emulator = start_emulator()
    assert get_attested(emulator, "&nonce=12-34").status == 400
    assert get_attested(emulator, "&nonce=" + "1" * 33).status == 400
    assert get_attested(emulator, version="2018-04-02").status == 404
    assert get_attested(start_emulator(cloud="stack")).status == 404
