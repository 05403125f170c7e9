# SPDX-License-Identifier: Apache-2.0
"""The certificate to which that of attested documents points as its issuer's.

In Azure it lies on www.microsoft.com, which asks for no header; here that is this server.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from azure_imds_facts.emulator.http.response import Response

from .authority import INTERMEDIATE_PATH
from .error_responses import METHOD_NOT_ALLOWED

if TYPE_CHECKING:
    from azure_imds_facts.emulator.http.request import Request

    from .authority import Authority

__all__ = ["IssuerEndpoint"]


@dataclass(frozen=True)
class IssuerEndpoint:
    """The certificate of the intermediate authority, in DER."""

    authority: Authority

    def serves(self, request: Request) -> bool:
        """Return whether a request is for the certificate."""
        # Microsoft's sample in Python sends the newline that ends the line with the address in openssl's output.
        return request.path.removesuffix("%0A") == INTERMEDIATE_PATH

    def respond(self, request: Request) -> Response:
        """Return the certificate for GET, with any headers or none."""
        if request.method != "GET":
            return METHOD_NOT_ALLOWED
        return Response(body=self.authority.intermediate, content_type="application/pkix-cert")
