# SPDX-License-Identifier: Apache-2.0
"""A storm: virtual machines with many events, whose watches are killed, whose disks fill up, and whose IMDS goes away.

`python -m tests.storm.storm VMS SECONDS EVENTS` in a mount namespace of its own; it prints what it found, and ends with
1 where something was broken. A minute of Azure's is a second here.
"""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

from azure_imds_facts.emulator import Emulator

from tests.support.watchers import environment, words

CLOCK = 60
KINDS = ("Freeze", "Reboot", "Redeploy", "Preempt", "Terminate")
# SIGTERM ends a watch properly, the others do not.
SIGNALS = (signal.SIGKILL, signal.SIGHUP, signal.SIGTERM, signal.SIGQUIT, signal.SIGUSR1)
MOST_RSS_KIB = 40 * 1024
# What is written is on another disk than the state, which fills up.
COMMAND = """
echo "+ $AZURE_IMDS_EVENT_CHANGE $AZURE_IMDS_EVENT_ID $(date +%s.%N)" >> {log}
sleep 0.$(( $(od -An -N1 -tu1 /dev/urandom) % 10 ))
echo "- $AZURE_IMDS_EVENT_CHANGE $AZURE_IMDS_EVENT_ID $(date +%s.%N)" >> {log}
"""


@dataclass
class Life:
    """One life of a watch: when it began and ended, and its answered looks."""

    began: float
    ended: float = 0.0
    looks: list[float] = field(default_factory=list)


@dataclass
class Plan:
    """An event as it is planned, in seconds since 1970."""

    kind: str
    source: str
    is_shared: bool
    announced: float
    not_before: float


class Machine:
    """One virtual machine: an emulator, a small disk for the state, and a watch that is started again and again."""

    def __init__(self, folder: Path, *, seconds: float, events: int, chance: random.Random) -> None:
        self.folder, self.chance = folder, chance
        self.disk, self.log, self.errors = folder / "disk", folder / "log", folder / "errors"
        self.disk.mkdir(parents=True)
        self.log.touch()
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=256k", "none", str(self.disk)], check=True)
        self.emulator = Emulator(event_clock=CLOCK).start()
        self.plans: dict[str, Plan] = {}
        self.lives: list[Life] = []
        # Event and change → when the state was first seen to have the end of the command.
        self.recorded: dict[tuple[str, str], float] = {}
        self.broken: list[str] = []
        self.most_rss_kib = self.repeated = 0
        self.is_over = False
        self.process: subprocess.Popen[bytes] | None = None
        for _event in range(events):
            self._plan(chance.uniform(1, seconds * 0.9))

    def _plan(self, after_s: float) -> None:
        kind, source = self.chance.choice(KINDS), self.chance.choice(("Platform", "User"))
        notice_s, lasts_s = self.chance.uniform(4, 15), self.chance.uniform(2, 5)
        is_shared = self.chance.random() < 0.2
        event_id = self.emulator.event(
            kind, source=source, resources="web-01+db-01" if is_shared else "web-01",
            after=f"{after_s * CLOCK:.0f}s", notice=f"{notice_s * CLOCK:.0f}s", lasts=f"{lasts_s * CLOCK:.0f}s",
        )  # fmt: skip
        now = time.time()
        self.plans[event_id] = Plan(kind, source, is_shared, now + after_s, now + after_s + notice_s)

    def watch_over(self) -> None:
        """Start the watch again whenever it has ended, as a service manager does."""
        flags = ("--watch", "--endpoint", self.emulator.url, "--cache-dir", f"{self.folder}/cache", "--vm-name",
                 "web-01", "--state", f"{self.disk}/state.json", "--approve-on-success", "--approve-user",
                 "--exec", COMMAND.format(log=self.log))  # fmt: skip
        while not self.is_over:
            self._read_recorded()
            life = Life(time.time())
            with self.errors.open("ab") as errors:
                self.process = subprocess.Popen(
                    words(*flags), env=environment(), stdout=subprocess.DEVNULL, stderr=errors
                )
            self.lives.append(life)
            code = self.process.wait()
            life.ended = time.time()
            if code not in (0, 1, *(-number for number in SIGNALS)):
                self.broken.append(f"a watch ended with {code}")
            time.sleep(0.3)

    def _read_recorded(self) -> None:
        """Note which commands' ends the state has, before the next life begins."""
        try:
            state = json.loads((self.disk / "state.json").read_bytes())
        except (OSError, ValueError):
            return
        if (self.disk / "state.json").stat().st_size > 1 << 20:
            self.broken.append("a state of over 1 MiB")
        for run in state.get("runs", ()):
            if run.get("ended_at"):
                self.recorded.setdefault((run["event_id"], run["change"]), time.time())

    def look(self) -> None:
        """Note the memory of the watch, and looks that were answered."""
        process = self.process
        try:
            lines = Path(f"/proc/{process.pid if process else 0}/status").read_text().splitlines()
        except OSError:
            return
        found = [int(line.split()[1]) for line in lines if line.startswith("VmHWM")]
        self.most_rss_kib = max(self.most_rss_kib, *found, 0)
        answered = sum(record.status == 200 for record in self.emulator.requests if "scheduledevents" in record.path)
        life = self.lives[-1] if self.lives else None
        if life and answered:
            life.looks += [time.time()] * answered
        self.emulator.requests.clear()

    def kill(self) -> None:
        """End the watch in any way, and fill its disk or make room."""
        life = self.lives[-1] if self.lives else Life(time.time())
        # On a slow machine a watch takes seconds to begin, and one that never looks shows nothing.
        has_begun = len(life.looks) > 1 or time.time() - life.began > 20
        if has_begun and self.process is not None and self.process.poll() is None:
            self.process.send_signal(self.chance.choice(SIGNALS))
        filler = self.disk / "filler"
        if filler.exists():
            filler.unlink()
        elif self.chance.random() < 0.3:
            try:
                with filler.open("wb") as file:
                    file.write(b"\0" * (256 << 10))
            except OSError:
                pass

    def close(self) -> None:
        """End everything."""
        self.is_over = True
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            self.process.wait(30)
        self.emulator.close()
        subprocess.run(["umount", "-l", str(self.disk)], check=False)

    def judge(self) -> list[str]:
        """Return what was broken."""
        lines = [line.split() for line in self.log.read_text().splitlines()]
        begun: dict[str, float] = {}
        counts: dict[tuple[str, str], int] = {}
        for mark, change, event_id, moment in (line for line in lines if len(line) == 4):
            if mark == "+":
                begun.setdefault(event_id, float(moment))
                counts[event_id, change] = counts.get((event_id, change), 0) + 1
                if float(moment) > self.recorded.get((event_id, change), float("inf")):
                    self.broken.append(f"the command for {change} {event_id} ran again after its end was recorded")
        self.repeated = sum(count - 1 for count in counts.values())
        broken = [*self.broken]
        for event_id, plan in self.plans.items():
            looks = [
                [moment for moment in life.looks if plan.announced + 0.5 < moment < plan.not_before - 1.5]
                for life in self.lives
            ]
            if plan.kind != "Freeze" and max(map(len, looks), default=0) >= 4 and event_id not in begun:
                broken.append(
                    f"no command for {plan.kind} {event_id}, though IMDS answered {max(map(len, looks))} times"
                )
            if event_id in begun and begun[event_id] > plan.not_before and max(map(len, looks), default=0) >= 4:
                broken.append(f"the command for {plan.kind} {event_id} began after its time")
            if plan.kind == "Freeze" and event_id in begun:
                broken.append(f"a command for the Freeze {event_id}")
        if self.most_rss_kib > MOST_RSS_KIB:
            broken.append(f"{self.most_rss_kib} KiB of memory")
        said = self.errors.read_text(errors="replace")
        if "Traceback" in said:
            broken.append("a traceback")
        shared = [
            event_id for event_id, plan in self.plans.items() if plan.is_shared and f"Approved {event_id}" in said
        ]
        broken += [f"the shared event {event_id} was approved" for event_id in shared]
        return broken


