# SPDX-License-Identifier: Apache-2.0
"""Signed documents that hold, and those that break one rule each, which is named."""

from __future__ import annotations

import base64
import datetime as dt
import json
import os
from dataclasses import replace
from typing import Any

import pytest
from azure_imds_facts.attestation import AttestationError, Trust, errors, read_shipped, verify
from cryptography.hazmat.primitives import hashes
from cryptography.x509.oid import ExtendedKeyUsageOID

from tests.support import attested
from tests.support.attested import (
    FOREIGN_CA,
    FOREIGN_LEAF,
    INTERMEDIATE,
    LEAF,
    MD5,
    NONCE,
    NOW,
    ROOT,
    SHA1,
    SHA256,
    SHA256_RSA,
    SHA512_RSA,
    SUBSCRIPTION,
    VM_ID,
    Document,
    build_content,
    encode,
)

TRUST = Trust(roots=(ROOT.signed,), intermediates=(INTERMEDIATE.signed,))
ASKED: dict[str, Any] = {
    "nonce": NONCE,
    "subscriptions": (SUBSCRIPTION,),
    "vm_id": VM_ID,
    "cloud": "AzureCloud",
    "trust": TRUST,
    "at": NOW + dt.timedelta(seconds=5),
    "is_offline": True,
}
GOOD = Document(build_content())


def after(seconds: float) -> dict[str, Any]:
    """Return when to verify: so many seconds after the document was made."""
    return {"at": NOW + dt.timedelta(seconds=seconds)}


def with_leaf(**changes: Any) -> Document:
    """Return a document by another leaf."""
    return replace(GOOD, signer=replace(LEAF, **changes))


def with_content(**fields: Any) -> Document:
    """Return a document that says something else."""
    return Document(build_content(**fields))


# Name → a document, and how it is asked for where that is special.
HOLDING: dict[str, tuple[Any, dict[str, Any]]] = {
    "IMDS's answer, parsed": (GOOD.answer, {}),
    "IMDS's answer": (json.dumps(GOOD.answer), {}),
    "the signature in base64": (GOOD.base64 + "\n", {}),
    "base64 in lines": (base64.encodebytes(GOOD.der).decode(), {}),
    "PEM": (b"-----BEGIN PKCS7-----\n" + base64.encodebytes(GOOD.der) + b"-----END PKCS7-----\n", {}),
    "DER": (GOOD.der, {}),
    "any nonce, VM, subscription and cloud": (GOOD.der, {"nonce": None, "vm_id": None, "subscriptions": (), "cloud": None}),
    "ids in capitals": (GOOD.der, {"subscriptions": ("x", SUBSCRIPTION.upper()), "vm_id": VM_ID.upper()}),
    "the plain digest's OID": (replace(GOOD, digest_oid=SHA256).der, {}),
    "both algorithms combined": (replace(GOOD, signature_oid=SHA256_RSA).der, {}),
    "no parameters": (replace(GOOD, parameters=b"").der, {}),
    "signed attributes": (replace(GOOD, has_attributes=True).der, {}),
    "the intermediate in it": (replace(GOOD, certificates=(INTERMEDIATE.der, LEAF.der)).der, {"trust": Trust((ROOT.signed,))}),
    "another's certificate first": (replace(GOOD, certificates=(FOREIGN_CA.der, LEAF.der)).der, {}),
    "no subscription, as before 2019-04-30": (with_content(subscriptionId=None, sku=None, licenseType=None).der, {"subscriptions": ()}),
    "a field that nobody has heard of": (with_content(new={"a": 1}).der, {}),
    "as old as it may be": (GOOD.der, after(300 + 120)),
    "a clock that is behind": (GOOD.der, after(-120)),
    "older, where that is asked": (GOOD.der, {"max_age": 7200, **after(7200)}),
    "the domain itself alone": (with_leaf(names=("metadata.azure.com",)).der, {}),
    "another name first": (with_leaf(names=("example.org", "WestUS2.Metadata.Azure.com")).der, {}),
    "the government's": (with_leaf(names=("usgovvirginia.metadata.azure.us",)).der, {"cloud": "azureusgovernment"}),
}  # fmt: skip


@pytest.mark.parametrize("name", HOLDING)
def test_holds(name: str) -> None:
    """The document holds, and says which VM it is and by which root that is proven."""
    document, changes = HOLDING[name]
    claims = verify(document, **{**ASKED, **changes})
    assert (claims.vm_id, claims.nonce, claims.root) == (VM_ID, NONCE, "Test Root")
    assert claims.spell()["proof"]["rootSha256"] == ROOT.signed.fingerprint(hashes.SHA256()).hex()


