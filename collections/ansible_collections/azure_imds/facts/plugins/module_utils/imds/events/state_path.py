# SPDX-License-Identifier: Apache-2.0
"""Where the state of a watch is."""

from __future__ import annotations

import os

from ..errors import UsageError

ROOTS_STATE = "/var/lib/azure-imds-facts/events.json"
# What azure-imds-events.service gives.
UNITS_STATE = "/var/lib/azure-imds-events/events.json"


def find_state(given: str | None) -> str:
    """Return where the state is: as `given`, or in this user's folder for it.

    Raises UsageError where nothing says what the user's folder is.
    """
    if given is None and os.geteuid() == 0:
        return ROOTS_STATE
    path = os.path.expanduser(given) if given else _find_folder()
    if path.startswith("~") or not (given or os.path.isabs(path)):
        problem = f"There is no place for the state of a watch: {given or 'this user'} has no home directory."
        raise UsageError(problem, hint="Name a file with --state FILE.")
    return path


def _find_folder() -> str:
    base = os.environ.get("XDG_STATE_HOME") or ""
    if not os.path.isabs(base):
        base = os.path.join(os.path.expanduser("~"), ".local", "state")
    return os.path.join(base, "azure-imds-facts", "events.json")
