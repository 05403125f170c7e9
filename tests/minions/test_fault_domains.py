# SPDX-License-Identifier: Apache-2.0
"""The orchestration of docs/salt-recipes.md that works on one fault domain after the other, on four machines in three domains."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.minions.conftest import VMS, Fleet, describe_vm
from tests.minions.long import long_forms
from tests.minions.test_examples import FILES

FOURTH: dict[str, Any] = {"platformFaultDomain": "2", "tags": {}}
DOMAINS = {name: vm["platformFaultDomain"] for name, vm in {**VMS, "queue": FOURTH}.items()}
# Each step writes what it does into one file; `drain` takes long enough for another machine's to come in between.
STEP = """\
note it:
  cmd.run:
    - name: echo {step} {{{{ grains['id'] }}}} >>{log}; sleep 0.3; test ! -e {folder}/fails-{step}-{{{{ grains['id'] }}}}
"""


@dataclass
class Work:
    """The fleet with its states; `steps` is what was done, in order."""

    fleet: Fleet
    log: Path

    def run(self, at_once: int | None = None) -> tuple[int, dict[str, Any]]:
        """Run the orchestration; return the exit code and step → result."""
        self.log.unlink(missing_ok=True)
        pillar = () if at_once is None else (f"pillar={json.dumps({'at_once': at_once})}",)
        master = self.fleet.master
        command = ("state.orchestrate", "orch.by_fault_domain", *pillar)
        code, output, errors = master.prompt.run("salt-run", "-c", str(master.folder), "--out=json", *command)
        assert output.startswith("{"), output + errors
        steps = next(iter(json.loads(output)["data"].values())).values()
        ordered = sorted(steps, key=lambda step: step["__run_num__"])
        return code, {step["__id__"]: step["result"] for step in ordered}

    @property
    def steps(self) -> list[tuple[str, str]]:
        """Step and machine, in the order in which they began."""
        return [(words[0], words[1]) for words in map(str.split, self.log.read_text().splitlines())]

    def list_away(self) -> list[set[str]]:
        """Return which machines were drained at each moment, as far as that changed."""
        away: set[str] = set()
        found = []
        for step, machine in self.steps:
            away = away | {machine} if step == "drain" else away - {machine} if step == "undrain" else away
            found.append(away)
        return found


@pytest.fixture(scope="module")
def work(fleet: Fleet) -> Iterator[Work]:
    """A fourth machine joins the three, in a domain of its own."""
    log = fleet.master.folder / "steps"
    before = {path: path.read_text() if path.exists() else None for path in _list_places(fleet)}
    for path in before:
        text = STEP.format(step=path.stem, log=log, folder=fleet.master.folder)
        path.parent.mkdir(exist_ok=True)
        path.write_text(FILES["/srv/salt/orch/by_fault_domain.sls"] if path.parent.name == "orch" else text)
    queue = fleet.add("queue")
    describe_vm(queue.imds, **FOURTH)
    queue.start()
    yield Work(fleet, log)
    for path, content in before.items():
        path.unlink() if content is None else path.write_text(content)
    queue.end()
    fleet.master.forget("queue")


def _list_places(fleet: Fleet) -> list[Path]:
    names = ("drain", "update", "undrain", "orch/by_fault_domain")
    return [fleet.master.salt_tree / f"{name}.sls" for name in names]


def test_one_domain_after_the_other(work: Work) -> None:
    """All machines of a domain are worked on together, and none of another one meanwhile; one at once where that is the cap."""
    code, results = work.run()
    assert (code, set(results.values())) == (0, {True})
    assert [name for name in results if name.startswith("drain")] == [
        f"drain batch 1 of fault domain {number}" for number in "012"
    ]
    away = work.list_away()
    assert {"db", "files"} in away
    assert all(len({DOMAINS[machine] for machine in machines}) <= 1 for machines in away)
    assert sorted(work.steps) == sorted((step, name) for step in ("drain", "update", "undrain") for name in DOMAINS)

    code, results = work.run(at_once=1)
    assert (code, set(results.values()), len(results)) == (0, {True}, 12)
    assert max(map(len, work.list_away())) == 1
    assert [machine for step, machine in work.steps if step == "update"] == ["web", "db", "files", "queue"]


def test_failure_stops_the_rest(work: Work) -> None:
    """Where a machine cannot be drained it is not updated, nor is any after it; those before it are done."""
    flag = work.fleet.master.folder / "fails-drain-db"
    flag.touch()
    code, results = work.run(at_once=1)
    flag.unlink()
    assert code != 0
    assert results["drain batch 1 of fault domain 1"] is False
    assert [*work.steps] == [("drain", "web"), ("update", "web"), ("undrain", "web"), ("drain", "db")]


@long_forms("a machine that does not answer")
def test_silence_stops_the_rest(work: Work) -> None:
    """A machine that is gone, and whose key is still accepted, stops it as well."""
    work.fleet.minions["web"].end()
    try:
        code, results = work.run(at_once=1)
        assert code != 0
        assert results["drain batch 1 of fault domain 0"] is False
        assert not work.log.exists()
    finally:
        work.fleet.minions["web"].start()
