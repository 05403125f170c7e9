# SPDX-License-Identifier: Apache-2.0
"""Hostile documents are text and nothing more: in a play, a shell, a terminal and Salt."""

from __future__ import annotations

import json
import os
import pty
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from lab.places import CHECKOUT, short_folder
from lab.salted import write_minion_config

from tests.e2e.shell import Shell
from tests.fire.behaviours import answer
from tests.fire.hostile import build_body, build_tags, mended
from tests.fire.test_matrix import FACTS
from tests.fire.test_tools import needs
from tests.support.servers import RawServer

# What a terminal obeys: control characters of both sets but the end of a line, and marks that turn text around.
COMMANDS = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069]")


class Scene:
    """A shell, a server with the document, and the file that nobody is to make."""

    def __init__(self, folder: Path, url: str, canary: Path) -> None:
        self.shell = Shell(folder)
        self.shell.env["PYTHONPATH"] = str(FACTS)
        self.folder = folder
        self.url = url
        self.canary = canary
        self.tags = {mended(tag["name"]): mended(tag["value"]) for tag in build_tags(str(canary))}

    def facts(self, command: str, *arguments: str) -> str:
        """Run a command of the command line and return what it prints."""
        return self.shell.run_ok(sys.executable, "-m", "azure_imds_facts", command, "--endpoint", self.url, *arguments)


@pytest.fixture
def scene() -> Iterator[Scene]:
    """The scene, in which afterwards the file must not be there."""
    with short_folder() as folder:
        canary = folder / "canary"
        with RawServer(answer(200, build_body(str(canary)))) as server:
            yield Scene(folder, server.url, canary)
        assert not canary.exists()


@needs("ansible-playbook")
def test_play(scene: Scene) -> None:
    """A play has each tag's text as it is, through debug, templates and loops, and its own connection stays."""
    show = "{{ {'tags': azure_imds_tags, 'flat': azure_imds_tags_jinja, 'conn': ansible_connection | default('local')} | to_json }}"
    tasks = [
        {"azure_imds_facts": {"endpoint": scene.url}, "register": "result"},
        {"debug": {"var": "azure_imds_tags"}},
        {
            "debug": {
                "msg": "{{ azure_imds_tags_jinja }} {{ azure_imds_tags_shell }} {{ azure_imds_network_interface }}"
            }
        },
        {"debug": {"msg": "{{ item.key }} {{ item.value }}"}, "loop": "{{ azure_imds_tags | dict2items }}"},
        {"copy": {"content": show, "dest": str(scene.folder / "shown"), "mode": "0600"}},
        {"copy": {"content": "{{ result | to_json }}", "dest": str(scene.folder / "result"), "mode": "0600"}},
        {"command": "true"},
    ]
    play = [{"hosts": "localhost", "connection": "local", "gather_facts": False, "tasks": tasks}]
    (scene.folder / "play.yml").write_text(json.dumps(play))
    scene.shell.run_ok("ansible-playbook", "-v", str(scene.folder / "play.yml"))
    shown = json.loads((scene.folder / "shown").read_text())
    assert shown == {"tags": scene.tags, "flat": scene.tags["jinja"], "conn": "local"}
    result = json.loads((scene.folder / "result").read_text())
    assert all(re.fullmatch("azure_imds_[a-z0-9_]+", name) for name in result["ansible_facts"])


@needs("ansible-playbook")
def test_local_facts(scene: Scene) -> None:
    """The facts.d file is not executable, and setup reads each tag's text out of it."""
    scene.facts("local-facts", "--directory", str(scene.folder / "facts.d"))
    file = scene.folder / "facts.d" / "azure_imds.fact"
    assert file.stat().st_mode & 0o777 == 0o644
    done = scene.shell.ansible("setup", f"filter=ansible_local fact_path={file.parent}")
    assert done["ansible_facts"]["ansible_local"]["azure_imds"]["tags"] == scene.tags


