# SPDX-License-Identifier: Apache-2.0
"""Every example on the pages about Salt, run as it stands there."""

from __future__ import annotations

import configparser
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from azure_imds_facts.commands.export_systemd import build_tree
from azure_imds_facts.core.facts_file import NAME
from azure_imds_facts.core.host import Host
from azure_imds_facts.core.local_facts import DIRECTORY
from azure_imds_facts.core.settings import build_settings
from azure_imds_facts.emulator import Emulator
from lab.places import CHECKOUT

from tests.minions.conftest import VMS, Fleet
from tests.minions.daemons import Minion
from tests.minions.long import long_forms

PAGES = ("salt", "salt-recipes", "salt-events")
PAGE = "\n".join((CHECKOUT / f"docs/{page}.md").read_text(encoding="utf-8") for page in PAGES)
FILES = dict(re.findall(r"```yaml\n# (/\S+)\n(.*?)```", PAGE, re.DOTALL))
COMMANDS = [
    line.partition("  #")[0].rstrip()
    for block in re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL)
    for line in block.splitlines()
]
ALL = set(VMS)
# What `timeout` exits with.
_TIMED_OUT = 124
# Command → who answers, and what has to be in each answer (a function or a value), where that is the same for all.
ANSWERS: dict[str, dict[str, Any]] = {
    "salt '*' saltutil.sync_all": {},  # the fleet's own fixture runs it, on the one minion that is to have it
    "salt '*' grains.get azure_imds:compute:vmSize": {name: vm["vmSize"] for name, vm in VMS.items()},
    "salt -G 'azure_imds:compute:zone:1' test.ping": {"web": True},
    "salt -G 'azure_imds:compute:vmSize:Standard_D*' test.ping": {"web": True},
    r"salt -P 'azure_imds:compute:vmSize:Standard_[DE]\d+s_v[35]' test.ping": {"web": True, "db": True},
    "salt -G 'azure_imds:tags:env:prod' test.ping": {"web": True, "db": True},
    "salt -G 'azure_imds:tagPairs:ns:team=core' test.ping": {"db": True},
    "salt --delimiter='|' -G 'azure_imds|tags|ns:team|core' test.ping": {"db": True},
    "salt -C 'G@azure_imds:tags:env:prod and not G@azure_imds:compute:zone:1' test.ping": {"db": True},
    "salt -C 'G@azure_imds:tagPairs:Cost?Center=42' test.ping": {"db": True},
    "salt '*' state.show_top": {
        "web": {"base": ["zone_one"]},
        "db": {"base": ["big_memory"]},
        "files": {"base": ["spare_web"]},
    },
    "salt '*' saltutil.refresh_pillar wait=True": dict.fromkeys(VMS, True),
    "salt '*' mine.update": dict.fromkeys(VMS, True),
}
# Command → the test of another file, or below, that runs it: its answer is another each time.
ELSEWHERE = {
    "salt '*' pip.install azure-imds-facts": "no package index in a test; that it works once installed, the fleet shows",
    "salt '*' service.restart salt-minion": "test_sharing.py restarts a minion",
    "azure-imds-facts export salt /srv/salt": "the fleet's fixture",
    "salt-ssh bare grains.get azure_imds:compute:vmSize": "test_ssh.py",
    "salt '*' azure_imds.facts gather=tags": "test_module.py",
    "salt web azure_imds.get compute/vmId": "test_module.py",
    "salt web azure_imds.refresh": "test_targeting.py",
    "salt web azure_imds.refresh wait=True": "test_states.py",
    "salt-run state.orchestrate orch.retagged": "test_retagged",
    "salt web state.apply quiet_update": "test_quiet_update",
    "salt-run azure_imds.stale": "test_states.py",
    "salt-run azure_imds.pending_events": "test_states.py",
    "salt-run azure_imds.stale mine=True": "test_mine_of_facts",
    "salt web azure_imds.events timeout=5": "test_module.py",
    "salt web sys.doc azure_imds": "test_module.py",
    "salt web azure_imds.acknowledge 602d9444-d2cd-49c7-8624-8643e7171297": "test_events.py",
    "salt web azure_imds.approve 602d9444-d2cd-49c7-8624-8643e7171297": "test_events.py",
    "salt -G 'azure_imds:compute:zone:1' state.apply zone_one": "test_states",
    "salt '*' pillar.ls": "test_pillar",
    "salt db mine.get 'azure_imds:tags:role:web' azure_private_addresses grain": "test_mine",
    "salt db state.apply backends": "test_mine",
    "salt-run state.orchestrate orch.by_fault_domain": "test_fault_domains.py",
    "salt-run state.orchestrate orch.by_fault_domain pillar='{\"at_once\": 1}'": "test_fault_domains.py",
}


