# SPDX-License-Identifier: Apache-2.0
"""The certificates that are shipped, and those that are given."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest
from azure_imds_facts import attestation
from azure_imds_facts.attestation.certificates import has_issued, spell_fingerprint
from azure_imds_facts.attestation.errors import TrustError
from azure_imds_facts.attestation.trust import INTERMEDIATES, ROOTS, Trust, read_shipped
from cryptography import x509

from tests.support.attested import INTERMEDIATE, LEAF, ROOT

FOLDER = Path(attestation.__file__).parent


def test_every_file_is_shipped() -> None:
    """Every file in the folders stands in the tables, and the other way round."""
    assert {path.name for path in (FOLDER / "roots").iterdir()} == set(ROOTS)
    assert {path.name for path in (FOLDER / "intermediates").iterdir()} == set(INTERMEDIATES)


def test_shipped_intermediates_chain_to_shipped_roots() -> None:
    """Each intermediate is issued by a root that is shipped, by signature."""
    trust = read_shipped()
    assert len(trust.roots) == len(ROOTS)
    for intermediate in trust.intermediates:
        assert any(has_issued(root, intermediate) for root in trust.roots), intermediate.subject


def test_shipped_roots_live() -> None:
    """No root that is shipped ends within a year: a new release has to come before."""
    soon = dt.datetime.now(dt.timezone.utc) + dt.timedelta(days=365)
    assert all(root.not_valid_after_utc > soon for root in read_shipped().roots)


def test_a_changed_root_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """A root file that was replaced is not trusted for its name."""
    monkeypatch.setitem(ROOTS, "microsoft_tls_rsa_root_g2.pem", "0" * 64)
    with pytest.raises(TrustError, match="microsoft_tls_rsa_root_g2"):
        read_shipped()


def test_add() -> None:
    """Of a trusted file the certificates that are their own issuers are roots, the others intermediates."""
    trust = Trust(()).add(trusted=(ROOT.pem + INTERMEDIATE.pem,), intermediates=(LEAF.der,))
    assert trust.roots == (ROOT.signed,)
    assert trust.intermediates == (INTERMEDIATE.signed, LEAF.signed)


def test_a_root_given_as_intermediate_is_not_trusted() -> None:
    """What is given as an intermediate never ends a chain."""
    trust = Trust(()).add(intermediates=(ROOT.pem,))
    assert trust.roots == ()


@pytest.mark.parametrize(
    "content", [b"", b"-----BEGIN CERTIFICATE-----\n", b"no certificate", INTERMEDIATE.pem], ids=range(4)
)
def test_add_refuses(content: bytes) -> None:
    """A file without a certificate, and one without a root to trust, is refused."""
    with pytest.raises(TrustError):
        Trust(()).add(trusted=(content,))


def test_fingerprints_are_spelled_alike() -> None:
    """The tables spell a fingerprint as the program does."""
    found = {spell_fingerprint(root) for root in read_shipped().roots}
    assert found == set(ROOTS.values())
    assert isinstance(read_shipped().roots[0], x509.Certificate)
