# SPDX-License-Identifier: Apache-2.0
"""Machines of Azure Arc: which are, and whose listener is asked, read from the contract alone (sections 3, 4 and 7)."""

from __future__ import annotations

import ipaddress
import itertools
import json
import random
import sys
from pathlib import Path

import pytest
from azure_imds_facts.core.collector import collect
from azure_imds_facts.core.errors import ImdsError, NotAzureError
from azure_imds_facts.core.facts import build_facts
from azure_imds_facts.core.host import Host, find_imds
from azure_imds_facts.core.reporter import Reporter
from azure_imds_facts.core.salt_spelling import spell_salt
from azure_imds_facts.core.settings import build_settings
from azure_imds_facts.core.transport import Response

from tests.support.clocks import ManualClock
from tests.support.documents import build_arc_document

from .asking import dump
from .reference import Circumstances, build_grain

AZURE_TAG = "7783-7084-3265-9085-8269-3286-77"
NAMED = "http://127.0.0.1:8080"
ADDRESS, PORT = ipaddress.IPv4Address("127.0.0.1"), 40342


def read_platform(
    tag: str, *, is_installed: bool, variables: int, switch: str, detect: str, endpoint: str, traces: bool
) -> str:
    """Say what section 7 makes of a machine: `vm`, `arc`, or `not_azure`. `variables`: how many of the two are set."""
    if (detect or ("skip" if endpoint else "auto")) == "skip" or tag == AZURE_TAG:
        return "vm"
    is_left_alone = switch.lower() in ("0", "false", "no", "off")
    if (is_installed or variables == 2) and not is_left_alone and not endpoint:
        return "arc"
    return "vm" if traces and not tag else "not_azure"


@pytest.mark.parametrize("tag", [AZURE_TAG, "RACK-07", ""])
@pytest.mark.parametrize("is_installed", [True, False])
@pytest.mark.parametrize("variables", [0, 1, 2])
@pytest.mark.parametrize("switch", ["", "0", "OFF", "1", "no"])
def test_platform(tag: str, is_installed: bool, variables: int, switch: str, tmp_path: Path) -> None:
    """For every mixture of signs and settings the machine is what the contract says, and the address follows from that."""
    (tmp_path / "chassis_asset_tag").write_text(tag)
    for name, is_there in (("himds", is_installed), ("waagent", True)):
        if is_there:
            (tmp_path / name).touch()
    signs = {"IMDS_ENDPOINT": "http://10.0.0.1:1", "IDENTITY_ENDPOINT": "http://10.0.0.2:2"}
    for detect, endpoint, traces in itertools.product(("", "auto", "skip"), ("", NAMED), (True, False)):
        host = Host(
            dmi_dir=str(tmp_path),
            cloud_id=str(tmp_path / "none"),
            agent_dir=str(tmp_path / ("waagent" if traces else "none")),
            arc_agent=str(tmp_path / "himds"),
        )
        environ = {"AZURE_IMDS_ARC": switch, "AZURE_IMDS_DETECT": detect, "AZURE_IMDS_ENDPOINT": endpoint}
        wanted = read_platform(
            tag,
            is_installed=is_installed,
            variables=variables,
            switch=switch,
            detect=detect,
            endpoint=endpoint,
            traces=traces,
        )
        try:
            found, _uuid = find_imds(build_settings({}, {**environ, **dict(list(signs.items())[:variables])}), host)
        except NotAzureError:
            assert wanted == "not_azure", environ
            continue
        address = "http://127.0.0.1:40342" if wanted == "arc" else endpoint or "http://169.254.169.254"
        assert (found.platform, found.endpoint) == (wanted, address), environ


