# SPDX-License-Identifier: Apache-2.0
"""The command `facts` in each of its formats, against the reference (contract, section 8)."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from .asking import command, describe, dump, serve_document
from .odd import DOCUMENTS
from .reference import build_grain, leave_out_age, spell_ansible, spell_local
from .serving import Serving

CHOSEN = [
    "plain", "objects in lists in lists", "primitive kinds", "names that meet", "humps", "own address second", "ipv6", "tag list",
    "tag names that meet", "tag string", "control characters", "sensitive anywhere", "null network", "tags that look like variables",
]  # fmt: skip


def ask(serving: Serving, tmp_path: Path, *arguments: str) -> bytes:
    """Run the command `facts`, and return what it printed."""
    done = command(
        "facts", "--endpoint", serving.endpoint, "--cache-ttl", "0", "--cache-dir", str(tmp_path / "cache"), *arguments
    )
    assert (done.returncode, b"Traceback" in done.stderr) == (0, False), done.stderr
    return done.stdout


def build(serving: Serving, document: dict[str, Any], snapshot: dict[str, Any]) -> dict[str, Any]:
    """Build the grain of the reference, with the times that the project told."""
    return build_grain(document, describe(serving, snapshot))


@pytest.mark.parametrize("name", CHOSEN)
def test_json_and_yaml(serving: Serving, tmp_path: Path, name: str) -> None:
    """`json` and `yaml` are the local facts, with their age."""
    serve_document(serving, DOCUMENTS[name])
    for told in (
        json.loads(ask(serving, tmp_path, "--format", "json")),
        yaml.safe_load(ask(serving, tmp_path, "--format", "yaml")),
    ):
        snapshot = {"fetchedAt": told["snapshot"]["fetched_at"], "ageSeconds": told["snapshot"]["age_seconds"]}
        assert dump(told) == dump(spell_local(build(serving, DOCUMENTS[name], snapshot), is_with_age=True))


@pytest.mark.parametrize("name", CHOSEN)
def test_salt(serving: Serving, tmp_path: Path, name: str) -> None:
    """`salt` is the grain."""
    serve_document(serving, DOCUMENTS[name])
    told = json.loads(ask(serving, tmp_path, "--format", "salt"))
    assert dump(told) == dump({"azure_imds": leave_out_age(build(serving, DOCUMENTS[name], {}))})


@pytest.mark.parametrize("name", CHOSEN)
def test_ansible(serving: Serving, tmp_path: Path, name: str) -> None:
    """`ansible` is the module's facts."""
    serve_document(serving, DOCUMENTS[name])
    told = json.loads(ask(serving, tmp_path, "--format", "ansible"))
    snapshot = {
        "fetchedAt": told["azure_imds_snapshot_fetched_at"],
        "ageSeconds": told["azure_imds_snapshot_age_seconds"],
    }
    assert dump(told) == dump(spell_ansible(build(serving, DOCUMENTS[name], snapshot)))


def as_shell(value: Any) -> Any:
    """Say what a shell variable holds for a fact: text without control characters; lists and mappings stay as they are."""
    if isinstance(value, (list, dict)):
        return value
    text = "" if value is None else value if isinstance(value, str) else json.dumps(value)
    return re.sub("[\x00-\x1f\x7f-\x9f]", "", text)


@pytest.mark.parametrize("name", CHOSEN)
def test_env(serving: Serving, tmp_path: Path, name: str) -> None:
    """A real shell that evaluates `env` holds the Ansible facts, and nothing else is set or run."""
    serve_document(serving, DOCUMENTS[name])
    printed = ask(serving, tmp_path, "--format", "env")
    shown = b"\npython3 -c \"import os, sys; sys.stdout.buffer.write(b'\\0'.join(b'='.join(i) for i in os.environb.items()))\""
    done = subprocess.run(
        ["sh", "-ac", printed + shown], env={"PATH": "/usr/local/bin:/usr/bin:/bin"}, capture_output=True, check=True
    )
    assert done.stderr == b""
    known = {"PATH", "PWD", "OLDPWD", "SHLVL", "_", "LC_CTYPE"}
    held = dict(pair.decode().split("=", 1) for pair in done.stdout.split(b"\0"))
    held = {variable: value for variable, value in held.items() if variable not in known}
    snapshot = {
        "fetchedAt": held["AZURE_IMDS_SNAPSHOT_FETCHED_AT"],
        "ageSeconds": json.loads(held["AZURE_IMDS_SNAPSHOT_AGE_SECONDS"]),
    }
    wanted = {
        name.upper(): as_shell(value)
        for name, value in spell_ansible(build(serving, DOCUMENTS[name], snapshot)).items()
    }
    told = {
        variable: json.loads(value) if isinstance(wanted.get(variable), (list, dict)) else value
        for variable, value in held.items()
    }
    # Control characters inside lists and mappings may be dropped or escaped: what the JSON means is compared without them.
    assert re.sub(r"\\u00[01789][0-9a-f]|\\[nrtbf]", "", dump(told)) == re.sub(
        r"\\u00[01789][0-9a-f]|\\[nrtbf]", "", dump(wanted)
    )


def test_local_facts_file(serving: Serving, tmp_path: Path) -> None:
    """The facts.d file is the local facts without their age, with sorted keys, in UTF-8, readable by all."""
    serve_document(serving, DOCUMENTS["tag list"])
    write_file(serving, tmp_path)
    path = tmp_path / "facts.d" / "azure_imds.fact"
    told = json.loads(path.read_text(encoding="utf-8"))
    wanted = build(serving, DOCUMENTS["tag list"], {"fetchedAt": told["snapshot"]["fetched_at"]})
    assert dump(told) == dump(spell_local(wanted, is_with_age=False))
    assert json.dumps(told) == json.dumps(told, sort_keys=True)
    assert path.stat().st_mode & 0o777 == 0o644


def test_local_facts_file_revealed(serving: Serving, tmp_path: Path) -> None:
    """A facts.d file with a revealed field is for its owner alone."""
    serve_document(serving, DOCUMENTS["sensitive anywhere"])
    write_file(serving, tmp_path, "--reveal", "admin_username")
    path = tmp_path / "facts.d" / "azure_imds.fact"
    assert path.stat().st_mode & 0o777 == 0o600
    assert json.loads(path.read_text(encoding="utf-8"))["compute"]["os_profile_admin_username"] == "no"


def test_local_facts_file_goes_stale(fresh: Serving, tmp_path: Path) -> None:
    """After a failure the old file stays, marked `stale`, and the exit code is the outcome's."""
    serve_document(fresh, DOCUMENTS["plain"])
    write_file(fresh, tmp_path)
    path = tmp_path / "facts.d" / "azure_imds.fact"
    before = json.loads(path.read_text(encoding="utf-8"))
    fresh.answers["instance"].status = 403
    assert write_file(fresh, tmp_path, is_expected_ok=False).returncode == 7
    after = json.loads(path.read_text(encoding="utf-8"))
    before["snapshot"]["source"] = "stale"
    assert dump(after) == dump(before)


def write_file(
    serving: Serving, tmp_path: Path, *arguments: str, is_expected_ok: bool = True
) -> subprocess.CompletedProcess[bytes]:
    """Run the command `local-facts`."""
    (tmp_path / "facts.d").mkdir(exist_ok=True)
    done = command(
        "local-facts", "--directory", str(tmp_path / "facts.d"), "--endpoint", serving.endpoint,
        "--cache-ttl", "0", "--cache-dir", str(tmp_path / "cache"), *arguments,
    )  # fmt: skip
    assert not is_expected_ok or done.returncode == 0, done.stderr
    return done
