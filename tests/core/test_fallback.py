# SPDX-License-Identifier: Apache-2.0
"""Test how cloud-init's copy is read."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from azure_imds_facts.core.document import redact
from azure_imds_facts.core.errors import InvalidError
from azure_imds_facts.core.fallback import read_copy

from tests.support.documents import build_document


def test_copy(tmp_path: Path) -> None:
    """The document at `ds.meta_data.imds` is taken, redacted and dated by the file's change."""
    path = tmp_path / "instance-data.json"
    path.write_text(json.dumps({"v1": {}, "ds": {"meta_data": {"imds": build_document(), "x": 1}}}))
    os.utime(path, (1000, 2000))
    assert read_copy(str(path)) == (redact(build_document()), 2000.0)


@pytest.mark.parametrize(
    "content",
    [b"", b"x", b"[]", b"{}", b'{"ds": null}', b'{"ds": {"meta_data": "x"}}', b'{"ds": {"meta_data": {"imds": {}}}}',
     b'{"ds": {"meta_data": {"imds": {"compute": []}}}}', b"<html>", b"[" * 100_000, b"\xff", b" " * (4 * 1024 * 1024 + 1)],
    ids=lambda content: repr(content)[:30],
)  # fmt: skip
def test_no_copy(content: bytes, tmp_path: Path) -> None:
    """What is not such a file, or holds no document, is none."""
    path = tmp_path / "instance-data.json"
    path.write_bytes(content)
    with pytest.raises((InvalidError, OSError)):
        read_copy(str(path))


@pytest.mark.parametrize("kind", ["nothing", "link", "FIFO", "directory"])
def test_no_plain_file(kind: str, tmp_path: Path) -> None:
    """Neither a link nor a FIFO nor a directory is read, and no descriptor stays open."""
    path, target = tmp_path / "instance-data.json", tmp_path / "target"
    target.write_text(json.dumps({"ds": {"meta_data": {"imds": build_document()}}}))
    if kind == "link":
        path.symlink_to(target)
    elif kind == "FIFO":
        os.mkfifo(path)
    elif kind == "directory":
        path.mkdir()
    before = len(os.listdir("/proc/self/fd")) if os.path.isdir("/proc/self/fd") else 0
    with pytest.raises(OSError):  # noqa: PT011  the system's own words
        read_copy(str(path))
    assert not before or len(os.listdir("/proc/self/fd")) == before, "a descriptor is left open"
