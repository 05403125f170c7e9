# SPDX-License-Identifier: Apache-2.0
"""Print or write files that other tools need. Each WHAT has its own --help.

For example:  azure-imds-facts export salt /srv/salt
              azure-imds-facts export systemd /
"""

from __future__ import annotations

import argparse
import sys
from importlib import import_module
from importlib.util import find_spec

from azure_imds_facts.core.errors import UsageError

# What → (module with `add_arguments` and `run`, what it does).
EXPORTS = {
    "ansible-path": (
        "azure_imds_facts.commands.export_ansible_path",
        "print the directory of the Ansible module, for the short name azure_imds_facts",
    ),
    "salt": (
        "azure_imds_facts.commands.export_salt",
        "write the files that a Salt master serves to minions with nothing installed",
    ),
    "systemd": (
        "azure_imds_facts.commands.export_systemd",
        "write the units that keep the local facts file current from boot on",
    ),
    "cloud-init": (
        "azure_imds_facts.commands.export_cloud_init",
        "print a cloud-config that installs and enables those units at first boot",
    ),
    "proxy-agent-rules": (
        "azure_imds_facts.commands.export_proxy_agent_rules",
        "write an allow-list for Azure's metadata proxy agent",
    ),
}

# They write files for this machine, or for a master on it: Linux's.
_NOT_ON_WINDOWS = ("salt", "systemd", "proxy-agent-rules")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add a subcommand for each export that this program carries: the single file lacks some."""
    parser.add_argument("-v", "--verbose", action="store_true", help="no effect: written files are always printed")
    subparsers = parser.add_subparsers(metavar="WHAT", required=True)
    for what, (module_name, summary) in EXPORTS.items():
        if find_spec(module_name) is None:
            continue
        module = import_module(module_name)
        subparser = subparsers.add_parser(
            what,
            help=summary,
            description=module.__doc__,
            formatter_class=argparse.RawDescriptionHelpFormatter,
            allow_abbrev=False,
        )
        module.add_arguments(subparser)
        subparser.add_argument("-v", "--verbose", action="store_true", help=argparse.SUPPRESS)
        subparser.set_defaults(run_export=module.run, what=what)


def run(arguments: argparse.Namespace) -> int:
    """Export what was named. Raises UsageError."""
    if sys.platform == "win32":
        refuse_on_windows(arguments.what)
    code: int = arguments.run_export(arguments)
    return code


def refuse_on_windows(what: str) -> None:
    """Raise UsageError for an export that only Linux has a use for."""
    if what in _NOT_ON_WINDOWS:
        raise UsageError(f"export {what} writes files for Linux.", hint="Run it there.")
