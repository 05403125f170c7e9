# SPDX-License-Identifier: Apache-2.0
"""The man page and the completions are made from the program's own parsers, and are up to date."""

from __future__ import annotations

import argparse
import runpy
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from azure_imds_facts.cli import COMMANDS

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "facts/azure_imds_facts/prompt/azure-imds-facts.1"


def test_they_are_up_to_date() -> None:
    """The script has nothing to write."""
    if sys.version_info[:2] != (3, 11):
        pytest.skip("argparse words some usages otherwise on other Pythons than 3.11, with which they are made")
    done = subprocess.run(
        [sys.executable, "scripts/render-prompt.py", "--check"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"run scripts/render-prompt.py: {done.stdout}{done.stderr}"


def test_every_command_and_flag_is_on_the_page() -> None:
    """Nothing that a user may give is left out."""
    text = PAGE.read_text(encoding="utf-8").replace("\\-", "-")
    parser = runpy.run_path(str(ROOT / "scripts/render-prompt.py"))["build_parser"]()
    (commands,) = [action for action in parser._actions if isinstance(action, argparse._SubParsersAction)]
    assert set(commands.choices) == set(COMMANDS)
    for name, command in commands.choices.items():
        assert f"COMMAND \\fI\\,'azure-imds-facts {name}'" in text, name
        for action in command._actions:
            for flag in action.option_strings:
                assert flag in text, (name, flag)


def test_the_page_is_a_man_page() -> None:
    """Groff formats it without a warning."""
    groff = shutil.which("groff")
    if groff is None:
        pytest.skip("groff is missing: apt-get install groff-base")
    done = subprocess.run(
        [groff, "-man", "-Tutf8", "-ww", "-z", str(PAGE)], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
