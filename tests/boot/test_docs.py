# SPDX-License-Identifier: Apache-2.0
"""docs/boot.md and what is there say the same: every command, flag, path, setting and number."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator

import pytest
from azure_imds_facts.boot import PROGRAM, read_template
from azure_imds_facts.commands.export_systemd import TREE
from azure_imds_facts.core.facts_file import NAME
from azure_imds_facts.core.file_formats import FORMATS, VARIABLE
from azure_imds_facts.core.host import Host
from azure_imds_facts.core.local_facts import DIRECTORY
from azure_imds_facts.core.settings import DEFAULT_ENDPOINT, build_settings

from .conftest import ROOT, run_command

TEXT = (ROOT / "docs/boot.md").read_text(encoding="utf-8")
EVENTS_PAGE = (ROOT / "docs/events-service.md").read_text(encoding="utf-8")
EVENTS_PATHS = {f"/{path}" for path in TREE if "/azure-imds-event" in path}
SERVICE = read_template("azure-imds-facts.service")
CLOUD_CONFIG = read_template("cloud-config.yaml") + read_template("install-from-pypi.sh")
KNOWN_PATHS = {
    *({f"/{path}" for path in TREE} - EVENTS_PATHS),
    f"{DIRECTORY}/{NAME}",
    DIRECTORY,
    PROGRAM,
    str(build_settings({}, {}, cache_dir="/run/azure-imds-facts").cache_dir),
    Host().instance_data,
    Host().boot_id,
    "/opt/azure-imds-facts",
    str(FORMATS["facter"].directory),
    # What ProtectHome= and PrivateTmp= hide.
    "/home",
    "/root",
    "/tmp",
}


def read_commands() -> Iterator[list[str]]:
    """Yield the words of each command in a shell block."""
    for block in re.findall(r"```sh\n(.*?)```", TEXT, re.DOTALL):
        for line in block.replace("\\\n", " ").splitlines():
            yield shlex.split(line)


def read_exports() -> Iterator[list[str]]:
    """Yield the words of each call of our own program."""
    for words in read_commands():
        if words[0] == "azure-imds-facts":
            yield words[1 : words.index(">")] if ">" in words else words[1:]


def test_commands_are_found() -> None:
    """The page has the calls that the next test runs, and names the flags that it should."""
    assert [words[:2] for words in read_exports()] == [["export", "systemd"], *[["export", "cloud-init"]] * 3]
    assert set(re.findall(r"(?<![\w-])--[a-z][a-z0-9-]+", TEXT)) == {
        "--boot",
        "--now",
        "--program",
        "--sha256",
        "--url",
    }


@pytest.mark.parametrize("words", list(read_exports()), ids=" ".join)
def test_commands_run(words: list[str], tmp_path: object) -> None:
    """Each call works as it stands there, but for the root of the tree and the sum of a file that is not built yet."""
    run = [str(tmp_path) if word == "/" else "0" * 64 if word.startswith("$(") else word for word in words]
    done = run_command(*run)
    assert done.returncode == 0, done.stderr


def test_flags_are_the_program_s() -> None:
    """The other flags on the page belong to the commands that it says."""
    assert "--program" in run_command("export", "systemd", "--help").stdout
    assert "--boot" in run_command("local-facts", "--help").stdout


def test_paths_are_the_program_s() -> None:
    """Every absolute path on the page is one that the program, its units or the machine has."""
    named = set(re.findall(r"(?<![\w.:/)])/(?:etc|run|usr|opt|proc|home|root|tmp)[\w./@-]*", TEXT))
    assert {path.rstrip(".") for path in named} == KNOWN_PATHS


def test_exported_paths_of_events_are_on_their_page() -> None:
    """The page about events as a service names the other files of the export."""
    assert EVENTS_PATHS
    assert [path for path in sorted(EVENTS_PATHS) if f"`{path}`" not in EVENTS_PAGE] == []


def test_units_are_as_described() -> None:
    """What the page says of the units stands in them."""
    assert "ExecStart=@PROGRAM@ local-facts --boot" in SERVICE
    assert "ProtectHome=yes" in SERVICE
    assert "PrivateTmp=yes" in SERVICE
    assert "CapabilityBoundingSet=\n" in SERVICE
    assert f"IPAddressAllow={DEFAULT_ENDPOINT.partition('//')[2]} localhost\n" in SERVICE
    assert "After=azure-proxy-agent.service\n" in SERVICE
    refresh = read_template("azure-imds-facts-refresh.timer")
    assert "OnUnitInactiveSec=15min" in refresh
    assert "RandomizedDelaySec=5min" in refresh
    assert "15 minutes after it last finished, with up to 5 minutes" in TEXT
    assert "home=/opt/azure-imds-facts" in CLOUD_CONFIG


def test_patience_is_as_described() -> None:
    """The page's 300 seconds are the writer's."""
    from azure_imds_facts.core.local_facts import BOOT_TIMEOUT_S  # noqa: PLC0415

    assert set(re.findall(r"(\d+) seconds", TEXT)) == {f"{BOOT_TIMEOUT_S:.0f}"}


def test_variables_and_sources_are_known() -> None:
    """Each variable on the page is a setting, and each source of a snapshot is one."""
    named = set(re.findall(r"AZURE_IMDS_[A-Z_]+", TEXT))
    assert named == {"AZURE_IMDS_REVEAL", "AZURE_IMDS_DISABLED", "AZURE_IMDS_GATHER", VARIABLE}
    for name in named:
        assert f"#{name}=" in read_template("azure-imds-facts.default")
    reference = (ROOT / "docs/reference.md").read_text(encoding="utf-8")
    sources = set(re.findall(r"`snapshot.source` (?:is|says)\s+`([a-z-]+)`", TEXT)) | {"cache"}
    assert sources == {"imds", "cache", "stale", "cloud-init"}
    assert all(f"`{source}`" in reference for source in sources)
    for anchor in re.findall(r"\(reference\.md#([a-z]+)\)", TEXT):
        assert f"## {anchor.capitalize()}\n" in reference
