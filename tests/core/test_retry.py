# SPDX-License-Identifier: Apache-2.0
"""Test retries: what is asked again, how long is waited, whose turn it is, and which answer names the outcome."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any, Callable

import pytest
from azure_imds_facts.core.cache import Cache, Key
from azure_imds_facts.core.clock import Deadline
from azure_imds_facts.core.errors import ImdsError
from azure_imds_facts.core.retry import Turn, backoff

from tests.support.clocks import ManualClock
from tests.support.documents import build_document
from tests.support.reporters import ListReporter
from tests.support.scripted import ScriptedTransport, refused, reply

KEY = Key(endpoint="http://127.0.0.1", path="/x", asked="negotiated", boot_id="b")

Collect = Callable[..., Any]
WHOLE = reply(200, build_document())
CASES: list[tuple[str, Any, str, bool]] = [
    ("refused", refused(), "unreachable", True),
    ("404", reply(404), "unavailable", True),
    ("408", reply(408), "unavailable", True),
    ("410", reply(410), "unavailable", True),
    ("429", reply(429), "throttled", True),
    ("500", reply(500), "unavailable", True),
    ("503", reply(503), "unavailable", True),
    ("599", reply(599), "unavailable", True),
    ("cut JSON", reply(200, b'{"compute": {'), "invalid", True),
    ("broken JSON", reply(200, b"{]}"), "invalid", True),
    ("empty", reply(200, b""), "invalid", True),
    ("400", reply(400, {"error": "Required metadata header not specified"}), "rejected", False),
    ("401", reply(401), "rejected", False),
    ("403", reply(403), "rejected", False),
    ("405", reply(405), "rejected", False),
    ("409", reply(409), "rejected", False),
    ("418", reply(418), "rejected", False),
    ("201", reply(201, build_document()), "invalid", False),
    ("204", reply(204), "invalid", False),
    ("206", reply(206, build_document()), "invalid", False),
    ("301", reply(301, location="http://127.0.0.1/"), "invalid", False),
    ("304", reply(304), "invalid", False),
    ("600", reply(600), "invalid", False),
    ("HTML", reply(200, b"<html>login</html>"), "invalid", False),
    ("cut HTML", reply(200, b"<ht"), "invalid", False),
    ("not UTF-8", reply(200, b'{"a": "\xff"}'), "invalid", False),
    ("NaN", reply(200, b'{"compute": {"a": NaN}}'), "invalid", False),
    ("a list", reply(200, b"[]"), "invalid", False),
    ("no section", reply(200, b'{"error": "x"}'), "invalid", False),
    ("wrong section", reply(200, b'{"compute": []}'), "invalid", False),
    ("too large", reply(200, b'{"compute": "' + b"x" * 1024 * 1024 + b'"}'), "invalid", False),
    ("too deep", reply(200, b'{"compute": ' + b'{"a":' * 64 + b"1" + b"}" * 65), "invalid", False),
]


@pytest.mark.parametrize(("name", "step", "outcome", "retried"), CASES, ids=[case[0] for case in CASES])
def test_outcomes(name: str, step: Any, outcome: str, retried: bool, collect_from: Collect, clock: ManualClock) -> None:
    """Each end has its outcome; what may pass is asked again until the deadline and what cannot ends at once."""
    transport = ScriptedTransport(step)
    with pytest.raises(ImdsError) as caught:
        collect_from(transport)
    assert caught.value.outcome == outcome, name
    instance = [url for url in transport.urls if "/instance" in url]
    assert (len(instance) > 1) is retried
    assert (clock.passed > 4.5) is retried
    assert clock.passed <= 5.0


@pytest.mark.parametrize("name", [case[0] for case in CASES if case[3]])
def test_what_passes(name: str, collect_from: Collect) -> None:
    """What is asked again is forgotten once there is an answer."""
    step = next(case[1] for case in CASES if case[0] == name)
    transport = ScriptedTransport(*([step] * 2), WHOLE)
    assert collect_from(transport).source == "imds"


@pytest.mark.parametrize(
    ("header", "expected"),
    [("2", 2.0), ("0", 0.15), ("Tue, 14 Nov 2023 22:13:23 GMT", 3.0), ("nonsense", 0.15), ("-5", 0.15)],
)
def test_retry_after(header: str, expected: float, collect_from: Collect, clock: ManualClock) -> None:
    """`Retry-After` in seconds or as a date is obeyed; what is neither leaves the usual wait."""
    assert collect_from(ScriptedTransport(reply(429, retry_after=header), WHOLE)).source == "imds"
    assert clock.slept == pytest.approx([expected])


@pytest.mark.parametrize("header", ["5", "3600", "9" * 400, "Wed, 15 Nov 2023 22:13:20 GMT"])
@pytest.mark.parametrize(("status", "outcome"), [(429, "throttled"), (503, "unavailable"), (410, "unavailable")])
def test_retry_after_beyond_the_deadline(
    header: str, status: int, outcome: str, collect_from: Collect, clock: ManualClock
) -> None:
    """A wish beyond the deadline ends the collection at once."""
    transport = ScriptedTransport(reply(status, retry_after=header))
    with pytest.raises(ImdsError) as caught:
        collect_from(transport)
    assert caught.value.outcome == outcome
    assert clock.slept == []
    assert len(transport.urls) == 1


def test_retry_after_means_nothing_with_a_final_answer(collect_from: Collect, clock: ManualClock) -> None:
    """A 403 is final, whatever it says of later."""
    with pytest.raises(ImdsError, match="403"):
        collect_from(ScriptedTransport(reply(403, retry_after="1"), WHOLE))
    assert clock.slept == []


def test_the_message_names_what_failed(collect_from: Collect, reporter: ListReporter) -> None:
    """The first message about a failure names its URL, not that of a question asked on its account."""
    collect_from(ScriptedTransport(WHOLE))
    transport = ScriptedTransport(reply(404))
    assert collect_from(transport, cache_ttl=0, timeout=0.3).source == "stale"
    (notice,) = [text for text in reporter.notices if "Asking again" in text]
    assert transport.versions[:2] == ["2025-04-07", "versions"]
    assert "Asked http://169.254.169.254/metadata/instance?api-version=" in notice


@pytest.mark.parametrize(
    ("steps", "outcome"),
    [
        ([reply(429), refused()], "throttled"),
        ([reply(503), reply(429), refused()], "throttled"),
        ([reply(429), reply(410), refused()], "unavailable"),
        ([reply(200, b"{"), refused()], "invalid"),
        ([refused(), reply(410)], "unavailable"),
        ([reply(410), reply(429)], "throttled"),
    ],
)
def test_last_complete_answer(steps: list[Any], outcome: str, collect_from: Collect) -> None:
    """The last complete answer names the outcome, even where the connection broke after it."""
    with pytest.raises(ImdsError) as caught:
        collect_from(ScriptedTransport(*steps))
    assert caught.value.outcome == outcome


def test_waits_grow(collect_from: Collect, clock: ManualClock) -> None:
    """Waits grow to a second and the last attempt is made shortly before the deadline."""
    transport = ScriptedTransport(refused())
    with pytest.raises(ImdsError, match="connection refused"):
        collect_from(transport, timeout=10)
    assert clock.slept[:5] == pytest.approx([0.15, 0.3, 0.6, 0.75, 0.75])
    assert 9.5 < clock.passed <= 10.0
    assert len(transport.urls) == len(clock.slept) + 1


@pytest.mark.parametrize("chance", [0.0, 0.999])
def test_rate(chance: float, collect_from: Collect, clock: ManualClock) -> None:
    """Whatever the jitter, no second sees more than five requests."""
    clock.chance = chance
    moments: list[float] = []
    transport = ScriptedTransport(reply(429), on_fetch=lambda: moments.append(clock.passed))
    with pytest.raises(ImdsError):
        collect_from(transport, timeout=20)
    assert all(late - early >= 1.0 for early, late in zip(moments, moments[5:]))


def test_slow_attempts_count(collect_from: Collect, clock: ManualClock) -> None:
    """The time that attempts take is part of the budget."""
    transport = ScriptedTransport(refused(), on_fetch=lambda: clock.advance(2.0))
    with pytest.raises(ImdsError):
        collect_from(transport)
    assert clock.passed <= 5.0 + 2.0
    assert len(transport.urls) <= 3


def test_notices(collect_from: Collect, reporter: ListReporter) -> None:
    """A first and a changed problem are reported, each once; every request is an attempt."""
    transport = ScriptedTransport(refused(), refused(), reply(429), reply(429), WHOLE)
    collect_from(transport)
    assert len(reporter.notices) == 2
    assert "connection refused" in reporter.notices[0]
    assert "429" in reporter.notices[1]
    assert len(reporter.attempts) == 5
    assert not reporter.warnings


def test_the_error_counts_all_attempts(collect_from: Collect) -> None:
    """An answer that names the outcome comes with the requests and the time of the whole collection."""
    with pytest.raises(ImdsError) as caught:
        collect_from(ScriptedTransport(reply(503), refused()))
    assert caught.value.outcome == "unavailable"
    requests, seconds = re.search(r"(\d+) requests in ([0-9.]+) s", str(caught.value)).groups()  # type: ignore[union-attr]
    assert int(requests) > 5
    assert float(seconds) > 4


def test_waiting_until_the_deadline(collect_from: Collect, tmp_path: Path) -> None:
    """Where another process holds the turn until the deadline, the error names the URL and the api-version."""
    (tmp_path / "cache").mkdir(mode=0o700)
    held = os.open(
        tmp_path / "cache" / "169.254.169.254_metadata_instance.negotiated.json.lock", os.O_CREAT | os.O_RDWR, 0o600
    )
    import fcntl  # noqa: PLC0415  no system but Unix has it

    fcntl.flock(held, fcntl.LOCK_EX)
    try:
        with pytest.raises(ImdsError) as caught:
            collect_from(ScriptedTransport(WHOLE))
    finally:
        os.close(held)
    assert caught.value.outcome == "unreachable"
    assert "http://169.254.169.254/metadata/instance (api-version negotiated), 0 requests in 5.0 s" in str(caught.value)


@pytest.mark.parametrize(
    ("failures", "least", "most"), [(1, 0.1, 0.2), (2, 0.2, 0.4), (3, 0.4, 0.8), (4, 0.5, 1), (9999, 0.5, 1)]
)
def test_backoff(failures: int, least: float, most: float) -> None:
    """Waits double up to a second, with jitter over their upper half."""
    assert backoff(failures, random=0.0) == pytest.approx(least)
    assert backoff(failures, random=1.0) == pytest.approx(most)


def nothing() -> None:
    """Find nothing."""


def test_turns(tmp_path: Path, clock: ManualClock, reporter: ListReporter) -> None:
    """One has the turn; another gets it after its end, or what was brought, or neither at its deadline."""
    cache = Cache(str(tmp_path / "cache"), clock=clock, reporter=reporter)
    first = Turn(cache, KEY, Deadline(5.0, clock))
    assert (first.wait(nothing), first.is_held, clock.slept) == (None, True, [])
    before = len(os.listdir(tmp_path / "cache"))
    late = Turn(cache, KEY, Deadline(2.0, clock))
    assert (late.wait(nothing), late.is_held, late.holder) == (None, False, str(os.getpid()))
    assert 2.0 <= clock.passed < 2.1
    assert max(clock.slept) <= 0.15
    looks = iter([None, None, "brought"])
    served = Turn(cache, KEY, Deadline(2.0, clock))
    assert (served.wait(lambda: next(looks)), served.is_held) == ("brought", False)
    first.close()
    second = Turn(cache, KEY, Deadline(2.0, clock))
    assert (second.wait(nothing), second.is_held) == (None, True)
    second.close()
    assert len(os.listdir(tmp_path / "cache")) == before == 1


def test_a_holder_that_hangs_is_replaced(tmp_path: Path, clock: ManualClock, reporter: ListReporter) -> None:
    """After 40 seconds a new lock is made; the old holder's end then gives nobody else a turn."""
    cache = Cache(str(tmp_path / "cache"), clock=clock, reporter=reporter)
    hung = Turn(cache, KEY, Deadline(300.0, clock))
    hung.wait(nothing)
    began = clock.passed
    patient = Turn(cache, KEY, Deadline(300.0, clock))
    assert (patient.wait(nothing), patient.is_held) == (None, True)
    assert 40.0 < clock.passed - began < 41.0
    hung.close()
    third = Turn(cache, KEY, Deadline(1.0, clock))
    assert (third.wait(nothing), third.is_held) == (None, False)
    patient.close()
    fourth = Turn(cache, KEY, Deadline(1.0, clock))
    assert (fourth.wait(nothing), fourth.is_held) == (None, True)
    fourth.close()
    assert not reporter.warnings