@pytest.fixture(scope="module")
def documented(fleet: Fleet) -> Iterator[Fleet]:
    """The fleet, with the page's files where the page says, and afterwards without: the mine asks IMDS by itself."""
    yours = {f"/srv/salt/{name}.sls": FILES["/srv/salt/update.sls"] for name in ("drain", "undrain")}
    written = []
    for path, content in {**FILES, **yours}.items():
        for root, tree in (("/srv/salt/", fleet.master.salt_tree), ("/srv/pillar/", fleet.master.pillar_tree)):
            if path.startswith(root):
                place = tree / path.removeprefix(root)
                place.parent.mkdir(exist_ok=True)
                place.write_text(content)
                written.append(place)
    # Fewer addresses would say nothing: each emulated machine has the same ones.
    for number, minion in enumerate(fleet.minions.values()):
        minion.imds.set("network.interface[0].ipv4.ipAddress[0].privateIpAddress", f"10.9.0.{number}")
    fleet.salt("*", "azure_imds.refresh")
    fleet.master.wait_for({"files": "10.9.0.2"}, "files", "grains.get", "azure_imds:network:privateIpv4")
    fleet.salt("*", "saltutil.refresh_pillar", "wait=True")
    yield fleet
    for place in written:
        place.unlink()
    fleet.salt("*", "saltutil.refresh_pillar", "wait=True")


def test_every_command_has_its_test() -> None:
    """No command stands on the page that is not run, and none is run that does not stand there."""
    assert sorted(COMMANDS) == sorted([*ANSWERS, *ELSEWHERE])


@pytest.mark.parametrize("command", [command for command, answer in ANSWERS.items() if answer])
def test_command(documented: Fleet, command: str) -> None:
    """A command gives what the page leads one to expect."""
    assert documented.salt(*shlex.split(command)[1:]) == ANSWERS[command]


def test_states(documented: Fleet) -> None:
    """A state sees the grain."""
    answers = documented.salt(*shlex.split("-G 'azure_imds:compute:zone:1' state.apply zone_one"))
    assert [state["comment"] for state in answers.pop("web").values()] == ["zone 1 of westeurope"]
    assert not answers


def test_pillar(documented: Fleet) -> None:
    """Machines with the tag have what the tag gives them, and no others have."""
    assert {name: sorted(keys) for name, keys in documented.salt("*", "pillar.ls").items()} == {
        "web": ["backup", "mine_functions"],
        "db": ["backup", "mine_functions"],
        "files": ["mine_functions"],
    }


def test_mine(documented: Fleet) -> None:
    """The mine gives the addresses of a role's machines, and those of no other."""
    documented.salt("*", "mine.update")
    expected = {"web": ["10.9.0.0"], "files": ["10.9.0.2"]}
    command = shlex.split("db mine.get 'azure_imds:tags:role:web' azure_private_addresses grain")
    documented.master.wait_for({"db": expected}, *command)
    states = documented.salt("db", "state.apply", "backends")["db"].values()
    assert [state["comment"] for state in sorted(states, key=lambda state: state["__run_num__"])] == [
        "server files 10.9.0.2:80 check",
        "server web 10.9.0.0:80 check",
    ]


def test_mine_of_facts(documented: Fleet) -> None:
    """The runner finds facts and events in the mine that the page's pillar fills."""
    documented.salt("*", "mine.update")
    assert set(documented.master.salt_run("mine.get", "*", "azure_imds.events")) == ALL
    assert documented.master.salt_run("azure_imds.stale", "mine=True") == {}
    assert documented.master.salt_run("azure_imds.pending_events", "mine=True") == {}


