# SPDX-License-Identifier: Apache-2.0
"""A VM on which several programs share a cache over several boots, beside what the contract says that they know."""

from __future__ import annotations

import calendar
import json
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from unittest import mock

from azure_imds_facts.core import collector, grain_collector, local_facts
from azure_imds_facts.core.clock import Deadline
from azure_imds_facts.core.errors import ImdsError
from azure_imds_facts.core.facts import Snapshot, build_facts
from azure_imds_facts.core.failure_memory import _IN_PROCESS, FailureMemory
from azure_imds_facts.core.reporter import Reporter
from azure_imds_facts.core.settings import Settings, build_settings
from azure_imds_facts.core.transport import Response, TransportError

from tests.fire.sequences import DAY_S, WEIGHTS, Imds
from tests.support.documents import VM_ID, build_document
from tests.support.hosts import build_host
from tests.support.scripted import reply

OTHER_VM_ID = "11111111-4d57-4c23-ac45-aca61037f084"
# What the body of a 200 holds that is no document, or not this VM's.
INVALID = (b"<html>portal</html>", b"[]", b'{"compute": []}', b'{"a": 1}', b'{"compute": {"a": NaN}}', b"\xff\xff")
TRANSIENT = ("unreachable", "throttled", "unavailable")


def name_outcome(status: int) -> str:
    """Return the outcome of a status by the contract's table."""
    if status == 429:
        return "throttled"
    if status in (404, 408, 410, 421) or status >= 500:
        return "unavailable"
    return "rejected" if status >= 400 else "invalid"


class Machine(Imds):
    """`/metadata/instance` of a VM whose every document has a number of its own."""

    statuses = (*range(201, 207), 301, 302, 400, 401, 403, 404, 405, 408, 410, 418, 421, 429, 500, 502, 503, 504, 599)

    def __init__(self, seed: int) -> None:
        super().__init__(seed)
        self.weights = {**WEIGHTS, "no id": 1, "other": 1, "invalid": 1}
        self.number = 0
        self.boots = 0
        # How each request of the program that runs ended: an outcome, or the number of a document and what it lacks.
        self.ends: list[str | tuple[int, bool, float]] = []
        # Number, whether it is partial, when it was asked for: what the cache has of this boot.
        self.kept: tuple[int, bool, float] | None = None
        self.shown = 0

    def fetch(
        self, url: str, headers: Mapping[str, str], deadline: Deadline, *, method: str = "GET", body: bytes = b""
    ) -> Response:
        """Take the next step, and write down how it ended."""
        self.asked_s = self.clock.passed
        try:
            answer = super().fetch(url, headers, deadline, method=method, body=body)
        except TransportError:
            self.ends.append("cut")
            raise
        if not url.endswith("/metadata/versions") and answer.status != 200:
            self.ends.append(name_outcome(answer.status))
        return answer

    def _answer(self, kind: str) -> Response:
        if kind in ("cut", "empty", "invalid"):
            self.ends.append("invalid")
        return reply(200, self.chance.choice(INVALID)) if kind == "invalid" else super()._answer(kind)

    def build_next(self, kind: str) -> dict[str, Any]:
        """Return a document, in the way that the kind says not a whole one."""
        self.number += 1
        document = build_document(vmSize=f"size-{self.number}", vmId=OTHER_VM_ID if kind == "other" else VM_ID)
        address = {"privateIpAddress": f"10.9.{self.number >> 8}.{self.number & 255}", "publicIpAddress": ""}
        document["network"]["interface"][0]["ipv4"]["ipAddress"] = [address]
        if kind == "no id":
            document["compute"]["vmId"] = self.chance.choice([None, "", 5, []])
        lacking = self.chance.choice(["compute", "network"]) if kind == "partial" else ""
        if lacking:
            document = {name: section for name, section in document.items() if name != lacking}
        if kind != "cut":
            self.ends.append(
                {"no id": "no id", "other": "invalid"}.get(kind) or (self.number, bool(lacking), self.asked_s)
            )
        return document

    def boot(self, folder: Path) -> None:
        """Start the machine, or start it again."""
        self.boots += 1
        self.clock.booted_s = 20.0 - self.clock.passed
        self.kept = None
        _IN_PROCESS.clear()
        self.host = build_host(folder / "host", uuid=VM_ID, boot_id=f"boot-{self.boots}")

    @property
    def whole(self) -> tuple[int, bool, float] | None:
        """The whole document of this boot that a partial one does not replace."""
        is_usable = self.kept and not self.kept[1] and self.clock.passed - self.kept[2] < DAY_S
        return self.kept if is_usable else None


