# SPDX-License-Identifier: Apache-2.0
"""Odd documents, written by hand: name → document."""

from __future__ import annotations

from typing import Any

from .clouds import ENVIRONMENTS, REGIONS


def interface(mac: Any, private: str, public: str = "", *, v6: str = "", public6: str = "", subnet: Any = None) -> Any:
    """Build an interface as IMDS writes it."""
    return {
        "macAddress": mac,
        "ipv4": {
            "ipAddress": [{"privateIpAddress": private, "publicIpAddress": public}],
            "subnet": [{"address": "10.1.0.0", "prefix": "24"}] if subnet is None else subnet,
        },
        "ipv6": {"ipAddress": [{"privateIpAddress": v6, "publicIpAddress": public6}] if v6 else []},
    }


def nics(*interfaces: Any, **compute: Any) -> dict[str, Any]:
    """Build a document of interfaces."""
    return {"compute": {"vmId": "1", **compute}, "network": {"interface": list(interfaces)}}


def only(**compute: Any) -> dict[str, Any]:
    """Build a document of `compute`, and a network without interfaces."""
    return {"compute": compute, "network": {}}


def tagged(*pairs: tuple[str, str]) -> dict[str, Any]:
    """Build a document with a `tagsList`."""
    return only(tagsList=[{"name": name, "value": value} for name, value in pairs])


