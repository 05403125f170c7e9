# SPDX-License-Identifier: Apache-2.0
"""Nothing sensitive and nothing un-namespaced comes out, whatever the document (contract, sections 2 and 6)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given

from .asking import CACHE, Spellings, command, dump, serve_document
from .generated import SECRET, balancers, documents
from .serving import Answer, Serving

NAMESPACES = {"available", "cloud", "compute", "network", "tags", "snapshot", "load_balancer"}


def read_cache(directory: Path) -> bytes:
    """Read all that was left on disk."""
    return b"".join(path.read_bytes() for path in directory.rglob("*") if path.is_file())


@given(document=documents, balancer=balancers)
def test_nothing_sensitive_comes_out(serving: Serving, document: dict[str, Any], balancer: dict[str, Any]) -> None:
    """No spelling, message or cache holds a sensitive value of a made-up document."""
    serve_document(serving, document)
    serving.answers["loadbalancer"] = Answer(body=dump({"loadbalancer": balancer}).encode())
    got = Spellings(serving, gather="compute,network,tags,load_balancer")
    told = dump([got.salt, got.ansible, got.local, got.file, got.listener.told])
    assert SECRET not in told
    assert SECRET.encode() not in read_cache(Path(CACHE.name))


@given(document=documents)
def test_nothing_leaves_the_namespace(serving: Serving, document: dict[str, Any]) -> None:
    """Every name begins with `azure_imds`, whatever tags and fields are called."""
    serve_document(serving, document)
    got = Spellings(serving)
    assert [name for name in got.ansible if not name.startswith("azure_imds_")] == []
    assert list(got.salt) == ["azure_imds"]
    assert set(got.local) <= NAMESPACES


@given(document=documents)
def test_revealed_is_never_cached(serving: Serving, document: dict[str, Any]) -> None:
    """What was revealed goes into the answer and not onto the disk."""
    serve_document(serving, document)
    Spellings(serving, reveal="user_data,custom_data,public_keys,admin_username,disk_encryption")
    assert read_cache(Path(CACHE.name))
    assert SECRET.encode() not in read_cache(Path(CACHE.name))


SPOILED = {
    "cut": (200, '{"compute":{"userData":"TOKEN","vmId":"1"'),
    "tags of the wrong type": (200, '{"compute":{"userData":"TOKEN","tags":5}}'),
    "section of the wrong type": (200, '{"compute":[{"userData":"TOKEN"}]}'),
    "not a number": (200, '{"compute":{"adminUsername":"TOKEN","a":NaN}}'),
    "list": (200, '[{"customData":"TOKEN"}]'),
    "string": (200, '"userData: TOKEN"'),
    "another 2xx": (201, '{"compute":{"userData":"TOKEN"}}'),
    "redirect": (302, '{"compute":{"userData":"TOKEN"}}'),
    "rejected": (400, '{"error":"no","userData":"TOKEN"}'),
    "forbidden": (403, '{"compute":{"userData":"TOKEN"}}'),
    "throttled": (429, '{"compute":{"userData":"TOKEN"}}'),
    "failing": (503, '{"compute":{"publicKeys":[{"keyData":"TOKEN"}]}}'),
}


@pytest.mark.parametrize("name", SPOILED)
def test_failure_tells_nothing_sensitive(fresh: Serving, tmp_path: Path, name: str) -> None:
    """A message about a document that cannot be used does not quote its sensitive fields."""
    status, body = SPOILED[name]
    fresh.otherwise = Answer(status, body.replace("TOKEN", SECRET).encode())
    done = command("-v", "facts", "--endpoint", fresh.endpoint, "--timeout", "0.4", "--cache-dir", str(tmp_path))
    assert done.returncode != 0
    assert done.stderr
    assert SECRET.encode() not in done.stdout + done.stderr + read_cache(tmp_path)
