# SPDX-License-Identifier: Apache-2.0
"""Third-party clients at the real address: what each of them reads from the emulator.

PyPI: azure-identity, opentelemetry-resource-detector-azure. Debian: ohai, facter, cloud-init, waagent. SUSE's
azuremetadata: from its repository. Each test is skipped, with the reason, if its client is
not installed.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest
from azure_imds_facts.emulator import Emulator

from tests.emulator.processes import can_unshare
from tests.emulator.sandboxed import (
    SYSTEM_PYTHON,
    SandboxedClient,
    need_clone,
    need_module,
    need_program,
    need_system_module,
)

pytestmark = pytest.mark.skipif(not can_unshare(), reason="this kernel does not permit namespaces")


IDENTITY = """
import sys
from azure.core.exceptions import ClientAuthenticationError
from azure.identity import ManagedIdentityCredential
credential = ManagedIdentityCredential(**dict(word.split("=") for word in sys.argv[1:]))
try:
    token = credential.get_token("https://vault.azure.net/.default")
except ClientAuthenticationError as error:
    print(error)
else:
    print(token.token, token.expires_on)
"""


def test_azure_identity_gets_a_token(sandboxed: SandboxedClient) -> None:
    """azure-identity's ManagedIdentityCredential takes the token, and its expiry is the answer's."""
    need_module("azure.identity")
    token, expires_on = sandboxed.run(sys.executable, "-c", IDENTITY).split()
    assert len(token.split(".")) == 3
    assert int(expires_on) > 0
    assert sandboxed.requests == [
        "/metadata/identity/oauth2/token?api-version=2018-02-01&resource=https://vault.azure.net 200"
    ]


def test_azure_identity_gets_a_user_assigned_identity_and_the_recorded_error(sandboxed: SandboxedClient) -> None:
    """By client id it gets the second identity; without one it reports the recorded text."""
    need_module("azure.identity")
    chosen = Emulator(identities=["one", "two"]).identities[1]
    flags = ("--identity", "one", "--identity", "two")
    assert "Multiple user assigned identities exist" in sandboxed.run(sys.executable, "-c", IDENTITY, flags=flags)
    token = sandboxed.run(sys.executable, "-c", IDENTITY, f"client_id={chosen.client_id}", flags=flags)
    assert len(token.split()[0].split(".")) == 3


def test_azure_identity_survives_faults(sandboxed: SandboxedClient) -> None:
    """It retries after 500 and 429, and gets its token."""
    need_module("azure.identity")
    sandboxed.run(sys.executable, "-c", IDENTITY, flags=("--fault", "500,429:retry-after=1"))
    assert [line.rsplit(" ", 1)[1] for line in sandboxed.requests] == ["500", "429", "200"]


def test_opentelemetry_detects_the_machine(sandboxed: SandboxedClient) -> None:
    """OpenTelemetry's detector reads provider, region, id, name and size of the machine."""
    need_module("opentelemetry.resource.detector.azure.vm")
    script = (
        "import json; from opentelemetry.resource.detector.azure.vm import AzureVMResourceDetector;"
        "print(json.dumps(dict(AzureVMResourceDetector().detect().attributes)))"
    )
    read = json.loads(sandboxed.run(sys.executable, "-c", script, flags=("--set", "compute.name=otel-01")))
    assert (read["cloud.provider"], read["cloud.platform"]) == ("azure", "azure_vm")
    assert (read["cloud.region"], read["host.name"], read["host.type"]) == (
        "westeurope",
        "otel-01",
        "Standard_D2s_v3",
    )
    assert read["host.id"] == "5e4b7a92-3f0d-4c6e-8a17-d2c94b6f1e08"


def test_ohai_negotiates_and_reads(sandboxed: SandboxedClient, tmp_path: Path) -> None:
    """Ohai requests no version, picks a common one from newest-versions, and reads the machine."""
    need_program("ohai", "ohai")
    hints = tmp_path / "hints"
    hints.mkdir()
    (hints / "azure.json").write_text("{}")
    (tmp_path / "ohai.rb").write_text(f'ohai.hints_path << "{hints}"\n')
    known = "2018-10-01,2019-08-15,2019-11-01"
    output = sandboxed.run("ohai", "-c", str(tmp_path / "ohai.rb"), "azure", flags=("--versions", known))
    read = json.loads(output)["metadata"]
    assert (read["compute"]["name"], read["compute"]["vmSize"]) == ("web-01", "Standard_D2s_v3")
    assert read["network"]["public_ipv4"] == ["203.0.113.10"]
    assert sandboxed.requests == ["/metadata/instance 400", "/metadata/instance?api-version=2019-11-01 200"]


def test_facter_reads(sandboxed: SandboxedClient, tmp_path: Path) -> None:
    """Facter's own resolver reads the document of its version."""
    need_program("facter", "facter")
    script = tmp_path / "resolve.rb"
    script.write_text("require 'facter'; require 'json'; puts Facter::Resolvers::Az.resolve(:metadata).to_json\n")
    read = json.loads(sandboxed.run("ruby", str(script), flags=("--tag", "team=core")))
    assert read["compute"]["tagsList"][-1] == {"name": "team", "value": "core"}
    assert read["network"]["interface"][0]["macAddress"] == "000D3A2B5C10"
    assert sandboxed.requests == ["/metadata/instance?api-version=2020-09-01 200"]


