# SPDX-License-Identifier: Apache-2.0
"""Test the table of files for other programs, and how one of them is chosen."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from azure_imds_facts.core.errors import UnreachableError, UsageError
from azure_imds_facts.core.file_formats import FORMATS, VARIABLE, read_formats
from azure_imds_facts.core.local_facts import write_local_facts
from azure_imds_facts.core.settings import build_settings
from azure_imds_facts.core.transport import HttpTransport

from tests.support.documents import build_document
from tests.support.reporters import ListReporter
from tests.support.servers import RawServer, answering


def name_places(*arguments: Any, **named: Any) -> list[tuple[str, str]]:
    """Return file and directory of each format that is chosen."""
    return [(row.file_name, place) for row, place in read_formats(*arguments, **named)]


@pytest.mark.parametrize(
    ("given", "variable", "directory", "expected"),
    [
        (None, None, None, [("azure_imds.fact", "/etc/ansible/facts.d")]),
        (None, "", None, [("azure_imds.fact", "/etc/ansible/facts.d")]),
        (None, None, "/x", [("azure_imds.fact", "/x")]),
        ("facter", "ansible", None, [("azure_imds.json", "/etc/facter/facts.d")]),
        ("facter", None, "/x", [("azure_imds.json", "/x")]),
        ("prometheus", None, "/x", [("azure_imds.prom", "/x")]),
        (None, " ansible, facter ", None, [("azure_imds.fact", "/etc/ansible/facts.d"), ("azure_imds.json", "/etc/facter/facts.d")]),
        (None, "prometheus:/x,facter:/y", None, [("azure_imds.prom", "/x"), ("azure_imds.json", "/y")]),
    ],
)  # fmt: skip
def test_choice(given: str | None, variable: str | None, directory: str | None, expected: list[Any]) -> None:
    """The flag beats the variable, which beats the default; each format has a directory or is given one."""
    environ = {} if variable is None else {VARIABLE: variable}
    assert name_places(given, environ, directory=directory) == expected


@pytest.mark.parametrize(
    ("given", "directory"),
    [
        ("", None), ("json", None), ("ansible,", None), ("ansible,ansible", None), ("Facter", None), ("prometheus", None),
        ("prometheus:", None), ("facter:relative", None), ("ansible,facter", "/x"), ("facter:/y", "/x"), ("ansible;facter", None),
    ],
)  # fmt: skip
def test_usage(given: str, directory: str | None) -> None:
    """What is no format, or has no directory, is usage."""
    with pytest.raises(UsageError) as caught:
        read_formats(given, {}, directory=directory)
    assert caught.value.hint


def write(endpoint: str, places: dict[str, Path], **how: Any) -> ListReporter:
    """Write a file in each format, without a cache."""
    settings = build_settings({"endpoint": endpoint, "timeout": 0.9}, {})
    settings = type(settings)(**{**settings.__dict__, "cache_dir": None})
    reporter = ListReporter()
    formats = [(FORMATS[name], str(place)) for name, place in places.items()]
    write_local_facts(settings, formats=formats, reporter=reporter, open_transport=HttpTransport, **how)
    return reporter


def read_all(folder: Path) -> dict[str, Any]:
    """Return the content of each file, as its format reads it."""
    return {name: row.load((folder / row.file_name).read_bytes()) for name, row in FORMATS.items()}


def test_one_request_for_all(tmp_path: Path) -> None:
    """IMDS is asked once, whatever is written; all files are readable by all."""
    with RawServer(answering(json.dumps(build_document()).encode())) as server:
        write(server.url, dict.fromkeys(FORMATS, tmp_path))
        assert len(server.requests) == 1
    found = read_all(tmp_path)
    assert found["facter"] == found["ansible"]
    assert json.loads((tmp_path / "azure_imds.json").read_text()) == {"azure_imds": found["ansible"]}
    assert {path.stat().st_mode & 0o777 for path in tmp_path.iterdir()} == {0o644}


def test_life_of_each_file(tmp_path: Path) -> None:
    """After a failure each is marked stale; on the next boot too; then it is renewed."""
    places = dict.fromkeys(FORMATS, tmp_path)
    with RawServer(answering(json.dumps(build_document()).encode())) as server:
        write(server.url, places)
        with pytest.raises(UnreachableError):
            write("http://127.0.0.1:9", places)
        assert {content["snapshot"]["source"] for content in read_all(tmp_path).values()} == {"stale"}
        assert 'source="stale"' in (tmp_path / "azure_imds.prom").read_text()
        write(server.url, places, is_boot=True)
        assert {content["snapshot"]["source"] for content in read_all(tmp_path).values()} == {"imds"}


@pytest.mark.parametrize(
    ("name", "text"),
    [("facter", '{"azure_imds": "mine"}'), ("facter", "[]"), ("facter", '{"other": {}}'), ("prometheus", "up 1\n"), ("prometheus", "# 5\n")],
)  # fmt: skip
def test_foreign_file(name: str, text: str, tmp_path: Path) -> None:
    """A file of that name that is not from this program stays, without `force`; the others are written all the same."""
    (tmp_path / FORMATS[name].file_name).write_text(text)
    with RawServer(answering(json.dumps(build_document()).encode())) as server:
        with pytest.raises(UsageError, match="was not written by azure-imds-facts"):
            write(server.url, {name: tmp_path})
        assert not server.requests
        with pytest.raises(UsageError, match="was not written by azure-imds-facts"):
            write(server.url, {name: tmp_path, "ansible": tmp_path})
        assert (tmp_path / FORMATS[name].file_name).read_text() == text
        assert (tmp_path / "azure_imds.fact").exists()
        write(server.url, {name: tmp_path}, force=True)
        assert FORMATS[name].load((tmp_path / FORMATS[name].file_name).read_bytes())["available"] is True


def test_several_bad_places(tmp_path: Path) -> None:
    """Each is said, and the first one names the outcome."""
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match=r"file: .*not a directory"):
        write("http://127.0.0.1:9", {"ansible": tmp_path / "file", "facter": tmp_path / "file"})
