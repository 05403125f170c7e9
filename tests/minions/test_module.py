# SPDX-License-Identifier: Apache-2.0
"""The execution module, as users call it from a master, on a minion with the package and on one that synced it."""

from __future__ import annotations

import re
from collections.abc import Callable

from tests.minions.conftest import SYNCED, VMS, Fleet
from tests.minions.daemons import Minion

FUNCTIONS = [
    f"azure_imds.{name}" for name in ("acknowledge", "approve", "attested", "events", "facts", "get", "refresh")
]


def test_functions_and_their_documentation(fleet: Fleet) -> None:
    """There are these functions and no helper among them, and sys.doc shows an example of each."""
    assert fleet.salt("*", "sys.list_functions", "azure_imds") == dict.fromkeys(VMS, FUNCTIONS)
    documents = fleet.minions["web"].call("sys.doc", "azure_imds")
    assert sorted(documents) == FUNCTIONS
    for name, text in documents.items():
        assert re.search(rf"CLI Example:\n\n +salt ('\*'|web) {re.escape(name)}", text), text


def test_beacon_is_there(fleet: Fleet) -> None:
    """The beacon can be had with the package and with what was synced."""
    for answer in fleet.salt("*", "beacons.list_available", "return_yaml=False").values():
        assert "azure_imds_events" in answer


def test_facts_are_the_grain(fleet: Fleet) -> None:
    """`facts` returns what the grain holds, and nothing that is not gathered; sensitive fields are in neither."""
    grains = fleet.salt("*", "grains.get", "azure_imds")
    facts = fleet.salt("*", "azure_imds.facts")
    for name in VMS:
        for document in (grains[name], facts[name]):
            del document["snapshot"]
        assert grains[name] == facts[name]
        assert facts[name]["compute"]["zone"] == VMS[name]["zone"]
        assert "publicKeys" not in facts[name]["compute"]
    only_tags = fleet.salt("db", "azure_imds.facts", "gather=tags")["db"]
    assert set(only_tags) == {"cloud", "snapshot", "tags", "tagPairs"}


def test_get(fleet: Fleet) -> None:
    """`get` gives a leaf as text, even one that reads like a number, and what stands above it as JSON holds it."""
    vm_id = fleet.minions["db"].imds.document["compute"]["vmId"]
    assert fleet.salt("db", "azure_imds.get", "compute/vmId") == {"db": vm_id}
    assert fleet.salt("db", "azure_imds.get", "compute/zone") == {"db": "2"}
    assert fleet.salt(SYNCED, "azure_imds.get", "compute/tagsList/0")[SYNCED] == {"name": "env", "value": "dev"}
    assert "apiVersions" in fleet.salt("db", "azure_imds.get", "/metadata/versions")["db"]


def test_get_refuses_tokens(fleet: Fleet) -> None:
    """Access tokens cannot be fetched, and the refusal reaches no IMDS."""
    before = len(fleet.minions["db"].imds.requests)
    answer = fleet.salt("db", "azure_imds.get", "/metadata/identity/oauth2/token")["db"]
    assert answer.startswith("ERROR: usage: Access tokens cannot be fetched this way")
    assert len(fleet.minions["db"].imds.requests) == before


def test_events(fleet: Fleet) -> None:
    """`events` asks each time, since an event may be announced at any moment."""
    imds = fleet.minions["db"].imds
    assert fleet.salt("db", "azure_imds.events", "timeout=5")["db"]["events"] == []
    event = imds.event("Reboot")
    answer = fleet.salt("db", "azure_imds.events", "timeout=5")["db"]
    imds.cancel_event(event)
    assert [announced["event_id"] for announced in answer["events"]] == [event]
    assert (answer["pending"], answer["nextType"]) == (1, "Reboot")


def test_failures_say_what_to_do(fleet: Fleet, add_minion: Callable[..., Minion]) -> None:
    """Where IMDS fails, every function ends with the outcome, what came back and the mend, and the grain stays."""
    lost = add_minion("lost", settings={"timeout": 0.5})
    lost.start()
    assert fleet.salt("lost", "grains.get", "azure_imds:cloud") == {"lost": "AzureCloud"}
    lost.imds.fault("503*forever")
    # Scheduled events are never kept, so for them nothing older stands in.
    for call in (["azure_imds.refresh"], ["azure_imds.events"], ["azure_imds.get", "compute"]):
        answer = fleet.salt("lost", *call)["lost"]
        assert re.match(r"ERROR: unavailable: Asked http://.* came back: 503.*\. [A-Z].+\.$", answer), answer
    assert fleet.salt("lost", "azure_imds.facts")["lost"]["snapshot"]["source"] == "cache"
    assert fleet.salt("-G", "azure_imds:cloud:AzureCloud", "test.ping")["lost"] is True
    lost.imds.fault("")
    assert fleet.salt("lost", "azure_imds.refresh")["lost"]["source"] == "imds"
