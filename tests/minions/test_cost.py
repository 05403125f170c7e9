# SPDX-License-Identifier: Apache-2.0
"""What the grain costs a minion, as far as it does not depend on the machine; benchmarks/salt_grain.py has the times."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from azure_imds_facts.emulator import Emulator

from benchmarks.salt_grain import probe


@pytest.fixture(name="loads", scope="module")
def _loads(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Two processes that load the grain, one after the other: the first asks IMDS, the second reads its answer."""
    root = tmp_path_factory.mktemp("minion")
    with Emulator() as imds:
        asking = probe(root, imds.url)
        warm = probe(root, imds.url)
        return {"asking": asking, "warm": warm, "requests": len(imds.requests)}


def test_one_request_for_all_loads(loads: dict[str, Any]) -> None:
    """Two processes that load it more than a hundred times in all ask once."""
    assert loads["requests"] == 1
    assert (loads["asking"]["source"], loads["warm"]["source"]) == ("imds", "imds")  # a grain does not tell
    assert loads["warm"]["loads"] >= 50


def test_warm_load_imports_no_client(loads: dict[str, Any]) -> None:
    """A cached answer needs neither the HTTP client nor anything that Salt has not loaded itself."""
    imported = loads["warm"]["imported"]
    ours = [name for name in imported if name.startswith("azure_imds_facts")]
    assert [name for name in imported if name not in ours and not name.startswith("salt.loaded")] == []
    for name in ("requests_transport", "core.client", "core.retry", "core.transport", "core.raw_query", "library"):
        assert f"azure_imds_facts.{name}" not in ours
    assert len(ours) <= 30


def test_warm_load_reads_one_entry(loads: dict[str, Any]) -> None:
    """Each load looks at the boot id, the cache's directory and one file in it, and at nothing else."""
    boot_id, folder, entry = loads["warm"]["read_first"]
    assert (boot_id, folder) == ("boot_id", "cache")
    assert entry.endswith("_metadata_instance.negotiated.json")
    assert loads["warm"]["read_further"] == [boot_id, folder, entry] * loads["warm"]["loads"]


def test_hanging_imds_costs_a_second_once(tmp_path: Path) -> None:
    """With IMDS accepting and never answering a minion's first load takes its budget and its second asks nothing; one that
    it is told to do later asks.
    """
    with Emulator(fault="hang*forever") as imds:
        tries = []
        # Another try where something else held this machine up meanwhile.
        while not tries or (len(tries) < 6 and tries[-1]["first_ms"] > 1200):
            root = tmp_path / str(len(tries))
            root.mkdir()
            before = len(imds.requests)
            tries.append(probe(root, imds.url, further=1))
            assert len(imds.requests) - before == 1
            # With nothing kept another process asks for itself: a failure of this one is none of that one's.
            again = probe(root, imds.url, further=2)
            assert len(imds.requests) - before == 3
            assert again["first_ms"] > 900
            assert again["categories"] == []
    assert 900 < min(figures["first_ms"] for figures in tries) <= 1200
