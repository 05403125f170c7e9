#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Write the shells' completions and the man page from the command line's own parsers; with --check only compare."""

from __future__ import annotations

import argparse
import os
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "facts"))

import shtab  # noqa: E402  beside the line above
from argparse_manpage.manpage import Manpage  # noqa: E402
from azure_imds_facts.cli import COMMANDS, PROGRAM, fill_parser  # noqa: E402
from azure_imds_facts.commands.completion import SHELLS  # noqa: E402
from azure_imds_facts.core.versions import VERSION  # noqa: E402

# REUSE-IgnoreStart: it is no statement about this file.
SPDX = "SPDX-License-Identifier: Apache-2.0"
# REUSE-IgnoreEnd
FOLDER = ROOT / "facts/azure_imds_facts/prompt"
# Nothing may depend on the terminal, which argparse asks for its width through this.
WIDTH = 100
os.environ["COLUMNS"] = str(WIDTH)


def main() -> int:
    """Write what differs, or with --check name it and return 1."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; end with 1 where a file is out of date")
    is_check = parser.parse_args().check
    differing = [name for name, content in render().items() if _read(name) != content]
    for name in differing:
        print(f"{FOLDER / name} is out of date" if is_check else FOLDER / name)
        if not is_check:
            (FOLDER / name).write_text(render()[name], encoding="utf-8")
    return 1 if is_check and differing else 0


def render() -> dict[str, str]:
    """Return each file's content by its name."""
    parser = build_parser()
    files = {f"completion.{shell}": _mark(shtab.complete(parser, shell=shell), shell) for shell in SHELLS}
    return {**files, f"{PROGRAM}.1": _render_page(parser)}


def build_parser() -> argparse.ArgumentParser:
    """Return one parser of all commands."""
    parser = argparse.ArgumentParser(
        prog=PROGRAM,
        formatter_class=_Formatter,
        description="Azure instance metadata (IMDS) as facts for Ansible and Salt.",
    )
    parser.add_argument("--version", action="version", version=VERSION, help="print the version")
    parser.add_argument("-v", "--verbose", action="store_true", help="print every request (on standard error)")
    commands = parser.add_subparsers(metavar="COMMAND")
    for name, (_module, summary) in COMMANDS.items():
        fill_parser(commands.add_parser(name, help=summary, formatter_class=_Formatter), name)
    return parser


class _Formatter(argparse.RawDescriptionHelpFormatter):
    """A class, as the site's extension asks which one lays the examples out."""

    def __init__(self, prog: str) -> None:
        super().__init__(prog, width=WIDTH)


def _mark(text: str, shell: str) -> str:
    mark = f"# {SPDX}\n# Made by scripts/render-prompt.py: change that, not this.\n"
    # zsh reads the first line as a directive.
    first, _newline, rest = text.partition("\n")
    return f"{first}\n{mark}{rest.rstrip()}\n" if shell == "zsh" else f"{mark}{text.rstrip()}\n"


def _render_page(parser: argparse.ArgumentParser) -> str:
    page = str(
        Manpage(
            parser,
            format="pretty",
            _data={
                "project_name": PROGRAM,
                "version": VERSION,
                "manual_section": "1",
                "manual_title": "User Commands",
                "date": "",
                "description": "Azure instance metadata as facts for Ansible, Salt and local facts",
            },
        )
    )
    page = re.sub(r'^(\.TH \S+ "1") "[^"]*"', r'\1 ""', page, flags=re.MULTILINE)  # a date makes other bytes each day
    note = f'.\\" {SPDX}\n.\\" Made by scripts/render-prompt.py: change that, not this.\n'
    return f"{note}{page.rstrip()}\n"


def _read(name: str) -> str | None:
    path = FOLDER / name
    return path.read_text(encoding="utf-8") if path.exists() else None


if __name__ == "__main__":
    sys.exit(main())
