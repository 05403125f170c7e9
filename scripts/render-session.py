#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Record a session at a terminal into docs/images/session.svg: scripts/render-session.py [--check].

The commands really run, against an emulated VM, and see a terminal.
"""

from __future__ import annotations

import argparse
import io
import os
import pty
import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "facts"))

from azure_imds_facts.emulator import Emulator  # noqa: E402  beside the line above
from rich._export_format import CONSOLE_SVG_FORMAT  # noqa: E402  the template that export_svg takes
from rich.console import Console  # noqa: E402
from rich.text import Text  # noqa: E402

PATH = ROOT / "docs/images/session.svg"
COMMANDS = (
    "azure-imds-facts show",
    "azure-imds-facts get compute/zone",
    "azure-imds-facts facts --format env | grep TAGS_COST",
)
WIDTH = 92


def main() -> int:
    """Write the picture, or with --check return 1 where it is out of date."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; end with 1 where the file is out of date")
    is_check = parser.parse_args().check
    text = render()
    if PATH.exists() and PATH.read_text(encoding="utf-8") == text:
        return 0
    print(f"{PATH} is out of date" if is_check else PATH)
    if not is_check:
        PATH.write_text(text, encoding="utf-8")
    return 1 if is_check else 0


def render() -> str:
    """Run the commands, and return the SVG of what a terminal showed."""
    console = Console(record=True, width=WIDTH, file=io.StringIO(), force_terminal=True)
    with Emulator(vm="spot") as emulator, tempfile.TemporaryDirectory() as cache:
        emulator.tag("Cost Center", "4711")
        environment = {
            **os.environ,
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "PYTHONPATH": str(ROOT / "facts"),
            "AZURE_IMDS_ENDPOINT": emulator.url,
            "AZURE_IMDS_CACHE_DIR": cache,
            "COLUMNS": str(WIDTH),
        }
        for command in COMMANDS:
            console.print(Text.assemble(("$ ", "bold green"), command))
            # How old an answer is depends on the machine.
            console.print(Text.from_ansi(re.sub(r"\b\d+ s old", "0 s old", run(command, environment)).rstrip()))
    # Nothing is fetched for the picture: no font of another host.
    template = re.sub(r"@font-face \{\{.*?\}\}\s*", "", CONSOLE_SVG_FORMAT, flags=re.DOTALL)
    return console.export_svg(title="azure-imds-facts", code_format=template, unique_id="session") + "\n"


def run(command: str, environment: dict[str, str]) -> str:
    """Return what a command prints to a terminal."""
    ours, theirs = pty.openpty()
    with subprocess.Popen(["/bin/sh", "-c", command], stdout=theirs, stderr=theirs, env=environment) as process:
        os.close(theirs)
        shown = b""
        while True:
            try:
                read = os.read(ours, 65536)
            except OSError:  # the other end is closed
                break
            if not read:
                break
            shown += read
    os.close(ours)
    if process.returncode:
        raise SystemExit(f"{command} ended with {process.returncode}: {shown.decode()}")
    return shown.decode().replace("\r\n", "\n")


if __name__ == "__main__":
    sys.exit(main())
