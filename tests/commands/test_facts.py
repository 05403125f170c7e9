# SPDX-License-Identifier: Apache-2.0
"""Test the command `facts` in all its formats."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest

from tests.commands.conftest import start
from tests.support.documents import build_document
from tests.support.servers import RawServer, answering

Run = Callable[..., Any]


def test_json(run: Run, imds: RawServer) -> None:
    """The default is the local facts file's content, with the age."""
    ended = run("facts", "--endpoint", imds.url)
    assert (ended.code, ended.err) == (0, "")
    facts = json.loads(ended.out)
    assert facts["available"] is True
    assert facts["cloud"] == "AzureCloud"
    assert facts["compute"]["vm_size"] == "Standard_D2s_v3"
    assert facts["compute"]["storage_profile_os_disk_disk_size_gb"] == "30"
    assert facts["tags"] == {"Cost Center": "42", "role": "web"}
    assert facts["network"]["mac_address"] == "00:0d:3a:f8:06:ec"
    assert facts["network"]["private_ipv4"] == "10.1.0.4"
    assert facts["network"]["subnet_ipv4"] == "10.1.0.0/24"
    assert facts["snapshot"]["age_seconds"] == 0
    assert facts["snapshot"]["endpoint"] == imds.url


def test_yaml(run: Run, imds: RawServer) -> None:
    """YAML holds the same as JSON."""
    yaml = pytest.importorskip("yaml", reason="PyYAML is not installed")
    in_json = json.loads(run("facts", "--endpoint", imds.url).out)
    in_yaml = yaml.safe_load(run("facts", "--endpoint", imds.url, "--format", "yaml").out)
    for facts in (in_json, in_yaml):
        del facts["snapshot"]["age_seconds"], facts["snapshot"]["source"]
    assert in_yaml == in_json


def test_yaml_without_pyyaml(run: Run, imds: RawServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without PyYAML it is usage, and nothing is asked."""
    monkeypatch.setitem(sys.modules, "yaml", None)
    monkeypatch.delitem(sys.modules, "azure_imds_facts.formats.local_yaml", raising=False)
    ended = run("facts", "--endpoint", imds.url, "--format", "yaml")
    assert (ended.code, ended.out) == (2, "")
    assert "PyYAML" in ended.err
    assert not imds.requests


def test_ansible_and_salt(run: Run, imds: RawServer) -> None:
    """The other two are the module's facts and the grain."""
    ansible = json.loads(run("facts", "--endpoint", imds.url, "--format", "ansible").out)
    assert ansible["azure_imds_available"] is True
    assert ansible["azure_imds_tags_cost_center"] == ansible["azure_imds_tags"]["Cost Center"] == "42"
    assert all(name.startswith("azure_imds_") for name in ansible)
    salt = json.loads(run("facts", "--endpoint", imds.url, "--format", "salt").out)
    assert list(salt) == ["azure_imds"]
    assert salt["azure_imds"]["compute"]["storageProfile"]["osDisk"]["diskSizeGB"] == "30"
    assert salt["azure_imds"]["tagPairs"] == ["Cost Center=42", "role=web"]


def test_env_in_a_shell(run: Run) -> None:
    """A shell that evaluates it gets each value as it is, and nothing of it is run."""
    tags = [
        {"name": "odd", "value": 'it\'s $(touch /nonexistent/x) `id` "q" \\ *'},
        {"name": "control", "value": "a\nb\x1b[1m\x9bc"},
    ]
    document = build_document(name="größe", tagsList=tags, note=None)
    with RawServer(answering(json.dumps(document).encode())) as server:
        ended = run("facts", "--endpoint", server.url, "--format", "env")
    show = 'eval "$1"; printf "%s\\n" "$AZURE_IMDS_TAGS_ODD" "$AZURE_IMDS_TAGS_CONTROL" "$AZURE_IMDS_COMPUTE_NAME" "$AZURE_IMDS_AVAILABLE" "[$AZURE_IMDS_COMPUTE_NOTE]" "$AZURE_IMDS_TAGS"'
    done = subprocess.run(["sh", "-euc", show, "sh", ended.out], capture_output=True, text=True, check=True)
    odd, control, name, available, note, mapping = done.stdout.splitlines()
    assert (odd, control) == (tags[0]["value"], "ab[1mc")
    assert (name, available, note) == ("größe", "true", "[]")
    assert json.loads(mapping)["odd"] == tags[0]["value"]
    assert done.stderr == ""


def test_gather_and_reveal(run: Run, imds: RawServer) -> None:
    """`--gather` narrows, `--reveal` puts back what it names."""
    facts = json.loads(run("facts", "--endpoint", imds.url, "--gather", "tags").out)
    assert set(facts) == {"available", "cloud", "snapshot", "tags"}
    assert "user_data" not in json.loads(run("facts", "--endpoint", imds.url).out)["compute"]
    revealed = json.loads(run("facts", "--endpoint", imds.url, "--reveal", "user_data").out)["compute"]
    assert revealed["user_data"] == "c2VjcmV0LXVzZXI="
    assert "custom_data" not in revealed


def test_utf8_whatever_the_locale(imds: RawServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Output is UTF-8 with any locale."""
    monkeypatch.setenv("LC_ALL", "C")
    monkeypatch.setenv("PYTHONIOENCODING", "ascii")
    with RawServer(answering(json.dumps(build_document(name="größe")).encode())) as server:
        for arguments in (["facts"], ["facts", "--format", "env"], ["show"], ["get", "compute"]):
            with start(*arguments, "--endpoint", server.url, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
                out, err = process.communicate(timeout=20)
            assert (process.returncode, err) == (0, b""), arguments
            assert arguments[0] in ("show", "get") or "größe".encode() in out