def test_env_in_a_shell(scene: Scene) -> None:
    """A shell that evaluates `env` sets variables of ours and nothing else, and runs nothing."""
    printed = scene.facts("facts", "--format", "env")
    before = "set | sed 's/=.*//' | sort > \"$2/before\"; PATH_WAS=$PATH; "
    program = f'{before} eval "$1"; test "$PATH" = "$PATH_WAS"; set > "$2/after"; printf %s "$AZURE_IMDS_TAGS_SHELL"'
    done = subprocess.run(
        ["sh", "-euc", program, "sh", printed, str(scene.folder)], capture_output=True, check=True, timeout=30
    )
    assert done.stdout.decode() == scene.tags["shell"]
    assert done.stderr == b""
    assert all(re.match("AZURE_IMDS_[A-Z0-9_]+=", line) for line in printed.rstrip("\n").split("\n"))
    after = (scene.folder / "after").read_bytes()
    assert b"AZURE_IMDS_TAGS_NAME=" not in after or b"\x1b" not in after
    assert b"AZURE_IMDS_TAGS_ANSIBLE_CONNECTION=" in after


@pytest.mark.parametrize("arguments", [["show"], ["show", "-v"], ["doctor"]], ids=" ".join)
def test_terminal(scene: Scene, arguments: list[str]) -> None:
    """On a terminal nothing of the document is obeyed: of control sequences only our own for bold and colours are there."""
    controller, terminal = pty.openpty()
    program = [sys.executable, "-m", "azure_imds_facts", *arguments, "--endpoint", scene.url]
    process = subprocess.Popen(
        program, env={**scene.shell.env, "TERM": "xterm"}, stdin=terminal, stdout=terminal, stderr=terminal
    )
    os.close(terminal)
    shown = b""
    try:
        while part := os.read(controller, 65536):
            shown += part
    except OSError:
        pass  # the end of a terminal whose other side has closed
    os.close(controller)
    assert process.wait(30) == 0
    own = "[01]" if arguments[0] == "show" else "[0-9]+"
    text = re.sub(f"\x1b\\[{own}m", "", shown.decode().replace("\r\n", "\n"))
    assert COMMANDS.search(text) is None
    assert ("Standard_D2s_v3" in text) is (arguments[0] == "show")


@pytest.mark.parametrize("name", ["json", "yaml", "ansible", "salt"])
def test_programs(scene: Scene, name: str) -> None:
    """What programs read gives them each tag's text back."""
    printed = scene.facts("facts", "--format", name)
    if name == "yaml":
        yaml = pytest.importorskip("yaml")
        read = yaml.safe_load(printed)
    else:
        read = json.loads(printed)
    tags = {"ansible": lambda: read["azure_imds_tags"], "salt": lambda: read["azure_imds"]["tags"]}.get(
        name, lambda: read["tags"]
    )()
    assert tags == scene.tags


@needs("salt-call")
def test_salt(scene: Scene) -> None:
    """The grain holds each tag's text, adds nothing to the top, and targeting by it runs nothing."""
    write_minion_config(
        scene.folder, minion_id="alone", master_ports=(0, 0), azure_imds={"endpoint": scene.url, "timeout": 10}
    )
    config = scene.folder / "minion"
    grains = {"grains_dirs": [str(CHECKOUT / "facts" / "azure_imds_facts" / "salt" / "grains")]}
    config.write_text(json.dumps({**json.loads(config.read_text()), **grains}))
    call = ["salt-call", "--local", "-c", str(scene.folder), "--out=json", "-l", "error"]
    items = json.loads(scene.shell.run_ok(*call, "grains.items"))["local"]
    assert items["azure_imds"]["tags"] == scene.tags
    assert not {"ansible_connection", "__proto__", "vars", "hostvars", "constructor"} & set(items)
    assert items["os"] != scene.tags["os"]
    assert items["id"] == "alone"
    target = f"azure_imds:tagPairs:shell={scene.tags['shell']}"
    assert json.loads(scene.shell.run_ok(*call, "match.grain", target))["local"] is True
    assert json.loads(scene.shell.run_ok(*call, "match.grain", "azure_imds:tags:jinja:x"))["local"] is False
