# SPDX-License-Identifier: Apache-2.0
"""Test the command `export ansible-path`."""

from __future__ import annotations

from pathlib import Path

from tests.support.command_line import Run


def test_export_ansible_path(run: Run) -> None:
    """The path printed is where the module lies."""
    ended = run("export", "ansible-path")
    assert (ended.code, ended.err) == (0, "")
    assert (Path(ended.out.rstrip("\n")) / "azure_imds_facts.py").is_file()
