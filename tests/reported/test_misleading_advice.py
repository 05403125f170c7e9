# SPDX-License-Identifier: Apache-2.0
"""Reported: "doctor told me to remove the one route that worked", "doctor called a broken route ok", "DHCP? It is up"."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

FACTS = Path(__file__).parents[2] / "facts"
IMDS = "169.254.169.254"
DOCTOR = (sys.executable, "-m", "azure_imds_facts", "doctor", "--format", "json", "--detect", "skip", "--timeout", "1")

pytestmark = pytest.mark.skipif(
    os.geteuid() != 0 or not all(map(shutil.which, ("unshare", "nsenter", "ip"))),
    reason="needs root, unshare, nsenter and ip to make network namespaces of its own",
)

# A VM with eth0, the primary interface, and eth1 in one namespace, Azure's network in another: IMDS is there, and has
# no way back to what does not come from eth0's address.
NETWORK = f"""
unshare -n sleep 60 & host=$!
while [ "$(readlink /proc/$host/ns/net)" = "$(readlink /proc/$$/ns/net)" ]; do sleep 0.02; done
trap 'kill $host $imds 2>/dev/null' EXIT
inside() {{ nsenter -t $host -n "$@"; }}
ip link set lo up
for number in 0 1; do
    ip link add eth$number type veth peer name azure$number netns $host
    ip addr add 10.$((number + 1)).0.4/24 dev eth$number
    ip link set eth$number up
    inside ip link set azure$number up
done
inside ip addr add 10.1.0.1/24 dev azure0
inside ip addr add 10.2.0.1/32 dev azure1
inside ip link set lo up
inside ip addr add {IMDS}/32 dev lo
imds=
"""
SERVE = f"""
inside "$PYTHON" -m azure_imds_facts emulate --quiet --bind {IMDS} --allow-remote --port 80 --rate-limit 0 > "$OUT" 2>&1 & imds=$!
until grep -q http "$OUT"; do sleep 0.05; done
"""
DEFAULT_OVER_SECONDARY = "ip route add default via 10.2.0.1 dev eth1 onlink\n"
DEFAULT_OVER_PRIMARY = "ip route add default via 10.1.0.1 dev eth0\n"


def _diagnose(script: str, tmp_path: Path) -> dict[str, Any]:
    """Run the doctor on a VM whose routes a script sets up; return check → finding."""
    clean = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
    environ = {**clean, "PYTHONPATH": str(FACTS), "PYTHON": sys.executable, "OUT": str(tmp_path / "imds")}
    whole = f'{NETWORK}\n{script}\n"$@"'
    probe = subprocess.run(
        ["unshare", "-n", "sh", "-ec", NETWORK, "sh"], env=environ, capture_output=True, check=False, text=True
    )
    if probe.returncode:
        pytest.skip(f"interfaces cannot be made here: {probe.stderr.strip()}")
    done = subprocess.run(
        ["unshare", "-n", "sh", "-ec", whole, "sh", *DOCTOR, "--cache-dir", str(tmp_path / "cache")],
        env=environ, capture_output=True, check=False, timeout=60, text=True,
    )  # fmt: skip
    answer = json.loads(done.stdout)
    return {"outcome": answer["outcome"], **{finding["check"]: finding for finding in answer["checks"]}}


def _is_harmless(fix: str) -> bool:
    return not any(word in fix.lower() for word in ("remove", "delete", "del ", "replace", "flush", "down"))


def test_the_route_that_works_was_to_be_removed(tmp_path: Path) -> None:
    """Default over the secondary interface, IMDS over the primary one, and IMDS answers: all is well."""
    found = _diagnose(DEFAULT_OVER_SECONDARY + f"ip route add {IMDS}/32 via 10.1.0.1 dev eth0\n" + SERVE, tmp_path)
    assert (found["outcome"], found["answer"]["verdict"]) == ("ok", "ok")
    assert found["route"]["verdict"] == "ok"
    assert found["route"]["text"] == f"Requests to {IMDS} leave from 10.1.0.4 through eth0, and are answered."
    assert found["route"]["fix"] == ""


def test_a_policy_rule_is_no_mistake(tmp_path: Path) -> None:
    """A table of its own for IMDS, as routing by rules makes it, is named by what the kernel does."""
    rules = f"ip route add default via 10.1.0.1 dev eth0 table 77\nip rule add to {IMDS} lookup 77\n"
    found = _diagnose(DEFAULT_OVER_SECONDARY + rules + SERVE, tmp_path)
    assert (found["outcome"], found["route"]["verdict"]) == ("ok", "ok")
    assert "from 10.1.0.4 through eth0" in found["route"]["text"]


def test_the_real_mistake_was_called_ok(tmp_path: Path) -> None:
    """Default over the secondary interface and no route of IMDS's own: found, with what to do."""
    found = _diagnose(DEFAULT_OVER_SECONDARY + SERVE, tmp_path)
    assert (found["outcome"], found["route"]["verdict"]) == ("unreachable", "bad")
    assert "through eth1, as everything else does, from 10.2.0.4, and nothing answers" in found["route"]["text"]
    assert "eth0 (10.1.0.4)" in found["route"]["text"]
    assert f"If that is eth0, let a route to {IMDS}/32 go through it." in found["route"]["fix"]
    assert _is_harmless(found["route"]["fix"])


