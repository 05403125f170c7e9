# SPDX-License-Identifier: Apache-2.0
"""No sequence of answers, whatever it holds, makes a wrong fact or loses or repeats a change.

`make test-sequences` runs 30,000 of them; here are as many as CI has time for. A failure names its sequence's number.
"""

from __future__ import annotations

import json
import os
import re
import tempfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
from azure_imds_facts.core import collector, local_facts
from azure_imds_facts.core.document import list_missing
from azure_imds_facts.core.errors import TRANSIENT, ImdsError
from azure_imds_facts.core.events.client import EventClient
from azure_imds_facts.core.events.watch import Watch
from azure_imds_facts.core.facts import Snapshot
from azure_imds_facts.core.settings import Settings, build_settings

from tests.fire.machine import Machine, check_machine
from tests.fire.sequences import Events, Imds, Instance, Reading
from tests.support.reporters import ListReporter

SEQUENCES = int(os.environ.get("SEQUENCES", "400"))
BLOCKS = 8


def settings_of(imds: Imds, folder: Path) -> Settings:
    """Settings with a cache, which some sequences do without for being fresh."""
    fresh_s = imds.chance.choice([0, 300])
    options = {"endpoint": "http://127.0.0.1:9", "cache_dir": str(folder / "cache"), "cache_ttl": fresh_s, "timeout": 8}
    return build_settings(options, {})


def name_document(compute: Any, network: Any) -> set[int]:
    """The numbers of the documents that facts come from."""
    return {int(number) for number in re.findall(r"(?:Standard_|10\.9\.0\.)(\d+)", json.dumps([compute, network]))}


def check_collector(imds: Instance, folder: Path) -> None:
    """What is collected is the last whole document, or older and marked so; a partial one only in want of a whole."""
    settings = settings_of(imds, folder)
    while imds.left:
        found, error = collect(imds, settings)
        if found:
            numbers = name_document(found.document.get("compute"), found.document.get("network"))
            check_facts(imds, numbers, is_partial=bool(list_missing(found.document)))
        else:
            assert not isinstance(error, TRANSIENT) or not imds.has_whole, f"lost: {error}"
        imds.pause()


def collect(imds: Instance, settings: Settings) -> tuple[Snapshot | None, ImdsError | None]:
    """Collect, or return the failure."""
    try:
        return collector.collect(settings, open_transport=imds.open, clock=imds.clock, reporter=ListReporter()), None
    except ImdsError as error:
        return None, error


def check_facts(imds: Instance, numbers: set[int], *, is_partial: bool) -> None:
    """Check facts, fresh or stale, that a run returned."""
    if is_partial:
        assert not imds.has_whole, "a partial document in place of a whole one"
    else:
        assert imds.whole, "facts of nothing that was sent"
        assert numbers == {imds.whole[0]}, "not the last whole document's"


def check_file(imds: Instance, folder: Path) -> None:
    """The file holds the last whole document's facts, or is marked stale; it is never lost, nor put together of two."""
    settings = settings_of(imds, folder)
    held = False
    while imds.left:
        error: ImdsError | None = None
        try:
            local_facts.write_local_facts(
                settings,
                directory=str(folder / "facts"),
                reporter=ListReporter(),
                open_transport=imds.open,
                clock=imds.clock,
            )
        except ImdsError as caught:
            error = caught
        file = folder / "facts" / "azure_imds.fact"
        facts = json.loads(file.read_text()) if file.exists() else None
        assert facts or not held, f"the file is lost after {error}"
        if facts:
            numbers = name_document(facts["compute"], facts["network"])
            is_stale, is_partial = facts["snapshot"]["source"] == "stale", facts["snapshot"]["partial"]
            assert is_partial or len(numbers) == 1, f"facts of several documents: {numbers}"
            assert is_stale or not error, f"after {error} the file is not marked stale"
            if not is_stale or is_partial:
                check_facts(imds, numbers, is_partial=is_partial)
            held = True
        imds.pause()


def check_watch(imds: Events, folder: Path) -> None:
    """Each change is told once, in order, across failures and restarts; what was not dealt with is told again."""
    reading = Reading()
    watch = open_watch(imds)
    while imds.left:
        imds.clock.advance(watch.wait_s)
        changes = watch.poll()
        assert len(imds.sent) == 1, "more than one request"
        assert [(change.kind, change.event.event_id) for change in changes] == reading.take(imds.sent.pop())
        if imds.chance.random() < 0.1:
            unfinished = changes[imds.chance.randint(0, len(changes)) :]
            state = json.loads(json.dumps(watch.state(unfinished)))
            watch = open_watch(imds)
            assert watch.restore(state)
            reading.restart(
                [(one.kind, one.event.event_id, one.before.status if one.before else None) for one in unfinished]
            )


def open_watch(imds: Events) -> Watch:
    """A new process's watch."""
    client = EventClient("http://127.0.0.1:9", imds.open, clock=imds.clock, reporter=ListReporter())
    return Watch(client, vm_name="web-01", clock=imds.clock)


CHECKS: dict[str, tuple[Callable[[int], Any], Callable[[Any, Path], None]]] = {
    "collector": (Instance, check_collector),
    "file": (Instance, check_file),
    "watch": (Events, check_watch),
    "machine": (Machine, check_machine),
}


@pytest.fixture
def memory() -> Iterator[Path]:
    """A folder in memory where the machine has one: thirty thousand sequences write a lot."""
    with tempfile.TemporaryDirectory(dir="/dev/shm" if os.path.isdir("/dev/shm") else None) as folder:
        yield Path(folder)


def run_sequences(name: str, seeds: Iterable[int], folder: Path) -> None:
    """Run sequences, each by its own clock."""
    build, check = CHECKS[name]
    for seed in seeds:
        imds = build(seed)
        try:
            check(imds, folder / str(seed))
        except AssertionError as error:
            raise AssertionError(f"sequence {seed} of {name}: {error}") from error


@pytest.mark.parametrize("block", range(BLOCKS))
@pytest.mark.parametrize("name", CHECKS)
def test_sequences(name: str, block: int, memory: Path) -> None:
    """A share of the sequences through one of the programs."""
    run_sequences(name, range(block, SEQUENCES // len(CHECKS), BLOCKS), memory)


@pytest.mark.parametrize(
    ("name", "broken", "by"),
    [
        ("collector", "document.list_missing", lambda _document: []),
        ("file", "facts_file.FactsFile.invalidate_after", lambda *_args: ""),
        ("watch", "events.model._content", lambda event: event.key),
        ("machine", "facts_file.FactsFile.holds_whole", lambda *_args, **_options: False),
    ],
)
def test_sequences_can_fail(name: str, broken: str, by: object, memory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a rule broken, some sequence finds it."""
    monkeypatch.setattr(f"azure_imds_facts.core.{broken}", by)
    with pytest.raises(AssertionError):
        run_sequences(name, range(200), memory)
