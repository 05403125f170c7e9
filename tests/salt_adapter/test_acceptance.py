# SPDX-License-Identifier: Apache-2.0
"""Who is accepted and who is not, without a master; tests/minions/test_proof.py has the real one."""

from __future__ import annotations

import datetime as dt
import logging
from pathlib import Path
from typing import Any

import pytest
from azure_imds_facts.attestation import Trust, bind_key
from azure_imds_facts.salt.acceptance import Acceptor
from azure_imds_facts.salt.acceptance_policy import AcceptancePolicy
from azure_imds_facts.salt.identity_store import IdentityStore
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.support.attested import SUBSCRIPTION, VM_ID, Document, build_content, make_key
from tests.support.signing import make_chain

OTHER_VM = "11111111-2222-4333-8444-555555555555"


def make_pem(name: str) -> str:
    """Return a minion's public key."""
    return make_key(name).public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


KEY, OTHER_KEY = make_pem("minion"), make_pem("other minion")


class Keys:
    """A master's keys: id → state and key. `on_accept` is called before a key is accepted."""

    def __init__(self) -> None:
        self.known: dict[str, tuple[str, str]] = {}
        self.on_accept: Any = None

    def read(self, minion_id: str) -> tuple[str, str]:
        """Return state and key."""
        return self.known.get(minion_id, ("", ""))

    def accept(self, minion_id: str) -> None:
        """Accept it."""
        if self.on_accept:
            self.on_accept()
        self.known[minion_id] = ("accepted", self.known[minion_id][1])

    def reject(self, minion_id: str) -> None:
        """Reject it."""
        self.known[minion_id] = ("rejected", self.known[minion_id][1])


class Scene:
    """An acceptor with its keys, its store and a clock."""

    def __init__(self, folder: Path, **settings: Any) -> None:
        root, intermediate, _leaf = make_chain()
        policy = AcceptancePolicy(
            subscriptions=(SUBSCRIPTION,),
            offline=True,
            anchors=Trust((root.signed,), (intermediate.signed,)),
            **settings,
        )
        self.now = 1000.0
        self.keys = Keys()
        self.store = IdentityStore(str(folder / "identities"))
        log = logging.getLogger("acceptance")
        self.acceptor = Acceptor(policy, keys=self.keys, store=self.store, log=log, clock=lambda: self.now)  # type: ignore[arg-type]

    def send(self, minion_id: str = "web", *, key: str = KEY, nonce: str | None = None, **fields: Any) -> None:
        """Send a request."""
        content = build_content(dt.datetime.now(dt.timezone.utc), nonce=nonce or bind_key(key), **fields)
        document = Document(content, signer=make_chain()[2]).answer
        event = {"post": {"id": minion_id, "key": key, "document": document}, "headers": {"Remote-Addr": "10.0.0.4"}}
        self.acceptor.take_request(event)

    def state(self, minion_id: str = "web") -> str:
        """Return a key's state."""
        return self.keys.read(minion_id)[0]