def test_the_fix_is_one(tmp_path: Path) -> None:
    """Who does what the advice says gets facts."""
    advised = f"ip route replace {IMDS}/32 dev eth0\ninside ip route add 10.1.0.4/32 dev azure0\n"
    proxied = "inside sh -c 'echo 1 > /proc/sys/net/ipv4/conf/azure0/proxy_arp'\n"
    found = _diagnose(DEFAULT_OVER_SECONDARY + advised + proxied + SERVE, tmp_path)
    assert (found["outcome"], found["route"]["verdict"]) == ("ok", "ok")


def test_a_route_over_the_wrong_interface(tmp_path: Path) -> None:
    """A route of IMDS's own over the secondary interface is found too."""
    wrong = f"ip route add {IMDS}/32 via 10.2.0.1 dev eth1 onlink\n"
    found = _diagnose(DEFAULT_OVER_PRIMARY + wrong + SERVE, tmp_path)
    assert found["route"]["verdict"] == "bad"
    assert "through eth1, while everything else leaves through eth0" in found["route"]["text"]
    assert _is_harmless(found["route"]["fix"])


def test_imds_is_down_and_the_route_is_right(tmp_path: Path) -> None:
    """Where nothing answers over the right route, the advice cuts nothing off: it leaves open which interface is primary."""
    found = _diagnose(DEFAULT_OVER_SECONDARY + f"ip route add {IMDS}/32 via 10.1.0.1 dev eth0\n", tmp_path)
    assert found["outcome"] == "unreachable"
    assert _is_harmless(found["route"]["fix"])
    assert found["route"]["verdict"] == "ok" or "If that is eth1" in found["route"]["fix"]


def test_a_bridge_of_containers_is_no_primary_interface(tmp_path: Path) -> None:
    """One network interface beside docker0, and IMDS is silent: the route is not to blame."""
    bridge = "ip link del eth1\nip link add docker0 type bridge\nip addr add 172.17.0.1/16 dev docker0\nip link set docker0 up\n"
    silent = f"inside ip route add blackhole 10.1.0.4/32\n{SERVE}"
    found = _diagnose(DEFAULT_OVER_PRIMARY + bridge + silent, tmp_path)
    assert (found["outcome"], found["route"]["verdict"]) == ("unreachable", "ok")
    assert "docker0" not in found["route"]["text"]


@pytest.mark.parametrize(
    ("command", "told"),
    [
        (f"route add prohibit {IMDS}/32", f"A route or rule of type prohibit forbids requests to {IMDS}."),
        (f"route add blackhole {IMDS}/32", f"A route or rule of type blackhole swallows requests to {IMDS}."),
        (f"route add unreachable {IMDS}/32", f"A route or rule of type unreachable turns requests to {IMDS} away."),
        (f"rule add to {IMDS} prohibit", f"A route or rule of type prohibit forbids requests to {IMDS}."),
        (f"rule add to {IMDS} blackhole", f"A route or rule of type blackhole swallows requests to {IMDS}."),
        (f"rule add to {IMDS} unreachable", f"A rule keeps requests to {IMDS} from the route through eth0."),
    ],
)
def test_a_route_that_forbids_got_the_advice_of_dhcp(command: str, told: str, tmp_path: Path) -> None:
    """What forbids it is named, and what shows it; the interface is up."""
    found = _diagnose(f"{DEFAULT_OVER_PRIMARY}ip {command}\n{SERVE}", tmp_path)
    assert (found["outcome"], found["route"]["verdict"]) == ("unreachable", "bad")
    assert found["route"]["text"] == told
    assert "DHCP" not in found["route"]["fix"]
    assert "ip -4 route show table all" in found["route"]["fix"]


def test_without_any_route(tmp_path: Path) -> None:
    """No route at all is what DHCP brings."""
    found = _diagnose("true", tmp_path)
    assert found["route"]["text"] == f"No route to {IMDS}: network is unreachable."
    assert "DHCP" in found["route"]["fix"]
