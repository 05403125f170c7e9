# SPDX-License-Identifier: Apache-2.0
"""Which tests go to one worker of pytest-xdist together, which go apart, and which run by themselves, by path.

A module is a unit otherwise: its fixtures are set up once. `make test` is the one that runs both halves.
"""

from __future__ import annotations

# One master and three minions serve all of these, and another one those that mostly wait.
TOGETHER = {
    **{
        f"tests/minions/test_{module}.py": "the fleet of tests/minions"
        for module in ("examples", "fault_domains", "module", "sharing", "synced", "targeting")
    },
    **{
        f"tests/minions/test_{module}.py": "the second fleet of tests/minions"
        for module in ("states", "troubles", "unprivileged")
    },
}
# Each test takes seconds, and shares nothing with the others of its module.
APART = (
    "tests/collection/test_role.py",
    "tests/collection/test_role_absent.py",
    "tests/collection/test_role_systemd.py",
    "tests/boot/test_killed.py",
    "tests/contract/test_outcomes.py",
    "tests/docs/test_tutorials.py",
    "tests/fire/test_proxy_agent.py",
)
# They take all cores or measure memory: on their own, after the rest.
SERIAL = (
    "tests/fire/test_stampede.py",
    "tests/fire/test_memory.py",
    "tests/fire/test_large.py",
    "tests/minions/test_proof_flood.py",
)
# What takes longest begins first, so that no worker is left with it at the end.
FIRST = ("tests/minions/", "tests/fleets/", "tests/emulator/", "tests/collection/", "tests/e2e/", "tests/boot/")


def name_unit(nodeid: str) -> str:
    """Return the unit of a test: those of one unit go to one worker."""
    path = nodeid.partition("::")[0]
    return nodeid if path in APART else TOGETHER.get(path, path)


def is_serial(nodeid: str) -> bool:
    """Return whether a test runs with nothing beside it."""
    return nodeid.startswith(SERIAL)


def rank(nodeid: str) -> int:
    """Return a sort key: the lower, the earlier."""
    return next((place for place, start in enumerate(FIRST) if nodeid.startswith(start)), len(FIRST))
