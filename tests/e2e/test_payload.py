# SPDX-License-Identifier: Apache-2.0
"""What Ansible carries to a target for the module."""

from __future__ import annotations

import ast
import json
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from tests.e2e.shell import Shell

# Python has one of each for all trees.
SHARED = (ast.expr_context, ast.operator, ast.unaryop, ast.boolop, ast.cmpop)
OURS = "ansible_collections/azure_imds/facts/plugins"
# A target compiles what it imports in every run, about 8 ms for 10 kB.
MOST_IMPORTED = 84_000
# The gate of CONTRIBUTING, which says what each of these costs. Bytes are those that the module adds to `ping`'s, as they
# are sent: zipped, then as base64.
MOST_FILES = 24
# Azure Arc and places without IMDS took it from 75,000.
MOST_SENT = 77_000
# Paths in `gather` took it from 12,200.
MOST_NODES = 12_400


@pytest.fixture
def payload(shell: Shell, vm: str) -> Path:
    """The folder into which a payload that was sent has been unpacked."""
    shell.ansible("azure_imds_facts", f"endpoint={vm}", ANSIBLE_KEEP_REMOTE_FILES="1")
    (sent,) = (shell.folder / "ansible-remote").glob("*/AnsiballZ_azure_imds_facts.py")
    shell.run_ok(sys.executable, str(sent), "explode")
    return sent.parent / "debug_dir"


def test_little_is_sent(shell: Shell, vm: str) -> None:
    """The file that goes to a target is little larger than that of the smallest module there is."""
    sizes = {}
    for name, arguments in (("ping", ""), ("azure_imds_facts", f"endpoint={vm}")):
        shell.ansible(name, arguments, ANSIBLE_KEEP_REMOTE_FILES="1")
        (sent,) = (shell.folder / "ansible-remote").glob(f"*/AnsiballZ_{name}.py")
        sizes[name] = sent.stat().st_size
    assert sizes["azure_imds_facts"] - sizes["ping"] <= MOST_SENT


def test_little_is_compiled(shell: Shell, payload: Path) -> None:
    """Where the cache answers, the target imports little of the core, and no HTTP client."""
    (sent,) = payload.parent.glob("AnsiballZ_*.py")
    done = shell.run(sys.executable, str(sent), "execute", PYTHONPROFILEIMPORTTIME="1")
    assert json.loads(done.stdout)["ansible_facts"]["azure_imds_snapshot_source"] == "cache"
    imported = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines() if line.startswith("import time:")}
    files = [payload / (name.replace(".", "/") + ".py") for name in imported if ".module_utils.imds." in name]
    assert payload / OURS / "module_utils/imds/collector.py" in files
    assert sum(path.stat().st_size for path in files) <= MOST_IMPORTED
    assert not any(name.endswith((".imds.transport", ".imds.client")) for name in imported)


def test_little_is_parsed(payload: Path) -> None:
    """The controller parses few files, and makes a small syntax tree of them."""
    paths = [path for path in (payload / OURS).rglob("*.py") if path.stat().st_size]
    nodes = [node for path in paths for node in ast.walk(ast.parse(path.read_text())) if not isinstance(node, SHARED)]
    assert len(paths) <= MOST_FILES
    assert len(nodes) <= MOST_NODES


def test_payload_is_self_contained(payload: Path) -> None:
    """No import statement of the payload reaches for a package that a bare target lacks."""
    text = "".join(path.read_text() for path in (payload / OURS).rglob("*.py"))
    for absent in ("requests", "salt", "yaml", "azure_imds_facts"):
        assert f"import {absent}\n" not in text
        assert f"from {absent}" not in text
