# SPDX-License-Identifier: Apache-2.0
"""Write the local facts file azure_imds.fact, which Ansible's setup reads as ansible_local.azure_imds.

The file is replaced as a whole. Without an answer the old facts stay, marked stale. With --boot the command waits up to
300 seconds for IMDS, and first marks a file of an earlier boot stale. With --remove it asks nothing.

--format writes files for other programs: azure_imds.json is an external fact for Facter and OpenVox, azure_imds.prom a
metric for node_exporter's textfile collector. On Windows the file is azure_imds.json, which ansible.windows.setup reads
as ansible_azure_imds if its fact_path names the directory.

For example:  azure-imds-facts local-facts --boot
              azure-imds-facts local-facts --format ansible,facter
"""

from __future__ import annotations

import os

from azure_imds_facts.commands.collection import ErrorStreamReporter, add_settings, read_settings
from azure_imds_facts.core.collector import open_transport
from azure_imds_facts.core.errors import UsageError
from azure_imds_facts.core.file_formats import FORMATS, VARIABLE, read_formats
from azure_imds_facts.core.local_facts import BOOT_TIMEOUT_S, remove_local_facts, write_local_facts
from azure_imds_facts.core.reporter import printable
from azure_imds_facts.core.settings import ABSOLUTE, DEFAULT_TIMEOUT_S, parse_directory

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse

_ON_WINDOWS = r"%%ProgramFiles%%\azure-imds-facts\facts.d"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this command's flags."""
    places = ", ".join(f"{name}: {row.directory}" for name, row in FORMATS.items() if row.directory)
    parser.add_argument(
        "--format",
        metavar="LIST",
        help=f"{', '.join(FORMATS)}, or several with commas, each also as FORMAT:DIR; also {VARIABLE} (ansible)",
    )
    parser.add_argument(
        "--directory",
        metavar="DIR",
        help=f"where to write ({places}; on Windows {_ON_WINDOWS}; required for prometheus)",
    )
    way = parser.add_mutually_exclusive_group()
    way.add_argument(
        "--boot", action="store_true", help="wait up to 300 s for IMDS; first mark facts of an earlier boot stale"
    )
    way.add_argument("--remove", action="store_true", help="remove the file instead")
    parser.add_argument(
        "--force", action="store_true", help="also replace or remove a file that this program did not write"
    )
    add_settings(parser)


def run(arguments: argparse.Namespace) -> int:
    """Write the file, or remove it. Raises the ImdsError of the outcome."""
    settings = read_settings(arguments, timeout=BOOT_TIMEOUT_S if arguments.boot else DEFAULT_TIMEOUT_S)
    formats = read_formats(arguments.format, os.environ, directory=_read_directory(arguments.directory))
    reporter = ErrorStreamReporter(is_verbose=arguments.verbose)
    if arguments.remove:
        remove_local_facts(formats, force=arguments.force, reporter=reporter)
        return 0
    write_local_facts(
        settings,
        formats=formats,
        is_boot=arguments.boot,
        force=arguments.force,
        reporter=reporter,
        open_transport=open_transport,
    )
    return 0


def _read_directory(given: str | None) -> str | None:
    if given is None:
        return None
    try:
        return parse_directory(given)
    except ValueError:
        raise UsageError(f"--directory cannot be {printable(given or '')!r}.", hint=f"Give {ABSOLUTE}.") from None
