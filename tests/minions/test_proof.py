# SPDX-License-Identifier: Apache-2.0
"""Minions that a real master accepts because Azure vouches for them, and those that stay pending, with the reason."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any

import pytest
from azure_imds_facts.attestation import Trust, bind_key, verify

from tests.minions.proving import SUBSCRIPTION, ProvingMaster, wait

# Minion → its VM: one of ours, one of another subscription, one whose documents are an hour old.
VMS: dict[str, dict[str, Any]] = {
    "right": {},
    "foreign": {"subscription": "00000000-1111-4222-8333-444444444444"},
    "stale": {"settings": {"attested_fault": "stale"}},
}
SECRET = "only-for-proven-minions"


@pytest.fixture(scope="module")
def proving() -> Iterator[ProvingMaster]:
    """The master, with three minions of which each has sent its proof."""
    running = ProvingMaster(VMS)
    try:
        (running.master.pillar_tree / "top.sls").write_text(
            json.dumps(
                {"base": {f"azure_imds_identity:subscriptionId:{SUBSCRIPTION}": [{"match": "pillar"}, "proven"]}}
            )
        )
        (running.master.pillar_tree / "proven.sls").write_text(json.dumps({"secret": SECRET}))
        running.start()
        for name in VMS:
            running.begin(name)
        for name in VMS:
            running.read_key(name)
        yield running
    finally:
        running.close()


def test_the_right_one_is_accepted(proving: ProvingMaster) -> None:
    """A VM of the subscription is accepted within 5 s of sending its proof, and the log says which VM it is."""
    # How long a minion takes to start is not what is measured.
    assert wait(lambda: proving.state("right") == "minions_pre")
    started = time.monotonic()
    done = proving.enrol("right")
    assert done.returncode == 0, done.stderr
    assert done.stdout == ""
    assert wait(lambda: proving.state("right") == "minions", timeout_s=30), proving.log[-3000:]
    took_s = time.monotonic() - started
    print(f"accepted {took_s:.1f} s after enrol began")
    assert took_s < 5
    proving.wait_for_log(r"accepted minion 'right': VM 00000000-0000-4000-8000-000000000001 of subscription 8d10da13")


@pytest.mark.parametrize(("name", "reason"), [("foreign", "subscription: "), ("stale", "stale: ")])
def test_others_stay_pending(name: str, reason: str, proving: ProvingMaster) -> None:
    """A VM of another subscription, and a document that is an hour old, are refused with a reason in the log."""
    assert proving.enrol(name).returncode == 0
    proving.wait_for_log(rf"refused minion '{name}' at 127\.0\.0\.1: {reason}")
    assert wait(lambda: proving.state(name) == "minions_pre", timeout_s=30)


def test_a_replayed_document(proving: ProvingMaster) -> None:
    """A document that was made for another minion's key does not accept one's own."""
    stolen = proving.fetch("right", bind_key(proving.read_key("right")))
    proving.post({"id": "foreign", "key": proving.read_key("foreign"), "document": stolen})
    proving.wait_for_log(r"refused minion 'foreign' at 127\.0\.0\.1: nonce: ")
    assert proving.state("foreign") == "minions_pre"


def test_another_key(proving: ProvingMaster) -> None:
    """A good document for another key than the one that is pending under the id accepts neither."""
    # What a VM of ours could send: a document that binds a key, under the id of a minion whose pending key is another.
    key = proving.read_key("right")
    proving.imds["right"].set("compute.vmId", "00000000-0000-4000-8000-00000000000f")
    try:
        document = proving.fetch("right", bind_key(key))
    finally:
        proving.imds["right"].set("compute.vmId", "00000000-0000-4000-8000-000000000001")
    proving.post({"id": "stale", "key": key, "document": document})
    proving.wait_for_log(r"refused minion 'stale' at 127\.0\.0\.1: key: the pending key is not the one")
    assert proving.state("stale") == "minions_pre"


def test_a_second_id(proving: ProvingMaster) -> None:
    """A VM that is a minion already does not become a second one, even for a key that it holds."""
    key = proving.read_key("stale")
    proving.post({"id": "stale", "key": key, "document": proving.fetch("right", bind_key(key))})
    proving.wait_for_log(r"refused minion 'stale' at 127\.0\.0\.1: vm: this VM is minion 'right' already")
    assert proving.state("stale") == "minions_pre"


def test_pillar(proving: ProvingMaster) -> None:
    """What was proven is pillar of the proven minion alone, and other pillar follows from it."""
    proving.minions["right"].wait()
    shown = proving.master.salt_run("pillar.show_pillar", "right")
    assert shown["azure_imds_identity"].pop("provenAt").endswith("Z")
    assert shown == {
        "azure_imds_identity": {
            "vmId": "00000000-0000-4000-8000-000000000001",
            "subscriptionId": SUBSCRIPTION,
            "sku": proving.imds["right"].document["compute"]["sku"],
            "cloud": "AzureCloud",
        },
        "secret": SECRET,
    }
    assert proving.master.salt("right", "pillar.keys", "azure_imds_identity")["right"]
    assert proving.master.salt("-I", f"azure_imds_identity:subscriptionId:{SUBSCRIPTION}", "test.ping") == {
        "right": True
    }
    for name in ("foreign", "stale", "nobody"):
        assert proving.master.salt_run("pillar.show_pillar", name) == {}


def test_attested(proving: ProvingMaster) -> None:
    """The master asks a minion for a document with a nonce of its own."""
    proving.minions["right"].wait()
    answer = proving.master.salt("right", "azure_imds.attested", "nonce=1f0c9a7be2")["right"]
    trust = Trust(()).add(trusted=((proving.folder / "keys-right/ca.pem").read_bytes(),))
    claims = verify(answer, nonce="1f0c9a7be2", subscriptions=[SUBSCRIPTION], trust=trust, is_offline=True)
    assert claims.vm_id == "00000000-0000-4000-8000-000000000001"
    assert "is no nonce" in proving.master.salt("right", "azure_imds.attested", "nonce='a b'")["right"]


def test_pillar_goes_with_the_key(proving: ProvingMaster) -> None:
    """Where the accepted key is another one, what was proven is nobody's."""
    accepted = proving.folder / "master-root/pki/minions/right"
    key = accepted.read_text()
    try:
        accepted.write_text(proving.read_key("foreign"))
        assert proving.master.salt_run("pillar.show_pillar", "right") == {}
    finally:
        accepted.write_text(key)


