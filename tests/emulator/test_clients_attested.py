# SPDX-License-Identifier: Apache-2.0
"""Verifiers of attested documents that others wrote, and Microsoft's own way with them, at the real address.

openssl as Microsoft documents it, NSS's cmsutil (Debian: libnss3-tools), and the samples of microsoft/azureimds that run
here. Those in C#, Visual Basic and PowerShell need .NET, that in C++ Windows; that in Java names a class that it does not
import, and that in Ruby opens URLs in a way that Ruby 3 does not know. Bouncy Castle 1.72, Go's fullsailor/pkcs7
and pkijs 4 refuse the name of the digest that Azure's signatures have.
"""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from azure_imds_facts.emulator import Emulator

from tests.emulator.client import StartEmulator, send_request
from tests.emulator.processes import can_unshare
from tests.emulator.sandboxed import SandboxedClient, need_clone, need_module, need_perl_module, need_program

# Microsoft's page "Azure Instance Metadata Service", validation of the signature, with the root as an argument.
DOCUMENTED = """
set -e
ask() { curl -s -H Metadata:True --noproxy '*' "http://169.254.169.254/metadata/attested/document?api-version=2021-02-01&nonce=1234567890"; }
ask | sed 's/.*"signature":"//; s/".*//' | base64 -d > signature.der
openssl pkcs7 -in signature.der -inform DER -out sign.pk7
openssl pkcs7 -in signature.der -inform DER -print_certs -out signer.pem
address=$(openssl x509 -in signer.pem -text -noout | grep ' CA Issuers -' | awk -FURI: '{print $2}')
curl -s --noproxy '*' -o intermediate.cer "$address"
openssl x509 -inform der -in intermediate.cer -out intermediate.pem
openssl smime -verify -in sign.pk7 -inform pem -noverify -out content
openssl x509 -noout -subject -issuer -in signer.pem
openssl verify -CAfile "$1" -untrusted intermediate.pem signer.pem
cat "$1" intermediate.pem > chain.pem
openssl cms -verify -in sign.pk7 -inform pem -CAfile chain.pem -purpose sslserver -out content
cat content
"""


@pytest.mark.skipif(not can_unshare(), reason="this kernel does not permit namespaces")
def test_the_documented_validation_passes(sandboxed: SandboxedClient, tmp_path: Path) -> None:
    """Each step that Microsoft documents for openssl succeeds inside, the intermediate certificate's address included."""
    for name in ("openssl", "curl"):
        need_program(name, name)
    root = tmp_path / "keys/root.pem"
    flags = ("--export-keys", str(root.parent))
    output = sandboxed.run("sh", "-c", DOCUMENTED, "sh", str(root), flags=flags)
    assert "signer.pem: OK" in output
    assert json.loads(output.splitlines()[-1])["nonce"] == "1234567890"
    assert sandboxed.requests == [
        "/metadata/attested/document?api-version=2021-02-01&nonce=1234567890 200",
        "/pkiops/certs/emulated-imds-ca.crt 200",
    ]
    with Emulator() as other:  # another emulator's root
        other.export_keys(root.parent)
    done = subprocess.run(
        ["openssl", "verify", "-CAfile", str(root), "-untrusted", "intermediate.pem", "signer.pem"],
        cwd=tmp_path,
        capture_output=True,
        check=False,
    )
    assert done.returncode != 0


def read_with_nss(
    database: Path, root: Path, intermediate: Path, signature: Path
) -> subprocess.CompletedProcess[bytes]:
    """Verify a signature with NSS for the use of a server, trusting one root."""
    certutil, cmsutil = shutil.which("certutil"), shutil.which("cmsutil")
    if certutil is None or cmsutil is None:
        pytest.skip("certutil and cmsutil are not installed: apt-get install libnss3-tools")
    database.mkdir()
    steps = [["-N", "--empty-password"], ["-A", "-n", "root", "-t", "CT,C,C", "-i", str(root)]]
    for step in (*steps, ["-A", "-n", "intermediate", "-t", ",,", "-i", str(intermediate)]):
        subprocess.run([certutil, "-d", str(database), *step], check=True, capture_output=True)
    words = [cmsutil, "-D", "-d", str(database), "-u", "1", "-i", str(signature)]
    return subprocess.run(words, capture_output=True, check=False)


