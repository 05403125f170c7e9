# SPDX-License-Identifier: Apache-2.0
"""Write the local facts file azure_imds.fact, which Ansible's setup reads as ansible_local.azure_imds.

The file is replaced as a whole. If no new facts can be had, the old ones stay, marked stale. With --boot it waits up to
300 seconds for IMDS, and marks a file of an earlier boot stale before that. On Windows it is azure_imds.json, which
ansible.windows.setup reads as ansible_azure_imds where its fact_path names the directory.
"""

from __future__ import annotations

from azure_imds_facts.commands.collection import ErrorStreamReporter, add_settings, read_settings
from azure_imds_facts.core.collector import open_transport
from azure_imds_facts.core.errors import UsageError
from azure_imds_facts.core.local_facts import BOOT_TIMEOUT_S, DIRECTORY, write_local_facts
from azure_imds_facts.core.reporter import printable
from azure_imds_facts.core.settings import ABSOLUTE, DEFAULT_TIMEOUT_S, parse_directory

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse

_ON_WINDOWS = r"%%ProgramFiles%%\azure-imds-facts\facts.d"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this command's flags."""
    parser.add_argument("--directory", metavar="DIR", help=f"where to write ({DIRECTORY}; Windows: {_ON_WINDOWS})")
    parser.add_argument(
        "--boot", action="store_true", help="wait up to 300 s for IMDS; mark facts of an earlier boot stale"
    )
    parser.add_argument(
        "--force", action="store_true", help="replace the file even where this program did not write it"
    )
    add_settings(parser)


def run(arguments: argparse.Namespace) -> int:
    """Write the file. Raises the ImdsError of the outcome."""
    write_local_facts(
        read_settings(arguments, timeout=BOOT_TIMEOUT_S if arguments.boot else DEFAULT_TIMEOUT_S),
        directory=None if arguments.directory is None else _read_directory(arguments.directory),
        is_boot=arguments.boot,
        force=arguments.force,
        reporter=ErrorStreamReporter(is_verbose=arguments.verbose),
        open_transport=open_transport,
    )
    return 0


def _read_directory(given: str) -> str:
    try:
        return parse_directory(given)
    except ValueError:
        raise UsageError(f"--directory cannot be {printable(given)!r}.", hint=f"Give {ABSOLUTE}.") from None
