# SPDX-License-Identifier: Apache-2.0
"""The usual response to each status that IMDS sends: below /metadata/identity in an envelope of its own."""

from __future__ import annotations

from http import HTTPStatus

from .response import Response, error_response, identity_error_response, text_response

__all__ = ["build_status_response"]

# Texts of the swagger examples (documented); those of 408 and 410 are assumed.
_MESSAGES = {
    400: "Bad request",
    403: "Forbidden",
    404: "Not found",
    405: "Not allowed",
    408: "Request timeout",
    410: "Gone",
    500: "Server error",
    503: "Service unavailable",
}
# Codes that the swagger of 2018-02-01 lists for identity. That each belongs to its status is assumed, its text too.
_IDENTITY_CODES = {
    400: "bad_request",
    403: "forbidden",
    404: "not_found",
    405: "method_not_allowed",
    500: "server_error",
    503: "service_unavailable",
}
_TOO_MANY_REQUESTS = text_response("Too many requests", status=429)  # recorded
# Recorded in dotnet/SqlClient#2344 and hashicorp/terraform-provider-azurerm#20901.
_TOKENS_THROTTLED = identity_error_response("invalid_request", "Temporarily throttled, too many requests", status=429)


def build_status_response(status: int, *, identity: bool = False) -> Response:
    """Return the response with a status from 200 to 599. `identity`: below /metadata/identity."""
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return _TOKENS_THROTTLED if identity else _TOO_MANY_REQUESTS
    try:
        message = _MESSAGES.get(status) or HTTPStatus(status).phrase
    except ValueError:
        message = str(status)
    if not identity:
        return error_response(status, message)
    fallback = "server_error" if status >= HTTPStatus.INTERNAL_SERVER_ERROR else "invalid_request"
    return identity_error_response(_IDENTITY_CODES.get(status, fallback), message, status=status)
