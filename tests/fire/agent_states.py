# SPDX-License-Identifier: Apache-2.0
"""The states of Azure's metadata proxy agent, and what a collection makes of each. docs/faults.md is made of it."""

from __future__ import annotations

from dataclasses import dataclass

ONCE = "at once"
SOON = "with the next connection"
READY = "when it has its key"
DEADLINE = "at the deadline"


@dataclass(frozen=True)
class State:
    """One row. `flags`: the emulator's; `is_boot`: by `local-facts --boot`, else by `facts`. `says`: in the message."""

    name: str
    behaves: str
    outcome: str
    ends: str
    flags: tuple[str, ...] = ()
    is_boot: bool = False
    says: str = ""


_KEYLESS = "401 from IMDS itself, to an unsigned request"
_SIGNED = "wants requests that the VM's metadata proxy agent signed"
_LISTED = "its allow-list (the VM's InVMAccessControlProfile) has to let user root with program"

STATES = [
    State("there is none", "IMDS answers by itself", "ok", ONCE),
    State("it watches (audit)", "forwards every request", "ok", ONCE, ("--proxy-agent", "audit")),
    State("it guards (enforce)", "forwards what is allowed, signed", "ok", ONCE, ("--proxy-agent", "enforce")),
    State(
        *("this program is not on the allow-list", "403 with an empty body", "rejected", ONCE),
        ("--proxy-agent", "enforce:denied"),
        says=_LISTED,
    ),
    State(
        *("the same, in `local-facts --boot`", "403 with an empty body", "rejected", ONCE),
        ("--proxy-agent", "enforce:denied"),
        is_boot=True,
        says=_LISTED,
    ),
    State(
        *("it cannot tell whose connection it is", "421 to the first connection", "ok", SOON),
        ("--proxy-agent", "enforce:lost"),
    ),
    State(
        *("it has no key yet", _KEYLESS, "rejected", ONCE),
        ("--proxy-agent", "enforce:unprovisioned"),
        says=_SIGNED,
    ),
    State(
        *("it has no key for a while, in `local-facts --boot`", _KEYLESS, "ok", READY),
        ("--proxy-agent", "enforce:unprovisioned=3s"),
        is_boot=True,
    ),
    State(
        *("it never gets a key, in `local-facts --boot`", _KEYLESS, "rejected", DEADLINE),
        ("--proxy-agent", "enforce:unprovisioned"),
        is_boot=True,
        says=_SIGNED,
    ),
    State(
        *("it has a key, and IMDS refuses it, in `local-facts --boot`", "401 through the agent", "rejected", ONCE),
        ("--proxy-agent", "enforce", "--fault", "401*forever"),
        is_boot=True,
        says=_SIGNED,
    ),
    State(
        *("it cannot reach IMDS", "503", "unavailable", DEADLINE),
        ("--proxy-agent", "enforce", "--fault", "503*forever"),
    ),
]
