# SPDX-License-Identifier: Apache-2.0
"""What puts the facts there at boot: units for systemd, their settings, a cloud-config. Files, and how to read them.

The units are those of the collection's role `local_facts`: one source for both ways to install them.
"""

from __future__ import annotations

import os
import pkgutil

import azure_imds_facts.core

# Where pip, as root, and people put programs; systemd wants a whole path.
PROGRAM = "/usr/local/bin/azure-imds-facts"
_ROLE_FILES = os.path.join("roles", "local_facts", "files")


def read_template(name: str) -> str:
    """Return a file of this package or of the role, from a directory or from inside the single file alike."""
    collection = os.path.abspath(os.path.join(azure_imds_facts.core.__path__[0], *[os.pardir] * 3))
    try:
        content = pkgutil.get_data(__name__, name)
    except FileNotFoundError:
        with open(os.path.join(collection, _ROLE_FILES, name), "rb") as file:
            content = file.read()
    if content is None:
        raise FileNotFoundError(name)
    return content.decode()
