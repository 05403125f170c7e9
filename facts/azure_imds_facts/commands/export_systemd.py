# SPDX-License-Identifier: Apache-2.0
"""Write the units that keep the local facts file current from boot on, below DIR: / for this machine.

It replaces units, and keeps settings in etc/default that exist already. Then run systemctl daemon-reload and
systemctl enable --now azure-imds-facts.timer.

azure-imds-events.service is separate: it watches scheduled events, and root runs /etc/azure-imds-facts/on-event for
each change. Write that command, run systemd-sysusers, which creates the watch's user, and enable the service.

For example:  azure-imds-facts export systemd /
"""

from __future__ import annotations

import os
import re

from azure_imds_facts.boot import PROGRAM, read_template
from azure_imds_facts.commands.public_files import write_public_file
from azure_imds_facts.commands.streams import print_answer, print_message
from azure_imds_facts.core.errors import UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse

_UNITS = "etc/systemd/system"
_PACKAGED = "usr/lib/systemd/system/azure-imds-facts.service"
_SETTINGS = "etc/default/azure-imds-facts"
_EVENTS = "azure-imds-events.service"
_EVENT_SETTINGS = "etc/default/azure-imds-events"

# Path below DIR → template.
TREE = {
    f"{_UNITS}/azure-imds-facts.service": "azure-imds-facts.service",
    f"{_UNITS}/azure-imds-facts.timer": "azure-imds-facts.timer",
    f"{_UNITS}/azure-imds-facts-refresh.timer": "azure-imds-facts-refresh.timer",
    _SETTINGS: "azure-imds-facts.default",
    f"{_UNITS}/{_EVENTS}": _EVENTS,
    f"{_UNITS}/azure-imds-event.socket": "azure-imds-event.socket",
    f"{_UNITS}/azure-imds-event@.service": "azure-imds-event@.service",
    "etc/sysusers.d/azure-imds-events.conf": "azure-imds-events.sysusers",
    _EVENT_SETTINGS: "azure-imds-events.default",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this export's flags."""
    parser.add_argument("directory", metavar="DIR", help="the root of the tree, / for this machine")
    parser.add_argument(
        "--program", metavar="PATH", default=PROGRAM, help=f"the path of azure-imds-facts on the machine ({PROGRAM})"
    )


def run(arguments: argparse.Namespace) -> int:
    """Write the tree and print each path written. Raises UsageError, before anything is written where it can."""
    contents = build_tree(arguments.program)
    masked = [path for path in contents if os.path.islink(os.path.join(arguments.directory, path))]
    if masked:
        raise UsageError(
            f"{os.path.join(arguments.directory, masked[0])} is a link, perhaps because the unit is masked.",
            hint="Unmask it or remove the link, then run this again.",
        )
    places = {os.path.join(arguments.directory, path): content for path, content in contents.items()}
    yours = (_SETTINGS, _EVENT_SETTINGS)
    written = [place for place in places if not (place.endswith(yours) and os.path.exists(place))]
    for place in written:
        write_public_file(place, places[place], durable=True)
    print_answer("\n".join(written))
    _warn_of_old_drop_ins(os.path.join(arguments.directory, _UNITS, f"{_EVENTS}.d"))
    _warn_of_the_package(arguments.directory)
    return 0


def _warn_of_the_package(directory: str) -> None:
    """Warn where the units that were written hide those of a Linux package."""
    packaged = os.path.join(directory, _PACKAGED)
    if os.path.exists(packaged):
        print_message(
            f"warning: a package has installed {packaged}, which the new units hide. Keep one of the two: "
            "remove the package, or the files above."
        )


def _warn_of_old_drop_ins(directory: str) -> None:
    """Warn of each drop-in that still runs the command as the older unit did: its user could do nothing for it now."""
    names = sorted(os.listdir(directory)) if os.path.isdir(directory) else []
    for name in names:
        with open(os.path.join(directory, name), encoding="utf-8", errors="replace") as file:
            if re.search(r"^ExecStart=.*--exec\b", file.read(), re.MULTILINE):
                print_message(
                    f"warning: {os.path.join(directory, name)} starts the watch with --exec, but not as root any more. "
                    f"Remove it, and put its other flags into WATCH_OPTIONS in /{_EVENT_SETTINGS}."
                )


def build_tree(program: str) -> dict[str, str]:
    """Return what stands in the tree, path → content. Raises UsageError for a program that systemd could not start."""
    # Blanks, quotes, `%` and `$` would mean something to systemd.
    if not re.fullmatch(r"(/[A-Za-z0-9._+-]+)+", program):
        raise UsageError(
            f"--program cannot be {program!r}.", hint="Give a whole path of letters, digits, `.`, `_` and `-`."
        )
    return {path: read_template(name).replace("@PROGRAM@", program) for path, name in TREE.items()}
