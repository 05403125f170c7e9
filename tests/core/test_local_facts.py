# SPDX-License-Identifier: Apache-2.0
"""Test the writer of the local facts file, over real HTTP."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from azure_imds_facts.core.errors import InvalidError, NotAzureError
from azure_imds_facts.core.facts_file import NAME
from azure_imds_facts.core.local_facts import write_local_facts
from azure_imds_facts.core.settings import build_settings
from azure_imds_facts.core.transport import HttpTransport

from tests.support.documents import build_document
from tests.support.reporters import ListReporter
from tests.support.servers import RawServer, answering


def write(endpoint: str, folder: Path, reporter: ListReporter, environ: dict[str, str] | None = None) -> Any:
    """Write the file without a cache, and return its content."""
    settings = build_settings({"endpoint": endpoint, "timeout": 0.9}, environ or {})
    settings = type(settings)(**{**settings.__dict__, "cache_dir": None})
    write_local_facts(settings, directory=str(folder), reporter=reporter, open_transport=HttpTransport)
    return json.loads((folder / NAME).read_text())


def test_a_partial_document_does_not_replace_a_whole_one(tmp_path: Path, reporter: ListReporter) -> None:
    """The facts of a whole document stay, marked stale; those of a partial one are written where there are none."""
    partial = {"compute": build_document()["compute"]}
    with RawServer(answering(json.dumps(partial).encode())) as server:
        assert write(server.url, tmp_path / "new", reporter)["snapshot"]["partial"] is True
    with RawServer(answering(json.dumps(build_document()).encode())) as server:
        whole = write(server.url, tmp_path / "d", reporter)
        assert write(server.url, tmp_path / "new", reporter)["snapshot"]["partial"] is False
    with RawServer(answering(json.dumps(partial).encode())) as server:
        kept = write(server.url, tmp_path / "d", reporter)
    assert kept == {**whole, "snapshot": {**whole["snapshot"], "source": "stale"}}
    assert any("lacks compute or network" in warning for warning in reporter.warnings)


@pytest.mark.parametrize(("field", "value"), [("boot_id", "another"), ("fetched_at", "2020-01-01T00:00:00Z")])
def test_a_partial_document_replaces_an_old_one(field: str, value: str, tmp_path: Path, reporter: ListReporter) -> None:
    """A whole document of another boot, or over a day old, gives way."""
    with RawServer(answering(json.dumps(build_document()).encode())) as server:
        whole = write(server.url, tmp_path, reporter)
    (tmp_path / NAME).write_text(json.dumps({**whole, "snapshot": {**whole["snapshot"], field: value}}))
    with RawServer(answering(json.dumps({"network": {}}).encode())) as server:
        assert write(server.url, tmp_path, reporter)["snapshot"]["partial"] is True


def test_disabled(tmp_path: Path, reporter: ListReporter) -> None:
    """Where the adapters are disabled nothing is touched."""
    with pytest.raises(NotAzureError, match="AZURE_IMDS_DISABLED"):
        write("http://127.0.0.1:9", tmp_path / "d", reporter, {"AZURE_IMDS_DISABLED": "1"})
    assert not (tmp_path / "d").exists()


def test_an_invalid_document_leaves_the_file(tmp_path: Path, reporter: ListReporter) -> None:
    """A document whose facts would be larger than any is refused, and the old file is marked stale."""
    with RawServer(answering(json.dumps(build_document()).encode())) as server:
        write(server.url, tmp_path, reporter)
    huge = {"compute": {"k" * 20_000: {f"a{number}": "1" for number in range(300)}}, "network": {}}
    with RawServer(answering(json.dumps(huge).encode())) as server, pytest.raises(InvalidError, match="over 4 MiB"):
        write(server.url, tmp_path, reporter)
    facts = json.loads((tmp_path / NAME).read_text())
    assert (facts["snapshot"]["source"], facts["compute"]["vm_size"]) == ("stale", "Standard_D2s_v3")
