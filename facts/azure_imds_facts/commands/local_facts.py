# SPDX-License-Identifier: Apache-2.0
"""Write the local facts file azure_imds.fact, which Ansible's setup reads as ansible_local.azure_imds.

The file is replaced as a whole. If no new facts can be had, the old ones stay, marked stale. With --boot it waits up to
300 seconds for IMDS, and marks a file of an earlier boot stale before that. With --remove it asks nothing and removes
the file.
"""

from __future__ import annotations

from azure_imds_facts.commands.collection import ErrorStreamReporter, add_settings, read_settings
from azure_imds_facts.core.collector import open_transport
from azure_imds_facts.core.errors import UsageError
from azure_imds_facts.core.local_facts import BOOT_TIMEOUT_S, DIRECTORY, remove_local_facts, write_local_facts
from azure_imds_facts.core.reporter import printable
from azure_imds_facts.core.settings import ABSOLUTE, DEFAULT_TIMEOUT_S, parse_directory

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this command's flags."""
    parser.add_argument("--directory", metavar="DIR", default=DIRECTORY, help=f"where to write ({DIRECTORY})")
    way = parser.add_mutually_exclusive_group()
    way.add_argument(
        "--boot", action="store_true", help="wait up to 300 s for IMDS; mark facts of an earlier boot stale"
    )
    way.add_argument("--remove", action="store_true", help="remove the file instead")
    parser.add_argument(
        "--force", action="store_true", help="replace or remove the file even where this program did not write it"
    )
    add_settings(parser)


def run(arguments: argparse.Namespace) -> int:
    """Write the file, or remove it. Raises the ImdsError of the outcome."""
    settings = read_settings(arguments, timeout=BOOT_TIMEOUT_S if arguments.boot else DEFAULT_TIMEOUT_S)
    directory = _read_directory(arguments.directory)
    reporter = ErrorStreamReporter(is_verbose=arguments.verbose)
    if arguments.remove:
        remove_local_facts(directory=directory, force=arguments.force, reporter=reporter)
        return 0
    write_local_facts(
        settings,
        directory=directory,
        is_boot=arguments.boot,
        force=arguments.force,
        reporter=reporter,
        open_transport=open_transport,
    )
    return 0


def _read_directory(given: str) -> str:
    try:
        return parse_directory(given)
    except ValueError:
        raise UsageError(f"--directory cannot be {printable(given)!r}.", hint=f"Give {ABSOLUTE}.") from None
