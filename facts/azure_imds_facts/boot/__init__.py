# SPDX-License-Identifier: Apache-2.0
"""What puts the facts there at boot: units for systemd, their settings, a cloud-config. Files, and how to read them."""

from __future__ import annotations

import pkgutil

# Where pip, as root, and people put programs; systemd wants a whole path.
PROGRAM = "/usr/local/bin/azure-imds-facts"


def read_template(name: str) -> str:
    """Return a file of this package, from a directory or from inside the single file alike."""
    content = pkgutil.get_data(__name__, name)
    if content is None:
        raise FileNotFoundError(name)
    return content.decode()
