# SPDX-License-Identifier: Apache-2.0
"""What puts the facts there at boot: units for systemd, their settings, a cloud-config. Files, and how to read them.

The units are those of the collection's roles: one source for both ways to install them.
"""

from __future__ import annotations

import os
import pkgutil

import azure_imds_facts.core

# Where pip, as root, and people put programs; systemd wants a whole path.
PROGRAM = "/usr/local/bin/azure-imds-facts"
_ROLES = ("local_facts", "scheduled_events")


def read_template(name: str) -> str:
    """Return a file of this package or of a role, from a directory or from inside the single file alike."""
    roles = os.path.join(os.path.abspath(os.path.join(azure_imds_facts.core.__path__[0], *[os.pardir] * 3)), "roles")
    try:
        content = pkgutil.get_data(__name__, name)
    except FileNotFoundError:
        places = [os.path.join(roles, role, "files", name) for role in _ROLES]
        with open(next(filter(os.path.exists, places), name), "rb") as file:
            content = file.read()
    if content is None:
        raise FileNotFoundError(name)
    return content.decode()
