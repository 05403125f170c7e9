# SPDX-License-Identifier: Apache-2.0
"""What the README shows is there, and runs."""

from __future__ import annotations

import argparse
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from urllib.parse import unquote

import pytest
import tomllib
import yaml
from azure_imds_facts.cli import COMMANDS, fill_parser
from azure_imds_facts.commands.export import EXPORTS
from azure_imds_facts.emulator import Emulator

ROOT = Path(__file__).parents[2]
COLLECTION = ROOT / "collections/ansible_collections/azure_imds/facts"
README = (ROOT / "README.md").read_text(encoding="utf-8")
PAGES = (*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").glob("*.md")))
CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
BIN = Path(sys.executable).parent


def _blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)


def _lines(beginning: str) -> list[str]:
    """The commands in the README's shell blocks that begin so, without their comments."""
    lines = "\n".join(_blocks("sh")).splitlines()
    return [line.partition("   #")[0].rstrip() for line in lines if line.startswith(beginning)]


@pytest.fixture(name="env")
def _env(tmp_path: Path) -> dict[str, str]:
    """The environment of a user who has the program on PATH, and caches of their own."""
    return {
        **os.environ,
        "PATH": f"{BIN}:{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT / "facts"),
        "AZURE_IMDS_CACHE_DIR": str(tmp_path / "cache"),
        "ANSIBLE_HOME": str(tmp_path / "ansible"),
        "ANSIBLE_LOCALHOST_WARNING": "0",
    }


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    """Every link to a file of ours leads to one."""
    links = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8"))
    assert [link for link in links if not (page.parent / link).exists()] == []


def test_badges_are_about_this_project() -> None:
    """Each badge leads somewhere, and asks about a workflow, a distribution and a collection that there are."""
    badges = re.findall(r"(?m)^\[!\[[^\]]+\]\(https://([^)]+)\)\]\([^)]+\)$", README)
    assert len(badges) == README.count("[![") == 5
    (workflow,) = [badge for badge in badges if badge.startswith("github.com/")]
    assert f"/actions/workflows/{workflow.split('/')[-2]}/badge.svg?branch=main" in workflow
    assert (ROOT / ".github/workflows" / workflow.split("/")[-2]).exists()
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    for kind in ("v", "pyversions"):
        assert f"img.shields.io/pypi/{kind}/{project['name']}" in badges
    galaxy = yaml.safe_load((COLLECTION / "galaxy.yml").read_text(encoding="utf-8"))
    (collection,) = [badge for badge in badges if "ansible/collection" in badge]
    assert collection.partition("?")[0].endswith(f"/v/{galaxy['namespace']}/{galaxy['name']}")
    (licence,) = [unquote(badge).replace("--", "-") for badge in badges if "licence" in badge]
    assert project["license"] in licence


def test_the_site_is_where_it_is_published() -> None:
    """The address is that of the workflow."""
    published = (ROOT / ".github/workflows/docs.yml").read_text(encoding="utf-8")
    (address,) = re.findall(r"<(https://[^>]+)>", README)
    assert f"url: {address}\n" in published


def test_make_targets_exist() -> None:
    """Every target that the README and CONTRIBUTING name is one of the Makefile's."""
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    named = set(re.findall(r"^make ([a-z-]+)|`make ([a-z-]+)", README + CONTRIBUTING, re.MULTILINE))
    assert {name for pair in named for name in pair if name} <= targets


def test_commands_exist() -> None:
    """Every command of ours that the README types is one, and so is everything that it exports."""
    text = "\n".join(_blocks("sh")) + README
    assert set(re.findall(r"azure-imds-facts ([a-z-]+)[ `\n]", text)) - {"facts"} <= set(COMMANDS)
    assert set(re.findall(r"azure-imds-facts export ([a-z-]+)", text)) <= set(EXPORTS)


@pytest.mark.parametrize("line", _lines("azure-imds-facts"))
def test_commands_parse(line: str) -> None:
    """Each command that the README types has flags and arguments that it takes."""
    _program, command, *words = shlex.split(line.removesuffix(" &"))
    parser = argparse.ArgumentParser()
    fill_parser(parser, command)
    assert vars(parser.parse_args(words))


@pytest.mark.skipif(not shutil.which("azure-imds-facts", path=str(BIN)), reason="the program is not installed here")
@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("azure-imds-facts show tags", "Cost Center"),
        ("azure-imds-facts get compute/vmId", "-"),
        (
            'eval "$(azure-imds-facts facts --format env)"; echo "$AZURE_IMDS_COMPUTE_VM_SIZE"',
            "Standard_D2s_v3",
        ),
    ],
)
def test_commands_run(line: str, shown: str, env: dict[str, str]) -> None:
    """The commands for programs and people print what they are said to, typed as they stand there."""
    assert line in _lines("azure-imds-facts") + _lines("eval")
    with Emulator(tags=(("Cost Center", "4711"),)) as imds:
        imds.resize("Standard_D2s_v3")
        done = subprocess.run(
            ["sh", "-ec", line],
            env={**env, "AZURE_IMDS_ENDPOINT": imds.url},
            capture_output=True,
            check=True,
            text=True,
            timeout=60,
        )
    assert shown in done.stdout


@pytest.mark.skipif(not shutil.which("ansible-playbook", path=str(BIN)), reason="Ansible is not installed here")
def test_play_runs(env: dict[str, str], tmp_path: Path) -> None:
    """The play says where the machine runs, in the words that its facts have."""
    play = tmp_path / "play.yml"
    play.write_text(next(block for block in _blocks("yaml") if "hosts: all" in block), encoding="utf-8")
    with Emulator(tags=(("env", "prod"),)) as imds:
        imds.resize("Standard_D2s_v3")
        imds.set("compute.zone", "3")
        done = subprocess.run(
            ["ansible-playbook", "-i", "vm,", "-c", "local", str(play)],
            env={**env, "AZURE_IMDS_ENDPOINT": imds.url, "ANSIBLE_PYTHON_INTERPRETER": sys.executable},
            cwd=ROOT,
            capture_output=True,
            check=False,
            text=True,
            timeout=120,
        )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Standard_D2s_v3 in zone 3" in done.stdout
    assert "failed=0" in done.stdout