def test_quiet_update(documented: Fleet) -> None:
    """The update runs, unless maintenance is near."""
    imds = documented.minions["web"].imds
    event = imds.event("Reboot", resources=[imds.document["compute"]["name"]])
    stopped = documented.salt("web", "state.apply", "quiet_update")["web"].values()
    imds.cancel_event(event)
    run = documented.salt("web", "state.apply", "quiet_update")["web"].values()
    assert [state["result"] for state in sorted(stopped, key=lambda state: state["__run_num__"])] == [
        True,
        False,
        False,
    ]
    assert [state["result"] for state in run] == [True, True, True]


def test_retagged(documented: Fleet) -> None:
    """The orchestration updates the machine that was tagged a moment ago, and no other."""
    imds = documented.minions["db"].imds
    imds.tag("env", "canary")
    try:
        printed = documented.master.salt_run("state.orchestrate", "orch.retagged")
        steps = {step["__id__"]: step for step in next(iter(printed["data"].values())).values()}
        assert (steps["refresh"]["result"], set(steps["canaries"]["changes"]["ret"])) == (True, {"db"})
    finally:
        imds.tag("env", "prod")
        documented.salt("db", "azure_imds.refresh", "wait=True")


def test_grains_cache(fleet: Fleet, add_minion: Callable[..., Minion]) -> None:
    """With Salt's own cache of grains, a refresh and a grain that comes late go past it."""
    minion = add_minion("keeping", options={"grains_cache": True})
    minion.imds.fault("503*forever")
    minion.start()
    minion.imds.fault("")
    fleet.master.wait_for(
        {"keeping": True}, "-C", "G@azure_imds:cloud:AzureCloud and keeping", "test.ping", timeout_s=30
    )
    minion.imds.tag("env", "new")
    fleet.salt("keeping", "azure_imds.refresh", "wait=True")
    assert fleet.salt("-C", "G@azure_imds:tags:env:new and keeping", "test.ping") == {"keeping": True}


def test_first_start(fleet: Fleet, add_minion: Callable[..., Minion]) -> None:
    """A minion that was never synced has the grain soon after its first start, by the configuration of the page alone."""
    options = yaml.safe_load(FILES["/etc/salt/minion.d/azure_imds_sync.conf"])
    minion = add_minion("fresh", options=options, bin_dir=fleet.bare_bin)
    minion.start()
    fleet.master.wait_for({"fresh": True}, "-C", "G@azure_imds:cloud:AzureCloud and fresh", "test.ping", timeout_s=30)


def test_drop_in(tmp_path: Path) -> None:
    """The drop-in waits for the file that the unit writes in this boot, not for one of an earlier boot, and gives up."""
    unit = configparser.ConfigParser(delimiters="=", interpolation=None)
    unit.read_string(re.findall(r"```ini\n# \S+salt-minion.service.d\S+\n(.*?)```", PAGE, re.DOTALL)[0])
    assert any(path.endswith(unit["Unit"]["Wants"]) for path in build_tree("/usr/bin/azure-imds-facts"))
    command = unit["Service"]["ExecStartPre"].removeprefix("-")
    assert f"{DIRECTORY}/{NAME}" in command
    waits = ["sh", "-c", command.replace("timeout 30", "timeout 1").replace(DIRECTORY, str(tmp_path))]
    write = [sys.executable, "-m", "azure_imds_facts", "local-facts", f"--directory={tmp_path}"]
    env = {**os.environ, "PYTHONPATH": str(CHECKOUT / "facts"), "AZURE_IMDS_CACHE_DIR": str(tmp_path / "cache")}
    assert subprocess.run(waits, check=False).returncode == _TIMED_OUT
    with Emulator() as imds:
        env["AZURE_IMDS_ENDPOINT"] = imds.url
        subprocess.run(write, env=env, check=True)
    assert subprocess.run(waits, check=False).returncode == 0
    file, current = tmp_path / NAME, Path(Host().boot_id).read_text().strip()
    file.write_text(file.read_text().replace(current, "00000000-0000-4000-8000-000000000000"))
    assert subprocess.run(waits, check=False).returncode == _TIMED_OUT
    # Marked stale, it keeps the id of its own boot.
    shutil.rmtree(tmp_path / "cache")
    assert subprocess.run([*write, "--boot", "--timeout=0.1"], env=env, check=False).returncode != 0
    assert json.loads(file.read_text())["snapshot"]["source"] == "stale"
    assert subprocess.run(waits, check=False).returncode == _TIMED_OUT


