# SPDX-License-Identifier: Apache-2.0
"""The command `completion`, in real shells."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from azure_imds_facts.cli import COMMANDS
from azure_imds_facts.commands.completion import SHELLS

from tests.support.command_line import Run

# Words before the cursor → some that have to be offered.
ASKED = [
    ("azure-imds-facts ", set(COMMANDS)),
    ("azure-imds-facts facts --form", {"--format"}),
    ("azure-imds-facts facts --format ", {"json", "yaml", "env", "ansible", "salt"}),
    ("azure-imds-facts completion ", set(SHELLS)),
]
BASH = """
source "$1"
eval "COMP_WORDS=($2)"
[[ $2 != *' ' ]] || COMP_WORDS+=('')
COMP_CWORD=$((${#COMP_WORDS[@]} - 1)) COMP_LINE=$2 COMP_POINT=${#2}
function_name=$(complete -p azure-imds-facts | sed 's/.*-F \\([^ ]*\\).*/\\1/')
"$function_name" azure-imds-facts "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD-1]}"
printf '%s\n' "${COMPREPLY[@]}"
"""


@pytest.mark.parametrize(("line", "wanted"), ASKED)
def test_bash_completes(line: str, wanted: set[str], run: Run, tmp_path: Path) -> None:
    """Commands, flags and choices are offered by bash itself."""
    script = tmp_path / "completion"
    script.write_text(run("completion", "bash").out)
    done = subprocess.run(["bash", "-c", BASH, "-", str(script), line], capture_output=True, text=True, check=False)
    assert wanted <= set(done.stdout.split()), done.stderr


@pytest.mark.parametrize(("line", "wanted"), ASKED)
def test_fish_completes(line: str, wanted: set[str], run: Run, tmp_path: Path) -> None:
    """The same by fish, where it is."""
    fish = shutil.which("fish")
    if fish is None:
        pytest.skip("fish is missing: apt-get install fish")
    script = tmp_path / "completion.fish"
    script.write_text(run("completion", "fish").out)
    done = subprocess.run(
        [fish, "-c", f"source {script}; complete -C '{line}'"], capture_output=True, text=True, check=False
    )
    assert wanted <= {offered.split("\t")[0] for offered in done.stdout.splitlines()}, done.stderr


def test_zsh_reads_it(run: Run, tmp_path: Path) -> None:
    """It is a function for zsh's own system, which zsh can read, where it is."""
    text = run("completion", "zsh").out
    assert text.startswith("#compdef azure-imds-facts\n")
    zsh = shutil.which("zsh")
    if zsh is None:
        pytest.skip("zsh is missing: apt-get install zsh")
    script = tmp_path / "_azure-imds-facts"
    script.write_text(text)
    assert subprocess.run([zsh, "-n", str(script)], capture_output=True, check=False).returncode == 0


def test_another_shell(run: Run) -> None:
    """Which shells there are is said."""
    ended = run("completion", "ksh")
    assert (ended.code, ended.out) == (2, "")
    assert all(shell in ended.err for shell in SHELLS)
