# SPDX-License-Identifier: Apache-2.0
"""Verify a document that IMDS signed (azure-imds-facts attest), on any machine, and print its claims.

The document holds if all of this is true: the signature fits; its certificate is for the cloud's metadata service and
chains to a trusted root at the document's time; the document is young; nonce, subscription and VM are the expected
ones. Otherwise the command ends as `invalid` (8) with the reason. Always choose the nonce yourself, and name the
subscriptions or the VM: otherwise any VM of any customer passes.

FILE holds IMDS's answer, its signature in base64, PEM or DER; without FILE, or with -, it is read from standard input.
Intermediate certificates that are not shipped are fetched from Microsoft. Needs the Python package cryptography.

For example:  azure-imds-facts verify document.json --nonce 1f0c9a7be2 --vm-id 8d10da13-8125-4ba9-a717-bf7490507b3d
              azure-imds-facts verify --self-test
"""

from __future__ import annotations

import datetime as dt
import math
import sys

from azure_imds_facts.commands.streams import print_json
from azure_imds_facts.core.errors import InvalidError, UsageError
from azure_imds_facts.core.reporter import printable

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse

    from azure_imds_facts.attestation import Claims, Trust

# Larger than any document or certificate, and small enough to be refused by size.
_MOST_BYTES = 1 << 21


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this command's flags."""
    parser.add_argument("file", metavar="FILE", nargs="?", default="-", help="the document (standard input)")
    parser.add_argument("--nonce", metavar="NONCE", help="the expected nonce (any)")
    parser.add_argument(
        "--max-age",
        metavar="SECONDS",
        type=_parse_age,
        default=300.0,
        help="the highest age; clocks may differ by 120 s more (300)",
    )
    parser.add_argument(
        "--cloud",
        metavar="NAME",
        help="the cloud whose IMDS signed it: AzureCloud, AzureUSGovernment, AzureChinaCloud, AzureGermanCloud (any)",
    )
    parser.add_argument(
        "--subscription",
        metavar="ID",
        action="append",
        default=[],
        help="a subscription to accept; can be repeated (any)",
    )
    parser.add_argument("--vm-id", metavar="ID", help="the expected VM (any)")
    parser.add_argument(
        "--trust",
        metavar="FILE",
        action="append",
        default=[],
        help="a file whose self-issued certificates are trusted as roots, beside those shipped; can be repeated",
    )
    parser.add_argument(
        "--intermediate",
        metavar="FILE",
        action="append",
        default=[],
        help="a file with certificates between signer and root, not trusted by themselves; can be repeated",
    )
    parser.add_argument(
        "--at",
        metavar="TIME",
        type=_read_time,
        help="the time to verify at, such as 2026-07-28T13:24:00Z or seconds since 1970 (now)",
    )
    parser.add_argument("--offline", action="store_true", help="fetch no intermediate certificate")
    parser.add_argument("--self-test", action="store_true", help="verify a document that is signed by a temporary root")
    parser.add_argument("-v", "--verbose", action="store_true", help="no effect: there is nothing more to say")


def run(arguments: argparse.Namespace) -> int:
    """Print the claims as JSON. Raises InvalidError with the reason, UsageError for files and without cryptography."""
    claims = _run_self_test() if arguments.self_test else _verify(arguments)
    print_json(claims.spell())
    return 0


def _verify(arguments: argparse.Namespace) -> Claims:
    _require_cryptography()
    from azure_imds_facts.attestation import verify  # noqa: PLC0415  --help works without cryptography
    from azure_imds_facts.attestation.errors import AttestationError, TrustError  # noqa: PLC0415

    try:
        return verify(
            _read(arguments.file),
            nonce=arguments.nonce,
            max_age=arguments.max_age,
            cloud=arguments.cloud,
            subscriptions=arguments.subscription,
            vm_id=arguments.vm_id,
            trust=_read_trust(arguments),
            at=arguments.at,
            is_offline=arguments.offline,
        )
    except TrustError as error:
        raise UsageError(error.problem, hint=error.hint) from None
    except AttestationError as error:
        raise InvalidError(f"{error.reason}: {error.problem}", hint=error.hint) from None


def _require_cryptography() -> None:
    """Raise UsageError where cryptography is missing or too old to verify chains, and in the single file."""
    try:
        import azure_imds_facts.attestation.verification  # noqa: F401, PLC0415
    except ImportError as error:
        raise UsageError(
            f"Verifying needs this program as a package, with cryptography 42 or later ({printable(str(error))}).",
            hint="Install both with: pip install 'azure-imds-facts[attest]'",
        ) from None


def _run_self_test() -> Claims:
    _require_cryptography()
    from azure_imds_facts.attestation.errors import AttestationError  # noqa: PLC0415  as above
    from azure_imds_facts.attestation.self_test import run_self_test  # noqa: PLC0415

    try:
        return run_self_test()
    except AttestationError as error:
        raise InvalidError(
            f"The self-test failed: {error.reason}: {error.problem}",
            hint="Verify nothing with this installation; install cryptography and this package anew.",
        ) from None


def _read_trust(arguments: argparse.Namespace) -> Trust:
    from azure_imds_facts.attestation import read_shipped  # noqa: PLC0415  as above
    from azure_imds_facts.attestation.errors import TrustError  # noqa: PLC0415

    trust = read_shipped()
    for flag, paths in (("trusted", arguments.trust), ("intermediates", arguments.intermediate)):
        for path in paths:
            try:
                trust = trust.add(**{flag: (_read(path),)})
            except TrustError as error:
                raise TrustError(f"{printable(path)}: {error.problem}", hint=error.hint) from None
    return trust


def _read(path: str) -> bytes:
    """Return a file, `-` for standard input, and of one that is too large enough to be refused. Raises UsageError."""
    try:
        if path == "-":
            return sys.stdin.buffer.read(_MOST_BYTES) if sys.stdin else b""
        with open(path, "rb") as file:
            return file.read(_MOST_BYTES)
    except OSError as error:
        problem = f"{printable(path)} cannot be read: {(error.strerror or str(error)).lower()}."
        raise UsageError(problem, hint="Give the path of a file that this user may read.") from None


def _parse_age(text: str) -> float:
    age_s = float(text)
    if not 0 <= age_s < math.inf:
        raise ValueError(text)
    return age_s


def _read_time(text: str) -> dt.datetime:
    """Return the flag's moment. Raises what argparse prints as it is."""
    from argparse import ArgumentTypeError  # noqa: PLC0415  argparse is loaded by then

    try:
        return _parse_time(text)
    except ValueError:
        raise ArgumentTypeError(
            f"{printable(text)!r} is no time; give 2026-07-28T13:24:00Z or seconds since 1970"
        ) from None


def _parse_time(text: str) -> dt.datetime:
    """Return a moment in UTC, which is also what a time without a zone is in."""
    try:
        seconds = float(text)
    except ValueError:
        moment = dt.datetime.fromisoformat(text[:-1] + "+00:00" if text[-1:] in ("Z", "z") else text)
        return moment.replace(tzinfo=moment.tzinfo or dt.timezone.utc).astimezone(dt.timezone.utc)
    try:
        return dt.datetime.fromtimestamp(seconds, dt.timezone.utc)
    except (OverflowError, OSError):
        raise ValueError(text) from None