OTHER = with_content(vmId="11111111-2222-4333-8444-555555555555")
OLD_LEAF = replace(LEAF, begins=NOW - dt.timedelta(days=400), ends=NOW - dt.timedelta(days=35))
NO_AUTHORITY = replace(INTERMEDIATE, subject="Test no CA", is_authority=False)
LEAF_BY_NONE = replace(LEAF, issuer=NO_AUTHORITY)


def cut(size: int) -> bytes:
    """Return the beginning of a good document."""
    return GOOD.der[:size]


def changed(old: bytes, new: bytes, document: Document = GOOD) -> bytes:
    """Return a document in which bytes were replaced after it was signed."""
    assert len(old) == len(new)
    assert old in document.der
    return document.der.replace(old, new)


def nested(depth: int) -> bytes:
    """Return values in values."""
    content = b"\x05\x00"
    for _level in range(depth):
        content = encode(0x30, content)
    return content


FORM, SIGNER, ALGORITHM, SIGNATURE = errors.FormError, errors.SignerError, errors.AlgorithmError, errors.SignatureError
CONTENT, DOMAIN, CHAIN, NONE = errors.ContentError, errors.DomainError, errors.ChainError, errors.IntermediateError
# Name → a document, how it is asked for where that is special, and the rule that it breaks.
BROKEN: dict[str, tuple[Any, dict[str, Any], type[AttestationError]]] = {
    # its form
    "nothing": (b"", {}, FORM),
    "no base64": ("not a document!", {}, FORM),
    "HTML": ("<html></html>", {}, FORM),
    "JSON without a signature": ('{"encoding":"pkcs7"}', {}, FORM),
    "JSON in another encoding": ({**GOOD.answer, "encoding": "jwt"}, {}, FORM),
    "JSON that is cut": (json.dumps(GOOD.answer)[:-2], {}, FORM),
    "a signature that is no text": ({"encoding": "pkcs7", "signature": 1}, {}, FORM),
    "DER that is cut by one": (cut(-1), {}, FORM),
    "DER that is cut in a length": (cut(3), {}, FORM),
    "half of it": (cut(len(GOOD.der) // 2), {}, FORM),
    "something behind it": (GOOD.der + b"\x05\x00", {}, FORM),
    "an indefinite length": (b"\x30\x80" + GOOD.der[4:] + b"\x00\x00", {}, FORM),
    "a longer length than needed": (b"\x30\x83\x00" + GOOD.der[2:], {}, FORM),
    "a megabyte of DER": (encode(0x30, os.urandom(1 << 20)), {}, errors.SizeError),
    "a megabyte of base64": (base64.b64encode(bytes(1 << 20)).decode(), {}, errors.SizeError),
    "a megabyte in JSON": ({"signature": "A" * (1 << 20)}, {}, errors.SizeError),
    "sixty thousand values": (encode(0x30, b"\x05\x00" * 30_000), {}, FORM),
    "values in values": (nested(10_000), {}, FORM),
    "another CMS type": (replace(GOOD, outer_type=attested.DATA).der, {}, FORM),
    "content that is no data": (replace(GOOD, content_type=attested.SIGNED_DATA).der, {}, FORM),
    "a certificate that is none": (replace(GOOD, certificates=(encode(0x30, b"\x02\x01\x01"),)).der, {}, FORM),
    # who signed it
    "no signer": (replace(GOOD, signer_infos=()).der, {}, SIGNER),
    "two signers": (replace(GOOD, signer_infos=(GOOD.signer_info, GOOD.signer_info)).der, {}, SIGNER),
    "another's signature beside it": (
        replace(GOOD, certificates=(LEAF.der, FOREIGN_LEAF.der),
                signer_infos=(GOOD.signer_info, replace(GOOD, signer=FOREIGN_LEAF).signer_info)).der, {}, SIGNER),
    "no certificate": (replace(GOOD, certificates=()).der, {}, SIGNER),
    "the certificate twice": (replace(GOOD, certificates=(LEAF.der, LEAF.der)).der, {}, SIGNER),
    "another's certificate alone": (replace(GOOD, certificates=(FOREIGN_LEAF.der,)).der, {}, SIGNER),
    "nine certificates": (replace(GOOD, certificates=(LEAF.der, *[INTERMEDIATE.der] * 8)).der, {}, SIGNER),
    "a signer named otherwise": (replace(GOOD, signer_infos=(
        encode(0x30, b"\x02\x01\x03", encode(0x80, b"key id"), *[encode(0x30)] * 2, encode(4)),)).der, {}, SIGNER),
    # the signature
    "SHA-1": (replace(GOOD, digest_oid=SHA1).der, {}, ALGORITHM),
    "MD5": (replace(GOOD, digest_oid=MD5).der, {}, ALGORITHM),
    "SHA-1 with RSA": (replace(GOOD, signature_oid=bytes.fromhex("2a864886f70d010105")).der, {}, ALGORITHM),
    "two digests": (replace(GOOD, signature_oid=SHA512_RSA).der, {}, ALGORITHM),
    "parameters": (replace(GOOD, parameters=encode(0x30, SHA256)).der, {}, ALGORITHM),
    "a short key": (with_leaf(key=attested.make_key("short", size=1024)).der, {}, ALGORITHM),
    "a key that is not RSA's": (with_leaf(key=attested.elliptic_key()).der, {}, ALGORITHM),
    "another content": (changed(b"22_04-lts-gen2", b"22_04-lts-gen3"), {}, SIGNATURE),
    "another VM in it": (changed(VM_ID.encode(), VM_ID[::-1].encode()), {}, SIGNATURE),
    "another's key": (replace(GOOD, key=FOREIGN_LEAF.private_key).der, {}, SIGNATURE),
    "the first certificate's key": (
        replace(GOOD, certificates=(FOREIGN_LEAF.der, LEAF.der), key=FOREIGN_LEAF.private_key).der, {}, SIGNATURE),
    "another digest among the attributes": (
        replace(GOOD, has_attributes=True, message_digest=bytes(32)).der, {}, SIGNATURE),
    "another content beside attributes": (
        changed(b"22_04-lts-gen2", b"22_04-lts-gen3", replace(GOOD, has_attributes=True)), {}, SIGNATURE),
    # whose certificate it is
    "another domain": (with_leaf(names=("metadata.azure.com.example.org",)).der, {}, DOMAIN),
    "an ending that is no subdomain": (with_leaf(names=("xmetadata.azure.com",)).der, {}, DOMAIN),
    "the domain as common name alone": (with_leaf(has_alternative_names=False).der, {}, DOMAIN),
    "another cloud's": (GOOD.der, {"cloud": "AzureUSGovernment"}, DOMAIN),
    # what it says
    "no JSON": (Document(b"nonce").der, {}, CONTENT),
    "a list": (Document(b"[]").der, {}, CONTENT),
    "deep JSON": (Document(b"[" * 9000).der, {}, CONTENT),
    "a field twice": (Document(build_content()[:-1] + b',"vmId":"1"}').der, {}, CONTENT),
    "NaN": (Document(build_content()[:-1] + b',"x":NaN}').der, {}, CONTENT),
    "no VM": (with_content(vmId=None).der, {}, CONTENT),
    "a VM that is no id": (with_content(vmId="../x").der, {}, CONTENT),
    "a nonce that is no text": (with_content(nonce=1).der, {}, CONTENT),
    "a subscription that is no text": (with_content(subscriptionId=[SUBSCRIPTION]).der, {}, CONTENT),
    "a sku that is no text": (with_content(sku={}).der, {}, CONTENT),
    "a plan that is no object": (with_content(plan="").der, {}, CONTENT),
    "no time": (with_content(timeStamp=None).der, {}, CONTENT),
    "no end": (with_content(timeStamp={"createdOn": attested.format_time(NOW)}).der, {}, CONTENT),
    "a time of another form": (with_content(timeStamp={"createdOn": "2026-11-27", "expiresOn": ""}).der, {}, CONTENT),
    "a month that is none": (with_content(timeStamp={"createdOn": "13/01/26 00:00:00 -0000", "expiresOn": ""}).der, {}, CONTENT),
    "an end before it began": (Document(build_content(lifetime=dt.timedelta(hours=-1))).der, {}, CONTENT),
    # when it was made
    "too old": (GOOD.der, after(300 + 121), errors.StaleError),
    "an hour old": (GOOD.der, after(3600), errors.StaleError),
    "older than was asked": (GOOD.der, {"max_age": 0, **after(121)}, errors.StaleError),
    "from the future": (GOOD.der, after(-121), errors.FutureError),
    "past its end": (GOOD.der, {"max_age": 1e6, **after(6 * 3600 + 1)}, errors.ExpiredError),
    # whose it is
    "another nonce": (GOOD.der, {"nonce": NONCE[::-1]}, errors.NonceError),
    "a nonce that only begins so": (GOOD.der, {"nonce": NONCE[:-1]}, errors.NonceError),
    "no nonce": (with_content(nonce=None).der, {}, errors.NonceError),
    "another subscription": (GOOD.der, {"subscriptions": (VM_ID,)}, errors.SubscriptionError),
    "no subscription": (with_content(subscriptionId=None).der, {}, errors.SubscriptionError),
    "another VM's": (OTHER.der, {}, errors.VmError),
    # what it chains to
    "a root that is not trusted": (GOOD.der, {"trust": read_shipped().add(intermediates=(INTERMEDIATE.der, ROOT.der))}, CHAIN),
    "Microsoft's names by another's keys": (replace(GOOD, signer=FOREIGN_LEAF, certificates=(FOREIGN_LEAF.der, FOREIGN_CA.der)).der, {}, NONE),
    "its own root in it": (
        replace(GOOD, signer=FOREIGN_LEAF, certificates=(FOREIGN_LEAF.der, FOREIGN_CA.der, attested.FOREIGN_ROOT.der)).der, {}, CHAIN),
    "no intermediate": (GOOD.der, {"trust": Trust((ROOT.signed,))}, NONE),
    "an issuer that is no authority": (
        replace(GOOD, signer=LEAF_BY_NONE, certificates=(LEAF_BY_NONE.der, NO_AUTHORITY.der)).der, {}, CHAIN),
    "a leaf that issues another": (
        with_leaf(issuer=replace(LEAF, subject="somebody.metadata.azure.com")).der, {}, NONE),
    "a certificate that has ended": (replace(GOOD, signer=OLD_LEAF).der, {}, CHAIN),
    "a certificate that has not begun": (with_leaf(begins=NOW + dt.timedelta(days=1)).der, {}, CHAIN),
    "an intermediate that had ended": (GOOD.der, {"trust": Trust((ROOT.signed,), (replace(INTERMEDIATE, ends=NOW - dt.timedelta(days=1)).signed,))}, CHAIN),
    "a certificate for mail": (with_leaf(usage=ExtendedKeyUsageOID.EMAIL_PROTECTION).der, {}, CHAIN),
    "no root at all": (GOOD.der, {"trust": Trust((), (INTERMEDIATE.signed,))}, NONE),
    "a cloud that is not known": (GOOD.der, {"cloud": "AzureStack"}, errors.TrustError),
}  # fmt: skip


@pytest.mark.parametrize("name", BROKEN)
def test_broken(name: str) -> None:
    """The document is refused by the rule that it breaks, with a reason, and without the document in the message."""
    document, changes, error = BROKEN[name]
    with pytest.raises(AttestationError) as refused:
        verify(document, **{**ASKED, **changes})
    assert type(refused.value) is error
    assert refused.value.reason
    assert GOOD.base64[40:80] not in str(refused.value)
    assert NONCE not in str(refused.value)


def test_there_are_forty() -> None:
    """As many forged and broken documents are refused as were promised."""
    assert len(BROKEN) >= 40


def test_every_reason_is_met() -> None:
    """Each rule is broken by one of them."""
    met = {error for _document, _changes, error in BROKEN.values()}
    rules = set(errors.AttestationError.__subclasses__()) | {errors.IntermediateError}
    assert rules == met


def test_cut_and_changed_anywhere() -> None:
    """A document that is cut, or of which one byte is another, holds nowhere: only what is not signed may differ."""
    good, found = GOOD.der, set()
    for place in range(0, len(good), 17):
        for document in (good[:place], good[:place] + bytes((good[place] ^ 0x55,)) + good[place + 1 :]):
            try:
                claims = verify(document, **ASKED)
            except AttestationError as error:
                found.add(type(error))
            else:
                assert claims.content == json.loads(GOOD.content)
    assert {FORM, SIGNATURE} <= found


def test_verifies_at_the_documents_own_time() -> None:
    """A document holds although its certificate has ended since, where it is asked at its own time."""
    created = NOW - dt.timedelta(days=40)
    document = Document(build_content(created), signer=OLD_LEAF)
    assert verify(document.der, **{**ASKED, "at": created}).created == created


def test_now_is_now() -> None:
    """Without `at` it is the clock that counts."""
    now = dt.datetime.now(dt.timezone.utc)
    leaf = replace(LEAF, begins=now - dt.timedelta(days=1), ends=now + dt.timedelta(days=1))
    with pytest.raises(errors.StaleError):
        verify(Document(build_content(now - dt.timedelta(hours=1)), signer=leaf).der, **{**ASKED, "at": None})


def test_fetches_only_at_the_end() -> None:
    """Nothing is fetched for a document that breaks another rule."""
    asked: list[object] = []

    class Fetcher:
        """A fetcher that only notes that it was asked."""

        def fetch(self, certificate: object) -> Any:
            """Fail as where there is no network."""
            asked.append(certificate)
            raise errors.IntermediateError("no network")

    questions: dict[str, Any] = {**ASKED, "trust": Trust((ROOT.signed,)), "is_offline": False, "fetcher": Fetcher()}
    with pytest.raises(errors.NonceError):
        verify(GOOD.der, **{**questions, "nonce": "x"})
    assert asked == []
    with pytest.raises(errors.IntermediateError):
        verify(GOOD.der, **questions)
    assert len(asked) == 1
