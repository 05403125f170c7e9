# SPDX-License-Identifier: Apache-2.0
"""Measure what collections take: `python -m tests.fire.cost WAY` reads `NAME URL` lines from standard input.

The first line is for warming up. Each other one is collected three times in a process of its own, forked from this one,
so that no other memory counts: with an empty cache, from the cache, and anew beside what the cache holds. Each time
prints a JSON object.
"""

from __future__ import annotations

import gc
import json
import os
import re
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from azure_imds_facts.core.collector import collect, open_transport
from azure_imds_facts.core.errors import ImdsError, InvalidError
from azure_imds_facts.core.facts import build_facts
from azure_imds_facts.core.local_facts import write_local_facts
from azure_imds_facts.core.reporter import Reporter
from azure_imds_facts.core.settings import build_settings
from azure_imds_facts.core.spelling import spell_ansible

TIMEOUT_S = 1.0
_STATUS = Path("/proc/self/status")
Settings = dict[str, Any]
Run = Callable[[Settings, str], None]


def main() -> None:
    """Go through the lines."""
    ways: dict[str, Callable[[], Run]] = {"module": lambda: _gather, "writer": lambda: _write, "grain": _prepare_grain}
    run = ways[sys.argv[1]]()
    with tempfile.TemporaryDirectory() as folder:
        for number, line in enumerate(sys.stdin):
            child = os.fork() if number else 0
            if child:
                os.waitpid(child, 0)
                continue
            name, _, url = line.strip().rpartition(" ")
            place = tempfile.mkdtemp(dir=folder)
            settings: Settings = {"endpoint": url, "timeout": TIMEOUT_S, "cache_dir": f"{place}/cache"}
            for ttl in (60, 60, 0) if number else (60,):
                measured = _measure(lambda: run({**settings, "cache_ttl": ttl}, place))  # noqa: B023  called at once
                if number:
                    print(json.dumps({"name": name, **measured}), flush=True)
            if number:
                os._exit(0)


def _gather(settings: Settings, _place: str) -> None:
    """Do as plugins/modules/azure_imds_facts.py does."""
    gc.disable()
    snapshot = collect(build_settings(settings, {}), open_transport=open_transport)
    spell_ansible(build_facts(snapshot, reporter=Reporter()), reporter=Reporter())


def _write(settings: Settings, place: str) -> None:
    """Do as the command local-facts does; the second time it reads back what the first one wrote."""
    asked = build_settings(settings, {})
    write_local_facts(asked, directory=place, reporter=Reporter(), open_transport=open_transport)


def _prepare_grain() -> Run:
    from azure_imds_facts.core.failure_memory import _IN_PROCESS  # noqa: PLC0415  Salt is loaded for this way alone
    from azure_imds_facts.salt.grain import collect_grain  # noqa: PLC0415

    def collect_it(settings: Settings, place: str) -> None:
        grain = collect_grain({"azure_imds": settings, "cachedir": place})
        _IN_PROCESS.clear()
        if not grain:
            raise InvalidError("There is no grain.")
        assert grain["azure_imds"]["snapshot"]["vmId"]

    return collect_it


def _measure(run: Callable[[], None]) -> dict[str, object]:
    """Return how a run ended, the seconds that it took by the clock and of the processor, and the KiB above idle."""
    idle = _read_kib("VmRSS")
    Path("/proc/self/clear_refs").write_text("5")  # begin a new peak
    began, busy = time.monotonic(), time.process_time()
    outcome = "ok"
    try:
        run()
    except ImdsError as error:
        outcome = error.outcome
    taken = {"took_s": time.monotonic() - began, "busy_s": time.process_time() - busy}
    return {"outcome": outcome, **taken, "kib": _read_kib("VmHWM") - idle}


def _read_kib(field: str) -> int:
    found = re.search(rf"^{field}:\s+(\d+) kB$", _STATUS.read_text(), re.MULTILINE)
    assert found
    return int(found.group(1))


if __name__ == "__main__":
    main()
