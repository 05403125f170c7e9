# SPDX-License-Identifier: Apache-2.0
"""Test the front for Python programs."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import azure_imds_facts
import pytest
from azure_imds_facts.core.errors import ImdsError, NotAzureError, UnreachableError, UsageError
from azure_imds_facts.requests_transport import RequestsTransport

from tests.support.documents import build_document
from tests.support.servers import RawServer, answering


@pytest.fixture
def imds(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[RawServer]:
    """A server, named in the environment."""
    with RawServer(answering(json.dumps(build_document()).encode())) as server:
        monkeypatch.setenv("AZURE_IMDS_ENDPOINT", server.url)
        monkeypatch.setenv("AZURE_IMDS_CACHE_DIR", str(tmp_path / "cache"))
        yield server


def test_collect(imds: RawServer) -> None:
    """Facts come in IMDS's own spelling; the environment counts, and the cache."""
    facts = azure_imds_facts.collect()
    assert facts["compute"]["vmSize"] == "Standard_D2s_v3"
    assert facts["tags"]["Cost Center"] == "42"
    assert "userData" not in facts["compute"]
    again = azure_imds_facts.collect(gather=["compute"])
    assert again["snapshot"]["source"] == "cache"
    assert "network" not in again
    assert len(imds.requests) == 1


def test_open_connection(imds: RawServer) -> None:
    """A transport that was handed in stays open over many calls."""
    transport = RequestsTransport()
    for _ in range(3):
        azure_imds_facts.collect(transport=transport, cache_ttl=0)
    transport.close()
    assert (len(imds.requests), imds.connections) == (3, 1)


def test_errors(imds: RawServer, refused_endpoint: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Outcomes are exceptions; an argument beats the environment."""
    with pytest.raises(UnreachableError):
        azure_imds_facts.collect(endpoint=refused_endpoint, timeout=0.2)
    with pytest.raises(UsageError):
        azure_imds_facts.collect(colour="red")
    monkeypatch.setenv("AZURE_IMDS_DISABLED", "1")
    with pytest.raises(NotAzureError):
        azure_imds_facts.collect()


def test_names() -> None:
    """The public names are those of the contract, each loaded when it is used."""
    outcomes = {cls.__name__ for cls in ImdsError.__subclasses__()}
    others = {"collect", "ImdsError", "Reporter", "RequestsTransport", "Settings", "Snapshot"}
    assert set(azure_imds_facts.__all__) == outcomes | others
    for name in azure_imds_facts.__all__:
        assert getattr(azure_imds_facts, name).__name__ == name
    with pytest.raises(AttributeError, match="nonsense"):
        azure_imds_facts.nonsense  # noqa: B018
