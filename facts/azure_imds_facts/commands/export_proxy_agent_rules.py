# SPDX-License-Identifier: Apache-2.0
"""Write proxy-agent-rules.json below DIR: an allow-list of IMDS for Azure's metadata proxy agent.

The file is the property `rules` of a gallery's InVMAccessControlProfile version. It lists the paths that
azure-imds-facts asks, and who asks them on this machine, each with its interpreter, which the agent takes for the
program: as root the boot service, Ansible's module and, if installed, Salt's minion; as its own user the watch of
events. Merge it into the VM's own list. Once a path is listed, everyone who is not listed for it is refused.
"""

from __future__ import annotations

import json
import os
import sys

from azure_imds_facts.commands.public_files import write_public_file
from azure_imds_facts.commands.streams import print_answer
from azure_imds_facts.core.attested import PATH as ATTESTED
from azure_imds_facts.core.cache import INSTANCE
from azure_imds_facts.core.errors import UsageError
from azure_imds_facts.core.settings import EXTRA_CATEGORIES

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterable

_FILE = "proxy-agent-rules.json"
# Name of the privilege → path. The agent compares beginnings, so each stands for all below it too.
PATHS = {
    "instance": INSTANCE,
    # Asked where an api-version is refused.
    "versions": "/metadata/versions",
    "attested": ATTESTED,
    **{name.replace("_", "-"): category.path for name, category in EXTRA_CATEGORIES.items()},
}
# What a watch of events asks: whose they are, and what is planned.
_WATCHED = ("instance", "versions", "scheduled-events")
# Way of running → user, its interpreter on this machine; a way without one is left out.
WAYS = {
    # Of the units, and of the command by hand.
    "service": ("root", sys.executable),
    "events": ("azure-imds-events", sys.executable),
    # Ansible finds it by itself (interpreter discovery) unless it is told another.
    "ansible": ("root", "/usr/bin/python3"),
    # Salt's own packages bring it.
    "salt": ("root", "/opt/saltstack/salt/bin/python3"),
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this export's flags."""
    parser.add_argument(
        "directory", metavar="DIR", nargs="?", default=".", help="where to write the file (the current directory)"
    )
    parser.add_argument(
        "--user",
        metavar="NAME",
        action="append",
        default=[],
        help="another user who runs the command, beside root; can be repeated",
    )


def run(arguments: argparse.Namespace) -> int:
    """Write the file and print its path. Raises UsageError."""
    path = os.path.join(arguments.directory, _FILE)
    if "" in arguments.user:
        raise UsageError("--user names no user.", hint="Give the name of a user beside root, or leave it out.")
    write_public_file(path, json.dumps(build_rules(arguments.user), indent=2) + "\n", durable=False)
    print_answer(path)
    return 0


def build_rules(users: Iterable[str]) -> dict[str, list[dict[str, object]]]:
    """Return privileges, a role for facts and one for a watch of events, identities, and who has which role."""
    here = {way: (user, os.path.realpath(program)) for way, (user, program) in WAYS.items() if os.path.exists(program)}
    here.update({f"user-{user}": (user, os.path.realpath(sys.executable)) for user in users})
    watching = [_spell("events")]
    gathering = [_spell(way) for way in here if way != "events"]
    return {
        "privileges": [{"name": _spell(name), "path": path} for name, path in PATHS.items()],
        "roles": [
            {"name": _spell("facts"), "privileges": [_spell(name) for name in PATHS]},
            {"name": _spell("watch"), "privileges": [_spell(name) for name in _WATCHED]},
        ],
        "identities": [
            {"name": _spell(way), "userName": user, "exePath": program} for way, (user, program) in here.items()
        ],
        "roleAssignments": [
            {"role": _spell("facts"), "identities": gathering},
            {"role": _spell("watch"), "identities": watching},
        ],
    }


def _spell(name: str) -> str:
    """Return a name that meets no other of the VM's list."""
    return f"azure-imds-{name}"
