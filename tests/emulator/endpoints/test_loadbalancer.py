# SPDX-License-Identifier: Apache-2.0
"""/metadata/loadbalancer: with and without a load balancer, and its own error texts."""

from __future__ import annotations

from tests.emulator.client import StartEmulator, send_request

PATH = "/metadata/loadbalancer"


def test_none(start_emulator: StartEmulator) -> None:
    """A machine without a load balancer gets the recorded 404."""
    response = send_request(start_emulator().url, f"{PATH}?api-version=2020-10-01")
    assert response.status == 404
    assert response.json == {
        "error": "No load balancer metadata is found. Please check if your VM is using any non-basic SKU load"
        " balancer and retry later."
    }


def test_tunnels_by_version(start_emulator: StartEmulator) -> None:
    """A gateway's tunnels are listed since 2021-01-01."""
    url = start_emulator(load_balancer="gateway").url
    old, new = (send_request(url, f"{PATH}?api-version={v}").json["loadbalancer"] for v in ("2020-12-01", "2021-01-01"))
    assert "tunnelInterfaces" not in old
    assert [tunnel["type"] for tunnel in new["tunnelInterfaces"]] == ["internal", "external"]


def test_its_own_error_texts(start_emulator: StartEmulator) -> None:
    """The endpoint's errors are plain text, verbatim as documented."""
    url = start_emulator(load_balancer="standard").url
    retry = "Please fix the request and retry."
    found = send_request(url, f"{PATH}/rules?api-version=2021-02-01")
    assert (found.status, found.text) == (404, f'API is not found: Path = "{PATH}/rules", Method = "GET"')
    posted = send_request(url, f"{PATH}?api-version=2021-02-01", method="POST", body=b"{}")
    assert (posted.status, posted.text) == (
        405,
        f'Http method is not allowed: Path = "{PATH}", Method = "POST"',
    )
    missing = send_request(url, PATH)
    assert (missing.status, missing.text) == (400, f'Missing required parameter "api-version". {retry}')
    unexpected = send_request(url, f"{PATH}?api-version=2021-02-01&extra=1")
    assert unexpected.text == "Unexpected request. Please check the query parameters and retry."
    formatted = send_request(url, f"{PATH}?api-version=2021-02-01&format=xml")
    assert formatted.status == 400
    assert 'parameter value "xml" is not allowed for parameter "format"' in formatted.text
    assert send_request(url, f"{PATH}?api-version=2020-09-01").status == 404
