# SPDX-License-Identifier: Apache-2.0
"""examples/emulator: the image's instructions and the compose file say what the emulator takes, and docs/emulator-containers.md repeats them."""

from __future__ import annotations

import argparse
import ast
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import yaml
from azure_imds_facts.emulator.assembly import assemble
from azure_imds_facts.emulator.command import add_arguments
from azure_imds_facts.emulator.settings.flags import read_flags
from azure_imds_facts.emulator.settings.table import Settings

from tests.emulator.processes import StartCommand, build_environment

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "examples/emulator"
PAGE = (ROOT / "docs/emulator-containers.md").read_text(encoding="utf-8")
SERVICES: dict[str, Any] = yaml.safe_load((FOLDER / "compose.yaml").read_text(encoding="utf-8"))
INSTRUCTIONS = [
    line.partition(" ")[::2]
    for line in (FOLDER / "Containerfile").read_text(encoding="utf-8").replace("\\\n", "").splitlines()
    if line and not line.startswith("#")
]


def find_instruction(name: str) -> str:
    """Return what the only instruction of a name says."""
    (said,) = [said for found, said in INSTRUCTIONS if found == name]
    return said


def read_settings(*words: str) -> Settings:
    """Return the settings of the image's command with more words behind it."""
    program, command, *flags = json.loads(find_instruction("ENTRYPOINT"))
    assert (program, command) == ("azure-imds-facts", "emulate")
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    settings = read_flags(parser.parse_args([*flags, *words]))
    assemble(settings)
    return settings


def test_the_image_serves_its_port_without_rights() -> None:
    """It listens on all addresses, at the port that it exposes, as a user with no name; what it copies is made or committed."""
    settings = read_settings()
    assert (settings.bind, settings.allow_remote) == ("0.0.0.0", True)
    assert str(settings.port) == find_instruction("EXPOSE")
    assert int(find_instruction("USER").partition(":")[0]) > 0
    copied = find_instruction("COPY").split()[:-1]
    assert copied == ["requirements/emulator.txt", "dist/azure_imds_facts-*.whl"]
    assert (ROOT / copied[0]).exists()
    ignored = (FOLDER / "Containerfile.dockerignore").read_text(encoding="utf-8").splitlines()
    assert [line for line in ignored if not line.startswith("#")] == ["*", *(f"!{name}" for name in copied)]


def test_the_image_installs_by_hashes() -> None:
    """Both installations take wheels alone and nothing that is not named; the dependencies have to have their sha256."""
    (said,) = [said for found, said in INSTRUCTIONS if found == "RUN"]
    installs = [part for part in said.split("&&") if "pip install" in part]
    assert len(installs) == 2
    assert all("--no-deps" in part and "--only-binary=:all:" in part for part in installs)
    assert "--require-hashes" in installs[0]


def test_its_health_is_asked_as_it_is_served(start_command: StartCommand) -> None:
    """The check of the image and that of the compose file succeed while it serves, and fail once it does not."""
    command = start_command()
    of_image = json.loads(find_instruction("HEALTHCHECK").partition("CMD ")[2])
    of_compose = SERVICES["services"]["imds"]["healthcheck"]["test"][1:]
    port = read_settings(*SERVICES["services"]["imds"]["command"]).port
    assert of_image[:-1] == of_compose[:-1]
    assert of_image[-1] == f"http://127.0.0.1:{find_instruction('EXPOSE')}"
    assert of_compose[-1] == f"http://127.0.0.1:{port}"
    words = [sys.executable, "-m", "azure_imds_facts", *of_image[1:-1], command.url]
    assert subprocess.run(words, env=build_environment(), capture_output=True, check=False).returncode == 0
    command.stop()
    failed = subprocess.run([*words, "--timeout", "0.2"], env=build_environment(), capture_output=True, check=False)
    assert failed.returncode == 4


def test_compose_puts_it_at_the_address_of_imds() -> None:
    """Its flags are the emulator's, its address is in the network's, and the service's own name is allowed."""
    imds = SERVICES["services"]["imds"]
    settings = read_settings(*imds["command"])
    assert settings.allow_hosts == ("imds",)
    assert settings.port == 80
    assert imds["networks"]["azure"]["ipv4_address"] == "169.254.169.254"
    assert SERVICES["networks"]["azure"]["ipam"]["config"] == [{"subnet": "169.254.169.0/24"}]
    for service in SERVICES["services"].values():
        assert (
            FOLDER / service["build"]["context"] / service["build"]["dockerfile"]
        ).resolve() == FOLDER / "Containerfile"


def test_the_page_repeats_them() -> None:
    """The page's excerpt of the compose file is in the file, its commands are the image's, and its Python is Python."""
    excerpt = yaml.safe_load(
        next(block for block in re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL) if "ipam" in block)
    )
    for part, whole in ((excerpt["services"], SERVICES["services"]), (excerpt["networks"], SERVICES["networks"])):
        for name, said in part.items():
            assert {key: whole[name][key] for key in said} == said
    (example,) = (block for block in re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL) if "testcontainers" in block)
    ast.parse(example)
    (flags,) = re.findall(r"with_command\(\"(.+?)\"\)", example)
    assert read_settings(*flags.split()).tags == (("env", "test"),)
    (run,) = re.findall(r"podman run .* azure-imds-emulator (.*)", PAGE)
    assert read_settings(*run.split()).vms == ("spot",)
