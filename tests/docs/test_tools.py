# SPDX-License-Identifier: Apache-2.0
"""The page about other tools is right about files, labels, attributes, bounds and flags, and its commands run."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from azure_imds_facts.core import file_formats, prometheus_spelling
from azure_imds_facts.emulator import Emulator
from azure_imds_facts.formats import FORMATS, otel

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/tools.md").read_text(encoding="utf-8")
COMMANDS = re.findall(r"(?m)^(?:OTEL_RESOURCE_ATTRIBUTES=\"\$\()?(azure-imds-facts [^)\n]*)", PAGE)


def test_files_are_named() -> None:
    """Each file and its directory stand on the page, and so does each format and the variable."""
    for name, row in file_formats.FORMATS.items():
        assert name == "ansible" or row.file_name in PAGE
        assert name == "ansible" or row.directory is None or f"{row.directory}/{row.file_name}" in PAGE
    for name in ("facter", "prometheus", "otel"):
        assert name in FORMATS
        assert f"--format {name}" in PAGE
    (setting,) = re.findall(rf"(?m)^{file_formats.VARIABLE}=(\S+)$", PAGE)
    chosen = file_formats.read_formats(None, {file_formats.VARIABLE: setting})
    unit = ROOT / "collections/ansible_collections/azure_imds/facts/roles/local_facts/files/azure-imds-facts.service"
    (writable,) = re.findall(r"(?m)^ReadWritePaths=(.*)$", unit.read_text(encoding="utf-8"))
    assert {place for _format, place in chosen} == {path.lstrip("-") for path in writable.split()}


def test_labels_are_named() -> None:
    """The table of labels is complete, and the bound is the program's."""
    table = PAGE.partition("| label |")[2].partition("\n\n")[0]
    named = [name for line in table.splitlines()[2:] for name in re.findall(r"`(\w+)`", line.split("|")[1])]
    assert sorted(named) == sorted(prometheus_spelling._LABELS)
    assert f"at most {prometheus_spelling._LONGEST} characters" in PAGE


def test_attributes_are_named() -> None:
    """So is the list of attributes."""
    told = PAGE.partition("with the same values: ")[2].partition(". A field")[0]
    assert sorted(re.findall(r"`([a-z_.]+)`", told)) == sorted({**otel._FIELDS, **otel._PROVIDER, **otel._PLATFORM})
    assert f"{otel._LONGEST:,} characters" in PAGE.replace("\n", " ")


@pytest.mark.parametrize("command", COMMANDS)
def test_commands_run(command: str, tmp_path: Path) -> None:
    """Each command of the page does what it says, in another directory."""
    words = command.split()
    assert words[0] == "azure-imds-facts"
    if "local-facts" in words:
        words = [word for word in words if not word.startswith("/")] + ["--directory"] * ("--directory" not in words)
        words.append(str(tmp_path))
    with Emulator() as imds:
        done = subprocess.run(
            [sys.executable, "-m", "azure_imds_facts", *words[1:], "--endpoint", imds.url],
            env={**os.environ, "PYTHONPATH": str(ROOT / "facts"), "AZURE_IMDS_CACHE_DIR": str(tmp_path / "cache")},
            capture_output=True,
            check=True,
            text=True,
        )
    assert done.stdout if words[1] == "facts" else list(tmp_path.glob("azure_imds.*"))


def test_a_path_of_the_manifest() -> None:
    """The paths in a manifest are those of the fact."""
    with Emulator() as imds:
        imds.tag("Cost Center", "4711")
        words = [sys.executable, "-m", "azure_imds_facts", "facts", "--format", "facter", "--endpoint", imds.url]
        env = {**os.environ, "PYTHONPATH": str(ROOT / "facts"), "AZURE_IMDS_CACHE_TTL": "0"}
        facts = json.loads(subprocess.run(words, env=env, capture_output=True, check=True).stdout)
    found = re.findall(r"\$facts((?:\['[^']+'\])+)", PAGE)
    assert len(found) == 2
    for path in found:
        value = facts
        for name in re.findall(r"\['([^']+)'\]", path):
            value = value[name]
        assert value
