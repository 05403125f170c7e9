# SPDX-License-Identifier: Apache-2.0
"""How much of an answer is read. Apart from the transports, so that a cached document is read without sockets."""

from __future__ import annotations

# IMDS's documents take a few KiB, with 50 tags at full length about 50 KiB; what is larger is something else.
MAX_BODY = 1024 * 1024
