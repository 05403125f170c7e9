# SPDX-License-Identifier: Apache-2.0
"""The settings of the engine."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from azure_imds_facts.salt.acceptance_policy import PolicyError, parse_policy

from tests.support.attested import ROOT, SUBSCRIPTION


def test_defaults() -> None:
    """Subscriptions are enough, one or several; the roots that are shipped are trusted."""
    policy = parse_policy({"subscriptions": SUBSCRIPTION})
    assert policy.subscriptions == (SUBSCRIPTION,)
    assert (policy.cloud, policy.max_age, policy.again, policy.offline) == ("AzureCloud", 300.0, False, False)
    assert len(policy.anchors.roots) == 3


def test_all(tmp_path: Path) -> None:
    """Every setting is taken in its type."""
    (tmp_path / "root.pem").write_bytes(ROOT.pem)
    policy = parse_policy(
        {
            "subscriptions": [SUBSCRIPTION, "b"],
            "skus": ["22_04-*"],
            "cloud": "azureusgovernment",
            "max_age": 60,
            "trust": str(tmp_path / "root.pem"),
            "intermediates": [],
            "offline": True,
            "again": True,
            "tag": "x/y",
            "each": 1,
            "total": 2.5,
        }
    )
    assert policy.cloud == "AzureUSGovernment"
    assert ROOT.signed in policy.anchors.roots
    assert (policy.max_age, policy.each, policy.total, policy.tag) == (60.0, 1.0, 2.5, "x/y")


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({}, "subscriptions is empty"),
        ({"subscriptions": []}, "subscriptions is empty"),
        ({"subscriptions": [""]}, "list of texts"),
        ({"subscriptions": {"a": 1}}, "list of texts"),
        ({"subscriptions": SUBSCRIPTION, "subscription": "x"}, "no setting subscription"),
        ({"subscriptions": SUBSCRIPTION, "max_age": "300"}, "max_age has to be a number"),
        ({"subscriptions": SUBSCRIPTION, "max_age": 0}, "max_age has to be a number"),
        ({"subscriptions": SUBSCRIPTION, "total": True}, "total has to be a number"),
        ({"subscriptions": SUBSCRIPTION, "again": "no"}, "again has to be true or false"),
        ({"subscriptions": SUBSCRIPTION, "tag": ["a", "b"]}, "tag has to be a text"),
        ({"subscriptions": SUBSCRIPTION, "cloud": "AzureStack"}, "AzureStack"),
        ({"subscriptions": SUBSCRIPTION, "trust": "/nonexistent"}, "No such file"),
        ({"subscriptions": SUBSCRIPTION, "trust": "/etc/hostname"}, "no certificate"),
    ],
)
def test_refuses(settings: dict[str, Any], said: str) -> None:
    """A setting that cannot be used is named: nobody is accepted by half a policy."""
    with pytest.raises(PolicyError, match=said):
        parse_policy(settings)