class Programs:
    """The programs of a machine. Each run checks what came of it, and what it left behind."""

    def __init__(self, machine: Machine, folder: Path) -> None:
        self._machine = machine
        self._clock = machine.clock
        self._folder = folder
        self._has_cache = machine.chance.random() < 0.9
        self._file = folder / "facts" / "azure_imds.fact"
        self._found: Snapshot | None = None

    def run_next(self) -> None:
        """Run one of them, or boot the machine."""
        machine = self._machine
        chance = machine.chance.random()
        machine.ends.clear()
        self._found = None
        if chance < 0.06:
            machine.boot(self._folder)
        elif chance < 0.5:
            self._check(self._collect(timeout=machine.chance.choice([1, 5])))
        elif chance < 0.7:
            memory = FailureMemory(seconds=machine.chance.choice([0.0, 60.0]))
            self._check(self._collect(timeout=1, memory=memory), is_grain=True)
        else:
            self._write(is_boot=chance > 0.95)

    def _settings(self, timeout: float) -> Settings:
        cache_dir = str(self._folder / "cache") if self._has_cache else "/dev/null/none"
        ttl = self._machine.chance.choice([0, 2, 60, 60])
        return build_settings({"cache_dir": cache_dir, "cache_ttl": ttl, "timeout": timeout}, {})

    def _collect(self, *, timeout: float, **memory: FailureMemory) -> ImdsError | None:
        self._asked = self._settings(timeout)
        try:
            self._capture(self._asked, open_transport=self._machine.open, **memory)
        except ImdsError as error:
            return error
        return None

    def _capture(self, settings: Settings, **options: Any) -> Snapshot:
        """Collect, in time."""
        began = self._clock.passed
        options.update(host=self._machine.host, clock=self._clock, reporter=Reporter())
        try:
            collect: Any = grain_collector.collect_for_grain if "memory" in options else collector.collect
            self._found = collect(settings, **options)
        finally:
            assert self._clock.passed - began < settings.timeout + 0.01, "late"
        return self._found

    def _check(self, error: ImdsError | None, *, is_grain: bool = False) -> None:
        """Compare what was collected with what was sent. The grain survives more, and for longer."""
        machine, kept = self._machine, self._machine.kept
        survived = (*TRANSIENT, "rejected") if is_grain else TRANSIENT
        age_s = self._clock.passed - kept[2] if kept else DAY_S
        complete = [end for end in machine.ends if end != "cut"]
        if not self._found:
            assert error
            if machine.ends:
                last = complete[-1] if complete else "unreachable"
                # What follows a document without vmId is its second chance.
                assert error.outcome == last or (error.outcome == "invalid" and "no id" in complete[-3:]), machine.ends
            is_too_old = not kept if is_grain else age_s >= DAY_S - 60
            assert error.outcome not in survived or is_too_old, f"lost: {error}"
            return
        found = self._found
        documents = [end for end in machine.ends if isinstance(end, tuple)]
        number, is_partial = read_number(found), bool({"compute", "network"}.difference(found.document))
        if found.source == "imds":
            assert (number, is_partial) == documents[-1][:2], "not what was sent last"
            assert not (is_partial and machine.whole), "a partial document in place of a whole one"
            machine.kept = documents[-1] if self._has_cache else None
        else:
            assert kept, f"{found.source} facts of nothing that was sent in this boot"
            assert (number, is_partial) == kept[:2], "not what was kept"
            assert age_s - self._asked.timeout - 0.01 < found.age_s < age_s + 0.01, "of another age"
            if found.source == "cache":
                assert not machine.ends, "asked for nothing"
                assert found.age_s < self._asked.cache_ttl, "too old"
            else:
                assert is_grain or found.age_s < DAY_S, "far too old"
                replaced = documents and documents[-1][1] and not is_partial
                assert replaced or not complete or complete[-1] in survived, f"stale after {machine.ends}"
        assert number >= machine.shown, "older than what was shown before"
        machine.shown = number

    def _write(self, *, is_boot: bool) -> None:
        """Write the facts file, and compare it with what was collected for it."""
        before = self._read()
        self._asked = self._settings(self._machine.chance.choice([1, 5, 300 if is_boot else 5]))
        error: ImdsError | None = None
        try:
            with mock.patch.object(local_facts, "collect", self._capture):
                local_facts.write_local_facts(
                    self._asked,
                    directory=str(self._folder / "facts"),
                    is_boot=is_boot,
                    reporter=Reporter(),
                    open_transport=self._machine.open,
                    host=self._machine.host,
                    clock=self._clock,
                )
        except ImdsError as caught:
            error = caught
        self._check(error)
        after = self._read()
        if self._found is None:
            assert after == (before and (before[0], before[1], "stale", *before[3:])), "not marked, or not left alone"
            return
        is_partial = bool({"compute", "network"}.difference(self._found.document))
        has_whole = before and not before[1] and before[3] == f"boot-{self._machine.boots}"
        if is_partial and before and has_whole and self._clock.passed - before[4] < DAY_S - 1:
            assert after == (*before[:2], "stale", *before[3:]), "a partial document in place of a whole one"
        elif not (is_partial and has_whole):
            assert after, "no file"
            assert after[:3] == (read_number(self._found), is_partial, self._found.source), "not what was collected"
        assert not before or (after and after[0] >= before[0]), "older than what was shown before"

    def _read(self) -> tuple[int, bool, str, str, float] | None:
        """Return number, partial, source, boot and when it was fetched, of the file."""
        if not self._file.exists():
            return None
        facts = json.loads(self._file.read_text())
        snapshot = facts["snapshot"]
        sizes = [size for size in [facts["compute"].get("vm_size", "").partition("-")[2]] if size]
        addresses = [facts["network"]["private_ipv4"]] if facts["network"]["private_ipv4"] else []
        numbers = {*map(int, sizes), *map(parse_address, addresses)}
        assert len(numbers) == 1, f"facts of several documents: {numbers}"
        began = self._clock.time() - self._clock.passed
        fetched = parse_moment(snapshot["fetched_at"]) - began
        return numbers.pop(), snapshot["partial"], snapshot["source"], snapshot["boot_id"], fetched


def read_number(snapshot: Snapshot) -> int:
    """Return the number of the one document that a snapshot's facts come from."""
    facts = build_facts(snapshot, reporter=Reporter())
    size, address = facts["compute"].get("vmSize", ""), facts["network"]["privateIpv4"]
    numbers = {int(size.partition("-")[2])} if size else set()
    numbers |= {parse_address(address)} if address else set()
    assert len(numbers) == 1, f"facts of several documents: {numbers}"
    return numbers.pop()


def parse_address(address: str) -> int:
    """Return the number that a document's address holds."""
    high, low = map(int, address.split(".")[2:])
    return high << 8 | low


def parse_moment(text: str) -> float:
    """Return seconds since 1970."""
    return float(calendar.timegm(time.strptime(text, "%Y-%m-%dT%H:%M:%SZ")))


def check_machine(machine: Machine, folder: Path) -> None:
    """All programs of a machine show the last whole document's facts, or older ones of this boot that are marked."""
    folder.mkdir()
    machine.boot(folder)
    programs = Programs(machine, folder)
    while machine.left:
        programs.run_next()
        machine.pause()
