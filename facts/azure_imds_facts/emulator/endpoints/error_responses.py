# SPDX-License-Identifier: Apache-2.0
"""The error responses of IMDS, verbatim where they are documented or recorded."""

from __future__ import annotations

from typing import TYPE_CHECKING

from azure_imds_facts.emulator.http.response import (
    XML,
    Response,
    error_response,
    identity_error_response,
    json_response,
)
from azure_imds_facts.emulator.versions import find_newest

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = [
    "BAD_REQUEST_XML",
    "DUPLICATE_PARAMETER",
    "FORWARDED_FOR",
    "INVALID_FORMAT",
    "INVALID_VERSION",
    "LEAF_WITHOUT_TEXT",
    "METHOD_NOT_ALLOWED",
    "MISSING_HEADER",
    "MISSING_HEADER_IDENTITY",
    "NOT_FOUND",
    "NOT_FOUND_IDENTITY",
    "invalid_version_response",
]

_VERSION_HELP = "in the request. For more information refer to aka.ms/azureimds"


def invalid_version_response(versions: Sequence[str], *, era: str) -> Response:
    """Build the error for a missing or unknown api-version, in the form of an era.

    `now`: documented and recorded. `2019`: recorded by a client's tests. `2017`: recorded, including its spaces.
    """
    if era == "2017":
        return Response(status=404, body=b'{ "error": "Not found. Invalid version requested" }')
    problem = "was not specified" if era == "2019" else "is invalid or was not specified"
    message = f"Bad request. api-version {problem} {_VERSION_HELP}"
    return json_response({"error": message, "newest-versions": find_newest(versions)}, status=400)


# Recorded in 2025, including its spaces and the lone full stop.
MISSING_HEADER = Response(status=400, body=b'{ "error": "Bad request: . Required metadata header not specified" }')
# Documented for the identity endpoints.
MISSING_HEADER_IDENTITY = identity_error_response("bad_request_102", "Required metadata header not specified")
# The status is documented, the text is assumed.
FORWARDED_FOR = error_response(400, "Bad request. X-Forwarded-For is not allowed")
# The status is documented, the text is assumed.
DUPLICATE_PARAMETER = error_response(400, "Bad request. A query parameter was specified more than once")
# The status is documented and recorded, the text is assumed.
LEAF_WITHOUT_TEXT = error_response(400, "Bad request. The requested element is a value; specify format=text")
# Assumed: how Azure Arc refuses a version is not recorded.
INVALID_VERSION = error_response(400, "Bad request. api-version is invalid or was not specified")
INVALID_FORMAT = error_response(400, "Bad request. Invalid format requested; use json or text")
NOT_FOUND = error_response(404, "Not found")
NOT_FOUND_IDENTITY = error_response(404, "Not Found")  # recorded with a capital F
METHOD_NOT_ALLOWED = error_response(405, "Not allowed")
# HEAD and the bare root: type, server and length (323) are recorded, the text is not.
_XML_HEAD = (
    '<?xml version="1.0" encoding="utf-8"?>\n'
    '<Error xmlns:i="http://www.w3.org/2001/XMLSchema-instance">\n'
    "    <Code>OutOfRangeInput</Code>\n"
    "    <Message>One of the request inputs is out of range.</Message>\n"
    "    <Details>This body stands in for one whose length was recorded and whose text was not.</Details>\n"
)
_XML_TAIL = "</Error>"
BAD_REQUEST_XML = Response(
    status=400,
    body=(_XML_HEAD + " " * (323 - len(_XML_HEAD) - len(_XML_TAIL)) + _XML_TAIL).encode(),
    content_type=XML,
    headers={"Server": "Microsoft-IIS/10.0"},
)
