# SPDX-License-Identifier: Apache-2.0
"""The module that fetches a signed document and the filter that verifies it, through real Ansible."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest
from lab.places import CHECKOUT

from tests.e2e.conftest import shell
from tests.e2e.shell import Shell
from tests.support.attested import SUBSCRIPTION, VM_ID
from tests.support.servers import RawServer, answering
from tests.support.signing import signing, trusted_pem

__all__ = ["shell"]

NONCE = "abcdef0123456789"
OTHER = "00000000-0000-4000-8000-000000000000"


@pytest.fixture
def trust(tmp_path: Path) -> str:
    """A file with the root to trust."""
    (tmp_path / "root.pem").write_bytes(trusted_pem())
    return str(tmp_path / "root.pem")


def play(shell: Shell, url: str, arguments: str, **extra: Any) -> tuple[int, str]:
    """Fetch a document, verify it with these arguments, and print what it says; with all that Ansible has to say."""
    tasks = [
        {"azure_imds.facts.azure_imds_attested": {"endpoint": url, "nonce": NONCE}, "register": "attested", **extra},
        {
            "ansible.builtin.debug": {
                "msg": f"<{{{{ attested.document | azure_imds.facts.verify_attested({arguments}) }}}}>"
            }
        },
    ]
    path = shell.folder / "play.yml"
    path.write_text(json.dumps([{"hosts": "localhost", "connection": "local", "gather_facts": False, "tasks": tasks}]))
    done = shell.run("ansible-playbook", "-vvv", str(path), ANSIBLE_ASYNC_DIR=str(shell.folder / "async"))
    assert "Traceback" not in done.stdout + done.stderr
    return done.returncode, done.stdout + done.stderr


@pytest.mark.parametrize("extra", [{}, {"check_mode": True}, {"async": 30, "poll": 1}], ids=["plain", "check", "async"])
def test_holds(extra: dict[str, Any], shell: Shell, trust: str) -> None:
    """A document holds on the controller, and no output of Ansible's shows it, however verbose."""
    with signing() as server:
        code, printed = play(
            shell,
            server.url,
            f"nonce='{NONCE}', vm_id='{VM_ID}', subscription=['{SUBSCRIPTION}'], trust='{trust}', offline=true",
            **extra,
        )
        assert f"nonce={NONCE}".encode() in server.requests[0]
    assert code == 0, printed
    assert f"'vm_id': '{VM_ID}'" in printed
    assert "'root': 'Live Root'" in printed
    assert "MII" not in printed


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (f"nonce='x', trust='@', vm_id='{VM_ID}'", "nonce"),
        (f"vm_id='{OTHER}', trust='@'", "not of the one asked for"),
        (f"subscription='{OTHER}', trust='@'", "subscription"),
        ("cloud='AzureChinaCloud', trust='@'", "domain"),
        ("at='2020-01-01T00:00:00Z', trust='@'", "future"),
        ("offline=true", "intermediate"),
        ("nonce='', trust='@'", "nonce is empty"),
        ("vm_id='', trust='@'", "vm_id is empty"),
        ("subscription=[], trust='@'", "subscription is empty"),
        ("trust='/nonexistent'", "No such file"),
        ("at='yesterday', trust='@'", "yesterday"),
    ],
)
def test_does_not_hold(arguments: str, said: str, shell: Shell, trust: str) -> None:
    """What does not hold fails the task with the reason, and so does a question that would let everything pass."""
    with signing() as server:
        code, printed = play(shell, server.url, arguments.replace("@", trust))
    assert code == 2
    assert said in printed
    assert "MII" not in printed


def test_no_document(shell: Shell) -> None:
    """What is no document is refused by name."""
    expression = "{{ 1 | azure_imds.facts.verify_attested }}"
    done = shell.run("ansible", "localhost", "-m", "ansible.builtin.debug", "-a", f"msg='{expression}'")
    assert "takes a document" in done.stdout + done.stderr


def test_without_the_package(shell: Shell, tmp_path: Path) -> None:
    """Where the package or cryptography is missing on the controller the message names what to install there."""
    for package in ("azure_imds_facts", "cryptography"):
        folder = tmp_path / package
        (folder / package).mkdir(parents=True)
        (folder / package / "__init__.py").write_text(f"raise ImportError('no {package} here')")
        expression = "{{ 'TUlJ' | azure_imds.facts.verify_attested }}"
        arguments = ("ansible", "localhost", "-m", "ansible.builtin.debug", "-a", f"msg='{expression}'")
        path = f"{folder}:{CHECKOUT / 'facts'}"
        done = shell.run(*arguments, PYTHONPATH=path)
        assert "pip install" in done.stdout + done.stderr, done.stdout + done.stderr
        assert "azure-imds-facts[attest]" in done.stdout + done.stderr


@pytest.mark.parametrize(
    ("body", "outcome"), [(b'{"encoding": "pkcs7"}', "invalid"), (b"<html>", "invalid")], ids=["no signature", "HTML"]
)
def test_outcomes(body: bytes, outcome: str, shell: Shell) -> None:
    """A document that cannot be had fails with the outcome."""
    with RawServer(answering(body)) as server:
        failed = shell.ansible("azure_imds_attested", f"endpoint={server.url}")
    assert (failed["failed"], failed["outcome"]) == (True, outcome)


def test_off_azure(shell: Shell) -> None:
    """Off Azure it fails, whatever fail_on says: nothing was proven."""
    failed = shell.ansible("azure_imds_attested", "detect=auto fail_on=never")
    assert (failed["failed"], failed["outcome"]) == (True, "not_azure")


def test_example(shell: Shell, trust: str, tmp_path: Path) -> None:
    """The example writes the secret on the host whose signed id is the inventory's, and on no other."""
    with signing() as right, signing(vm_id=OTHER) as other, signing(age_s=3600) as replaying:
        hosts = {
            name: {
                "ansible_connection": "local",
                "ansible_python_interpreter": sys.executable,
                "azure_vm_id": VM_ID,
                "secret_path": str(tmp_path / name),
                "endpoint": server.url,
            }
            for name, server in (("right", right), ("other", other), ("replaying", replaying))
        }
        inventory = {"all": {"hosts": hosts, "vars": {"secret": "s3cr3t-value", "azure_trust": trust}}}
        (tmp_path / "inventory.json").write_text(json.dumps(inventory))
        plays = (CHECKOUT / "examples/secret.yml").read_text(encoding="utf-8")
        asked = "      azure_imds.facts.azure_imds_attested:\n"
        assert asked in plays
        changed = plays.replace(asked, asked + '        endpoint: "{{ endpoint }}"\n')
        (tmp_path / "secret.yml").write_text(changed)
        done = shell.run(
            "ansible-playbook", "-vv", "-i", str(tmp_path / "inventory.json"), str(tmp_path / "secret.yml")
        )
    assert done.returncode == 2
    assert "right                      : ok=4" in done.stdout, done.stdout
    assert (tmp_path / "right").read_text() == "s3cr3t-value"
    assert not (tmp_path / "other").exists()
    assert not (tmp_path / "replaying").exists()
    assert "s3cr3t-value" not in done.stdout + done.stderr
    assert "MII" not in done.stdout + done.stderr
