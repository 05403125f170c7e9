# SPDX-License-Identifier: Apache-2.0
"""What users reported about the Salt adapter, with a real `salt-call` and a real minion."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from azure_imds_facts.emulator import Emulator
from lab.places import CHECKOUT, short_folder
from lab.salted import reserved_ports, salt_master, write_master_config, write_minion_config

from tests.e2e.conftest import shell
from tests.e2e.shell import Shell
from tests.minions.daemons import Master, Minion

__all__ = ["shell"]

CORE = CHECKOUT / "collections/ansible_collections/azure_imds/facts/plugins/module_utils/imds"
SECRET = "b3BlbiBzZXNhbWU="
UNKNOWN = "602d9444-d2cd-49c7-8624-8643e7171297"
# What only the command line has.
ITS_WORDS = re.compile(r"--[a-z]|azure-imds-facts [a-z]|this command|\bflags?\b")


@pytest.fixture
def imds() -> Iterator[Emulator]:
    """An emulated VM with user data."""
    with Emulator() as emulator:
        emulator.set("compute.userData", SECRET)
        yield emulator


class Caller:
    """`salt-call` on a minion without a master, whose messages come on standard error."""

    def __init__(self, shell: Shell) -> None:
        self.shell = shell
        # The minion's settings alone decide.
        del shell.env["AZURE_IMDS_CACHE_DIR"]

    def configure(self, **settings: object) -> None:
        """Write what stands below the minion's `azure_imds:`."""
        settings = {"cache_dir": str(self.shell.folder / "cache"), **settings}
        write_minion_config(self.shell.folder, minion_id="me", master_ports=(1, 2), azure_imds=settings)

    def call(self, *words: str, level: str = "info") -> tuple[str, str]:
        """Run a function; return what it returned, as printed, and the log."""
        command = ["salt-call", "--local", "-c", str(self.shell.folder), "-l", level, "--out=json", *words]
        done = self.shell.run(*command)
        return done.stdout, done.stderr


@pytest.fixture
def caller(shell: Shell) -> Caller:
    """A minion that a test configures."""
    return Caller(shell)


@pytest.mark.parametrize(
    ("call", "outcome"),
    [
        (("get", "compute/name?x=1"), "usage"),
        (("get", "/metadata/identity/oauth2/token"), "usage"),
        (("get", "compute/nowhere"), "rejected"),
        (("get", "compute", "format=xml"), "usage"),
        (("facts", "gather=compyte"), "usage"),
        (("facts", "timeout=soon"), "usage"),
        (("approve", UNKNOWN), "rejected"),
        (("approve", "''"), "usage"),
        (("approve", "' '"), "usage"),
    ],
)
def test_a_hint_names_a_flag_that_salt_lacks(
    caller: Caller, imds: Emulator, call: tuple[str, ...], outcome: str
) -> None:
    """What a function says to do can be done in Salt."""
    caller.configure(endpoint=imds.url, timeout=5)
    function, *arguments = call
    _answer, told = caller.call(f"azure_imds.{function}", *arguments, level="error")
    assert f"{outcome}: " in told
    assert not ITS_WORDS.search(told), told
    if call == ("approve", UNKNOWN):
        assert "azure_imds.events lists those there are" in told


# What writes local facts, and the program that watches for the command line and for units.
NOT_OF_SALT = (
    "facts_file.py",
    "facts_folder.py",
    "file_formats.py",
    "local_facts.py",
    "approvals.py",
    "locked_state.py",
    "program.py",
    "state_path.py",
    "status.py",
    "unit_flags.py",
)


def test_a_hint_of_the_core_names_a_flag() -> None:
    """No text of the core names a flag or a command, but for what Salt never imports."""
    for path in sorted(CORE.rglob("*.py")):
        if path.name in NOT_OF_SALT:
            continue
        tree = ast.parse(path.read_text())
        for node in ast.walk(tree):
            if isinstance(node, ast.Call):
                texts = [part.value for part in ast.walk(node) if isinstance(part, ast.Constant)]
                assert not [text for text in texts if isinstance(text, str) and ITS_WORDS.search(text)], path