@pytest.mark.parametrize("content", [b"", b"x", b"[]", b'{"boottime": "x"}', b'{"boottime": null}', b"[" * 900])
def test_a_damaged_lock_file_is_waited_for(
    content: bytes, tmp_path: Path, clock: ManualClock, reporter: ListReporter
) -> None:
    """A lock file that names no holder is held all the same."""
    cache = Cache(str(tmp_path / "cache"), clock=clock, reporter=reporter)
    first = Turn(cache, KEY, Deadline(5.0, clock))
    first.wait(nothing)
    (path,) = (tmp_path / "cache").glob("*.lock")
    path.write_bytes(content)
    late = Turn(cache, KEY, Deadline(60.0, clock))
    assert (late.wait(nothing), late.is_held) == (None, False)
    first.close()


def test_other_keys_do_not_wait(tmp_path: Path, clock: ManualClock, reporter: ListReporter) -> None:
    """Each key has turns of its own."""
    cache = Cache(str(tmp_path / "cache"), clock=clock, reporter=reporter)
    turns = [Turn(cache, Key(**{**KEY.__dict__, "path": path}), Deadline(2.0, clock)) for path in ("/x", "/y")]
    for turn in turns:
        turn.wait(nothing)
    assert all(turn.is_held for turn in turns)
    assert clock.slept == []
    for turn in turns:
        turn.close()


def test_without_a_cache(clock: ManualClock, reporter: ListReporter) -> None:
    """Without a directory everybody has the turn at once."""
    cache = Cache(None, clock=clock, reporter=reporter)
    turns = [Turn(cache, KEY, Deadline(1.0, clock)) for _ in range(2)]
    for turn in turns:
        turn.wait(nothing)
    assert all(turn.is_held for turn in turns)
    assert clock.slept == []
