# SPDX-License-Identifier: Apache-2.0
"""Test a collection: the order of its sources, its requests, what it refuses."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any, Callable

import pytest
from azure_imds_facts.core.collector import collect
from azure_imds_facts.core.errors import ImdsError, InvalidError, NotAzureError, UsageError
from azure_imds_facts.core.settings import Settings

from tests.support.clocks import ManualClock
from tests.support.documents import SECRETS, SWAPPED_VM_ID, VM_ID, build_document
from tests.support.hosts import BOOT_ID, build_host
from tests.support.reporters import ListReporter
from tests.support.scripted import ScriptedTransport, refused, reply

Collect = Callable[..., Any]
INSTANCE = "http://169.254.169.254/metadata/instance?api-version=2025-04-07"
PARTIAL = {"compute": build_document()["compute"]}


def in_cache(root: Path) -> str:
    """Return all that stands in the cache."""
    return "".join(path.read_text() for path in (root / "cache").iterdir())


def test_one_request(collect_from: Collect, clock: ManualClock, reporter: ListReporter) -> None:
    """One request where the newest version is known, and none within the TTL after it."""
    transport = ScriptedTransport(reply(200, build_document()))
    first = collect_from(transport)
    assert transport.urls == [INSTANCE]
    assert (first.source, first.api_version, first.age_s, first.boot_id) == ("imds", "2025-04-07", 0.0, BOOT_ID)
    assert first.fetched_at == "2023-11-14T22:13:20Z"
    assert (transport.opened, transport.closed) == (1, 1)
    clock.advance(59.0)
    second = collect_from(transport)
    assert (second.source, second.age_s, second.fetched_at) == ("cache", 59.0, first.fetched_at)
    assert second.document == first.document
    assert (
        (second.local_address, second.api_version)
        == (first.local_address, first.api_version)
        == ("10.1.0.4", "2025-04-07")
    )
    assert len(transport.urls) == transport.opened == 1
    clock.advance(1.0)
    assert collect_from(transport).source == "imds"
    assert len(transport.urls) == 2
    assert not reporter.warnings


def test_gather_narrows_afterwards(collect_from: Collect) -> None:
    """Whatever is gathered, the instance is asked whole, so that all share one request."""
    transport = ScriptedTransport(reply(200, build_document()))
    assert collect_from(transport, gather="tags").gather == {"tags": True}
    assert collect_from(transport, gather="network").source == "cache"
    assert transport.urls == [INSTANCE]


@pytest.mark.parametrize("options", [{"endpoint": "http://127.0.0.1:9"}, {"api_version": "2021-02-01"}])
def test_entries_are_apart(options: dict[str, str], collect_from: Collect) -> None:
    """Another endpoint or an explicit version has an entry of its own."""
    transport = ScriptedTransport(reply(200, build_document()))
    collect_from(transport)
    assert collect_from(transport, **options).source == "imds"
    assert collect_from(transport, **options).source == "cache"
    assert collect_from(transport).source == "cache"
    assert len(transport.urls) == 2


def test_cache_ttl_zero(collect_from: Collect) -> None:
    """`cache_ttl: 0` asks anew, and what it brings is there for others."""
    transport = ScriptedTransport(reply(200, build_document(zone="1")), reply(200, build_document(zone="2")))
    collect_from(transport)
    assert collect_from(transport, cache_ttl=0).document["compute"]["zone"] == "2"
    assert collect_from(transport).document["compute"]["zone"] == "2"
    assert len(transport.urls) == 2


def test_reveal_is_never_cached(collect_from: Collect, tmp_path: Path) -> None:
    """What is revealed goes into that answer alone; it reads no fresh entry, and leaves a redacted one."""
    transport = ScriptedTransport(reply(200, build_document()))
    collect_from(transport)
    shown = collect_from(transport, reveal="user_data,public_keys").document["compute"]
    assert shown["userData"] == SECRETS["userData"]
    assert shown["publicKeys"] == SECRETS["publicKeys"]
    assert "customData" not in shown
    assert "adminUsername" not in shown["osProfile"]
    assert len(transport.urls) == 2
    cached = in_cache(tmp_path)
    assert "web-01" in cached
    assert not any(secret in cached for secret in ("c2VjcmV0", "SECRETKEY", "secretadmin"))
    later = collect_from(transport)
    assert later.source == "cache"
    assert "userData" not in later.document["compute"]


@pytest.mark.parametrize("step", [refused(), reply(429), reply(404), reply(408), reply(410), reply(500), reply(503)])
def test_stale(step: Any, collect_from: Collect, clock: ManualClock, reporter: ListReporter) -> None:
    """After unreachable, throttled and unavailable an entry of up to 24 hours stands in, with one warning."""
    collect_from(ScriptedTransport(reply(200, build_document())))
    clock.advance(24 * 3600.0 - 10)
    snapshot = collect_from(ScriptedTransport(step))
    assert (snapshot.source, snapshot.fetched_at) == ("stale", "2023-11-14T22:13:20Z")
    assert len(reporter.warnings) == 1
    clock.advance(20)
    with pytest.raises(ImdsError):
        collect_from(ScriptedTransport(step))


@pytest.mark.parametrize(
    ("step", "outcome"),
    [
        (reply(400, {"error": "Bad request"}), "rejected"),
        (reply(403), "rejected"),
        (reply(302), "invalid"),
        (reply(204), "invalid"),
        (reply(200, b"<html>"), "invalid"),
        (reply(200, {"error": "x"}), "invalid"),
        (reply(200, b"{"), "invalid"),
    ],
)
def test_never_stale(step: Any, outcome: str, collect_from: Collect, clock: ManualClock, host: Any) -> None:
    """After rejected and invalid nothing stands in, neither an old entry nor cloud-init's copy."""
    Path(host.instance_data).write_text(json.dumps({"ds": {"meta_data": {"imds": build_document()}}}))
    collect_from(ScriptedTransport(reply(200, build_document())))
    clock.advance(100)
    with pytest.raises(ImdsError) as caught:
        collect_from(ScriptedTransport(step))
    assert caught.value.outcome == outcome


