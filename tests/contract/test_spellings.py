# SPDX-License-Identifier: Apache-2.0
"""The facts in every spelling, letter by letter against the reference."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from .asking import Spellings, describe, dump, serve_document
from .generated import balancers, documents, networked
from .odd import DOCUMENTS, FIRST, interface, nics, only
from .reference import build_grain, leave_out_age, spell_ansible, spell_local
from .serving import Answer, Serving

LOAD_BALANCED: dict[str, tuple[Any, list[Any]]] = {
    "plain": (FIRST, [{"frontendIpAddress": "51.0.0.1", "privateIpAddress": "10.1.0.4"}]),
    "empty": (interface("A", "10.1.0.4"), [{"frontendIpAddress": "51.0.0.1", "privateIpAddress": "10.1.0.4"}]),
    "brackets": (
        interface("A", "10.1.0.4", v6="ace:cab::1"),
        [{"frontendIpAddress": "[2603::1]", "privateIpAddress": "[ace:cab::1]"}],
    ),
    "no brackets": (
        interface("A", "10.1.0.4", v6="ace:cab::1"),
        [{"frontendIpAddress": "2603::1", "privateIpAddress": "ace:cab::1"}],
    ),
    "incomplete entries": (
        interface("A", "10.1.0.4"),
        [
            {"frontendIpAddress": "51.0.0.1"},
            {"privateIpAddress": "10.1.0.4"},
            None,
            "x",
            {"frontendIpAddress": "51.0.0.2", "privateIpAddress": "10.1.0.4"},
        ],
    ),
    "typo of the swagger example": (
        interface("A", "10.1.0.4"),
        [{"frotendIpAddress": "51.0.0.1", "privateIpAddress": "10.1.0.4"}],
    ),
    "empty private address": (interface("A", ""), [{"frontendIpAddress": "51.0.0.1", "privateIpAddress": ""}]),
    "another's": (interface("A", "10.1.0.4"), [{"frontendIpAddress": "51.0.0.1", "privateIpAddress": "10.1.0.5"}]),
    "no public address in the document": (
        {"ipv4": {"ipAddress": [{"privateIpAddress": "10.1.0.4"}]}},
        [{"frontendIpAddress": "51.0.0.1", "privateIpAddress": "10.1.0.4"}],
    ),
    "none": (interface("A", "10.1.0.4"), []),
}


def compare(
    serving: Serving, document: dict[str, Any], *, settings: dict[str, Any] | None = None, **asked: Any
) -> Spellings:
    """Assert that all spellings of the project are those of the reference."""
    got = Spellings(serving, **(settings or {}))
    snapshot = got.salt["azure_imds"]["snapshot"]
    wanted = build_grain(document, describe(serving, snapshot, **asked))
    assert dump(got.salt) == dump({"azure_imds": wanted})
    assert dump(got.grain) == dump({"azure_imds": leave_out_age(wanted)})
    assert dump(got.local) == dump(spell_local(wanted, is_with_age=True))
    assert dump(got.file) == dump(spell_local(wanted, is_with_age=False))
    assert dump(got.ansible) == dump(spell_ansible(wanted))
    assert got.salt["azure_imds"].get("tagPairs") == wanted.get("tagPairs")
    assert list(got.salt["azure_imds"].get("tags", {})) == list(wanted.get("tags", {}))
    return got


@pytest.mark.parametrize("name", DOCUMENTS)
def test_odd_document(serving: Serving, name: str) -> None:
    """An odd document has the facts that the contract words, in all spellings."""
    serve_document(serving, DOCUMENTS[name])
    compare(serving, DOCUMENTS[name])


@given(document=documents)
def test_generated_document(serving: Serving, document: dict[str, Any]) -> None:
    """A made-up document has the facts that the contract words, in all spellings."""
    serve_document(serving, document)
    compare(serving, document)


@given(
    document=documents,
    reveal=st.frozensets(
        st.sampled_from(["user_data", "custom_data", "public_keys", "admin_username", "disk_encryption"]), min_size=1
    ),
)
def test_generated_document_revealed(serving: Serving, document: dict[str, Any], reveal: frozenset[str]) -> None:
    """What is asked for by name comes back, and nothing else does."""
    serve_document(serving, document)
    compare(serving, document, settings={"reveal": sorted(reveal)}, reveal=reveal)


@given(document=documents, gather=st.frozensets(st.sampled_from(["compute", "network", "tags"]), min_size=1))
def test_generated_document_narrowed(serving: Serving, document: dict[str, Any], gather: frozenset[str]) -> None:
    """`gather` narrows the categories; `cloud` and `snapshot` are always there."""
    serve_document(serving, document)
    compare(serving, document, settings={"gather": sorted(gather)}, gather=gather)


def serve_balancer(serving: Serving, balancer: dict[str, Any]) -> dict[str, Any]:
    """Let a server answer the load balancer endpoint too, and return what asks for it."""
    serving.answers["loadbalancer"] = Answer(body=dump({"loadbalancer": balancer}).encode())
    return {"gather": ["compute", "network", "tags", "load_balancer"]}


@pytest.mark.parametrize("name", LOAD_BALANCED)
def test_load_balancer(serving: Serving, name: str) -> None:
    """An empty public address is filled from the load balancer's list, in the summary alone."""
    nic, entries = LOAD_BALANCED[name]
    document, balancer = (
        nics(nic),
        {"publicIpAddresses": entries, "inboundRules": [{"frontendPort": 80}], "outboundRules": []},
    )
    serve_document(serving, document)
    compare(serving, document, settings=serve_balancer(serving, balancer), load_balancer=balancer)


