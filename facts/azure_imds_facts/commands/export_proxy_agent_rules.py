# SPDX-License-Identifier: Apache-2.0
"""Write proxy-agent-rules.json below DIR: what Azure's metadata proxy agent has to allow, for an allow-list of IMDS.

It is the property `rules` of a gallery's InVMAccessControlProfile version: the paths that azure-imds-facts asks, and
who asks them on this machine: the services, Ansible's module and, where it is installed, Salt's minion, all as root,
each with its interpreter (the agent sees that as the program). Merge it into the VM's own list, beside others that ask
the same paths: a path that is listed at all is refused to everybody who is not listed for it.
"""

from __future__ import annotations

import json
import os
import sys

from azure_imds_facts.commands.public_files import write_public_file
from azure_imds_facts.commands.streams import print_answer
from azure_imds_facts.core.attested import PATH as ATTESTED
from azure_imds_facts.core.cache import INSTANCE
from azure_imds_facts.core.settings import EXTRA_CATEGORIES

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterable

_FILE = "proxy-agent-rules.json"
_NAME = "azure-imds-facts"
# Name of the privilege → path. The agent compares beginnings, so each stands for all below it too.
PATHS = {
    "instance": INSTANCE,
    # Asked where an api-version is refused.
    "versions": "/metadata/versions",
    "attested": ATTESTED,
    **{name.replace("_", "-"): category.path for name, category in EXTRA_CATEGORIES.items()},
}
# Way of running → its interpreter on this machine; a way without one is left out.
WAYS = {
    # Of the units, and of the command by hand.
    "service": sys.executable,
    # Ansible finds it by itself (interpreter discovery) unless it is told another.
    "ansible": "/usr/bin/python3",
    # Salt's own packages bring it.
    "salt": "/opt/saltstack/salt/bin/python3",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this export's flags."""
    parser.add_argument("directory", metavar="DIR", nargs="?", default=".", help="where to write it (this folder)")
    parser.add_argument(
        "--user",
        metavar="NAME",
        action="append",
        default=[],
        help="a user beside root who runs the command; can be repeated",
    )


def run(arguments: argparse.Namespace) -> int:
    """Write the file and print its path. Raises UsageError."""
    path = os.path.join(arguments.directory, _FILE)
    write_public_file(path, json.dumps(build_rules(arguments.user), indent=2) + "\n", durable=False)
    print_answer(path)
    return 0


def build_rules(users: Iterable[str]) -> dict[str, list[dict[str, object]]]:
    """Return privileges, one role that has them all, identities, and the assignment of that role to each of them."""
    programs = {way: os.path.realpath(program) for way, program in WAYS.items() if os.path.exists(program)}
    identities: list[dict[str, object]] = [
        {"name": f"{_NAME}-{way}", "userName": "root", "exePath": program} for way, program in programs.items()
    ]
    own = programs["service"]
    identities += [{"name": f"{_NAME}-{user}", "userName": user, "exePath": own} for user in dict.fromkeys(users)]
    privileges: list[dict[str, object]] = [{"name": f"{_NAME}-{name}", "path": path} for name, path in PATHS.items()]
    return {
        "privileges": privileges,
        "roles": [{"name": _NAME, "privileges": [each["name"] for each in privileges]}],
        "identities": identities,
        "roleAssignments": [{"role": _NAME, "identities": [each["name"] for each in identities]}],
    }
