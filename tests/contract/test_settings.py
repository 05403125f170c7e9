# SPDX-License-Identifier: Apache-2.0
"""Settings from flags, environment and defaults, and what requests carry (contract, sections 4 and 7)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from .asking import NEWEST, command, serve_document
from .odd import DOCUMENTS
from .serving import Answer, Serving

WRONG: list[tuple[str, str]] = [
    *(("endpoint", value) for value in (
        "https://127.0.0.1:1", "http://example.com", "http://metadata.invalid:80", "http://127.0.0.1:1/metadata", "http://u@127.0.0.1:1", "http://u:p@127.0.0.1:1",
        "http://127.0.0.1:99999", "http://127.0.0.1:x", "127.0.0.1:1", "ftp://127.0.0.1", "http://", "http://127.0.0.1:1?a=b", "http://127.0.0.1:1#a", "http://127.1:x/",
    )),
    *(("api_version", value) for value in ("latest", "2016-01-01", "2099-01-01", "2021-02-30", "2021-02-01&x=y")),
    *(("timeout", value) for value in ("soon", "-1", "nan", "inf", "5s")),
    *(("detect", value) for value in ("maybe", "true", "1")),
    *(("cache_ttl", value) for value in ("long", "-1", "nan")),
    *(("gather", value) for value in ("foo", "compute,foo", "loadBalancer", "cloud")),
    *(("reveal", value) for value in ("foo", "userData", "user_data,foo", "all")),
]  # fmt: skip


def ask(*arguments: str, environment: dict[str, str] | None = None) -> tuple[int, Any]:
    """Run `facts --format salt`; return the exit code and the grain, None where there is none."""
    done = command("facts", "--format", "salt", *arguments, environment=environment)
    assert b"Traceback" not in done.stderr
    return done.returncode, json.loads(done.stdout)["azure_imds"] if done.stdout else None


@pytest.fixture
def base(fresh: Serving, tmp_path: Path) -> dict[str, str]:
    """An environment that leads to a server with a document."""
    serve_document(fresh, DOCUMENTS["sensitive anywhere"])
    return {
        "AZURE_IMDS_ENDPOINT": fresh.endpoint,
        "AZURE_IMDS_CACHE_DIR": str(tmp_path / "cache"),
        "AZURE_IMDS_TIMEOUT": "2",
    }


@pytest.mark.parametrize("way", ["flag", "environment"])
@pytest.mark.parametrize(("setting", "value"), WRONG)
def test_wrong_value(base: dict[str, str], fresh: Serving, setting: str, value: str, way: str) -> None:
    """A wrong value is `usage`, whichever way it comes, and nothing is asked."""
    arguments = [f"--{setting.replace('_', '-')}={value}"] if way == "flag" else []
    environment = {} if way == "flag" else {f"AZURE_IMDS_{setting.upper()}": value}
    assert ask(*arguments, environment={**base, **environment}) == (2, None)
    assert fresh.asked == []


@pytest.mark.parametrize("arguments", [["--format", "xml"], ["--nonsense"], ["--endpoint"], ["more"]])
def test_wrong_flag(base: dict[str, str], arguments: list[str]) -> None:
    """Bad flags are `usage`."""
    assert ask(*arguments, environment=base) == (2, None)


@pytest.mark.parametrize(
    ("setting", "low", "high", "read"),
    [
        ("api_version", "2021-02-01", "2020-09-01", lambda grain: grain["snapshot"]["apiVersion"]),
        (
            "gather",
            "compute,tags",
            "network",
            lambda grain: ",".join(sorted(set(grain) & {"compute", "tags", "network"})),
        ),
        (
            "reveal",
            "user_data",
            "custom_data",
            lambda grain: "user_data" if "userData" in grain["compute"] else "custom_data",
        ),
    ],
)
def test_order(base: dict[str, str], setting: str, low: str, high: str, read: Any) -> None:
    """A flag beats the environment, which beats the default; an empty variable counts as unset."""
    name, flag = f"AZURE_IMDS_{setting.upper()}", f"--{setting.replace('_', '-')}"
    assert read(ask(environment={**base, name: low})[1]) == low
    assert read(ask(flag, high, environment={**base, name: low})[1]) == high
    plain, empty = ask(environment=base)[1], ask(environment={**base, name: ""})[1]
    assert read(plain) == read(empty)
    assert set(plain) == {"cloud", "compute", "network", "tags", "tagPairs", "snapshot"}
    assert plain["snapshot"]["apiVersion"] == NEWEST


def test_endpoint_order(base: dict[str, str], serving: Serving, fresh: Serving) -> None:
    """The flag `--endpoint` beats the variable, which is then not asked."""
    serve_document(serving, DOCUMENTS["plain"])
    assert ask("--endpoint", serving.endpoint, environment=base)[1]["snapshot"]["endpoint"] == serving.endpoint
    assert fresh.asked == []
    assert ask(environment=base)[1]["snapshot"]["endpoint"] == fresh.endpoint


def test_explicit_version_is_not_negotiated_away(base: dict[str, str], fresh: Serving) -> None:
    """An explicit api-version is asked and no other, whatever IMDS offers."""
    fresh.answers["instance"] = Answer(400, b'{"error":"Bad request.","newest-versions":["2021-01-01"]}')
    assert ask("--api-version", "2021-02-01", environment=base) == (7, None)
    assert {path for path, _headers in fresh.asked} == {"/metadata/instance?api-version=2021-02-01"}


@pytest.mark.parametrize(("ttl", "requests"), [(None, 1), ("", 1), ("60", 1), ("0", 2)])
def test_cache_ttl(base: dict[str, str], fresh: Serving, ttl: str | None, requests: int) -> None:
    """Within `cache_ttl` one request serves two collections; with 0 each asks; the default is fresh for a minute."""
    environment = base if ttl is None else {**base, "AZURE_IMDS_CACHE_TTL": ttl}
    grains = [ask(environment=environment)[1] for _ in range(2)]
    assert len(fresh.asked) == requests
    # The grain does not tell a cached answer from a fresh one: an unchanged VM has an unchanged grain.
    assert grains[0] == grains[1]
    assert grains[0]["snapshot"]["source"] == "imds"


def test_cache_ttl_flag_beats(base: dict[str, str], fresh: Serving) -> None:
    """`--cache-ttl 0` beats a variable that would take the cache."""
    for _ in range(2):
        ask("--cache-ttl", "0", environment={**base, "AZURE_IMDS_CACHE_TTL": "60"})
    assert len(fresh.asked) == 2


def test_cache_dir(base: dict[str, str], tmp_path: Path) -> None:
    """The flag `--cache-dir` beats the variable; directory and files are their owner's alone."""
    ask("--cache-dir", str(tmp_path / "other"), environment=base)
    assert not (tmp_path / "cache").exists()
    assert (tmp_path / "other").stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o777 for path in (tmp_path / "other").iterdir()} == {0o600}


