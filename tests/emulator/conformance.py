# SPDX-License-Identifier: Apache-2.0
"""The conformance table: the response to each request, and the evidence for it.

Each row: mark, subject, request, status, expected headers, body. Marks: D documented, R recorded, A assumed (the
emulator's own choice). A body is bytes (verbatim), a pattern, or a value that the JSON equals; None accepts any body.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from azure_imds_facts.emulator.versions import INSTANCE_VERSIONS

JSON = "application/json; charset=utf-8"
TEXT = "text/plain; charset=utf-8"
INSTANCE = "/metadata/instance"
VERSION = "api-version=2021-02-01"
TOKEN = "/metadata/identity/oauth2/token"
LB = "/metadata/loadbalancer"
SE = "/metadata/scheduledevents"
AT = "/metadata/attested/document"
ISSUER = "/pkiops/certs/emulated-imds-ca.crt"

NO_HEADER = b'{ "error": "Bad request: . Required metadata header not specified" }'
HELP = "in the request. For more information refer to aka.ms/azureimds"
BAD_VERSION = (
    f'{{"error":"Bad request. api-version is invalid or was not specified {HELP}",'
    '"newest-versions":["2025-04-07","2024-07-17","2024-03-15"]}'
).encode()
BAD_VERSION_2019 = (
    f'{{"error":"Bad request. api-version was not specified {HELP}",'
    '"newest-versions":["2019-08-15","2019-08-01","2019-06-04"]}'
).encode()
OLD_404 = b'{ "error": "Not found. Invalid version requested" }'
NOT_FOUND = b'{"error":"Not found"}'
NO_BALANCER = (
    b'{"error":"No load balancer metadata is found. Please check if your VM is using any non-basic SKU load'
    b' balancer and retry later."}'
)
RETRY = "Please fix the request and retry."
MULTIPLE = (
    "Multiple user assigned identities exist, please specify the clientId / resourceId of the identity in the"
    " token request"
)


@dataclass(frozen=True)
class Row:
    """One row of the table. `settings`: those of the emulator; `request_headers`, with Metadata by default."""

    mark: str
    subject: str
    target: str
    status: int
    body: Any = None
    type: str | None = JSON
    method: str = "GET"
    request_headers: dict[str, str] = field(default_factory=lambda: {"Metadata": "true"})
    settings: dict[str, Any] = field(default_factory=dict)
    payload: bytes | None = None
    headers: dict[str, str] = field(default_factory=dict)


def identity_error(text: str, code: str = "invalid_request") -> dict[str, str]:
    """The envelope of identity errors."""
    return {"error": code, "error_description": text}


HEADERS = [
    Row("R", "a missing header, verbatim", f"{INSTANCE}?{VERSION}", 400, NO_HEADER, request_headers={}),
    Row("R", "the header check comes before the version's", INSTANCE, 400, NO_HEADER, request_headers={}),
    Row("A", "a value other than true counts as missing", f"{INSTANCE}?{VERSION}", 400, NO_HEADER, request_headers={"Metadata": "false"}),
    Row("R", "True works as well", f"{INSTANCE}?{VERSION}", 200, request_headers={"Metadata": "True"}),
    Row("R", "the header's name has no case", f"{INSTANCE}?{VERSION}", 200, request_headers={"metadata": "true"}),
    Row("D", "X-Forwarded-For is refused", f"{INSTANCE}?{VERSION}", 400, request_headers={"Metadata": "true", "X-Forwarded-For": "10.0.0.1"}),
    Row("A", "its body", f"{INSTANCE}?{VERSION}", 400, {"error": "Bad request. X-Forwarded-For is not allowed"}, request_headers={"Metadata": "true", "X-Forwarded-For": ""}),
    Row("D", "identity has an envelope of its own", TOKEN, 400, {"error": "bad_request_102", "error_description": "Required metadata header not specified"}, request_headers={}),
    Row("R", "the server's name", f"{INSTANCE}?{VERSION}", 200, headers={"Server": r"IMDS/\d+\.\d+\.\d+\.\d+"}),
    Row("R", "a request id", f"{INSTANCE}?{VERSION}", 200, headers={"x-ms-request-id": r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"}),
    Row("A", "/metadata/versions wants the header too", "/metadata/versions", 400, NO_HEADER, request_headers={}),
]  # fmt: skip

VERSIONS = [
    Row("D+R", "no version", INSTANCE, 400, BAD_VERSION),
    Row("D+R", "an unknown version", f"{INSTANCE}?api-version=2022-01-01", 400, BAD_VERSION),
    Row("D", "the alias latest is gone", f"{INSTANCE}?api-version=latest", 400, BAD_VERSION),
    Row("R", "the bare /metadata", "/metadata", 400, BAD_VERSION),
    Row("A", "the bare /metadata with a version", f"/metadata?{VERSION}", 404, NOT_FOUND),
    Row("R", "no version, as of 2019", INSTANCE, 400, BAD_VERSION_2019, settings={"era": "2019", "versions": ["2019-06-04", "2019-08-01", "2019-08-15"]}),
    Row("R", "an unknown version, as of 2017", f"{INSTANCE}?api-version=2019-11-01", 404, OLD_404, settings={"era": "2017", "versions": ["2017-04-02"]}),
    Row("R", "a version that has not come to the government cloud", f"{INSTANCE}?api-version=2025-04-07", 404, OLD_404, settings={"cloud": "government"}),
    Row("A", "an unknown version in that cloud", f"{INSTANCE}?api-version=2022-01-01", 400, re.compile(r'.*"newest-versions":\["2024-03-15","2023-11-15","2023-07-01"\]\}'), settings={"cloud": "government"}),
    Row("D", "all versions, oldest first, without a version", "/metadata/versions", 200, {"apiVersions": list(INSTANCE_VERSIONS)}),
    Row("D", "Azure Stack Hub's versions end in 2021-05-01", "/metadata/versions", 200, {"apiVersions": [v for v in INSTANCE_VERSIONS if v <= "2021-05-01"]}, settings={"cloud": "stack"}),
]  # fmt: skip

TRAVERSAL = [
    Row("D+R", "a subtree has no wrapper", f"{INSTANCE}/compute/plan?{VERSION}", 200, b'{"name":"","product":"","publisher":""}'),
    Row("R", "keys sorted, compact", f"{INSTANCE}/network/interface/0/ipv4?{VERSION}", 200, b'{"ipAddress":[{"privateIpAddress":"10.1.0.4","publicIpAddress":"203.0.113.10"}],"subnet":[{"address":"10.1.0.0","prefix":"24"}]}'),
    Row("D", "an array takes an index", f"{INSTANCE}/network/interface/0/ipv6?{VERSION}", 200, b'{"ipAddress":[]}'),
    Row("D", "an index past the end", f"{INSTANCE}/network/interface/1?{VERSION}", 404, NOT_FOUND),
    Row("A", "a negative index", f"{INSTANCE}/network/interface/-1?{VERSION}", 404, NOT_FOUND),
    Row("D+R", "a leaf without format=text", f"{INSTANCE}/compute/vmSize?{VERSION}", 400),
    Row("D", "a leaf with format=json", f"{INSTANCE}/compute/vmSize?{VERSION}&format=json", 400),
    Row("A", "its body", f"{INSTANCE}/compute/vmSize?{VERSION}", 400, {"error": "Bad request. The requested element is a value; specify format=text"}),
    Row("R", "a leaf as text", f"{INSTANCE}/compute/vmSize?{VERSION}&format=text", 200, b"Standard_D2s_v3", TEXT),
    Row("R", "an empty leaf", f"{INSTANCE}/compute/customData?{VERSION}&format=text", 200, b"", TEXT),
    Row("R", "a container as text lists its names, containers with /", f"{INSTANCE}?{VERSION}&format=text", 200, b"compute/\nnetwork/", TEXT),
    Row("A", "sorted, no newline at the end", f"{INSTANCE}/compute/plan?{VERSION}&format=text", 200, b"name\nproduct\npublisher", TEXT),
    Row("R", "indices in a list", f"{INSTANCE}/compute/tagsList?{VERSION}&format=text", 200, b"0/\n1/", TEXT),
    Row("R", "down to a tag", f"{INSTANCE}/compute/tagsList/0/name?{VERSION}&format=text", 200, b"env", TEXT),
    Row("A", "an empty list", f"{INSTANCE}/network/interface/0/ipv6/ipAddress?{VERSION}&format=text", 200, b"", TEXT),
    Row("R", "a trailing slash", f"{INSTANCE}/?{VERSION}&format=text", 200, b"compute/\nnetwork/", TEXT),
    Row("R", "a trailing slash at a leaf", f"{INSTANCE}/compute/name/?{VERSION}&format=text", 200, b"web-01", TEXT),
    Row("D", "an unknown element", f"{INSTANCE}/compute/nothing?{VERSION}", 404),
    Row("A", "its body", f"{INSTANCE}/compute/nothing?{VERSION}", 404, NOT_FOUND),
    Row("A", "below a leaf", f"{INSTANCE}/compute/name/x?{VERSION}", 404, NOT_FOUND),
    Row("D", "a field of a later version", f"{INSTANCE}/compute/userData?api-version=2020-12-01&format=text", 404, NOT_FOUND),
    Row("D", "names have case", f"{INSTANCE}/Compute?{VERSION}", 404, NOT_FOUND),
    Row("A", "the path of the endpoint has none", f"/Metadata/Instance/compute/plan?{VERSION}", 200),
    Row("A", "a double slash", f"//metadata/instance?{VERSION}", 404, NOT_FOUND),
    Row("A", "a double slash inside", f"{INSTANCE}//compute?{VERSION}", 404, NOT_FOUND),
    Row("D", "a parameter twice", f"{INSTANCE}?{VERSION}&{VERSION}", 400),
    Row("A", "its body", f"{INSTANCE}?{VERSION}&format=text&format=text", 400, {"error": "Bad request. A query parameter was specified more than once"}),
    Row("A", "an unknown format", f"{INSTANCE}?{VERSION}&format=xml", 400),
    Row("A", "an unknown parameter is passed over", f"{INSTANCE}/compute/plan?{VERSION}&x=1", 200),
    Row("R", "extended=true", f"{INSTANCE}/extended?api-version=2021-08-01&extended=true", 200, b'{"compute":{"hasCustomData":false,"ppsType":"None"}}'),
    Row("R", "no extended section unless requested", f"{INSTANCE}/extended?api-version=2021-08-01", 404, NOT_FOUND),
    Row("A", "nor before its version", f"{INSTANCE}/extended?api-version=2021-05-01&extended=true", 404, NOT_FOUND),
    Row("D", "a classic machine has no compute", f"{INSTANCE}?{VERSION}&format=text", 200, b"network/", TEXT, settings={"vm": "classic"}),
]  # fmt: skip

VERBS = [
    Row("D", "POST to the instance", f"{INSTANCE}?{VERSION}", 405, {"error": "Not allowed"}, method="POST", payload=b"{}"),
    Row("D", "PUT", f"{INSTANCE}?{VERSION}", 405, {"error": "Not allowed"}, method="PUT", payload=b""),
    Row("D", "DELETE", f"{INSTANCE}?{VERSION}", 405, {"error": "Not allowed"}, method="DELETE"),
    Row("R", "HEAD is the web server's 400", f"{INSTANCE}?{VERSION}", 400, b"", "text/xml; charset=utf-8", method="HEAD", headers={"Server": r"Microsoft-IIS/10\.0", "Content-Length": "323"}),
    Row("R", "and so is the bare root", "/", 400, re.compile(r"<\?xml .{317}", re.DOTALL), "text/xml; charset=utf-8", headers={"Server": r"Microsoft-IIS/10\.0", "Content-Length": "323"}),
    Row("A", "any other path", "/favicon.ico", 404, NOT_FOUND),
]  # fmt: skip

BALANCER = [
    Row("R", "none", f"{LB}?{VERSION}", 404, NO_BALANCER),
    Row("A", "before its version", f"{LB}?api-version=2020-09-01", 404, NOT_FOUND),
    Row("D", "without a version", LB, 400, f'Missing required parameter "api-version". {RETRY}'.encode(), TEXT),
    Row("D", "an unknown path", f"{LB}/x?{VERSION}", 404, f'API is not found: Path = "{LB}/x", Method = "GET"'.encode(), TEXT),
    Row("D", "another verb", f"{LB}?{VERSION}", 405, f'Http method is not allowed: Path = "{LB}", Method = "POST"'.encode(), TEXT, method="POST", payload=b""),
    Row("D", "an unexpected parameter", f"{LB}?{VERSION}&x=1", 400, b"Unexpected request. Please check the query parameters and retry.", TEXT),
    Row("D", "a value that is not allowed", f"{LB}?{VERSION}&format=xml", 400, f'Parameter value is not allowed, or parameter value "xml" is not allowed for parameter "format". {RETRY}'.encode(), TEXT),
    Row("D", "one that is there", f"{LB}?{VERSION}", 200, re.compile(r'\{"loadbalancer":\{"publicIpAddresses":\[.*'), settings={"load_balancer": "standard"}),
]  # fmt: skip

IDENTITY = [
    Row("R", "the directory", "/metadata/identity", 404, b'{"error":"Not Found"}'),
    Row("R", "no identity", f"{TOKEN}?api-version=2018-02-01&resource=https://a.b", 400, identity_error("Identity not found"), settings={"identities": ["none"]}),
    Row("R", "an identity that is not there", f"{TOKEN}?api-version=2018-02-01&resource=https://a.b&client_id=1", 400, identity_error("Identity not found")),
    Row("R", "several to choose from", f"{TOKEN}?api-version=2018-02-01&resource=https://a.b", 400, identity_error(MULTIPLE), settings={"identities": ["a", "b"]}),
    Row("R", "no resource", f"{TOKEN}?api-version=2018-02-01", 400, identity_error("Required audience parameter not specified")),
    Row("D", "an unknown resource", f"{TOKEN}?api-version=2018-02-01&resource=x", 400, re.compile(r'\{"error":"invalid_resource","error_description":"AADSTS500011: .*')),
    Row("A", "before its version", f"{TOKEN}?api-version=2017-12-01&resource=https://a.b", 404, identity_error("Not found", "not_found")),
    Row("D", "the tenant, from 2018-02-01 on", "/metadata/identity/info?api-version=2018-02-01", 200, re.compile(r'\{"tenantId":"[0-9a-f-]{36}"\}')),
    Row("A", "the tenant before", "/metadata/identity/info?api-version=2017-12-01", 404, identity_error("Not found", "not_found")),
    Row("D", "a path below the token's has a description", f"{TOKEN}/x?api-version=2018-02-01", 404, re.compile(r'\{"error":"[a-z_]+","error_description":".+"\}')),
    Row("A", "its code and text", f"{TOKEN}/y?api-version=2018-02-01", 404, identity_error("Not found", "not_found")),
    Row("D", "another verb has a description", f"{TOKEN}?api-version=2018-02-01", 405, re.compile(r'\{"error":"[a-z_]+","error_description":".+"\}'), method="POST", payload=b""),
    Row("A", "its code and text", f"{TOKEN}?api-version=2018-02-01", 405, identity_error("Not allowed", "method_not_allowed"), method="PUT", payload=b""),
    Row("D", "a failure has a description", f"{TOKEN}?api-version=2018-02-01&resource=https://a.b", 500, re.compile(r'\{"error":"server_error","error_description":".+"\}'), settings={"fault": "500*forever"}),
    Row("D", "none in Azure Stack Hub", f"{TOKEN}?api-version=2018-02-01&resource=https://a.b", 404, settings={"cloud": "stack"}),
]  # fmt: skip

EVENTS = [
    Row("D", "no events", f"{SE}?api-version=2020-07-01", 200, b'{"DocumentIncarnation":1,"Events":[]}'),
    Row("R", "an instance's version", f"{SE}?{VERSION}", 404, NOT_FOUND),
    Row("A", "no version", SE, 400, BAD_VERSION),
    Row("D", "a malformed approval", f"{SE}?api-version=2020-07-01", 400, method="POST", payload=b"{}"),
    Row("A", "an approval of an unknown event", f"{SE}?api-version=2020-07-01", 400, {"error": "Bad request"}, method="POST", payload=b'{"StartRequests":[{"EventId":"x"}]}'),
    Row("D", "another verb", f"{SE}?api-version=2020-07-01", 405, {"error": "Not allowed"}, method="DELETE"),
    Row("D", "none in Azure Stack Hub", f"{SE}?api-version=2020-07-01", 404, NOT_FOUND, settings={"cloud": "stack"}),
]  # fmt: skip

ATTESTED = [
    Row("D", "a classic machine has one", f"{AT}?{VERSION}", 200, settings={"vm": "classic"}),
    Row("D", "and no identity", "/metadata/identity/info?api-version=2018-10-01", 404, settings={"vm": "classic"}),
    Row("D", "a signature", f"{AT}?{VERSION}&nonce=1234567890", 200, re.compile(r'\{"encoding":"pkcs7","signature":"[A-Za-z0-9+/=]{1000,}"\}')),
    Row("A", "a nonce that is none", f"{AT}?{VERSION}&nonce=a-b", 400, {"error": "Bad request. Invalid nonce"}),
    Row("A", "before its version", f"{AT}?api-version=2018-04-02", 404, NOT_FOUND),
    Row("A", "the directory", f"/metadata/attested?{VERSION}", 404, NOT_FOUND),
    Row("R", "the issuer's certificate wants no header, on another server", ISSUER, 200, re.compile(rb"\x30\x82.+", re.DOTALL), "application/pkix-cert", request_headers={}),
]  # fmt: skip

LIMITS = [
    Row(
        "R",
        "too many requests",
        f"{INSTANCE}?{VERSION}",
        429,
        b"Too many requests",
        TEXT,
        settings={"rate_limit": 1, "fault": "429"},
    ),
    Row(
        "R",
        "too many for tokens",
        f"{TOKEN}?api-version=2018-02-01&resource=https://a.b",
        429,
        b'{"error":"invalid_request","error_description":"Temporarily throttled, too many requests"}',
        settings={"fault": "429*forever"},
    ),
]

TABLE = [*HEADERS, *VERSIONS, *TRAVERSAL, *VERBS, *BALANCER, *IDENTITY, *EVENTS, *ATTESTED, *LIMITS]