def test_settings() -> None:
    """The settings of both examples are settings."""
    texts = re.findall(r"```yaml\n# /etc/salt/minion.d/azure_imds.conf\n(.*?)```", PAGE, re.DOTALL)
    gathered = [tuple(build_settings(yaml.safe_load(text)["azure_imds"], {}).gather) for text in texts]
    assert gathered == [("compute", "network", "tags", "load_balancer"), ("compute", "network", "tags")]


def test_schedule(fleet: Fleet, add_minion: Callable[..., Minion]) -> None:
    """The schedule brings a new tag to the master by itself; here it runs each second."""
    options = yaml.safe_load(FILES["/etc/salt/minion.d/azure_imds_schedule.conf"])
    job = options["schedule"]["azure_imds"]
    assert (job.pop("minutes"), job.pop("splay")) == (30, 300)
    job["seconds"] = 1
    minion = add_minion("scheduled", options=options, settings={"cache_ttl": 0.001})
    minion.start()
    minion.imds.tag("env", "by-schedule")
    fleet.master.wait_for({"scheduled": True}, "-G", "azure_imds:tags:env:by-schedule", "test.ping")


@long_forms("a minute of grains_refresh_every")
def test_grains_refresh_every(fleet: Fleet, add_minion: Callable[..., Minion]) -> None:
    """As the page says, Salt's own setting loads nothing again. Where this fails, Salt has learnt it, and the page need not warn."""
    minion = add_minion("every", options={"grains_refresh_every": 1}, settings={"cache_ttl": 0.001})
    minion.start()
    minion.imds.tag("env", "by-setting")
    time.sleep(75)
    assert "__update_grains" in minion.log, "it was not scheduled"
    assert fleet.salt("every", "grains.get", "azure_imds:tags:env")["every"] != "by-setting"


HOSTILE = "0\"\n\nowned:\n  test.succeed_with_changes: []\n\n'{{ x }} %}"


@pytest.fixture
def hostile(documented: Fleet) -> Iterator[Fleet]:
    """The fleet while one machine's IMDS answers with text that would like to be YAML, or a template."""
    web = documented.minions["web"].imds
    interface = "network.interface[0].ipv4.ipAddress[0].privateIpAddress"
    before = {path: VMS["web"][path.partition(".")[2]] for path in ("compute.zone", "compute.platformFaultDomain")}
    for path in (*before, "compute.location", interface):
        web.set(path, HOSTILE)
    documented.salt("web", "azure_imds.refresh")
    documented.master.wait_for({"web": HOSTILE}, "web", "grains.get", "azure_imds:network:privateIpv4")
    documented.salt("*", "mine.update")
    yield documented
    for path, value in {**before, "compute.location": "westeurope", interface: "10.9.0.0"}.items():
        web.set(path, value)
    documented.salt("web", "azure_imds.refresh")
    documented.master.wait_for({"web": "10.9.0.0"}, "web", "grains.get", "azure_imds:network:privateIpv4")
    documented.salt("*", "mine.update")


def test_recipes_keep_hostile_text_text(hostile: Fleet) -> None:
    """Whatever a machine says of itself, it becomes no state: on the machine, on another one, on the master."""
    (state,) = hostile.salt("web", "state.apply", "zone_one")["web"].values()
    assert state["comment"] == f"zone {HOSTILE} of {HOSTILE}"
    states = hostile.salt("db", "state.apply", "backends")["db"].values()
    assert len(states) == 2
    assert f"server web {HOSTILE}:80 check" in [state["comment"] for state in states]
    printed = hostile.master.salt_run("state.orchestrate", "orch.by_fault_domain")
    steps = next(iter(printed["data"].values())).values()
    assert sorted(step["__id__"] for step in steps) == [
        f"{sls} batch 1 of fault domain 1" for sls in ("drain", "undrain", "update")
    ]