def test_what_was_proven_is_kept(proving: ProvingMaster) -> None:
    """The record is a file of the master's user alone."""
    folder = proving.folder / "master-root/cache/azure_imds_identity"
    (record,) = folder.iterdir()
    assert (folder.stat().st_mode & 0o777, record.stat().st_mode & 0o777) == (0o700, 0o600)
    kept = json.loads(record.read_text())
    assert (kept["minion"], kept["claims"]["subscriptionId"]) == ("right", SUBSCRIPTION)


@pytest.mark.parametrize("sent", [b"", b"[]", b"{", b'{"id": "../x"}', b'{"id": "a", "key": 1}', b"\xff" * 1000])
def test_strange_requests(sent: bytes, proving: ProvingMaster) -> None:
    """What is no request is refused in a line, and the engine goes on."""
    before = proving.log.count("azure_imds_accept refused")
    if proving.post(sent) == 200:
        assert wait(lambda: proving.log.count("azure_imds_accept refused") > before, timeout_s=30)
    assert "Traceback" not in proving.log


def test_wrong_authority(proving: ProvingMaster) -> None:
    """A master whose certificate cannot be verified gets nothing."""
    done = proving.shell.run(
        "azure-imds-facts", "enrol", "--url", proving.url, "--endpoint", proving.imds["right"].url,
        "--config-dir", str(proving.folder / "right"), "--timeout", "10",
    )  # fmt: skip
    assert done.returncode == 7
    assert "cannot be trusted" in done.stderr
    assert done.stdout == ""


def test_no_document_in_any_log(proving: ProvingMaster) -> None:
    """No log of master, salt-api and minions holds a document or a part of one."""
    document = proving.fetch("right", bind_key(proving.read_key("right")))["signature"]
    texts = [path.read_text(errors="replace") for path in proving.folder.rglob("*") if path.suffix in (".log", ".out")]
    assert len(texts) > 4
    # The signer's certificate stands in each document.
    assert not any(document[400:440] in text for text in texts)
