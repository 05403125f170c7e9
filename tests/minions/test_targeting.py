# SPDX-License-Identifier: Apache-2.0
"""Target minions by where Azure runs them, with each of Salt's matchers, over both ways of delivery."""

from __future__ import annotations

import pytest

from tests.minions.conftest import Fleet


@pytest.mark.parametrize(
    ("target", "picked"),
    [
        (("-G", "azure_imds:compute:zone:1"), {"web"}),
        (("-G", "azure_imds:compute:zone:3"), {"files"}),
        (("-G", "azure_imds:compute:zone:4"), set()),
        (("-G", "azure_imds:compute:vmSize:Standard_D2s_v3"), {"web"}),
        (("-G", "azure_imds:compute:vmSize:Standard_[DE]*"), {"web", "db"}),
        (("-G", "azure_imds:tags:env:prod"), {"web", "db"}),
        # A key that holds a colon cannot be walked to; the list of pairs and other delimiters are there for it.
        (("-G", "azure_imds:tags:ns:team:core"), set()),
        (("-G", "azure_imds:tagPairs:ns:team=core"), {"db"}),
        (("--delimiter=|", "-G", "azure_imds|tags|ns:team|core"), {"db"}),
        (("-P", r"azure_imds:compute:vmSize:Standard_[DE]\d+s_v[35]"), {"web", "db"}),
        (("-C", "G@azure_imds:tags:env:prod and not G@azure_imds:compute:zone:1"), {"db"}),
        (("-C", "G|@azure_imds|tags|ns:team|core or P@azure_imds:compute:zone:[3-9]"), {"db", "files"}),
    ],
)
def test_target_picks_these_and_no_others(fleet: Fleet, target: tuple[str, ...], picked: set[str]) -> None:
    """A target by zone, size or tag picks exactly the minions whose VMs are so."""
    assert fleet.salt(*target, "test.ping") == dict.fromkeys(picked, True)


def test_retagged_and_resized(fleet: Fleet) -> None:
    """A tag and a size that changed are targets once the minion was told to refresh; what they replaced is none."""
    web = fleet.minions["web"]
    before = len(web.imds.requests)
    web.imds.tag("env", "canary")
    web.imds.resize("Standard_F4s_v2")
    assert fleet.salt("-G", "azure_imds:tags:env:canary", "test.ping") == {}
    try:
        answer = fleet.salt("web", "azure_imds.refresh")["web"]
        assert answer["source"] == "imds"
        fleet.master.wait_for({"web": True}, "-G", "azure_imds:tags:env:canary", "test.ping")
        assert fleet.salt("-C", "G@azure_imds:compute:vmSize:Standard_F4s_v2", "test.ping") == {"web": True}
        assert fleet.salt("-G", "azure_imds:tags:env:prod", "test.ping") == {"db": True}
        # Loading the grains again read the answer that refresh had brought.
        assert len(web.imds.requests) - before == 1
    finally:
        web.imds.tag("env", "prod")
        web.imds.resize("Standard_D2s_v3")
        fleet.salt("web", "azure_imds.refresh")
        fleet.master.wait_for({"web": True}, "-G", "azure_imds:compute:vmSize:Standard_D2s_v3", "test.ping")
