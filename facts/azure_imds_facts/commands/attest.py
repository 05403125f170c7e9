# SPDX-License-Identifier: Apache-2.0
"""Fetch the document that IMDS signs about this VM, and print it unchanged.

The document proves which VM was asked (vmId, subscriptionId, image SKU), when, and for which nonce. It does not prove
who hands it on, so let the verifier choose the nonce. It is valid for minutes: treat it like a password until then.
Verify it on the other machine with: azure-imds-facts verify.

For example:  azure-imds-facts attest --nonce 1f0c9a7be2 >document.json
"""

from __future__ import annotations

from azure_imds_facts.commands.collection import ErrorStreamReporter, add_settings, read_settings
from azure_imds_facts.commands.streams import print_json
from azure_imds_facts.core.attested import fetch_document
from azure_imds_facts.core.collector import open_transport

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this command's flags."""
    parser.add_argument(
        "--nonce",
        metavar="NONCE",
        help="1 to 32 letters and digits that the verifier chose, to be signed too (the time is signed instead)",
    )
    add_settings(parser, leave_out=("gather", "reveal", "cache_ttl"))


def run(arguments: argparse.Namespace) -> int:
    """Print IMDS's answer. Raises the ImdsError of the outcome."""
    document = fetch_document(
        read_settings(arguments),
        arguments.nonce,
        open_transport=open_transport,
        reporter=ErrorStreamReporter(is_verbose=arguments.verbose),
    )
    print_json(document)
    return 0
