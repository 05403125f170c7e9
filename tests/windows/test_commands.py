# SPDX-License-Identifier: Apache-2.0
"""Each command on Windows, with each of its flags: it works, or says in one line why it does not."""

from __future__ import annotations
