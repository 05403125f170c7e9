# SPDX-License-Identifier: Apache-2.0
"""The command line with a terminal as its standard output, as a person has it."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from pathlib import Path

FACTS = Path(__file__).parents[2] / "facts"


def run_on_terminal(*arguments: str, **environ: str) -> tuple[int, str]:
    """Run a command line on a terminal of 80 columns; return its exit code and what the terminal was sent."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("AZURE_IMDS_", "NO_COLOR"))}
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-m", "azure_imds_facts", *arguments],
        env={**clean, "PYTHONPATH": str(FACTS), "COLUMNS": "80", "LINES": "24", **environ},
        stdin=subprocess.DEVNULL,
        stdout=theirs,
        stderr=subprocess.DEVNULL,
    ) as process:
        os.close(theirs)
        received = b""
        try:
            while part := os.read(ours, 65536):
                received += part
        except OSError:  # Linux: the other side is closed
            pass
        os.close(ours)
    return process.returncode, received.decode().replace("\r\n", "\n")
