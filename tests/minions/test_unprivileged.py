# SPDX-License-Identifier: Apache-2.0
"""A minion that is not root: what is its own stays below its cachedir, and all works."""

from __future__ import annotations

import getpass
import os
import pwd
import subprocess
from collections.abc import Callable

import pytest

from tests.minions.conftest import Fleet
from tests.minions.daemons import Minion

ACCOUNT = "daemon"


def find_account() -> tuple[str, tuple[str, ...]]:
    """Return an account that is not root's, and what runs a program as that.

    In a user namespace, since another account could not read an interpreter below root's home.
    """
    if os.geteuid() != 0:
        return getpass.getuser(), ()
    entry = pwd.getpwnam(ACCOUNT)
    prefix = ("unshare", "--user", f"--map-user={entry.pw_uid}", f"--map-group={entry.pw_gid}")
    try:
        tried = subprocess.run([*prefix, "id", "-un"], capture_output=True, text=True, check=False)
    except FileNotFoundError:
        pytest.skip("this machine has no unshare")
    if tried.stdout.strip() != ACCOUNT:
        pytest.skip(f"user namespaces are not permitted here: {tried.stderr}")
    return ACCOUNT, prefix


def test_minion_that_is_not_root(fleet: Fleet, add_minion: Callable[..., Minion]) -> None:
    """The grain is there, the answer is kept below its cachedir for itself alone, and functions, states and beacon work."""
    account, prefix = find_account()
    minion = add_minion(
        "plain-user",
        prefix=prefix,
        env={"AZURE_IMDS_CACHE_DIR": ""},
        settings={"cache_dir": None},
        options={"user": account, "beacons": {"azure_imds_events": [{"interval": 1}]}},
    )
    minion.imds.set("compute.name", "plain-user")
    minion.start()
    target = ("-C", "G@azure_imds:cloud:AzureCloud and plain-user")
    assert fleet.salt(*target, "cmd.run", "id -un") == {"plain-user": account}

    cache = minion.root / "cache/azure-imds-facts"
    assert cache.stat().st_mode & 0o777 == 0o700
    kept = [path for path in cache.iterdir() if path.is_file()]
    assert any("instance" in path.name for path in kept)
    assert {path.stat().st_mode & 0o777 for path in kept} == {0o600}
    # It has started once and loaded its grains twice, and a `salt-call` of its account shares the answer.
    assert minion.call("grains.get", "azure_imds:cloud") == "AzureCloud"
    assert [record.path for record in minion.imds.requests].count("/metadata/instance") == 1

    assert fleet.salt("plain-user", "azure_imds.facts", "gather=tags")["plain-user"]["cloud"] == "AzureCloud"
    minion.imds.tag("env", "new")
    assert fleet.salt("plain-user", "azure_imds.refresh", "wait=True")["plain-user"]["source"] == "imds"
    assert fleet.salt("-C", "G@azure_imds:tags:env:new and plain-user", "test.ping") == {"plain-user": True}
    event = minion.imds.event("Reboot", lasts="60s")
    (state,) = fleet.salt("plain-user", "state.single", "azure_imds.no_pending_events", "name=x")["plain-user"].values()
    assert (state["result"], event in state["comment"]) == (False, True)
    assert fleet.salt("plain-user", "azure_imds.acknowledge", event) == {"plain-user": True}
    assert fleet.salt("plain-user", "azure_imds.acknowledge", event) == {"plain-user": False}
    assert fleet.salt("plain-user", "azure_imds.approve", event)["plain-user"]["approved"] is True
    assert "azure_imds_events: the state cannot be written" not in minion.log
    assert (minion.root / "cache/azure_imds_events.json").exists()
