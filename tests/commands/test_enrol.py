# SPDX-License-Identifier: Apache-2.0
"""Test the command `enrol`; tests/minions/test_proof.py has a real master."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from azure_imds_facts.attestation import bind_key

from tests.commands.test_hook_post import Hook, hook
from tests.salt_adapter.test_acceptance import KEY
from tests.support.attested import Document, build_content
from tests.support.command_line import Run
from tests.support.servers import RawServer, answering
from tests.support.signing import signing

__all__ = ["hook"]


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """A minion's configuration."""
    folder = tmp_path / "salt"
    (folder / "pki/minion").mkdir(parents=True)
    (folder / "minion").write_text("# id: no\nmaster: salt\n")
    (folder / "minion_id").write_text("web-1\n")
    (folder / "pki/minion/minion.pub").write_text(KEY)
    return folder


def flags(hook: Hook, config: Path, endpoint: str) -> list[str]:
    """Return the flags of a minion that works."""
    return ["enrol", "--url", hook.url, "--ca", hook.ca, "--config-dir", str(config), "--endpoint", endpoint]


def test_sends_key_and_proof(run: Run, hook: Hook, config: Path) -> None:
    """The hook gets the id, the public key and a document for the nonce of that key; nothing is printed but a message."""
    with signing() as imds:
        ended = run(*flags(hook, config, imds.url))
        assert f"nonce={bind_key(KEY)}".encode() in imds.requests[0]
    assert (ended.code, ended.out) == (0, "")
    (sent,) = hook.bodies
    content = json.loads(sent)
    assert (content["id"], content["key"]) == ("web-1", KEY)
    assert content["document"]["signature"][40:80] not in ended.err


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("id: web-2\n", "web-2"),
        ('id: "web-2"  # mine\n', "web-2"),
        ('{"id": "web-2", "master": "x"}', "web-2"),
        ("ids: x\nsome:\n  id: y\n", "web-1"),
    ],
)
def test_finds_the_id(text: str, name: str, run: Run, hook: Hook, config: Path) -> None:
    """The id is that of the configuration, else the one that the minion found out."""
    (config / "minion").write_text(text)
    with signing() as imds:
        assert run(*flags(hook, config, imds.url)).code == 0
    assert json.loads(hook.bodies[0])["id"] == name


def test_finds_the_id_in_a_part(run: Run, hook: Hook, config: Path) -> None:
    """Files in minion.d override the configuration."""
    (config / "minion").write_text("id: web-2\n")
    (config / "minion.d").mkdir()
    (config / "minion.d/id.conf").write_text("id: web-3\n")
    with signing() as imds:
        assert run(*flags(hook, config, imds.url)).code == 0
    assert json.loads(hook.bodies[0])["id"] == "web-3"


def test_finds_the_key_elsewhere(run: Run, hook: Hook, config: Path, tmp_path: Path) -> None:
    """The key lies where the configuration says."""
    (config / "pki/minion/minion.pub").rename(tmp_path / "minion.pub")
    (config / "minion").write_text(f"pki_dir: {tmp_path}\n")
    with signing() as imds:
        assert run(*flags(hook, config, imds.url)).code == 0


@pytest.mark.parametrize("missing", ["pki/minion/minion.pub", "minion_id"])
def test_a_minion_that_was_never_started(missing: str, run: Run, hook: Hook, config: Path) -> None:
    """Without key or id it waits, then says what to do."""
    (config / missing).unlink()
    with signing() as imds:
        ended = run(*flags(hook, config, imds.url), "--timeout", "0.5")
    assert (ended.code, ended.out, hook.bodies) == (2, "", [])
    assert "Start salt-minion first" in ended.err


def test_a_key_that_is_none(run: Run, hook: Hook, config: Path) -> None:
    """A file that is no public key is usage."""
    (config / "pki/minion/minion.pub").write_text("no key")
    with signing() as imds:
        assert run(*flags(hook, config, imds.url)).code == 2


def test_imds_fails(run: Run, hook: Hook, config: Path) -> None:
    """Without a document nothing is sent, and the outcome is IMDS's."""
    with RawServer(answering(b"{}")) as imds:
        ended = run(*flags(hook, config, imds.url))
    assert (ended.code, hook.bodies) == (8, [])


def test_no_document_in_verbose_messages(run: Run, hook: Hook, config: Path) -> None:
    """-v prints requests, never what is in them."""
    with signing() as imds:
        ended = run(*flags(hook, config, imds.url), "-v")
    assert "attested/document" in ended.err
    assert "MII" not in ended.err
    assert Document(build_content()).base64[:40] not in ended.err


def test_a_wrong_url_waits_for_nothing(run: Run, tmp_path: Path) -> None:
    """It is refused before the minion's key is waited for."""
    ended = run("enrol", "--url", "http://salt.example", "--config-dir", str(tmp_path), "--timeout", "600")
    assert (ended.code, ended.out) == (2, "")
    assert "--url cannot be" in ended.err