CLOUD_INIT = """
import json
from cloudinit import dmi
try:
    from cloudinit.sources.azure import imds
    read = imds.fetch_metadata_with_api_fallback()
except ImportError:  # before version 23
    from cloudinit.sources.DataSourceAzure import DataSourceAzure
    read = DataSourceAzure.__new__(DataSourceAzure).get_imds_data_with_api_fallback(retries=3)
# Not the public function: that reads nothing where it takes the machine for a container, as CI often is.
print(json.dumps([dmi._read_dmi_syspath("chassis-asset-tag"), read]))
"""


def test_cloud_init_detects_and_reads(sandboxed: SandboxedClient) -> None:
    """cloud-init reads Azure's asset tag from DMI, and the document, extended part included."""
    need_system_module("cloudinit.sources.DataSourceAzure", "cloud-init")
    asset_tag, read = json.loads(sandboxed.run(SYSTEM_PYTHON, "-c", CLOUD_INIT))
    assert asset_tag == "7783-7084-3265-9085-8269-3286-77"
    assert read["compute"]["osProfile"]["computerName"] == "web-01"
    assert read["extended"] == {"compute": {"hasCustomData": False, "ppsType": "None"}}
    assert sandboxed.requests == ["/metadata/instance?api-version=2021-08-01&extended=true 200"]


def test_cloud_init_falls_back_and_retries(sandboxed: SandboxedClient) -> None:
    """If its version is unknown it requests an older one; it retries after 410 and 429."""
    need_system_module("cloudinit.sources.DataSourceAzure", "cloud-init")
    flags = ("--versions", "2017-04-02,2019-06-01", "--fault", "410,429")
    _, read = json.loads(sandboxed.run(SYSTEM_PYTHON, "-c", CLOUD_INIT, flags=flags))
    assert read["compute"]["storageProfile"]["osDisk"]["name"] == "web-01-os"
    assert "userData" not in read["compute"]
    wanted, older = ("/metadata/instance?api-version=" + text for text in ("2021-08-01&extended=true", "2019-06-01"))
    assert sandboxed.requests == [f"{wanted} 410", f"{wanted} 429", f"{wanted} 400", f"{older} 200"]


WAAGENT = """
import json
from azurelinuxagent.common.protocol.imds import get_imds_client
client = get_imds_client("168.63.129.16")
compute = client.get_compute()
print(json.dumps([compute.name, compute.vmId, client.validate()]))
"""


def test_waagent_reads_and_validates(sandboxed: SandboxedClient) -> None:
    """The Azure Linux agent reads the machine, and its own health check of IMDS passes."""
    need_system_module("azurelinuxagent.common.protocol.imds", "waagent")
    read: list[Any] = json.loads(sandboxed.run(SYSTEM_PYTHON, "-c", WAAGENT).splitlines()[-1])
    assert read == ["web-01", "5e4b7a92-3f0d-4c6e-8a17-d2c94b6f1e08", [True, ""]]
    assert sandboxed.requests == [
        "/metadata/instance/compute?api-version=2018-02-01 200",
        "/metadata/instance?api-version=2018-02-01 200",
    ]


AZUREMETADATA = """
import runpy, sys
sys.path.insert(0, sys.argv[1] + "/lib")
sys.argv = ["azuremetadata", *sys.argv[2:]]
runpy.run_path(sys.path[0].removesuffix("lib") + "azuremetadata", run_name="__main__")
"""


def test_azuremetadata_takes_the_newest_version(sandboxed: SandboxedClient) -> None:
    """SUSE's tool asks without a version, takes the first of newest-versions, and prints machine and attested data."""
    clone = need_clone("SUSE-Enceladus", "azuremetadata")
    # It waits two seconds for an answer: the keys are made before it begins.
    flags = ("--export-keys", str(sandboxed.folder / "keys"))
    output = sandboxed.run(sys.executable, "-c", AZUREMETADATA, str(clone), "--api", "latest", "--json", flags=flags)
    read = json.loads(output)
    assert read["compute"]["vmId"] == "5e4b7a92-3f0d-4c6e-8a17-d2c94b6f1e08"
    assert read["attestedData"]["encoding"] == "pkcs7"
    assert sandboxed.requests == [
        "/metadata/instance 400",
        "/metadata/instance/compute?api-version=2019-11-01 200",
        "/metadata/instance?api-version=2025-04-07 200",
        "/metadata/attested/document?api-version=2025-04-07 200",
    ]


def test_azuremetadata_knows_a_classic_machine(sandboxed: SandboxedClient) -> None:
    """By the 404 of compute it takes the machine for a classic one, and asks for the network in the oldest version."""
    clone = need_clone("SUSE-Enceladus", "azuremetadata")
    flags = ("--vm", "classic")
    read = json.loads(sandboxed.run(sys.executable, "-c", AZUREMETADATA, str(clone), "--json", flags=flags))
    assert read["subscriptionId"].startswith("classic-")
    assert read["network"]["interface"][0]["ipv4"]["ipAddress"][0]["privateIpAddress"] == "10.1.0.4"
    assert sandboxed.requests == [
        "/metadata/instance/compute?api-version=2019-11-01 404",
        "/metadata/instance?api-version=2017-04-02 200",
    ]
