# SPDX-License-Identifier: Apache-2.0
"""Generated input for an emulator: near to what is right, since what is far from it is refused at the first step.

And what has to hold after any of it: an emulator still answers, with JSON that any client reads.
"""

from __future__ import annotations

import json
from typing import Any

from azure_imds_facts.emulator.assembly import Assembly
from azure_imds_facts.emulator.http.request import Request
from hypothesis import strategies as st

HUGE = 10**400
TEXT = st.text(max_size=12) | st.sampled_from(
    [
        "",
        "a\nb",
        "\x1b[2J",
        "\ud800",
        "\u202e",
        "x" * 5000,
        "²",
        "٣",
        "1e400",
        "-1",
        "9" * 500,
        "9" * 5000,
        "nan",
        "a:b;c",
    ]
)
NUMBER = st.sampled_from([0, 1, -1, 0.5, -0.5, 1e308, 1e-320, 2**31, 2**63, HUGE, float("nan"), float("inf"), True])
LEAF = st.none() | st.booleans() | NUMBER | TEXT
VALUE = st.recursive(
    LEAF, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3), max_leaves=8
)
DURATION = (
    st.sampled_from(["0s", "1ms", "2s", "15m", "6h", "999999999999h", "9e9s", "1.5", "-1s", "1 s", "²s", 0, 5]) | VALUE
)
EVENT = st.fixed_dictionaries(
    {"type": st.sampled_from(["Freeze", "Reboot", "Redeploy", "Preempt", "Terminate"]) | VALUE},
    optional={
        "after": DURATION,
        "notice": DURATION,
        "lasts": DURATION,
        "cancelled": DURATION,
        "duration": st.integers(-2, 10) | st.sampled_from(["-1", "9", "x"]) | VALUE,
        "resources": st.lists(TEXT | VALUE, max_size=3) | TEXT | VALUE,
        "source": st.sampled_from(["Platform", "User", "Me"]) | VALUE,
        "description": TEXT | VALUE,
        "when": VALUE,
    },
)
# The flag's form, with parts that are wrong.
EVENT_TEXT = st.builds(
    lambda kind, parts: ":".join([kind, *parts]),
    st.sampled_from(["Freeze", "Reboot", "Explode", ""]),
    st.lists(
        st.builds(
            lambda name, value: f"{name}={value}", st.sampled_from(["after", "lasts", "duration", "source", ""]), TEXT
        ),
        max_size=3,
    ),
)
STEP = st.sampled_from(
    [
        *("429", "²²²", "999", "ok", "ok*2", "ok*0", "ok*" + "9" * 5000, "garbage", "partial", "html", "503:after=1ms"),
        *("huge=1", "huge=" + "9" * 20, "redirect=a\r\nb: c", "slow=9e9", "429:retry-after=a\nb"),
        "429:retry-after-date=" + "9" * 12 + "h",
    ]
)
SCRIPT = st.lists(STEP, max_size=3).map(",".join) | TEXT
PATH = st.sampled_from(
    [
        *("compute.zone", "compute.name", "compute.vmId", "compute.tags", "compute.tagsList", "compute.tagsList[0]"),
        *("compute.tagsList[0].name", "compute", "compute.plan", "compute.storageProfile.dataDisks[0].lun", "network"),
        *("network.interface", "network.interface[0].macAddress", "network.interface[²].macAddress", "extended"),
        *("network.interface[" + "9" * 5000 + "]", "extended.compute.hasCustomData", "compute.zome", "a..b", ""),
    ]
)
CHANGES = st.fixed_dictionaries(
    {},
    optional={
        "tag": st.dictionaries(TEXT, TEXT | VALUE, max_size=3) | VALUE,
        "untag": st.lists(TEXT | VALUE, max_size=3) | VALUE,
        "resize": TEXT | VALUE,
        "set": st.dictionaries(PATH, VALUE, max_size=3) | VALUE,
        "fault": SCRIPT | st.dictionaries(TEXT, SCRIPT | VALUE, max_size=2) | VALUE,
        "throttle": st.dictionaries(
            st.sampled_from(["rate_limit", "identity_rate_limit", "retry_after", "x"]), NUMBER | VALUE, max_size=3
        ),
        "event": EVENT | EVENT_TEXT | VALUE,
        "cancel_event": TEXT | VALUE,
        "x": VALUE,
    },
)

REQUESTS = (
    "/metadata/instance?api-version=2025-04-07",
    "/metadata/instance?api-version=2021-08-01&extended=true",
    "/metadata/instance?api-version=2017-04-02",
    "/metadata/scheduledevents?api-version=2020-07-01",
    "/metadata/scheduledevents?api-version=2017-03-01",
    "/metadata/versions",
)
LISTINGS = (
    "/metadata/instance/compute?api-version=2021-02-01&format=text",
    "/metadata/instance?api-version=2017-08-01&format=text",
)


def dump(value: Any) -> bytes:
    """Write a value as Python would, NaN and lone surrogates included."""
    return json.dumps(value).encode()


def read_strictly(body: bytes) -> Any:
    """Read JSON of UTF-8, without what Python alone accepts."""

    def refuse(text: str) -> Any:
        raise AssertionError(f"{text} is no JSON")

    return json.loads(body.decode("utf-8"), parse_constant=refuse)


def check_answers(assembly: Assembly) -> None:
    """Each endpoint answers with 200 and readable JSON, or text."""
    for target in (*REQUESTS, *LISTINGS):
        path, _, query = target.partition("?")
        response = assembly.router.respond(Request("GET", path, query, {"Metadata": "true"}))
        assert response.status == 200, target
        if target in REQUESTS:
            assert isinstance(read_strictly(response.body), dict)


def check_refusal(message: str) -> None:
    """A refusal is one line of a length that a person reads, and nothing in it acts on a terminal."""
    assert len(message.splitlines()) == 1
    assert len(message) < 2000
    assert message.isprintable()
