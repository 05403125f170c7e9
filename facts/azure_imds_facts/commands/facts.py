# SPDX-License-Identifier: Apache-2.0
"""Print this machine's facts for programs, in the spelling of one tool.

For example:  eval "$(azure-imds-facts facts --format env)"; echo "$AZURE_IMDS_COMPUTE_VM_SIZE"
              azure-imds-facts facts --gather compute.vmSize,tags.env
"""

from __future__ import annotations

from azure_imds_facts.commands.collection import (
    ErrorStreamReporter,
    add_settings,
    collect_snapshot,
    read_settings,
)
from azure_imds_facts.commands.streams import print_answer
from azure_imds_facts.formats import FORMATS, load_formatter

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this command's flags."""
    default = next(iter(FORMATS))
    width = max(map(len, FORMATS))
    listed = "\n".join(f"  {name:<{width}}  {summary}" for name, (_module, summary) in FORMATS.items())
    parser.epilog = f"formats:\n{listed}"
    parser.add_argument("--format", choices=tuple(FORMATS), default=default, help=f"see below ({default})")
    add_settings(parser)


def run(arguments: argparse.Namespace) -> int:
    """Print the facts. Raises the ImdsError of the outcome, and then has printed nothing."""
    settings = read_settings(arguments)
    format_facts = load_formatter(arguments.format)
    reporter = ErrorStreamReporter(is_verbose=arguments.verbose)
    print_answer(format_facts(collect_snapshot(settings, reporter), reporter))
    return 0
