# SPDX-License-Identifier: Apache-2.0
"""Print the directory that holds the Ansible module, for the short name azure_imds_facts.

ANSIBLE_LIBRARY="$(azure-imds-facts export ansible-path)" ansible localhost -m azure_imds_facts
"""

from __future__ import annotations

import os
from pathlib import Path

import azure_imds_facts.core
from azure_imds_facts.commands.streams import print_answer

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse


def add_arguments(_parser: argparse.ArgumentParser) -> None:
    """Add no flags: there is nothing to choose."""


def run(_arguments: argparse.Namespace) -> int:
    """Print the path."""
    core = Path(azure_imds_facts.core.__path__[0])
    print_answer(os.fspath(core.parents[1] / "modules"))
    return 0
