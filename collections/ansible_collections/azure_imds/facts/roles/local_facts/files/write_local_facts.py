# SPDX-License-Identifier: Apache-2.0
"""Write the local facts file, as `azure-imds-facts local-facts` does: the program that `carried_core.py` carries.

Usage: azure-imds-facts local-facts [--boot]. Settings come from the environment (AZURE_IMDS_ENDPOINT and so on), and so
does what to write where (AZURE_IMDS_LOCAL_FACTS_FORMAT). Exit codes: 0 ok, 2 usage, 3 not an Azure VM, 4 unreachable,
5 throttled, 6 unavailable, 7 rejected, 8 invalid.
"""

from __future__ import annotations

import os

from imds.collector import open_transport
from imds.errors import ImdsError, UsageError
from imds.file_formats import read_formats
from imds.journal import Journal
from imds.local_facts import BOOT_TIMEOUT_S, write_local_facts
from imds.settings import DEFAULT_TIMEOUT_S, build_settings


def main(arguments: list[str]) -> int:
    """Write the file and return the outcome's exit code."""
    try:
        if arguments not in (["local-facts"], ["local-facts", "--boot"]):
            raise UsageError(f"Cannot do {' '.join(arguments) or 'nothing'}.", hint="Give: local-facts [--boot].")
        is_boot = "--boot" in arguments
        settings = build_settings({}, os.environ, timeout=BOOT_TIMEOUT_S if is_boot else DEFAULT_TIMEOUT_S)
        formats = read_formats(None, os.environ)
        write_local_facts(settings, formats=formats, is_boot=is_boot, reporter=Journal(), open_transport=open_transport)
    except ImdsError as error:
        Journal().notice(f"{error.outcome}: {error}")
        return error.exit_code
    return 0