@pytest.mark.parametrize("endpoint", ["http://user:sesame@127.0.0.1", "https://sesame@imds.example/"])
def test_the_minion_logs_my_password(caller: Caller, endpoint: str) -> None:
    """An endpoint with a user and password is refused without them, by the grain and by the functions."""
    caller.configure(endpoint=endpoint)
    answer, told = caller.call("azure_imds.facts")
    assert "azure_imds: no grain (usage): azure_imds:endpoint cannot be" in told
    assert "usage: azure_imds:endpoint cannot be" in told
    assert "sesame" not in answer + told


def test_a_setting_of_a_later_version_takes_the_grain_away(caller: Caller, imds: Emulator) -> None:
    """A key below `azure_imds:` that is not known is warned of, once, and ignored."""
    caller.configure(endpoint=imds.url, fancy="http://user:sesame@x")
    answer, told = caller.call("grains.get", "azure_imds:compute:name")
    assert json.loads(answer) == {"local": "web-01"}
    assert told.count("azure_imds:fancy is unknown and ignored") == 1
    assert "sesame" not in told


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"gather": "compyte"}, "azure_imds:gather"),
        ({"gather": ["compute", "!compyte"]}, "azure_imds:gather"),
        ({"cache_dir": "relative"}, "azure_imds:cache_dir"),
    ],
)
def test_a_typo_in_the_minions_settings_is_silent(caller: Caller, settings: dict[str, Any], named: str) -> None:
    """A value that is not allowed is `usage`: no grain, one warning with the name that the user wrote, no exception."""
    caller.configure(**settings)
    _answer, told = caller.call("grains.get", "azure_imds", level="warning")
    assert f"no grain (usage): {named} cannot be" in told
    assert "Traceback" not in told


def test_the_minions_list_takes_no_blanks(caller: Caller, imds: Emulator) -> None:
    """Text with commas and blanks, `!name` and `~` are read as everywhere."""
    caller.configure(endpoint=imds.url, gather="compute , tags, !tags", cache_dir="~/own")
    answer, _told = caller.call("azure_imds.facts")
    assert sorted(json.loads(answer)["local"]) == ["cloud", "compute", "snapshot"]
    assert (Path(caller.shell.env["HOME"]) / "own").is_dir()
    answer, _told = caller.call("azure_imds.facts", "gather='!network'")
    assert "network" not in json.loads(answer)["local"]


def test_user_data_lands_in_the_minions_log() -> None:
    """Nothing of this project logs it, at any level; Salt does below its default level, as docs/salt.md says."""
    page = " ".join((CHECKOUT / "docs/salt.md").read_text().split())
    with short_folder() as folder, ExitStack() as running:
        shell, ports = Shell(folder), running.enter_context(reserved_ports())
        master = Master(folder, shell)
        master.configure()
        running.callback(master.prompt.close)
        write_master_config(folder, ports=ports)
        running.enter_context(salt_master(folder, env=shell.env))
        imds = running.enter_context(Emulator())
        imds.set("compute.userData", SECRET)
        minion = Minion(folder / "web", imds, ports=ports, options={"log_level_logfile": "all"})
        running.callback(minion.end)
        minion.start()
        assert master.salt("web", "azure_imds.get", "compute/userData") == {"web": SECRET}
        log = minion.log
    lines = [line for line in log.splitlines() if SECRET in line]
    assert not [line for line in lines if "azure_imds: " in line or "[azure_imds" in line]
    levels = {level for line in lines for level in re.findall(r"\]\[([A-Z]+) *\]", line)}
    assert levels <= {"INFO", "DEBUG", "TRACE", "GARBAGE"}
    # Where this fails Salt has learnt to leave it out: then the page need not warn any more.
    assert any("execution finished, return_data" in line for line in lines)
    assert "execution finished," in page
    assert "`log_level_logfile` of minions at `warning`" in page