FIRST = interface("000D3AF806EC", "10.1.0.4", "20.1.2.3")
DOCUMENTS: dict[str, dict[str, Any]] = {
    "plain": nics(FIRST, vmSize="Standard_D2s_v5", azEnvironment="AzurePublicCloud", location="westeurope"),
    "deep objects": only(storageProfile={"osDisk": {"diskSizeGB": "30", "image": {"uri": ""}}, "dataDisks": []}),
    "objects in lists in lists": only(
        dataDisks=[[{"diskSizeGB": "1", "a b": [{"xY": {}}]}], {"managedDisk": {"iD": "x"}}]
    ),
    "primitive kinds": only(a=1, b=1.5, c=True, d=None, e="", f="1", g=[None, 0, False], h=-0.0, i=10**30),
    "empty objects": only(a={}, b={"c": {}}, d=[{}], e={"f": {}, "g": "1"}),
    "names that meet": only(vmId="1", vm_id="2", **{"VM-Id": "3"}, other="kept"),
    "names that meet after joining": only(osDisk={"name": "1"}, os={"diskName": "2"}, os_disk={"size": "3"}),
    "an object and a leaf": only(a={"b": "1"}, A="2", **{"a-b": "3"}),
    "three that meet": only(aB="1", a_b="2", a={"b": "3"}, ab="4"),
    "keys that meet in a list": only(disks=[{"aB": "1", "a_b": "2", "c": "3"}, {"aB": "4"}]),
    "keys that meet with an empty object": only(disks=[{"aB": {}, "a_b": "2"}], aB={}, a_b="kept"),
    "nothing left of a name": only(
        **{"é": "1", "": "2", "___": {"a": "3"}, "b": {"日本": "4", "c": "5"}, "l": [{"é": 1}]}
    ),
    "humps": only(
        **{n: n for n in ("VMId", "diskSizeGB", "IPv4Address", "aB1C2", "x509Cert", "ABc", "éA", "aÉB", "_a_", "a  B")}
    ),
    "dotless": only(İstanbul="1", ſecret="2", ßX="3"),
    "top-level strangers": {**nics(FIRST), "extended": {"compute": {"x": 1}}, "userData": "no", "z": None},
    "network strangers": {"compute": {"vmId": "1"}, "network": {"interface": [], "dns": {"x": "y"}, "macAddress": "z"}},
    "null compute": {"compute": None, "network": {"interface": [FIRST]}},
    "null network": {"compute": {"vmId": "1"}, "network": None},
    "no interface key": {"compute": {"vmId": "1"}, "network": {}},
    "empty compute": {"compute": {}},
    "own address second": nics(FIRST, interface("00:0d:3a:f8:06:ed", "127.0.0.1", "20.9.9.9")),
    "own address twice": nics(interface("A", "127.0.0.1"), interface("B", "127.0.0.1")),
    "own address second of two": nics(
        FIRST,
        {
            "macAddress": "aa-bb-cc-dd-ee-ff",
            "ipv4": {"ipAddress": [{"privateIpAddress": a} for a in ("10.0.0.9", "127.0.0.1")]},
        },
    ),
    "own address only public": nics(FIRST, interface("B", "10.1.0.5", "127.0.0.1")),
    "ipv6": nics(
        interface("000D3AF806EC", "10.1.0.4", v6="ace:cab::1", public6="2603::1"), interface("1", "", v6="fd00::2")
    ),
    "strangers among interfaces": nics(None, "x", 5, [FIRST], interface("000d3a-f806ec", "10.1.0.7"), {}),
    "interface strangers": nics({**FIRST, "isPrimary": True, "dnsServers": [{"ipAddr": "1"}], "adminUsername": "no"}),
    "subnets": nics(
        interface("", "1.2.3.4", subnet=[]), interface("", "", subnet=[{"address": "10.2.0.0", "prefix": "16"}])
    ),
    "subnet prefix empty": nics(
        interface("A", "1.2.3.4", subnet=[{"address": "10.2.0.0", "prefix": ""}, {"address": "1.0.0.0", "prefix": "8"}])
    ),
    "subnet prefix missing": nics(interface("A", "1.2.3.4", subnet=[{"address": "10.2.0.0"}])),
    "subnet address missing": nics(interface("A", "1.2.3.4", subnet=[{"prefix": "24"}])),
    "no ipv4": nics(
        {"macAddress": "000d3af806ec", "ipv4": None, "ipv6": {}}, {"ipv4": {"ipAddress": None, "subnet": None}}
    ),
    "several addresses": nics(
        {
            "ipv4": {
                "ipAddress": [{"privateIpAddress": "", "publicIpAddress": "1.1.1.1"}, {"privateIpAddress": "10.0.0.2"}]
            }
        }
    ),
    "tag list": tagged(("Cost Center", "a=b"), ("ns:team", "core:x;y"), ("Größe", "ä"), ("", "empty"), ("e", "")),
    "tag names that meet": tagged(("cost-center", "1"), ("cost_center", "2"), ("CostCenter", "3"), ("other", "4")),
    "tags that look like variables": tagged(
        ("ansible_connection", "local"), ("azure_imds_cloud", "x"), ("os", "y"), ("__class__", "z")
    ),
    "tags without a flat name": tagged(("日本", "1"), ("---", "2"), ("userData", "kept"), ("publicKeys", "kept")),
    "tag names twice": tagged(("a", "1"), ("b", "2"), ("a", "3")),
    "tag list strangers": only(
        tagsList=[
            None,
            "x",
            [],
            {},
            {"name": "a"},
            {"value": "b"},
            {"name": 1, "value": "c"},
            {"name": "d", "value": None},
            {"name": "ok", "value": "v", "more": 1},
        ]
    ),
    "empty tag list beats": only(tagsList=[], tags="a:b"),
    "tag list beats": only(tagsList=[{"name": "x", "value": "y"}], tags="a:b:c;d"),
    "tag list an object": only(tagsList={"a": "b"}, tags="c:d"),
    "tag list null": only(tagsList=None, tags="c:d"),
    "tag list a string": only(tagsList="e:f", tags="c:d;c:e"),
    "tag string": only(tags="a:b; c : d ;;x;ns:team:core;:v;é:ü;"),
    "tag string unambiguous": only(tags="a:b;c:;:d"),
    "tag string of colons": only(tags=":::;;:"),
    "tag string empty": only(tags=""),
    "tag string null": only(tags=None, name="x"),
    "tags elsewhere": only(Tags="a:b", TagsList=[1], osProfile={"tags": "c:d", "tagsList": []}),
    "control characters": only(name="a\nb\tc\x00d\x7fe\x85f\u2028g\ufeff", tags="k\n:v'\"$(x)`\\;😀:🏴"),
    "sensitive anywhere": only(
        userData="no",
        USERDATA="no",
        osProfile={"adminUsername": "no", "x": "y"},
        publicKeys=[{"keyData": "no"}],
        a=[[{"KeyURL": "no", "b": 1}]],
        secreturl={"c": 1},
    ),
    "sensitive alone in an object": only(osProfile={"adminUsername": "no"}, l=[{"customData": "no"}]),
}
DOCUMENTS |= {f"azEnvironment {value!r}": only(azEnvironment=value, location="chinaeast") for value in (
    "", None, " ", "azurepubliccloud", "AzureUSNatCloud", "AzureUSSecCloud", "Unknown", "public", 5, False, 0, [], {}, " AzureCloud", "AZURESTACK",
)}  # fmt: skip
DOCUMENTS |= {f"location {value!r}": only(location=value) for value in (
    "West Europe", "CentralUS", "  east us 2 ", "eastus3", "xeastus", "usnateast", "ussecwest", "", None, 7, ["eastus"], "US Gov Virginia", "usdod", "orlando",
)}  # fmt: skip
DOCUMENTS |= {
    f"environment {name}": only(azEnvironment=name, location="x") for names in ENVIRONMENTS.values() for name in names
}
DOCUMENTS |= {
    f"environment {name.upper()}": only(azEnvironment=name.upper()) for names in ENVIRONMENTS.values() for name in names
}
DOCUMENTS |= {f"region {name}": only(location=name) for names in REGIONS.values() for name in names}
DOCUMENTS |= {f"mac {mac!r}": nics({"macAddress": mac}) for mac in (
    "000D3AF806EC", "00:0D:3A:F8:06:EC", "00-0d-3a-f8-06-ec", "000d.3af8.06ec", "000D3AF806E", "000D3AF806ECC", "000D3AF806EG",
    "000D3AF806EC\n", " 000D3AF806EC", "0:0D:3A:F8:06:EC", "٠٠0D3AF806EC", "",
)}  # fmt: skip
