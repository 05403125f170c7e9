# SPDX-License-Identifier: Apache-2.0
"""An upgrade of what a master serves never takes the grain away, whatever of it a minion has got so far."""

from __future__ import annotations

import itertools
import json
import shutil
import subprocess
import time
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
from tests.minions.long import IS_LONG, IS_LONGEST, long_forms

# A top file that the grain alone decides: a minion that loses it gets nothing any more, not even what would heal it.
_KINDS = ("grains", "modules", "beacons", "states")
# In which the kinds of files come to a minion.
ORDERS = list(itertools.permutations(_KINDS)) if IS_LONGEST else [_KINDS, _KINDS[::-1]] if IS_LONG else [_KINDS]
# What is left to a minion that has lost files: in all cases the grain's.
LEFT = (
    [set(left) for number in range(4) for left in itertools.combinations(_KINDS[1:], number)] if IS_LONGEST else [set()]
)
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
        self.ask()

    def check(self, version: str = "*") -> None:
        """Wait until the master finds the minion by its grain; while it refreshes, the minion may not hear it."""
        cloud = CLOUDS.get(version, version)
        self.master.wait_for({"web": True}, "-G", f"azure_imds:cloud:{cloud}", "test.ping", timeout_s=30)

    def ask(self) -> str:
        """Have a function run on the minion that has the grain, and return which version answered."""
        deadline = time.monotonic() + 30
        while not (
            answer := self.master.salt("-t", "5", *["-G", "azure_imds:cloud:*", "azure_imds.facts", "gather=tags"])
        ):
            assert time.monotonic() < deadline, "no grain"
        clouds = {cloud: version for version, cloud in CLOUDS.items()}
        return clouds[answer["web"]["cloud"]]


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
    assert site.ask() == "newer"
    (state,) = site.master.salt("web", "state.apply")["web"].values()
    assert (state["__id__"], state["result"]) == ("fine", True)


@pytest.mark.parametrize("order", ORDERS, ids="-".join)
def test_one_kind_after_the_other(site: Site, order: tuple[str, ...]) -> None:
    """Whichever kinds of files are new and whichever old, and in whichever order they came, grain and functions work."""
    now = "older" if site.ask() == "newer" else "newer"
    site.serve(now)
    for kind in order:
        site.sync(kind)
    site.check(now)


@pytest.mark.parametrize("mixed", _KINDS[:2])
def test_restart_in_between(site: Site, mixed: str) -> None:
    """So they do after a restart with the files of one kind new and the others old."""
    now = "older" if site.ask() == "newer" else "newer"
    site.serve(now)
    site.sync(mixed)
    site.minion.end()
    site.minion.start()
    assert (site.ask() == now) is (mixed == "modules")  # what answers is a function
    site.sync("all")
    site.check(now)


@long_forms("a minion that lost files")
@pytest.mark.parametrize("left", LEFT, ids=lambda left: "-".join(["grains", *sorted(left)]))
def test_any_part_of_it(site: Site, left: set[str]) -> None:
    """A minion that has lost files, but not the grain's, has the grain; a sync brings the rest back."""
    extmods = next(Path(site.minion.shell.folder).rglob("extmods"))
    for folder in extmods.iterdir():
        if folder.name not in ("grains", *left):
            shutil.rmtree(folder)
    site.minion.end()
    site.minion.start()
    site.check()
    site.sync("all")
