# SPDX-License-Identifier: Apache-2.0
"""The flags of the command `emulate`, and the settings that they and a scenario make together."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from azure_imds_facts.emulator.endpoints.loadbalancer import LOAD_BALANCERS
from azure_imds_facts.emulator.errors import EmulatorError, choices
from azure_imds_facts.emulator.quantities import parse_duration, parse_number
from azure_imds_facts.emulator.vm.clouds import CLOUDS
from azure_imds_facts.emulator.vm.event_plans import EVENT_OPTIONS, parse_event
from azure_imds_facts.emulator.vm.events import EVENT_KINDS
from azure_imds_facts.emulator.vm.profiles import VMS

from .documents import read_document
from .scenario import read_scenario
from .table import ERAS, Settings, check_port

if TYPE_CHECKING:
    import argparse

__all__ = ["add_arguments", "read_settings"]

Fields = dict[str, Any]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the flags of the command."""
    parser.description = (
        "Serve an Azure Instance Metadata Service on this machine, for tests and demonstrations."
        " With a command after --, run it where 169.254.169.254 is this emulator."
    )
    _add_machine(parser.add_argument_group("the machine"))
    _add_service(parser.add_argument_group("how IMDS behaves"))
    _add_identity(parser.add_argument_group("the other endpoints"))
    _add_running(parser.add_argument_group("where it runs"))
    parser.add_argument("child", nargs="*", metavar="COMMAND", help="after --: a command to run at the real address")


def _add_machine(group: Any) -> None:
    add = group.add_argument
    add("--scenario", metavar="FILE", help="YAML file with any of these settings; flags are laid over it")
    add("--cloud", metavar="NAME", help=f"{choices(CLOUDS)} (default: public)")
    add("--vm", metavar="NAME", action="append", help=f"{choices(VMS)}; may be repeated (default: linux)")
    add("--document", metavar="FILE", help="JSON document to serve instead of the example machine's")
    add("--raw", action="store_true", help="serve the document as it is, byte for byte, in every version")
    add("--set", metavar="PATH=VALUE", action="append", default=[], help="set a field: compute.zone=2")
    add("--tag", metavar="NAME=VALUE", action="append", default=[], help="add or change a tag")


def _add_service(group: Any) -> None:
    add = group.add_argument
    add("--versions", metavar="LIST", help="api-versions it knows, separated by commas (default: the cloud's)")
    add("--era", metavar="ERA", help=f"how a wrong api-version is refused: {choices(ERAS)} (default: now)")
    add("--rate-limit", metavar="N", help="requests a second, 0 for no limits at all (default: 5)")
    add("--identity-rate-limit", metavar="N", help="identity requests a second (default: 20)")
    add("--retry-after", metavar="TIME", help="Retry-After of a 429 (default: none is sent)")
    add("--fault", metavar="[PATH=]SCRIPT", action="append", default=[], help="fail as told: 410*3,500,hang")


def _add_identity(group: Any) -> None:
    add = group.add_argument
    add("--load-balancer", metavar="NAME", help=f"stand behind one: {choices(LOAD_BALANCERS)}, or a JSON file")
    add("--identity", metavar="NAME", action="append", help="system, none, or a name; may be repeated")
    add("--tenant-id", metavar="GUID", help="the identities' tenant (default: a made-up one)")
    add("--token-lifetime", metavar="TIME", help="how long a token is valid (default: 24h)")
    add(
        "--event",
        metavar="TYPE[:OPTION=VALUE]",
        action="append",
        default=[],
        help=f"plan a scheduled event: {choices(EVENT_KINDS)}, with {choices(EVENT_OPTIONS)}",
    )
    add("--event-clock", metavar="N", help="let events go by N times faster (default: 1)")
    add("--events-delay", metavar="TIME", help="delay of the first answer about events (default: 0s)")
    add("--export-keys", metavar="DIR", help="write the public keys and certificates there")


def _add_running(group: Any) -> None:
    add = group.add_argument
    add("--port", metavar="N", help="port to listen on (default: a free one)")
    add("--bind", metavar="ADDRESS", help="address to listen on (default: 127.0.0.1)")
    add("--allow-remote", action="store_true", help="allow --bind to an address that is not loopback")
    add("--control", metavar="SOCKET", help="Unix socket through which the emulator can be changed")
    add("--change", metavar="JSON", help="change the emulator at --control, print its state and end")
    add("--log", metavar="FILE", help="one line a request there (default: standard error; none with a command)")
    add("--quiet", action="store_true", help="no line a request")
    add("-v", "--verbose", action="store_true", help="a line a request on standard error around a command too")


def read_settings(arguments: argparse.Namespace) -> Settings:
    """Lay the flags over the scenario: single values replace it, repeatable ones come after it.

    Raises:
        EmulatorError: a flag or the file that it names is wrong.
    """
    scenario = read_scenario(arguments.scenario) if arguments.scenario else {}
    fields = {**scenario, **_read_single(arguments), **_read_machine(arguments, scenario)}
    for name, added in _read_repeated(arguments).items():
        fields[name] = (*scenario.get(name, ()), *added)
    return Settings(**fields)


def _read_single(arguments: argparse.Namespace) -> Fields:
    readers = {
        "cloud": str,
        "era": str,
        "bind": str,
        "port": check_port,
        "tenant_id": str,
        "control": str,
        "export_keys": str,
        "versions": lambda text: tuple(text.split(",")),
        "rate_limit": parse_number,
        "identity_rate_limit": parse_number,
        "event_clock": parse_number,
        "retry_after": parse_duration,
        "token_lifetime": parse_duration,
        "events_delay": parse_duration,
    }
    given = {name: getattr(arguments, name) for name in readers if getattr(arguments, name) is not None}
    fields: Fields = {name: _read(f"--{name.replace('_', '-')}", readers[name], text) for name, text in given.items()}
    if arguments.allow_remote:
        fields["allow_remote"] = True
    return fields


def _read_machine(arguments: argparse.Namespace, scenario: Fields) -> Fields:
    fields: Fields = {}
    raw = arguments.raw or bool(scenario.get("raw"))
    if arguments.raw:
        fields["raw"] = True
    if arguments.vm:
        fields["vms"] = tuple(arguments.vm)
    if arguments.identity:
        fields["identities"] = tuple(arguments.identity)
    if arguments.document:
        fields["document"] = read_document(arguments.document, raw=raw)
        fields["document_name"] = arguments.document
    if arguments.load_balancer:
        name = arguments.load_balancer
        is_file = name not in LOAD_BALANCERS and ("." in name or "/" in name)
        fields["load_balancer"] = read_document(name, raw=False) if is_file else name
    return fields


def _read_repeated(arguments: argparse.Namespace) -> Fields:
    return {
        "changes": tuple(_split(text, "--set", "PATH=VALUE") for text in arguments.set),
        "tags": tuple(_split(text, "--tag", "NAME=VALUE") for text in arguments.tag),
        "faults": tuple(_split_fault(text) for text in arguments.fault),
        "events": tuple(_read("--event", parse_event, text) for text in arguments.event),
    }


def _read(flag: str, read: Any, text: str) -> Any:
    try:
        return read(text)
    except EmulatorError as error:
        raise EmulatorError(f"{flag}: {error}") from error


def _split(text: str, flag: str, form: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals:
        raise EmulatorError(f"{flag} {text!r}: expected {form}")
    return name, value


def _split_fault(text: str) -> tuple[str, str]:
    """Split `/path=script`; a script without a path is for all."""
    if not text.startswith("/"):
        return "/", text
    path, _, script = text.partition("=")
    return path, script