@given(document=networked, balancer=balancers)
def test_generated_load_balancer(serving: Serving, document: dict[str, Any], balancer: dict[str, Any]) -> None:
    """Made-up load balancers fill in, and are spelled, as the contract words it."""
    serve_document(serving, document)
    compare(serving, document, settings=serve_balancer(serving, balancer), load_balancer=balancer)


def test_identity(serving: Serving) -> None:
    """`identity` is the tenant's id and nothing else of what the endpoint says."""
    serve_document(serving, nics(FIRST))
    told = {"tenantId": "abd8daee-d393-4239-9377-883adda3d40f", "access_token": "no"}
    serving.answers["identity/info"] = Answer(body=dump(told).encode())
    compare(serving, nics(FIRST), settings={"gather": "compute,network,tags,identity"}, identity=told)


def test_scheduled_events(serving: Serving) -> None:
    """Events keep IMDS's objects, and the summary counts those of this VM."""
    event = {
        "EventId": "e",
        "EventType": "Freeze",
        "Resources": ["vm_0", "vm_1"],
        "NotBefore": "Mon, 11 Apr 2026 22:26:58 GMT",
    }
    other = {"EventId": "f", "EventType": "Reboot", "Resources": ["vm_2"], "NotBefore": "Mon, 11 Apr 2022 22:26:58 GMT"}
    serve_document(serving, only(name="vm_0"))
    serving.answers["scheduledevents"] = Answer(
        body=dump({"DocumentIncarnation": 2, "Events": [event, other]}).encode()
    )
    got = Spellings(serving, gather="scheduled_events")
    events = got.salt["azure_imds"]["scheduledEvents"]
    assert (events["incarnation"], events["events"], events["pending"], events["nextType"]) == (
        2,
        [event, other],
        1,
        "Freeze",
    )
    assert got.local["scheduled_events"]["events"][0]["event_type"] == "Freeze"
    assert got.ansible["azure_imds_scheduled_events_events"] == got.local["scheduled_events"]["events"]
    assert got.ansible["azure_imds_scheduled_events_pending"] == 1


@pytest.mark.parametrize(
    ("gather", "path"),
    [("load_balancer", "loadbalancer"), ("scheduled_events", "scheduledevents"), ("identity", "identity/info")],
)
@pytest.mark.parametrize("status", [400, 403, 404])
def test_missing_endpoint(serving: Serving, gather: str, path: str, status: int) -> None:
    """Where an endpoint besides the instance's fails, its category is absent and named."""
    serve_document(serving, nics(FIRST))
    serving.answers[path] = Answer(status, b'{"error":"no"}')
    got = Spellings(serving, gather=["compute", gather], timeout=3)
    assert set(got.salt["azure_imds"]) == {"cloud", "compute", "snapshot"}
    assert len(got.salt["azure_imds"]["snapshot"]["missing"]) == 1
    assert gather.replace("_", "") in got.salt["azure_imds"]["snapshot"]["missing"][0].replace("_", "").lower()


def test_snapshot_times(serving: Serving) -> None:
    """`fetchedAt` is RFC 3339 in UTC, and the age of a new answer next to nothing."""
    serve_document(serving, nics(FIRST))
    snapshot = Spellings(serving).salt["azure_imds"]["snapshot"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|\+00:00)", snapshot["fetchedAt"])
    assert 0 <= snapshot["ageSeconds"] < 5


@pytest.mark.parametrize(
    "name",
    [
        "names that meet",
        "keys that meet in a list",
        "nothing left of a name",
        "tag names that meet",
        "tag list strangers",
    ],
)
def test_warning(serving: Serving, name: str) -> None:
    """Whatever is left out for its name or its shape is left out with a warning."""
    serve_document(serving, DOCUMENTS[name])
    assert Spellings(serving).listener.warnings


@pytest.mark.parametrize(
    ("name", "left_out"),
    [
        ("names that meet", ["vmId", "vm_id", "VM-Id"]),
        ("tag names that meet", ["cost-center", "cost_center", "CostCenter"]),
    ],
)
def test_warning_names(serving: Serving, name: str, left_out: list[str]) -> None:
    """The warning about names that meet names them."""
    serve_document(serving, DOCUMENTS[name])
    told = "\n".join(Spellings(serving).listener.warnings)
    assert [each for each in left_out if each not in told] == []


def test_plain_document_warns_of_nothing(serving: Serving) -> None:
    """A plain document is read without a warning."""
    serve_document(serving, DOCUMENTS["plain"])
    assert Spellings(serving).listener.warnings == []
