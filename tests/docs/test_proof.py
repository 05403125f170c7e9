# SPDX-License-Identifier: Apache-2.0
"""The pages about proof and the program say the same, and what they show runs."""

from __future__ import annotations

import argparse
import dataclasses
import datetime as dt
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from azure_imds_facts.attestation import errors
from azure_imds_facts.attestation.clouds import DOMAINS
from azure_imds_facts.attestation.fetching import HOSTS
from azure_imds_facts.attestation.policy import DEFAULT_MAX_AGE_S, SKEW_S
from azure_imds_facts.attestation.trust import ROOTS, read_shipped
from azure_imds_facts.commands.enrol import add_arguments
from azure_imds_facts.salt.acceptance_policy import AcceptancePolicy, parse_policy
from cryptography.x509.oid import NameOID

from tests.support.attested import NONCE, Document, build_content
from tests.support.signing import make_chain

ROOT = Path(__file__).parents[2]
TEXT = "\n".join(
    (ROOT / f"docs/{page}.md").read_text(encoding="utf-8") for page in ("proof", "proof-explained", "proof-salt")
)


def find_rows(head: str) -> list[list[str]]:
    """Return the rows of the table whose first column has this head."""
    lines = TEXT.partition(f"\n| {head} |")[2].split("\n\n")[0].splitlines()[2:]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def find_blocks(language: str) -> list[str]:
    """Return the blocks in a language."""
    return re.findall(rf"```{language}\n(.*?)```", TEXT, re.DOTALL)


def test_reasons() -> None:
    """Every reason stands in the table, but for files that were given wrongly, which are usage."""
    told = [name for row in find_rows("reason") for name in re.findall(r"`([a-z]+)`", row[0])]
    classes: list[type[errors.AttestationError]] = [*errors.AttestationError.__subclasses__(), errors.IntermediateError]
    assert sorted(told) == sorted({one.reason for one in classes} - {"trust"})


def test_figures() -> None:
    """Domains, hosts and times are those of the program."""
    assert all(f"`{domain}`" in TEXT for domain in DOMAINS.values())
    assert all(f"`{host}`" in TEXT for host in HOSTS)
    assert f"({DEFAULT_MAX_AGE_S:.0f} s)" in TEXT
    assert f"each with {SKEW_S:.0f} s" in TEXT


def test_roots() -> None:
    """The table has the roots that are shipped, by name and fingerprint."""
    rows = {row[0]: row[1].strip("`") for row in find_rows("root")}
    assert sorted(rows.values()) == sorted(ROOTS.values())
    names = {str(root.subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value) for root in read_shipped().roots}
    assert set(rows) == names


def test_engine_settings() -> None:
    """The table has every setting of the engine, with its default."""
    told = {name: row[1].strip("`") for row in find_rows("setting of `azure_imds_accept`") for name in _names(row[0])}
    known = {one.name: one.default for one in dataclasses.fields(AcceptancePolicy) if one.name != "anchors"}
    assert set(told) == set(known)
    for name, default in known.items():
        if isinstance(default, bool):
            assert told[name] == str(default).lower()
        elif isinstance(default, str):
            assert told[name] == default
    assert told["max_age"] == f"{known['max_age']:.0f}"
    assert told["each"] == told["total"] == f"{known['each']:.0f}, {known['total']:.0f}"


def test_master_configuration() -> None:
    """The master's configuration is one that the engine takes."""
    block = next(text for text in find_blocks("yaml") if "engines:" in text)
    configuration = yaml.safe_load(block)
    (engine,) = configuration["engines"]
    assert parse_policy(engine["azure_imds_accept"]).subscriptions
    assert configuration["ext_pillar"] == [{"azure_imds_identity": {}}]
    assert configuration["rest_cherrypy"]["webhook_disable_auth"] is True


def test_cloud_config() -> None:
    """The cloud-config is YAML, and calls the command with flags that it has."""
    text = (ROOT / "examples/enrol.cloud-config").read_text(encoding="utf-8")
    assert text.startswith("#cloud-config\n")
    words = yaml.safe_load(text)["runcmd"][-1]
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    parsed = parser.parse_args(words[words.index("enrol") + 1 :])
    assert f"/hook/{AcceptancePolicy.tag}" in parsed.url
    assert parsed.ca in [file["path"] for file in yaml.safe_load(text)["write_files"]]


def test_play() -> None:
    """The play on the page is the example."""
    plays = [yaml.safe_load(text) for text in find_blocks("yaml") if "azure_imds_attested" in text]
    assert plays == [yaml.safe_load((ROOT / "examples/secret.yml").read_text(encoding="utf-8"))]


def test_python_example(monkeypatch: pytest.MonkeyPatch) -> None:
    """The function in Python returns the VM of a document that holds, and raises for another."""
    (block,) = find_blocks("python")
    names: dict[str, Any] = {}
    exec(compile(block, "docs/proof.md", "exec"), names)
    root, intermediate, leaf = make_chain()
    monkeypatch.setattr(
        "azure_imds_facts.attestation.verification._read_shipped",
        lambda: read_shipped().add(trusted=(root.pem,), intermediates=(intermediate.pem,)),
    )
    subscription = re.search(r'subscriptions=\["([^"]+)"', block)
    assert subscription
    content = build_content(dt.datetime.now(dt.timezone.utc), subscriptionId=subscription[1])
    document = Document(content, signer=leaf).base64
    assert names["accept"](document, NONCE)
    with pytest.raises(PermissionError, match="nonce"):
        names["accept"](document, "other")


def _names(cell: str) -> list[str]:
    return re.findall(r"`([^`]+)`", cell)
