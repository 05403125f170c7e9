# SPDX-License-Identifier: Apache-2.0
"""Watch for scheduled events, or act on one, as `azure-imds-facts events` does: what `carried_core.py` carries.

Usage: azure-imds-events events --watch --hand-over SOCKET, or events --take-over COMMAND, or events --status. Settings
come from the environment (AZURE_IMDS_ENDPOINT and so on). Exit codes: 0 ended, 1 the command failed, or what may pass,
2 usage, 3 not an Azure VM, 4 to 8 IMDS.
"""

from __future__ import annotations

import os

from imds.errors import ImdsError, UsageError
from imds.events.program import run_watch
from imds.events.socket_service import take_over
from imds.events.status import read_status
from imds.events.unit_flags import parse_unit_flags
from imds.journal import Journal
from imds.settings import build_settings

# The watcher's, as its unit says.
STATE = "/var/lib/azure-imds-events/events.json"


def main(arguments: list[str]) -> int:
    """Watch or act, and return the exit code."""
    try:
        if arguments[:1] != ["events"]:
            raise UsageError(f"Cannot do {' '.join(arguments) or 'nothing'}.", hint="Give: events, and flags.")
        flags = parse_unit_flags(arguments[1:])
        if flags.is_status:
            print(read_status(flags.watch.state_path or STATE).rstrip("\n"))
            return 0
        if flags.take_over:
            return take_over(flags.take_over, timeout_s=flags.timeout_s, reporter=Journal())
        settings = build_settings({"cache_dir": flags.cache_dir}, os.environ)
        return run_watch(flags.watch, settings, Journal())
    except ImdsError as error:
        Journal().notice(f"{error.outcome}: {error}")
        return error.exit_code
