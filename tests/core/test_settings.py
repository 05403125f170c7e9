# SPDX-License-Identifier: Apache-2.0
"""Test the one table of settings."""

from __future__ import annotations

import os
from typing import Any

import pytest
from azure_imds_facts.core.errors import UsageError
from azure_imds_facts.core.extra_categories import summarize_events
from azure_imds_facts.core.network import summarize_network
from azure_imds_facts.core.settings import CATEGORIES, EXTRA_CATEGORIES, PATHS, build_settings


def test_defaults() -> None:
    """Without arguments and environment the documented defaults hold."""
    settings = build_settings({}, {"XDG_RUNTIME_DIR": "/run/user/1"})
    assert settings.endpoint == "http://169.254.169.254"
    assert (settings.api_version, settings.timeout, settings.detect, settings.cache_ttl) == (None, 5.0, "auto", 60.0)
    assert (tuple(settings.gather), settings.reveal, settings.is_disabled) == (
        ("compute", "network", "tags"),
        (),
        False,
    )


@pytest.mark.parametrize(
    ("euid", "environ", "expected"),
    [
        (0, {"XDG_RUNTIME_DIR": "/run/user/0"}, "/run/azure-imds-facts"),
        (7, {"XDG_RUNTIME_DIR": "/run/user/7"}, "/run/user/7/azure-imds-facts"),
        (7, {}, None),
        (7, {"XDG_RUNTIME_DIR": ""}, None),
        (7, {"XDG_RUNTIME_DIR": "relative"}, None),
    ],
)
def test_cache_dir(euid: int, environ: dict[str, str], expected: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Root has one directory, others have their own or none."""
    monkeypatch.setattr(os, "geteuid", lambda: euid)
    assert build_settings({}, environ).cache_dir == expected
    assert build_settings({}, environ, cache_dir="/adapter").cache_dir == "/adapter"
    assert build_settings({}, {**environ, "AZURE_IMDS_CACHE_DIR": "/env"}, cache_dir="/adapter").cache_dir == "/env"


SAMPLES: list[tuple[str, object, str, object]] = [
    ("endpoint", "http://127.0.0.1:1", "http://127.0.0.1:2", "http://127.0.0.1:1"),
    ("api_version", "2021-02-01", "2021-01-01", "2021-02-01"),
    ("timeout", 7, "8", 7.0),
    ("detect", "skip", "auto", "skip"),
    ("cache_ttl", 0, "8", 0.0),
    ("cache_dir", "/a", "/b", "/a"),
    ("gather", ["tags"], "compute", {"tags": True}),
    ("reveal", ["user_data"], "custom_data", ("user_data",)),
]


@pytest.mark.parametrize(("name", "given", "environment", "expected"), SAMPLES)
def test_order(name: str, given: object, environment: str, expected: object) -> None:
    """An argument beats the environment, which beats the default; an empty variable counts as unset."""
    variable = f"AZURE_IMDS_{name.upper()}"
    default = getattr(build_settings({}, {}), name)
    assert getattr(build_settings({name: given}, {variable: environment}), name) == expected
    assert (
        getattr(build_settings({name: None}, {variable: environment}), name) not in (default, expected)
        or name == "detect"
    )
    assert getattr(build_settings({}, {variable: ""}), name) == default
    with pytest.raises(UsageError, match=variable):
        build_settings({}, {variable: "\0"})


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("http://169.254.169.254", "http://169.254.169.254"),
        ("http://169.254.169.254/", "http://169.254.169.254"),
        ("http://169.254.169.254:80/", "http://169.254.169.254"),
        ("http://127.0.0.1:8080/", "http://127.0.0.1:8080"),
        ("http://LOCALHOST:80", "http://localhost"),
        ("http://[::1]:8080", "http://[::1]:8080"),
        ("http://[fe80::1]", "http://[fe80::1]"),
    ],
)
def test_endpoint(given: str, expected: str) -> None:
    """`/` and `:80` at the end mean nothing; only another endpoint than Azure's implies `detect: skip`."""
    settings = build_settings({"endpoint": given}, {})
    assert settings.endpoint == expected
    assert settings.detect == ("auto" if expected == "http://169.254.169.254" else "skip")
    assert build_settings({"endpoint": given, "detect": "auto"}, {}).detect == "auto"
    assert build_settings({"endpoint": given}, {"AZURE_IMDS_DETECT": "auto"}).detect == "auto"


BAD: dict[str, list[object]] = {
    "endpoint": [
        "127.0.0.1", "https://127.0.0.1", "ftp://127.0.0.1", "http://", "http://example.com", "http://user@127.0.0.1",
        "http://u:p@127.0.0.1", "http://127.0.0.1/x", "http://127.0.0.1?x", "http://127.0.0.1#x", "http://127.0.0.1:",
        "http://127.0.0.1:0", "http://127.0.0.1:65536", "http://127.0.0.1:x", "http://256.0.0.1", "http://1.2.3",
        "http://1.2.3.4.5", "http://0177.0.0.1", "http://2130706433", "http://[::1", "http://::1", "http://[::g]",
        "http://127.0.0.1\n", " http://127.0.0.1", "http://127.0.0.1\r\nX: y", "http://localhost.evil", 5, [],
        "http://\uff11\uff12\uff17.0.0.1",
    ],
    "api_version": ["latest", "2099-01-01", "2021-02-02", "", 2021],
    "timeout": [0, -1, "0", "-5", "nan", "inf", "soon", "", True, [], "1e999"],
    "cache_ttl": [-1, "-0.1", "nan", "inf", "soon", "", False],
    "detect": ["", "AUTO", "yes", True, None.__class__],
    "cache_dir": ["", "a\0b", 5, []],
    "gather": ["", "Compute", "compute;tags", "user_data", ["compute", 5], 5, {"compute": 1}, "compute,,tags"],
    "reveal": ["", "userData", "all", ["user_data", "x"], 5],
}  # fmt: skip


@pytest.mark.parametrize(("name", "given"), [(name, given) for name, values in BAD.items() for given in values])
def test_usage(name: str, given: Any) -> None:
    """What is not allowed is usage, with the setting's name and what is allowed in the message."""
    with pytest.raises(UsageError) as caught:
        build_settings({name: given}, {})
    assert name in caught.value.problem
    assert caught.value.hint
    assert str(caught.value).isprintable()


def test_unknown_name() -> None:
    """A setting that there is not is usage."""
    with pytest.raises(UsageError, match="colour"):
        build_settings({"colour": "red"}, {})


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("all", CATEGORIES),
        (["all", "tags"], CATEGORIES),
        ("tags,compute", ("compute", "tags")),
        (" tags , compute ", ("compute", "tags")),
        (("identity",), ("identity",)),
        (["load_balancer", "scheduled_events"], ("load_balancer", "scheduled_events")),
    ],
)
def test_gather(given: object, expected: tuple[str, ...]) -> None:
    """Lists may be lists or text with commas; `all` is all."""
    assert build_settings({"gather": given}, {}).gather == dict.fromkeys(expected, True)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("compute.vmSize", {"compute": {"": False, "vmSize": True}}),
        (["network.privateIpv4", " compute.vmSize "], {"compute": {"": False, "vmSize": True}, "network": {"": False, "privateIpv4": True}}),
        ("compute.vmSize,compute.zone,tags", {"compute": {"": False, "vmSize": True, "zone": True}, "tags": True}),
        ("compute,compute.vmSize", {"compute": True}),
        ("compute.vmSize,compute", {"compute": True}),
        ("compute,!compute.plan", {"compute": {"": True, "plan": False}}),
        ("!compute.plan", {"compute": {"": True, "plan": False}, "network": True, "tags": True}),
        ("! compute.plan,!tags", {"compute": {"": True, "plan": False}, "network": True}),
        ("compute,!compute.plan,compute.plan.name", {"compute": {"": True, "plan": {"": False, "name": True}}}),
        ("compute.a.b,!compute.a.b.c", {"compute": {"": False, "a": {"": False, "b": {"": True, "c": False}}}}),
        ("compute.vmSize,!compute", {}),
        ("tags,!compute.plan,!compute.plan.name", {"tags": True}),
        ("tags.Cost Center", {"tags": {"": False, "Cost Center": True}}),
        ("tags.a.b:c", {"tags": {"": False, "a.b:c": True}}),
        ("tags,!tags.hidden-title", {"tags": {"": True, "hidden-title": False}}),
        ("scheduledEvents.pending", {"scheduled_events": {"": False, "pending": True}}),
        ("load_balancer.inboundRules", {"load_balancer": {"": False, "inboundRules": True}}),
        ("identity.tenantId", {"identity": {"": False, "tenantId": True}}),
    ],
)  # fmt: skip
def test_gather_paths(given: object, expected: dict[str, Any]) -> None:
    """A path chooses what it names; what stands later holds; a tag's name is all after the first dot."""
    assert build_settings({"gather": given}, {}).gather == expected


