# SPDX-License-Identifier: Apache-2.0
"""Answers, and the error bodies that were documented or recorded, letter by letter."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from azure_imds_facts.emulator.versions import newest

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = [
    "BAD_FORMAT",
    "BAD_REQUEST_XML",
    "DUPLICATE",
    "FORWARDED",
    "JSON",
    "LEAF_WITHOUT_TEXT",
    "MISSING_HEADER",
    "MISSING_HEADER_IDENTITY",
    "NOT_ALLOWED",
    "NOT_FOUND",
    "NOT_FOUND_IDENTITY",
    "TEXT",
    "THROTTLED",
    "XML",
    "Answer",
    "RefusalError",
    "error",
    "identity_error",
    "invalid_version",
    "json_answer",
    "text_answer",
]

JSON = "application/json; charset=utf-8"
TEXT = "text/plain; charset=utf-8"
XML = "text/xml; charset=utf-8"
_VERSION_HELP = "in the request. For more information refer to aka.ms/azureimds"


@dataclass(frozen=True)
class Answer:
    """What goes back: status, body, its type, headers beside those that every answer has, and after how long."""

    status: int = 200
    body: bytes = b""
    content_type: str = JSON
    headers: Mapping[str, str] = field(default_factory=dict)
    delay_s: float = 0


class RefusalError(Exception):
    """Ends a request with an answer other than the one hoped for."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.status)
        self.answer = answer


def json_answer(value: object, *, status: int = 200) -> Answer:
    """Answer with compact JSON, keys in the order given."""
    return Answer(status=status, body=json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode())


def text_answer(text: str, *, status: int = 200) -> Answer:
    """Answer with plain text, without a newline at the end."""
    return Answer(status=status, body=text.encode("utf-8", "surrogatepass"), content_type=TEXT)


def error(status: int, message: str) -> Answer:
    """Answer `{"error":…}`, the envelope of most errors (recorded)."""
    return json_answer({"error": message}, status=status)


def identity_error(code: str, description: str) -> Answer:
    """Answer in the envelope of the identity endpoints, always 400 (recorded)."""
    return json_answer({"error": code, "error_description": description}, status=400)


def invalid_version(versions: Sequence[str], *, era: str) -> Answer:
    """Answer a missing or unknown api-version as it was done in an era.

    `now`: documented and recorded. `2019`: recorded by a client's tests. `2017`: recorded, the spaces too.
    """
    if era == "2017":
        return Answer(status=404, body=b'{ "error": "Not found. Invalid version requested" }')
    fault = "was not specified" if era == "2019" else "is invalid or was not specified"
    message = f"Bad request. api-version {fault} {_VERSION_HELP}"
    return json_answer({"error": message, "newest-versions": newest(versions)}, status=400)


# Recorded in 2025 with its odd spaces and the lone full stop.
MISSING_HEADER = Answer(status=400, body=b'{ "error": "Bad request: . Required metadata header not specified" }')
# Documented for the identity endpoints.
MISSING_HEADER_IDENTITY = identity_error("bad_request_102", "Required metadata header not specified")
# That it is refused is documented; the text is assumed.
FORWARDED = error(400, "Bad request. X-Forwarded-For is not allowed")
# That duplicates are refused is documented; the text is assumed.
DUPLICATE = error(400, "Bad request. A query parameter was specified more than once")
# That a leaf needs format=text is documented and recorded; the text is assumed.
LEAF_WITHOUT_TEXT = error(400, "Bad request. The requested element is a value; specify format=text")
BAD_FORMAT = error(400, "Bad request. Invalid format requested; use json or text")
NOT_FOUND = error(404, "Not found")
NOT_FOUND_IDENTITY = error(404, "Not Found")  # recorded with a capital F
NOT_ALLOWED = error(405, "Not allowed")
THROTTLED = text_answer("Too many requests", status=429)
# HEAD and the bare root: type, server and length (323) are recorded, the text is not.
_XML = (
    '<?xml version="1.0" encoding="utf-8"?>\n'
    '<Error xmlns:i="http://www.w3.org/2001/XMLSchema-instance">\n'
    "    <Code>OutOfRangeInput</Code>\n"
    "    <Message>One of the request inputs is out of range.</Message>\n"
    "    <Details>This body stands in for one whose length was recorded and whose text was not.</Details>\n"
)
BAD_REQUEST_XML = Answer(
    status=400,
    body=(_XML + " " * (323 - len(_XML) - len("</Error>")) + "</Error>").encode(),
    content_type=XML,
    headers={"Server": "Microsoft-IIS/10.0"},
)
