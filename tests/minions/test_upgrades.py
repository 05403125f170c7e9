# SPDX-License-Identifier: Apache-2.0
"""An upgrade of what a master serves never takes the grain away, whatever of it a minion has got so far."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from azure_imds_facts.emulator import Emulator
from lab.places import short_folder
from lab.salted import reserved_ports, salt_master, write_master_config

from tests.e2e.shell import Shell
from tests.minions.bare import build_bare_python
from tests.minions.daemons import Master, Minion
from tests.minions.exported import CLOUDS, VERSIONS, write_tree
from tests.minions.long import long_forms

# A top file that the grain alone decides: a minion that loses it gets nothing any more, not even what would heal it.
TOP = "base:\n  'azure_imds:cloud:*':\n    - match: grain\n    - some\n"


@dataclass
class Site:
    """A master that serves from files or from git, with Salt's own times, and a minion that has what it serves."""

    master: Master
    minion: Minion
    tree: Path
    backend: str

    def serve(self, version: str) -> None:
        """Have the master serve a version, as far as it has noticed."""
        write_tree(self.tree, VERSIONS[version]())
        if self.backend == "gitfs":
            commit(self.tree)
            self.master.salt_run("fileserver.update")

    def sync(self, kind: str) -> None:
        """Have the minion sync, and go on once it has its grain."""
        answer = self.master.salt("web", f"saltutil.sync_{kind}")["web"]
        if kind == "all":
            assert not answer["utils"]
        self.check()

    def check(self, version: str = "*") -> None:
        """Wait until the master finds the minion by its grain; while it refreshes, the minion may not hear it."""
        cloud = CLOUDS.get(version, version)
        self.master.wait_for({"web": True}, "-G", f"azure_imds:cloud:{cloud}", "test.ping", timeout_s=30)


def commit(tree: Path) -> None:
    """Commit everything in a repository."""
    git = ["git", "-C", str(tree), "-c", "user.name=x", "-c", "user.email=x@example.com"]
    if not (tree / ".git").exists():
        subprocess.run([*git, "init", "-q", "-b", "base"], check=True)
    subprocess.run([*git, "add", "-A"], check=True)
    subprocess.run([*git, "commit", "-q", "--allow-empty", "-m", "x"], check=True)


@pytest.fixture(scope="module", params=["roots", pytest.param("gitfs", marks=long_forms("a master on git"))])
def site(request: pytest.FixtureRequest) -> Iterator[Site]:
    """The older version is what it starts with."""
    with short_folder() as folder, ExitStack() as stack:
        shell = Shell(folder)
        ports = stack.enter_context(reserved_ports())
        master = Master(folder, shell)
        master.configure()
        tree = folder / "git" if request.param == "gitfs" else master.salt_tree
        options: dict[str, Any] = {"file_roots": {"base": [str(tree)]}}
        if request.param == "gitfs":
            options = {"fileserver_backend": ["gitfs"], "gitfs_remotes": [f"file://{tree}"], "gitfs_base": "base"}
        (folder / "master.d/roots.conf").write_text(json.dumps(options))
        write_tree(tree, {"top.sls": TOP, "some.sls": "fine:\n  test.succeed_without_changes: []\n"})
        site = Site(master, None, tree, request.param)  # type: ignore[arg-type]
        write_tree(tree, VERSIONS["older"]())
        if request.param == "gitfs":
            commit(tree)
        stack.callback(master.prompt.close)
        write_master_config(folder, ports=ports)
        stack.enter_context(salt_master(folder, env=shell.env))
        imds = stack.enter_context(Emulator())
        bare = build_bare_python(folder / "bare")
        site.minion = Minion(folder / "web", imds, ports=ports, bin_dir=bare)
        stack.callback(site.minion.end)
        site.minion.start()
        site.sync("all")
        site.check("older")
        yield site


def test_new_export_within_the_masters_cache(site: Site) -> None:
    """Right after another sync, while the master still lists the old files, a new export and `sync_all` lose nothing."""
    site.sync("all")
    site.serve("newer")
    site.sync("all")
    site.check()
    site.master.salt("web", "saltutil.clear_cache")
    site.sync("all")
    site.check("newer")
    assert site.master.salt("web", "azure_imds.facts", "gather=tags")["web"]["cloud"] == "NewerAzureCloud"
    (state,) = site.master.salt("web", "state.apply")["web"].values()
    assert (state["__id__"], state["result"]) == ("fine", True)


@pytest.mark.parametrize(
    "order",
    [
        ("grains", "modules", "beacons", "states"),
        pytest.param(("states", "beacons", "modules", "grains"), marks=long_forms("the other order")),
    ],
)
def test_one_kind_after_the_other(site: Site, order: tuple[str, ...]) -> None:
    """With the files of one kind new and those of another old, grain and functions work, after a restart too."""
    now = "older" if site.master.salt("web", "azure_imds.facts", "gather=tags")["web"]["cloud"][0] == "N" else "newer"
    site.serve(now)
    for kind in order:
        site.sync(kind)
        assert site.master.salt("web", "azure_imds.facts", "gather=tags")["web"]["cloud"] in CLOUDS.values()
    site.check(now)
    site.minion.end()
    site.minion.start()
    site.check(now)


@long_forms("a minion that lost files")
def test_any_part_of_it(site: Site) -> None:
    """A minion that has lost all but the grain's file has the grain."""
    extmods = next(Path(site.minion.shell.folder).rglob("extmods"))
    for folder in extmods.iterdir():
        if folder.name != "grains":
            shutil.rmtree(folder)
    site.minion.end()
    site.minion.start()
    site.check()