def test_nss_verifies_the_document(start_emulator: StartEmulator, tmp_path: Path) -> None:
    """NSS takes signature, chain and purpose; it refuses another root, and content that was changed."""
    emulator = start_emulator()
    answer: Any = send_request(emulator.url, "/metadata/attested/document?api-version=2021-02-01&nonce=1234567890").json
    signed = base64.b64decode(answer["signature"])
    (tmp_path / "signature.der").write_bytes(signed)
    (tmp_path / "changed.der").write_bytes(signed.replace(b'"nonce":"1234567890"', b'"nonce":"1234567891"'))
    emulator.export_keys(tmp_path / "own")
    start_emulator().export_keys(tmp_path / "other")
    cases = [("own", "signature.der"), ("other", "signature.der"), ("own", "changed.der")]
    ends = [
        read_with_nss(
            tmp_path / f"database{number}",
            tmp_path / keys / "root.pem",
            tmp_path / "own/intermediate.pem",
            tmp_path / name,
        )
        for number, (keys, name) in enumerate(cases)
    ]
    assert [end.returncode for end in ends] == [0, 1, 1]
    assert json.loads(ends[0].stdout)["nonce"] == "1234567890"


@pytest.mark.skipif(not can_unshare(), reason="this kernel does not permit namespaces")
@pytest.mark.parametrize(
    ("command", "package", "sample"),
    [
        (("node",), "nodejs", "IMDSSample.js"),
        (("perl", "-MJSON"), "libjson-perl", "IMDSSample.pl"),
        (("go", "run"), "golang-go", "imdssample.go"),
    ],
    ids=lambda value: value if isinstance(value, str) else value[0],
)
def test_microsoft_s_samples_read_the_machine(
    sandboxed: SandboxedClient, command: tuple[str, ...], package: str, sample: str
) -> None:
    """The samples in JavaScript, Perl and Go print the machine."""
    path = need_clone("microsoft", "azureimds") / sample
    need_program(command[0], package)
    if command[0] == "perl":
        need_perl_module("JSON", package)
    # Go wants a place for what it builds.
    words = ("env", f"GOCACHE={sandboxed.folder}/go", "GO111MODULE=off", *command, str(path))
    assert "5e4b7a92-3f0d-4c6e-8a17-d2c94b6f1e08" in sandboxed.run(*words)
    (asked,) = sandboxed.requests
    assert asked.startswith("/metadata/instance?api-version=2021-02-01")


def prepare_sample(sandboxed: SandboxedClient, command: str) -> list[str]:
    """Return a command that runs a sample where the emulator's root has the place of the one that the sample trusts."""
    if os.geteuid() != 0:
        pytest.skip("only root can lay a certificate over /etc/ssl/certs")
    for name in ("curl", "jq", "openssl"):
        need_program(name, name)
    # The sample installs curl and jq, which are there.
    stub = sandboxed.folder / "bin/sudo"
    stub.parent.mkdir()
    stub.write_text("#!/bin/sh\n")
    stub.chmod(0o755)
    places = [f"/etc/ssl/certs/{name}.pem" for name in ("DigiCert_Global_Root", "Baltimore_CyberTrust_Root")]
    copies = " && ".join(f"cp keys/root.pem {place}" for place in places)
    script = f"mount -t tmpfs tmpfs /etc/ssl/certs && {copies} && PATH=$PWD/bin:$PATH {command} 2>&1"
    return ["sh", "-c", script]


@pytest.mark.skipif(not can_unshare(), reason="this kernel does not permit namespaces")
def test_microsoft_s_shell_sample_verifies_the_attested_document(sandboxed: SandboxedClient) -> None:
    """IMDSSample.sh fetches the intermediate certificate, verifies the content, and finds the chain to the root."""
    clone = need_clone("microsoft", "azureimds")
    words = prepare_sample(sandboxed, f"sh {clone}/IMDSSample.sh")
    output = sandboxed.run(*words, flags=("--export-keys", str(sandboxed.folder / "keys")))
    assert "Verification successful" in output
    assert "subject=CN = metadata.azure.com" in output.replace("CN=", "CN = ")
    assert "signer.pem: OK" in output
    assert sandboxed.requests[-1] == "/pkiops/certs/emulated-imds-ca.crt 200"


@pytest.mark.skipif(not can_unshare(), reason="this kernel does not permit namespaces")
def test_microsoft_s_python_sample_verifies_the_attested_document(sandboxed: SandboxedClient) -> None:
    """IMDSSample.py finds its nonce in the signature and the chain to the root."""
    need_module("requests")
    clone = need_clone("microsoft", "azureimds")
    words = prepare_sample(sandboxed, f"{sys.executable} -u {clone}/IMDSSample.py")
    output = sandboxed.run(*words, flags=("--export-keys", str(sandboxed.folder / "keys")))
    assert "Nonce values match." in output
    assert "signer.pem: OK" in output
