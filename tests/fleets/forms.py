# SPDX-License-Identifier: Apache-2.0
"""How large the fleets of these tests are: tens of hosts, and with `make test-fleet` a thousand and real minions."""

from __future__ import annotations

import os

HOSTS = int(os.environ.get("FLEET_HOSTS", "20"))
# Real minions take about 120 MB each; without a number none are started, and `tests/minions` has its three.
MINIONS = int(os.environ.get("FLEET_MINIONS", "0"))
# A host takes about 0.2 s of this machine, on a busy one several times as much.
TIMEOUT_S = 120.0 + 4 * HOSTS