@pytest.mark.parametrize(
    "given",
    [
        "compute.", "compute..x", ".vmSize", "compute.x.", "tags.", "!compute.", "cloud.x", "snapshot.source", "all.x",
        "foo.bar", "Compute.vmSize", "network.privateIp", "network.interface.0", "network.vmSize", "identity.token",
        "scheduledEvents.Events", "compute.vmSize;tags", "user_data.x", "compute" + ".a" * 50_000,
    ],
    ids=lambda given: given[:30],  # Windows bounds the environment, in which pytest says what runs
)  # fmt: skip
def test_paths_that_there_are_not(given: str) -> None:
    """A path below no category, without a name, or below one whose names are all known, is usage."""
    with pytest.raises(UsageError, match="gather cannot be"):
        build_settings({"gather": given}, {})


def test_known_paths_are_those_of_the_facts() -> None:
    """The table of known paths has what those categories really hold."""
    events = summarize_events({"Events": []}, None)
    assert sorted(PATHS["network"]) == sorted(summarize_network({}, local_address=None))
    assert sorted(PATHS["scheduled_events"]) == sorted(events)
    assert PATHS["identity"] == [EXTRA_CATEGORIES["identity"].field]


@pytest.mark.parametrize("value", ["1", "true", "YES", "On", " on "])
def test_disabled(value: str) -> None:
    """These switch every adapter off."""
    assert build_settings({}, {"AZURE_IMDS_DISABLED": value}).is_disabled


@pytest.mark.parametrize("value", ["", "0", "false", "no", "off", "2"])
def test_not_disabled(value: str) -> None:
    """Anything else does not."""
    assert not build_settings({}, {"AZURE_IMDS_DISABLED": value}).is_disabled