@pytest.fixture
def scene(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> Scene:
    """A master on which the minion `web` is pending."""
    caplog.set_level(logging.INFO)
    made = Scene(tmp_path)
    made.keys.known["web"] = ("pending", KEY)
    return made


def test_accepts(scene: Scene) -> None:
    """A pending key whose bytes the document binds is accepted, and what was proven is kept."""
    scene.send()
    assert scene.state() == "accepted"
    record = scene.store.read("web")
    assert record
    assert (record["key"], record["claims"]["vmId"]) == (bind_key(KEY), VM_ID)


def test_the_key_may_come_later(scene: Scene) -> None:
    """A minion that is proven first is accepted when its key becomes pending."""
    del scene.keys.known["web"]
    scene.send()
    assert (scene.acceptor.waiting, scene.store.read("web")) == (1, None)
    scene.keys.known["web"] = ("pending", KEY)
    scene.acceptor.take_pending("web")
    assert scene.state() == "accepted"
    assert scene.acceptor.waiting == 0


def test_the_key_is_looked_for(scene: Scene) -> None:
    """A key of which the master tells no event is found within seconds."""
    del scene.keys.known["web"]
    scene.send()
    scene.keys.known["web"] = ("pending", KEY)
    scene.now += 6
    scene.acceptor.sum_up()
    assert scene.state() == "accepted"


def test_waiting_ends(scene: Scene, caplog: pytest.LogCaptureFixture) -> None:
    """Who is waited for in vain is forgotten, and a line says so."""
    scene.send("late")
    scene.now += 301
    scene.acceptor.sum_up()
    scene.keys.known["late"] = ("pending", KEY)
    scene.acceptor.take_pending("late")
    assert scene.state("late") == "pending"
    assert "its key did not come" in caplog.text


def test_waiting_is_bounded(scene: Scene, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    """More than so many are not waited for."""
    monkeypatch.setattr("azure_imds_facts.salt.acceptance._MOST_WAITING", 2)
    for name in ("a", "b", "c"):
        scene.send(name)
    assert scene.acceptor.waiting == 2
    assert "refused minion 'c'" in caplog.text


@pytest.mark.parametrize(
    ("sent", "reason"),
    [
        ({"nonce": "0" * 32}, "nonce: "),
        ({"key": OTHER_KEY}, "key: the pending key is not the one"),
        ({"subscriptionId": OTHER_VM}, "subscription: "),
        ({"vmId": None}, "content: "),
        ({"key": "no key"}, "form: "),
    ],
)
def test_refuses(sent: dict[str, Any], reason: str, scene: Scene, caplog: pytest.LogCaptureFixture) -> None:
    """The key stays pending, nothing is kept, and the log says why and from where."""
    sent = {"nonce": "0" * 32, **sent} if sent.get("key") == "no key" else sent
    scene.send(**sent)
    assert scene.state() == "pending"
    assert scene.store.read("web") is None
    assert f"azure_imds_accept refused minion 'web' at 10.0.0.4: {reason}" in caplog.text
    assert "MII" not in caplog.text


def test_skus(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Only images that a pattern names are accepted."""
    scene = Scene(tmp_path, skus=("22_04-*",))
    scene.keys.known.update(web=("pending", KEY), db=("pending", OTHER_KEY))
    scene.send("db", key=OTHER_KEY, sku="9-lvm", vmId=OTHER_VM)
    scene.send()
    assert (scene.state(), scene.state("db")) == ("accepted", "pending")
    assert "sku: '9-lvm'" in caplog.text


def test_one_minion_a_vm(scene: Scene, caplog: pytest.LogCaptureFixture) -> None:
    """A VM that is one minion does not become another, until the first one's key is gone."""
    scene.send()
    scene.keys.known["db"] = ("pending", OTHER_KEY)
    scene.send("db", key=OTHER_KEY)
    assert scene.state("db") == "pending"
    assert "this VM is minion 'web' already" in caplog.text
    del scene.keys.known["web"]
    scene.send("db", key=OTHER_KEY)
    assert scene.state("db") == "accepted"


def test_one_vm_a_minion(scene: Scene, caplog: pytest.LogCaptureFixture) -> None:
    """A minion that is one VM does not become another, though the key were the same."""
    scene.send()
    scene.send(vmId=OTHER_VM)
    assert "this minion is another VM" in caplog.text
    record = scene.store.read("web")
    assert record
    assert record["claims"]["vmId"] == VM_ID


def test_again(tmp_path: Path) -> None:
    """Both may be, where the master says so."""
    scene = Scene(tmp_path, again=True)
    scene.keys.known.update(web=("pending", KEY), db=("pending", OTHER_KEY))
    scene.send()
    scene.send("db", key=OTHER_KEY)
    assert (scene.state(), scene.state("db")) == ("accepted", "accepted")


def test_an_accepted_key_is_proven_too(scene: Scene) -> None:
    """A key that somebody accepted by hand gets its record; the same proof again changes nothing."""
    scene.keys.known["web"] = ("accepted", KEY)
    for _time in range(2):
        scene.send()
    assert scene.state() == "accepted"
    assert scene.store.read("web")


def test_a_key_that_changes_meanwhile(scene: Scene, caplog: pytest.LogCaptureFixture) -> None:
    """A key that took the place of the one that was looked at is rejected again."""
    scene.keys.on_accept = lambda: scene.keys.known.update(web=("pending", OTHER_KEY))
    scene.send()
    assert scene.state() == "rejected"
    assert scene.store.read("web") is None
    assert "it changed while it was looked at" in caplog.text


def test_a_store_that_cannot_be_written(scene: Scene, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Without a record nobody is accepted."""
    (tmp_path / "identities").write_text("a file")
    scene.send()
    assert scene.state() == "pending"
    assert "store: " in caplog.text


def test_too_many(scene: Scene, caplog: pytest.LogCaptureFixture) -> None:
    """What comes too fast is dropped, with a line every ten seconds; afterwards the right one is accepted."""
    for _time in range(100):
        scene.send(nonce="0" * 32)
    assert caplog.text.count("refused") == 20
    scene.send()
    assert scene.state() == "pending"
    scene.now += 10
    scene.acceptor.sum_up()
    assert "dropped 81 requests" in caplog.text
    scene.send()
    assert scene.state() == "accepted"


def test_strange_events(scene: Scene, caplog: pytest.LogCaptureFixture) -> None:
    """Whatever an event holds ends in one line."""
    events: list[dict[str, Any]] = [{}, {"post": []}, {"body": b"\xff"}, {"body": "[" * 9999}, {"post": {"id": "a\nb"}}]
    for number, event in enumerate(events, 1):
        scene.acceptor.take_request(event)
        assert caplog.text.count("azure_imds_accept refused a minion at an unknown address") == number


def test_another_authority(scene: Scene) -> None:
    """A document whose root is not trusted is refused."""
    document = Document(build_content(dt.datetime.now(dt.timezone.utc), nonce=bind_key(KEY)))
    scene.acceptor.take_request({"post": {"id": "web", "key": KEY, "document": document.answer}})
    assert scene.state() == "pending"