def test_stale_is_not_of_another_boot(collect_from: Collect, tmp_path: Path) -> None:
    """After a reboot the old boot's answers are neither fresh nor stale."""
    collect_from(ScriptedTransport(reply(200, build_document())))
    rebooted = build_host(tmp_path / "host", boot_id="99999999-2222-4333-8444-555555555555")
    with pytest.raises(ImdsError, match="refused"):
        collect_from(ScriptedTransport(refused()), host=rebooted)


def test_stale_never_with_reveal(collect_from: Collect, clock: ManualClock) -> None:
    """A cached answer has nothing to reveal, so it does not stand in."""
    collect_from(ScriptedTransport(reply(200, build_document())))
    with pytest.raises(ImdsError):
        collect_from(ScriptedTransport(refused()), reveal="user_data")


def test_cloud_init_last(collect_from: Collect, tmp_path: Path, clock: ManualClock) -> None:
    """cloud-init's copy is the last source, redacted, without an api-version, dated by its change."""
    host = build_host(tmp_path / "host", copy=build_document(zone="3"))
    os.utime(host.instance_data, (1_699_999_000, 1_699_999_000))
    snapshot = collect_from(ScriptedTransport(refused()), host=host)
    assert (snapshot.source, snapshot.api_version) == ("cloud-init", None)
    assert (snapshot.fetched_at, snapshot.age_s) == ("2023-11-14T21:56:40Z", pytest.approx(1000.0 + clock.passed))
    assert snapshot.document["compute"]["zone"] == "3"
    assert "userData" not in snapshot.document["compute"]
    assert collect_from(ScriptedTransport(reply(200, build_document())), host=host).source == "imds"
    assert collect_from(ScriptedTransport(refused()), host=host, cache_ttl=0).source == "stale"


@pytest.mark.parametrize(
    "options", [{"endpoint": "http://127.0.0.1:9"}, {"api_version": "2021-02-01"}, {"reveal": "user_data"}]
)
def test_cloud_init_not(options: dict[str, str], collect_from: Collect, tmp_path: Path) -> None:
    """The copy says nothing of another endpoint, of a version that was named, or of what is to be revealed."""
    host = build_host(tmp_path / "host", copy=build_document())
    with pytest.raises(ImdsError) as caught:
        collect_from(ScriptedTransport(refused()), host=host, **options)
    assert caught.value.outcome == "unreachable"


@pytest.mark.parametrize("uuid", [VM_ID, VM_ID.upper(), SWAPPED_VM_ID, SWAPPED_VM_ID.upper()])
def test_vm_id_verified(uuid: str, collect_from: Collect, tmp_path: Path) -> None:
    """`vmId` is this machine's in either byte order, without case."""
    host = build_host(tmp_path / "host", uuid=uuid)
    transport = ScriptedTransport(reply(200, build_document()))
    assert collect_from(transport, host=host).vm_id_verified is True
    assert collect_from(transport, host=host).vm_id_verified is True


def test_another_vm(collect_from: Collect, tmp_path: Path) -> None:
    """Another VM's document is invalid and is not cached; one in the cache or with cloud-init counts as none."""
    other = build_host(tmp_path / "host", uuid="5c08b38e-4d57-4c23-ac45-000000000000", copy=build_document())
    with pytest.raises(InvalidError, match="another VM"):
        collect_from(ScriptedTransport(reply(200, build_document())), host=other)
    assert not any(path.suffix == ".json" for path in (tmp_path / "cache").iterdir())
    mine = build_host(tmp_path / "host")
    collect_from(ScriptedTransport(reply(200, build_document())), host=mine)
    other = build_host(tmp_path / "host", uuid="5c08b38e-4d57-4c23-ac45-000000000000", copy=build_document())
    with pytest.raises(ImdsError) as caught:
        collect_from(ScriptedTransport(refused()), host=other)
    assert caught.value.outcome == "unreachable"


