# SPDX-License-Identifier: Apache-2.0
"""Test facts as Prometheus' metric; tests/core/test_prometheus_spelling.py has what stands in it."""

from __future__ import annotations

from tests.support.command_line import Run
from tests.support.documents import VM_ID
from tests.support.servers import RawServer


def test_one_gauge(run: Run, imds: RawServer) -> None:
    """Three lines: help, type and the one sample; what is gathered makes no difference."""
    whole = run("facts", "--endpoint", imds.url, "--format", "prometheus").out
    assert run("facts", "--endpoint", imds.url, "--format", "prometheus", "--gather", "tags.role").out == whole
    told, kind, sample = whole.splitlines()
    assert told.startswith("# HELP azure_imds_info ")
    assert kind == "# TYPE azure_imds_info gauge"
    assert sample == (
        'azure_imds_info{cloud="AzureCloud",location="westeurope",zone="1",vm_size="Standard_D2s_v3",'
        f'name="web-01",vm_id="{VM_ID}",source="imds"}} 1'
    )
