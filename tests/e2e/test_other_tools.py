# SPDX-License-Identifier: Apache-2.0
"""Facter, node_exporter and OpenTelemetry's detector, the real ones, agree with what this program says of the same VM.

Each of ten documents is that of an emulated VM around which everything runs, at IMDS's real address.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

import pytest

from tests.emulator.processes import build_environment, can_unshare, command_line

pytestmark = pytest.mark.skipif(not can_unshare(), reason="this kernel does not permit namespaces")

NODE_EXPORTER = shutil.which("prometheus-node-exporter") or shutil.which("node_exporter")
FACTER = shutil.which("facter")
HAS_DETECTOR = find_spec("opentelemetry") is not None and find_spec("opentelemetry.resource.detector.azure") is not None
ODD_TAGS = {"Cost Center": '4"7\\11', "ns:team": "a,b=c", "größe": "日本", "a.b": "{{ 6 * 7 }}", "control": "x\ty"}

# Name → flags of the emulator, and the api-version that this program asks for.
DOCUMENTS: dict[str, tuple[tuple[str, ...], str]] = {
    "newest": ((), ""),
    "2023": ((), "2023-11-15"),
    "2021": ((), "2021-12-13"),
    "2019": ((), "2019-06-01"),
    "2017": ((), "2017-08-01"),
    "scale set": (("--vm", "vmss"), ""),
    "spot with three interfaces": (("--vm", "spot", "--vm", "multi-nic"), ""),
    "Windows": (("--vm", "windows"), ""),
    "no tags": (("--set", "compute.tagsList=[]", "--set", "compute.tags="), ""),
    "odd tags": (tuple(word for pair in ODD_TAGS.items() for word in ("--tag", "=".join(pair))), ""),
}

# What runs beside the VM: this program in each form, then each of the others, and all answers as one JSON object.
PROGRAM = r"""
import json, os, subprocess, sys, time, urllib.request
facter, node_exporter, has_detector, folder = sys.argv[1:]
ours = [sys.executable, "-m", "azure_imds_facts"]

def say(*words, env=None):
    return subprocess.run(words, capture_output=True, text=True, check=True, env={**os.environ, **(env or {})}).stdout

def detect(detector, env=None):
    program = "import json;" + detector + "; print(json.dumps(dict(Detector().detect().attributes)))"
    return json.loads(say(sys.executable, "-c", program, env=env))

said = {name: json.loads(say(*ours, "facts", "--format", name)) for name in ("json", "facter")}
otel = say(*ours, "facts", "--format", "otel").rstrip("\n")
say(*ours, "local-facts", "--format", f"ansible:{folder}/a,facter:{folder}/f,prometheus:{folder}/p")
said["ansible file"] = json.load(open(f"{folder}/a/azure_imds.fact", encoding="utf-8"))
if facter:
    words = (facter, "--external-dir", f"{folder}/f")
    said["facter's"] = json.loads(say(*words, "--json", "azure_imds"))
    said["facter's size"] = say(*words, "azure_imds.compute.vm_size").rstrip("\n")
if node_exporter:
    address = "127.0.0.1:9100"
    flags = ("--collector.disable-defaults", "--collector.textfile", f"--collector.textfile.directory={folder}/p")
    exporter = subprocess.Popen(
        [node_exporter, *flags, f"--web.listen-address={address}"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    deadline = time.monotonic() + 60
    while True:
        try:
            said["node_exporter's"] = opener.open(f"http://{address}/metrics", timeout=5).read().decode()
            break
        except OSError:
            assert time.monotonic() < deadline and exporter.poll() is None
            time.sleep(0.05)
    exporter.terminate()
    exporter.wait(10)
if has_detector:
    said["otel"] = detect(
        "from opentelemetry.sdk.resources import OTELResourceDetector as Detector", env={"OTEL_RESOURCE_ATTRIBUTES": otel}
    )
    said["detector's"] = detect("from opentelemetry.resource.detector.azure.vm import AzureVMResourceDetector as Detector")
print(json.dumps(said))
"""


@dataclass(frozen=True)
class Told:
    """What all said of one machine: name of who said it → what."""

    name: str
    said: dict[str, Any]

    def need(self, who: str, what: str) -> Any:
        """Return what one said, or skip."""
        if who not in self.said:
            pytest.skip(f"{what} is not installed")
        return self.said[who]


@pytest.fixture(name="told", scope="module", params=DOCUMENTS)
def _told(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Told:
    flags, version = DOCUMENTS[request.param]
    folder = tmp_path_factory.mktemp("told")
    programs = (FACTER or "", NODE_EXPORTER or "", "yes" if HAS_DETECTOR else "", str(folder))
    env = {**build_environment(), "AZURE_IMDS_CACHE_DIR": str(folder / "cache"), "AZURE_IMDS_API_VERSION": version}
    words = command_line("--rate-limit", "0", *flags, "--", sys.executable, "-c", PROGRAM, *programs)
    done = subprocess.run(words, env=env, cwd=folder, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    return Told(request.param, json.loads(done.stdout))


def test_facter_agrees(told: Told) -> None:
    """Facter reads the file into the fact that `--format facter` prints, and finds a value by its path."""
    read = told.need("facter's", "Debian's package facter")["azure_imds"]
    assert read == told.said["ansible file"]
    assert told.said["facter's size"] == told.said["json"]["compute"]["vm_size"]
    printed = told.said["facter"]["azure_imds"]
    for facts in (read, printed):
        for name in ("age_seconds", "source"):
            facts["snapshot"].pop(name, None)
    assert printed == read
    if told.name == "odd tags":
        assert {name: read["tags"][name] for name in ODD_TAGS} == ODD_TAGS
    if told.name == "no tags":
        assert read["tags"] == {}


def test_node_exporter_agrees(told: Told) -> None:
    """node_exporter serves the metric, which has the facts' values; it found no fault in the file."""
    parser = pytest.importorskip(
        "prometheus_client.parser", reason="the Python module prometheus_client is not installed"
    )
    served = told.need("node_exporter's", "Debian's package prometheus-node-exporter")
    families = {family.name: family.samples for family in parser.text_string_to_metric_families(served)}
    assert [sample.value for sample in families["node_textfile_scrape_error"]] == [0.0]
    (sample,) = families["azure_imds_info"]
    facts = told.said["json"]
    fields = {"location": "location", "zone": "zone", "vm_size": "vm_size", "name": "name"}
    assert sample.labels == {
        **{label: facts["compute"].get(field, "") for label, field in fields.items()},
        "cloud": facts["cloud"],
        "vm_id": facts["snapshot"]["vm_id"],
        "source": "imds",
    }
    assert sample.value == 1.0


# Attribute → the fact that an older api-version lacks, and the attribute with it.
YOUNGER = {
    "azure.vm.scaleset.name": "vm_scale_set_name",
    "cloud.resource_id": "resource_id",
}


def test_opentelemetry_agrees(told: Told) -> None:
    """What the SDK makes of `--format otel` is what the detector finds, attribute by attribute."""
    detected = told.need("detector's", "the Python module opentelemetry-resource-detector-azure")
    lacking = {name for name, fact in YOUNGER.items() if fact not in told.said["json"]["compute"]}
    assert told.said["otel"] == {name: value for name, value in detected.items() if name not in lacking}
    assert len(detected) == 12
    assert bool(lacking) == (told.name == "2017")