@pytest.mark.parametrize(
    ("uuid", "options", "document"),
    [
        (None, {}, build_document()),
        (VM_ID[:-1] + "0", {"endpoint": "http://127.0.0.1:9"}, build_document()),
        (VM_ID[:-1] + "0", {"detect": "skip"}, build_document()),
        (VM_ID, {}, {"network": {"interface": []}}),
    ],
)
def test_not_compared(
    uuid: str | None, options: dict[str, str], document: dict[str, Any], collect_from: Collect, tmp_path: Path
) -> None:
    """Where either side is missing, or the tag was not matched, `vmIdVerified` is null."""
    host = build_host(tmp_path / "host", uuid=uuid)
    assert collect_from(ScriptedTransport(reply(200, document)), host=host, **options).vm_id_verified is None


def test_partial_does_not_replace_whole(collect_from: Collect, clock: ManualClock) -> None:
    """A partial document never replaces a whole one of this boot in the cache: that one is used, stale."""
    collect_from(ScriptedTransport(reply(200, build_document())))
    clock.advance(100)
    used = collect_from(ScriptedTransport(reply(200, PARTIAL)))
    assert used.source == "stale"
    assert set(used.document) == {"compute", "network"}
    stale = collect_from(ScriptedTransport(refused()))
    assert stale.source == "stale"
    assert set(stale.document) == {"compute", "network"}


@pytest.mark.parametrize("failure", [reply(500), reply(429), refused()])
def test_a_failure_does_not_end_the_wait_for_a_whole_document(failure: Any, collect_from: Collect) -> None:
    """A follow-up request that fails is one of two; only one that says when to ask again ends the wait."""
    found = collect_from(ScriptedTransport(reply(200, PARTIAL), failure, reply(200, build_document())))
    assert set(found.document) == {"compute", "network"}
    later = ScriptedTransport(reply(200, PARTIAL), reply(429, retry_after="1"), reply(200, build_document()))
    assert set(collect_from(later, cache_dir="/dev/null/none").document) == {"compute"}
    assert len(later.urls) == 2


def test_partial_is_kept_where_there_is_none(collect_from: Collect) -> None:
    """Without a whole one a partial document is cached, and a whole one replaces it."""
    transport = ScriptedTransport(*[reply(200, PARTIAL)] * 3, reply(200, build_document()))
    collect_from(transport)
    assert set(collect_from(transport).document) == {"compute"}
    collect_from(transport, cache_ttl=0)
    assert set(collect_from(transport).document) == {"compute", "network"}


@pytest.mark.parametrize(("tag", "positive"), [("7783-0000", True), (None, False)])
def test_not_azure(tag: str | None, positive: bool, collect_from: Collect, tmp_path: Path) -> None:
    """Where the machine is not an Azure VM nothing is opened, asked or made."""
    transport = ScriptedTransport(reply(200, build_document()))
    with pytest.raises(NotAzureError) as caught:
        collect_from(transport, host=build_host(tmp_path / "host", tag=tag))
    assert caught.value.is_other_platform is positive
    assert transport.opened == 0
    assert not (tmp_path / "cache").exists()
    assert collect_from(transport, host=build_host(tmp_path / "host", tag=tag), detect="skip").source == "imds"


def test_disabled(tmp_path: Path) -> None:
    """A switched off collection touches nothing."""
    transport = ScriptedTransport(reply(200, build_document()))
    with pytest.raises(NotAzureError):
        collect(Settings(is_disabled=True, cache_dir=str(tmp_path / "cache")), open_transport=transport.open)
    assert transport.opened == 0
    assert not (tmp_path / "cache").exists()


def test_without_boot_id(collect_from: Collect, tmp_path: Path) -> None:
    """Without a boot id nothing is cached: nothing would tell this boot's answers from older ones."""
    transport = ScriptedTransport(reply(200, build_document()))
    host = build_host(tmp_path / "host", boot_id=None)
    assert [collect_from(transport, host=host).source for _ in range(2)] == ["imds", "imds"]


def test_usage_error_touches_nothing(collect_from: Collect, tmp_path: Path) -> None:
    """A wrong setting is an error before anything is asked."""
    transport = ScriptedTransport(reply(200, build_document()))
    with pytest.raises(UsageError):
        collect_from(transport, timeout="soon")
    assert transport.opened == 0
    assert not (tmp_path / "cache").exists()