def pack(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> str:
    """Spell an address as /proc/net/tcp and tcp6 do: words of 32 bits, as numbers of this machine."""
    packed = address.packed
    words = [packed[start : start + 4] for start in range(0, len(packed), 4)]
    return "".join(f"{int.from_bytes(word, sys.byteorder):08X}" for word in words)


def takes(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    """Say whether a socket that listens at an address could take a connection to 127.0.0.1 (section 7)."""
    if isinstance(address, ipaddress.IPv6Address):
        if address.is_unspecified:
            return True
        mapped = address.ipv4_mapped
        return mapped is not None and (mapped == ADDRESS or mapped.is_unspecified)
    return address == ADDRESS or address.is_unspecified


FOUR = ["127.0.0.1", "0.0.0.0", "127.0.0.2", "10.1.0.4", "127.1.0.1", "1.0.0.126"]
SIX = ["::", "::1", "::ffff:127.0.0.1", "::ffff:0.0.0.0", "::ffff:10.1.0.4", "fe80::1", "2001:db8::7f00:2", "fd00::"]
ADDRESSES = [ipaddress.ip_address(text) for text in (*FOUR, *SIX)]


@pytest.mark.parametrize("seed", range(300))
def test_listener(seed: int, tmp_path: Path) -> None:
    """Whatever sockets there are, the agent is asked only where all that could take the address are root's or himds's."""
    chance = random.Random(seed)  # noqa: S311  sockets of a test
    sockets = [
        (
            chance.choice(ADDRESSES),
            chance.choice([PORT, PORT, PORT, 80, 40341]),
            chance.choice(["0A", "0A", "0A", "01", "06"]),
            chance.choice([0, 997, 997, 1000, 65534]),
        )
        for _number in range(chance.randint(0, 4))
    ]
    for name, kind in (("tcp", ipaddress.IPv4Address), ("tcp6", ipaddress.IPv6Address)):
        rows = [
            f"{number:4}: {pack(address)}:{port:04X} {'0' * len(pack(address))}:0000 {state}"
            f" 00000000:00000000 00:00000000 00000000 {uid:5}        0 {chance.randint(1, 99999)} 1 0000000000000000 100 0"
            for number, (address, port, state, uid) in enumerate(sockets)
            if isinstance(address, kind)
        ]
        (tmp_path / name).write_text("\n".join(["  sl  local_address rem_address   st", *rows, ""]))
    (tmp_path / "passwd").write_text("root:x:0:0::/:/bin/sh\nhimds:x:997:997::/:/bin/false\n")
    owners = {uid for address, port, state, uid in sockets if takes(address) and port == PORT and state == "0A"}
    host = Host(sockets=str(tmp_path / "tcp"), users=str(tmp_path / "passwd"))
    assert (host.describe_stranger() == "") == (bool(owners) and owners <= {0, 997}), sockets


class Agent:
    """An agent that knows some api-versions, as far as section 4 says what follows."""

    def __init__(self, known: str, status: int) -> None:
        self.known, self.status = known, status
        self.asked: list[str] = []

    def fetch(self, url: str, *_arguments: object, **_options: object) -> Response:
        """Answer as the agent, or refuse."""
        self.asked.append(url)
        if url.endswith(f"/metadata/instance?api-version={self.known}"):
            return Response(status=200, headers={}, body=json.dumps(build_arc_document()).encode())
        return Response(status=self.status, headers={}, body=b'{"error": "Bad request"}')

    def close(self) -> None:
        """Do nothing."""


@pytest.mark.parametrize("status", [400, 404, 500])
@pytest.mark.parametrize("known", ["2020-06-01", "2019-11-01", "2017-08-01", "2021-02-01"])
def test_facts(known: str, status: int, tmp_path: Path) -> None:
    """Its versions are tried in order, and its document's facts are those of the reference, `platform` arc."""
    (tmp_path / "himds").touch()
    (tmp_path / "tcp").write_text(
        f"   0: {pack(ADDRESS)}:9D96 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1 1 0\n"
    )
    host = Host(dmi_dir=str(tmp_path / "none"), arc_agent=str(tmp_path / "himds"), sockets=str(tmp_path / "tcp"))
    agent = Agent(known, status)
    settings = build_settings({"cache_dir": str(tmp_path / "cache"), "timeout": 1}, {})
    versions = ["2020-06-01", "2019-11-01", "2017-08-01"]
    wanted = [f"http://127.0.0.1:40342/metadata/instance?api-version={version}" for version in versions]
    if known not in versions:
        with pytest.raises(ImdsError) as caught:
            collect(settings, open_transport=lambda: agent, host=host, clock=ManualClock())
        assert caught.value.outcome == ("rejected" if status == 400 else "unavailable")
        assert agent.asked[:3] == wanted
        assert set(agent.asked) == set(wanted)
        return
    snapshot = collect(settings, open_transport=lambda: agent, host=host, clock=ManualClock())
    assert agent.asked == wanted[: versions.index(known) + 1]
    told = spell_salt(build_facts(snapshot, reporter=Reporter()))["azure_imds"]
    said = {"platform": "arc", "endpoint": "http://127.0.0.1:40342", "apiVersion": known, "source": "imds"}
    own = ("fetchedAt", "ageSeconds", "bootId")
    known_there = {name: told["snapshot"][name] for name in own if name in told["snapshot"]}
    how = Circumstances(
        local_address="", snapshot={**said, **known_there, "vmIdVerified": None, "proxyAgent": False, "missing": []}
    )
    assert dump(told) == dump(build_grain(build_arc_document(), how))