def rage(machines: list[Machine], seconds: float) -> None:
    """Kill watches, fill disks and take IMDS away, for so long."""
    outage_s, ends = min(30.0, seconds / 8), time.monotonic() + seconds
    killing = fault = time.monotonic() + 5
    is_out = False
    while time.monotonic() < ends:
        time.sleep(0.25)
        for machine in machines:
            machine.look()
        if time.monotonic() >= killing:
            killing += 5
            for machine in machines:
                machine.kill()
        if time.monotonic() >= fault:
            fault += outage_s
            is_out = not is_out
            for machine in machines:
                machine.emulator.fault(machine.chance.choice(("500*forever", "reset*forever")) if is_out else "")


def run(count: int, seconds: float, events: int) -> int:
    """Let it rage; return how much was broken."""
    seed = int(os.environ.get("STORM_SEED", str(time.time_ns() % 100_000)))
    print(f"seed {seed}", flush=True)
    with tempfile.TemporaryDirectory(prefix="storm-", ignore_cleanup_errors=True) as folder:
        chances = [random.Random(seed + number) for number in range(count)]  # noqa: S311  a storm is no secret
        machines = [
            Machine(Path(folder, str(number)), seconds=seconds, events=events, chance=chance)
            for number, chance in enumerate(chances)
        ]
        threads = [threading.Thread(target=machine.watch_over, daemon=True) for machine in machines]
        for thread in threads:
            thread.start()
        rage(machines, seconds)
        for machine in machines:
            machine.close()
        for thread in threads:
            thread.join(30)
        broken = [line for machine in machines for line in machine.judge()]
        began = sum(machine.log.read_text().count("+ ") for machine in machines)
        if began < count * events / 4:
            broken.append(f"{began} commands alone: this machine is too slow to show anything")
        print(
            f"{count} machines, {seconds:.0f} s, {sum(len(one.plans) for one in machines)} events, "
            f"{sum(len(one.lives) for one in machines)} lives, {began} commands, "
            f"{sum(one.repeated for one in machines)} of them begun again, "
            f"at most {max(one.most_rss_kib for one in machines)} KiB"
        )
        for line in broken:
            print(line)
        return len(broken)


if __name__ == "__main__":
    sys.exit(min(1, run(int(sys.argv[1]), float(sys.argv[2]), int(sys.argv[3]))))
