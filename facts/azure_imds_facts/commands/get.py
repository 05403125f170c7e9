# SPDX-License-Identifier: Apache-2.0
"""Print IMDS's raw answer for one path, neither cached nor redacted.

PATH is below /metadata/instance, or with a leading / below the root. Without --format the answer is JSON, and text for
a leaf. Access tokens are refused. On a terminal, invisible characters are escaped; a pipe or a file gets the bytes
unchanged.

For example:  azure-imds-facts get compute/vmId
              azure-imds-facts get /metadata/versions
"""

from __future__ import annotations

from azure_imds_facts.commands.collection import (
    ErrorStreamReporter,
    add_settings,
    read_settings,
)
from azure_imds_facts.commands.streams import escape_unseen, is_terminal, print_answer, write_output
from azure_imds_facts.core.collector import open_transport
from azure_imds_facts.core.raw_query import fetch_path

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this command's flags."""
    parser.add_argument("path", metavar="PATH", help="such as compute/vmId or network/interface/0")
    parser.add_argument("--format", choices=("json", "text"), help="the format to ask for (json; text for a leaf)")
    add_settings(parser, leave_out=("gather", "reveal", "cache_ttl"))


def run(arguments: argparse.Namespace) -> int:
    """Print the answer, ended with a newline. Raises the ImdsError of the outcome."""
    answer = fetch_path(
        read_settings(arguments),
        arguments.path,
        text_format=arguments.format,
        open_transport=open_transport,
        reporter=ErrorStreamReporter(is_verbose=arguments.verbose),
    )
    if is_terminal():
        # Tags are written by others, and a terminal acts on what it is sent.
        shown = answer.body.decode("utf-8", "replace").replace("\r\n", "\n").removesuffix("\n")
        print_answer(escape_unseen(shown))
        return 0
    write_output(answer.body if answer.body.endswith(b"\n") else answer.body + b"\n")
    return 0
