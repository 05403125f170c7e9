# SPDX-License-Identifier: Apache-2.0
"""Print the completion of commands, flags and choices for a shell.

For example:  azure-imds-facts completion bash > /etc/bash_completion.d/azure-imds-facts
              azure-imds-facts completion zsh > /usr/local/share/zsh/site-functions/_azure-imds-facts
              azure-imds-facts completion fish > ~/.config/fish/completions/azure-imds-facts.fish

Then start a new shell. The packages for Debian and Enterprise Linux include the completion.
"""

from __future__ import annotations

import pkgutil

from azure_imds_facts.commands.streams import print_answer

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse

SHELLS = ("bash", "zsh", "fish")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this command's arguments."""
    parser.add_argument("shell", choices=SHELLS, help="the shell to complete in")


def run(arguments: argparse.Namespace) -> int:
    """Print the shell's completion."""
    content = pkgutil.get_data("azure_imds_facts.prompt", f"completion.{arguments.shell}") or b""
    print_answer(content.decode().rstrip("\n"))
    return 0