def test_timeout(base: dict[str, str], fresh: Serving) -> None:
    """`timeout` bounds the whole collection; the flag beats the variable."""
    fresh.answers["instance"] = Answer(429, b"Too many requests")
    done = command("facts", "--timeout", "0.3", environment={**base, "AZURE_IMDS_TIMEOUT": "25"})
    assert done.returncode == 5
    assert len(fresh.asked) <= 3


def test_detect(base: dict[str, str], fresh: Serving) -> None:
    """Another endpoint implies `skip`, unless `detect` is explicit."""
    assert ask(environment=base)[0] == 0
    assert ask("--detect", "skip", environment={**base, "AZURE_IMDS_DETECT": "auto"})[0] == 0
    told = ask("--cache-ttl", "0", environment={**base, "AZURE_IMDS_DETECT": "auto"})[0]
    assert told == (0 if is_azure() else 3)


def is_azure() -> bool:
    """Tell whether the machine that runs the tests says that it is an Azure VM (section 7)."""
    try:
        return (
            Path("/sys/class/dmi/id/chassis_asset_tag").read_text(encoding="ascii").strip()
            == "7783-7084-3265-9085-8269-3286-77"
        )
    except OSError:
        return Path("/var/lib/waagent").exists()


@pytest.mark.parametrize("value", ["1", "true", "yes", "on"])
def test_disabled(base: dict[str, str], fresh: Serving, tmp_path: Path, value: str) -> None:
    """The switch turns the program off, and nothing is touched; usage errors come first."""
    assert ask(environment={**base, "AZURE_IMDS_DISABLED": value}) == (3, None)
    assert (fresh.asked, (tmp_path / "cache").exists()) == ([], False)
    assert ask("--gather", "foo", environment={**base, "AZURE_IMDS_DISABLED": value}) == (2, None)


@pytest.mark.parametrize("value", ["", "0", "no", "false", "off"])
def test_not_disabled(base: dict[str, str], value: str) -> None:
    """Any other value of the switch turns nothing off."""
    assert ask(environment={**base, "AZURE_IMDS_DISABLED": value})[0] == 0


def test_gather_all(base: dict[str, str], fresh: Serving) -> None:
    """`all` gathers every category."""
    fresh.answers |= {
        "loadbalancer": Answer(body=b'{"loadbalancer":{}}'),
        "identity/info": Answer(body=b'{"tenantId":"t"}'),
    }
    fresh.answers["scheduledevents"] = Answer(body=b'{"DocumentIncarnation":1,"Events":[]}')
    grain = ask("--gather", "all", environment=base)[1]
    assert {"compute", "network", "tags", "loadBalancer", "scheduledEvents", "identity"} < set(grain)
    assert grain["snapshot"]["missing"] == []


def test_no_proxy_is_asked(base: dict[str, str], fresh: Serving, serving: Serving) -> None:
    """Proxies of the environment see nothing, in whatever case they are named."""
    serving.asked.clear()
    names = [name for stem in ("http", "https", "all") for name in (f"{stem}_proxy", f"{stem}_PROXY".upper())]
    assert ask(environment={**base, **dict.fromkeys(names, serving.endpoint)})[0] == 0
    assert (serving.asked, len(fresh.asked)) == ([], 1)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_no_redirect_is_followed(base: dict[str, str], fresh: Serving, serving: Serving, status: int) -> None:
    """A redirect is `invalid`, and where it leads nobody is asked."""
    serve_document(serving, DOCUMENTS["plain"])
    serving.asked.clear()
    fresh.answers["instance"] = Answer(status, b"", {"Location": f"{serving.endpoint}/metadata/instance"})
    assert ask(environment=base) == (8, None)
    assert serving.asked == []


def test_headers(base: dict[str, str], fresh: Serving) -> None:
    """Every attempt says `Metadata: true`, who asks and which request it is, and nothing of a proxy."""
    fresh.answers["instance"] = Answer(429, b"")
    ask("--timeout", "1.5", environment=base)
    assert len(fresh.asked) > 1
    for path, headers in fresh.asked:
        assert (path.partition("?")[0], headers["Metadata"], headers["X-Forwarded-For"]) == (
            "/metadata/instance",
            "true",
            None,
        )
        assert "azure-imds-facts/" in headers["User-Agent"]
        assert headers["x-ms-client-request-id"]
