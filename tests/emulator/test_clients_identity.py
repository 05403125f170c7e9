# SPDX-License-Identifier: Apache-2.0
"""Libraries that fetch tokens, at the real address, and each way in which IMDS refuses one.

PyPI: msal, msrestazure. npm: @azure/msal-node. Each test is skipped, with the reason, if its library is not installed.
"""

from __future__ import annotations

import json
import sys

import pytest

from tests.emulator.processes import can_unshare
from tests.emulator.sandboxed import NODE_MODULES, SandboxedClient, need_module, need_node_module

pytestmark = pytest.mark.skipif(not can_unshare(), reason="this kernel does not permit namespaces")

# What each status says below identity: the code, and the text.
REFUSALS = {
    400: ("bad_request", "Bad request"),
    404: ("not_found", "Not found"),
    405: ("method_not_allowed", "Not allowed"),
    410: ("invalid_request", "Gone"),
    429: ("invalid_request", "Temporarily throttled, too many requests"),
    500: ("server_error", "Server error"),
    503: ("service_unavailable", "Service unavailable"),
}
SCRIPT = ",".join(map(str, REFUSALS))

MSAL = """
import json, sys
import msal, requests
for number in range(int(sys.argv[1])):
    client = msal.ManagedIdentityClient(msal.SystemAssignedManagedIdentity(), http_client=requests.Session())
    print(json.dumps(client.acquire_token_for_client(resource=f"https://{number}.example")))
"""


def test_msal_reports_each_refusal(sandboxed: SandboxedClient) -> None:
    """MSAL for Python returns code and description of each refusal, and then the token; other text ends in a traceback."""
    need_module("msal")
    flags = ("--rate-limit", "0", "--fault", SCRIPT)
    output = sandboxed.run(sys.executable, "-c", MSAL, str(len(REFUSALS) + 1), flags=flags)
    *refused, issued = map(json.loads, output.splitlines())
    assert [(each["error"], each["error_description"]) for each in refused] == list(REFUSALS.values())
    assert len(issued["access_token"].split(".")) == 3
    assert [int(line.rsplit(" ", 1)[1]) for line in sandboxed.requests] == [*REFUSALS, 200]


def test_msal_reports_the_limit(sandboxed: SandboxedClient) -> None:
    """Over the limit of identity requests it returns the recorded text."""
    need_module("msal")
    output = sandboxed.run(sys.executable, "-c", MSAL, "3", flags=("--identity-rate-limit", "2"))
    last = json.loads(output.splitlines()[-1])
    assert (last.get("error"), last.get("error_description")) == REFUSALS[429]


MSAL_NODE = """
const msal = require(process.argv[2] + '/@azure/msal-node');
(async () => {
  for (let number = 0; number < +process.argv[3]; number++) {
    const client = new msal.ManagedIdentityApplication({});
    try {
      const token = await client.acquireToken({resource: `https://${number}.example`});
      console.log(JSON.stringify(['token', token.accessToken.split('.').length]));
    } catch (error) {
      console.log(JSON.stringify([error.errorCode, error.errorMessage || error.message]));
    }
  }
})();
"""


def test_msal_node_retries_or_reports_each_refusal(sandboxed: SandboxedClient) -> None:
    """MSAL for Node asks again after 404, 429, 500 and 503, and gets its token; it reports the others with their text."""
    need_node_module("@azure/msal-node")
    script = sandboxed.folder / "tokens.js"
    script.write_text(MSAL_NODE)
    final, passing = (400, 405), (404, 429, 500, 503)
    steps = ",".join([*map(str, final), *(f"{status},ok" for status in passing)])
    words = ("node", str(script), str(NODE_MODULES), str(len(final) + len(passing)))
    output = sandboxed.run(*words, flags=("--rate-limit", "0", "--fault", steps))
    read = [json.loads(line) for line in output.splitlines()]
    for status, (code, text) in zip(final, read):
        assert code == REFUSALS[status][0]
        assert f"Description: {REFUSALS[status][1]}" in text
    assert read[len(final) :] == [["token", 3]] * len(passing)


MSRESTAZURE = """
from msrestazure.azure_active_directory import MSIAuthentication
token = MSIAuthentication(resource="https://vault.azure.net").token
print(len(token["access_token"].split(".")), token["token_type"], token["expires_on"].isdigit())
"""


def test_msrestazure_survives_faults(sandboxed: SandboxedClient) -> None:
    """The library of older SDKs asks again after 429, 500 and 404, and gets its token."""
    need_module("msrestazure")
    output = sandboxed.run(sys.executable, "-c", MSRESTAZURE, flags=("--rate-limit", "0", "--fault", "429,500,404"))
    assert output.split()[-3:] == ["3", "Bearer", "True"]
    assert [int(line.rsplit(" ", 1)[1]) for line in sandboxed.requests] == [429, 500, 404, 200]
