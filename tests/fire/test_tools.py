# SPDX-License-Identifier: Apache-2.0
"""Each outcome once through real Ansible and real Salt, with proxies in the environment that nobody may ask."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from shutil import which
from sysconfig import get_path
from typing import Any

import pytest
from lab.places import CHECKOUT, short_folder
from lab.salted import write_minion_config

from tests.e2e.shell import Shell
from tests.fire.behaviours import GOOD, SECRET, answer, silent
from tests.fire.test_matrix import FACTS, proxies
from tests.support.servers import RawServer, sending

# Outcome → what the server does, further settings, environment.
CASES: dict[str, tuple[Any, dict[str, Any], dict[str, str]]] = {
    "ok": (answer(200, GOOD), {}, {}),
    "usage": (answer(200, GOOD), {"api_version": "1999-01-01"}, {}),
    "not_azure": (answer(200, GOOD), {}, {"AZURE_IMDS_DISABLED": "1"}),
    "unreachable": (silent, {}, {}),
    "throttled": (answer(429), {}, {}),
    "unavailable": (answer(503), {}, {}),
    "rejected": (answer(403), {}, {}),
    "invalid": (answer(200, f"<html>{SECRET}".encode()), {}, {}),
}
FAILING = [outcome for outcome in CASES if outcome not in ("ok", "not_azure")]


def needs(command: str) -> pytest.MarkDecorator:
    """Skip where a tool is not installed beside this Python."""
    return pytest.mark.skipif(not which(command, path=get_path("scripts")), reason=f"{command} is not installed")


@pytest.fixture(scope="module")
def proxy() -> Iterator[RawServer]:
    """A server that all proxy variables name."""
    with RawServer(sending(b"HTTP/1.1 500 Asked\r\n\r\n")) as server:
        yield server


@pytest.fixture(scope="module")
def settings() -> Iterator[dict[str, dict[str, Any]]]:
    """For each outcome the settings that lead to it."""
    with ExitStack() as running:
        endpoints = {name: running.enter_context(RawServer(case[0])).url for name, case in CASES.items()}
        yield {name: {"endpoint": endpoints[name], "timeout": 0.6, **case[1]} for name, case in CASES.items()}


@pytest.fixture(scope="module")
def in_ansible(settings: dict[str, dict[str, Any]], proxy: RawServer) -> tuple[dict[str, Any], str]:
    """The module's result for each outcome, out of one play, and all that Ansible printed."""
    with short_folder() as folder:
        tasks = [
            {
                "azure_imds_facts": {**settings[name], "cache_dir": str(folder / name)},
                "environment": environment,
                "register": name,
                "ignore_errors": True,
            }
            for name, (_behaviour, _settings, environment) in CASES.items()
        ]
        listed = ", ".join(f"'{name}': {name}" for name in CASES)
        content = "{{ {" + listed + "} | to_json }}"
        tasks.append({"copy": {"content": content, "dest": str(folder / "results"), "mode": "0600"}})
        play = [{"hosts": "localhost", "connection": "local", "gather_facts": False, "tasks": tasks}]
        (folder / "play.yml").write_text(json.dumps(play))
        shell = Shell(folder)
        printed = shell.run_ok("ansible-playbook", "-v", str(folder / "play.yml"), **proxies(proxy.url))
        return json.loads((folder / "results").read_text()), printed


@needs("ansible-playbook")
@pytest.mark.parametrize("outcome", CASES)
def test_ansible(in_ansible: tuple[dict[str, Any], str], outcome: str) -> None:
    """The module names the outcome, and fails where there was a failure."""
    result = in_ansible[0][outcome]
    assert result["outcome"] == outcome
    assert bool(result.get("failed")) is (outcome in FAILING), result
    if outcome in FAILING:
        assert "ansible_facts" not in result
        assert result["msg"].endswith(".")
    else:
        assert result["ansible_facts"]["azure_imds_available"] is (outcome == "ok")
    assert not any("Traceback" in str(value) for value in result.values())


@needs("ansible-playbook")
def test_ansible_is_discreet(in_ansible: tuple[dict[str, Any], str], proxy: RawServer) -> None:
    """Ansible printed no secret and no traceback, and no proxy was asked."""
    assert SECRET not in in_ansible[1]
    assert "Traceback" not in in_ansible[1]
    assert proxy.connections == 0


@pytest.fixture(scope="module")
def in_salt(settings: dict[str, dict[str, Any]], proxy: RawServer) -> dict[str, tuple[Any, str]]:
    """For each outcome the grain that salt-call gives, and what it logs."""

    def call(outcome: str) -> tuple[Any, str]:
        with short_folder() as folder:
            write_minion_config(folder, minion_id="alone", master_ports=(0, 0), azure_imds=settings[outcome])
            config: Path = folder / "minion"
            # So that a checkout that is not installed serves as well.
            grains = {"grains_dirs": [str(CHECKOUT / "facts" / "azure_imds_facts" / "salt" / "grains")]}
            config.write_text(json.dumps({**json.loads(config.read_text()), **grains}))
            done = Shell(folder).run(
                *("salt-call", "--local", "-c", str(folder), "--out=json", "-l", "warning", "grains.get", "azure_imds"),
                **{**proxies(proxy.url), "no_proxy": "", "PYTHONPATH": str(FACTS), **CASES[outcome][2]},
            )
            assert done.returncode == 0, done.stderr
            return json.loads(done.stdout)["local"], done.stderr

    with ThreadPoolExecutor(3) as pool:
        return dict(zip(CASES, pool.map(call, CASES)))


@needs("salt-call")
@pytest.mark.parametrize("outcome", CASES)
def test_salt(in_salt: dict[str, tuple[Any, str]], outcome: str) -> None:
    """There is a grain or none, and one warning where there was a failure, with the outcome and without a secret."""
    grain, logged = in_salt[outcome]
    assert bool(grain) is (outcome == "ok"), logged
    lines = [line for line in logged.splitlines() if "azure_imds" in line]
    assert [f"({outcome})" in line for line in lines] == [True] * (outcome in FAILING), logged
    assert SECRET not in logged + json.dumps(grain)
    assert "Traceback" not in logged


@needs("salt-call")
def test_salt_asks_no_proxy(in_salt: dict[str, tuple[Any, str]], proxy: RawServer) -> None:
    """No proxy of the environment was asked."""
    assert len(in_salt) == len(CASES)
    assert proxy.connections == 0
