# SPDX-License-Identifier: Apache-2.0
"""Fetch IMDS's signed document about this VM and print it as it came, for who wants to know whom they talk to.

The document proves to others which VM was asked (vmId, subscriptionId, image sku), when, and for which nonce. It proves
nothing about who hands it on: let who verifies it choose the nonce. It holds for minutes: treat it as a password until
then. Verifying is for the other machine: azure-imds-facts verify.

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
        help="1 to 32 letters and digits to be signed too, chosen by who verifies (IMDS signs the time instead)",
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
