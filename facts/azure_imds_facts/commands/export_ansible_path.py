# SPDX-License-Identifier: Apache-2.0
"""Print the directory of the Ansible modules, for the short name azure_imds_facts.

This is enough if Ansible runs in the Python that this program is installed in:

    ANSIBLE_LIBRARY="$(azure-imds-facts export ansible-path)" ansible localhost -m azure_imds_facts

Otherwise Ansible also needs the path of the collection. --shell prints all variables for the shell:

    eval "$(azure-imds-facts export ansible-path --shell)"
"""

from __future__ import annotations

import os
import shlex
from importlib.util import find_spec
from pathlib import Path

import azure_imds_facts.core
from azure_imds_facts.commands.streams import print_answer, print_message

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse

_PLUGINS = Path(azure_imds_facts.core.__path__[0]).parents[1]
# Variable → what it has to hold, and Ansible's own default, which a value replaces.
_VARIABLES = {
    "ANSIBLE_LIBRARY": (_PLUGINS / "modules", "~/.ansible/plugins/modules:/usr/share/ansible/plugins/modules"),
    "ANSIBLE_ACTION_PLUGINS": (_PLUGINS / "action", "~/.ansible/plugins/action:/usr/share/ansible/plugins/action"),
    "ANSIBLE_COLLECTIONS_PATH": (_PLUGINS.parents[3], "~/.ansible/collections:/usr/share/ansible/collections"),
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this export's flag."""
    parser.add_argument(
        "--shell",
        action="store_true",
        help="print commands that set ANSIBLE_LIBRARY, ANSIBLE_ACTION_PLUGINS and ANSIBLE_COLLECTIONS_PATH, for eval",
    )


def run(arguments: argparse.Namespace) -> int:
    """Print the path, or with --shell the commands."""
    if arguments.shell:
        print_answer("\n".join(_build_command(name) for name in _VARIABLES))
        return 0
    print_answer(os.fspath(_VARIABLES["ANSIBLE_LIBRARY"][0]))
    if find_spec("ansible") is None:
        collections, _default = _VARIABLES["ANSIBLE_COLLECTIONS_PATH"]
        print_message(
            "azure-imds-facts: Ansible is not installed in this Python, so it needs ANSIBLE_COLLECTIONS_PATH="
            f"{shlex.quote(os.fspath(collections))} besides; --shell prints both for eval."
        )
    return 0


def _build_command(name: str) -> str:
    """Return a command that puts the path before what the variable holds, or before Ansible's default."""
    path, default = _VARIABLES[name]
    return f'export {name}={shlex.quote(os.fspath(path))}:"${{{name}:-{default}}}"'
