"""Intakes that are killed at random moments and begun again, by a client that remembers every promise.

A moment is random within the command's usual duration; the seed fixes commands, victims and fractions, the
machine's mood does the rest. After a kill the client does what a person would: the same command again, or
`khoso worker --once` first. A receipt on standard error is an acknowledgement: it goes into the ledger, on
the disk, before anything else happens.
"""

import json
import os
import random
import re
import signal
import statistics
import sys
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from bench.soak.checker import Acknowledged, Stand, examine
from bench.soak.children import CHECKOUT, Ended, Watched, command_line, descendants_of, own_environment
from common import Digest

_SAMPLE = CHECKOUT / "samples" / "thong_bao_ubnd.jpg"
_OWNER = "H41.242"
_PER_DOSSIER = 5
_RECEIPT = re.compile(r"/ Received .*, receipt (\d+)\.")
_LONGEST = 300.0


class Victim(StrEnum):
    """Who is killed."""

    COMMAND = "command"
    """The program; its children must follow by themselves."""
    FAMILY = "family"
    """The program and all its processes at once."""
    READER = "reader"
    """One of the processes that read pages; the program must go on without a word."""


@dataclass(frozen=True, slots=True)
class Task:
    """One command; `paper` is the file that it takes in."""

    kind: str
    words: tuple[str, ...]
    paper: Path | None = None


@dataclass(frozen=True, slots=True)
class Result:
    """What a soak found. `kills` by victim and command; the lists of `stand` are empty when all is well."""

    seed: int
    intakes: int
    kills: dict[str, int]
    acknowledged: int
    orphans: list[str]
    refused: list[str]
    log: int
    doctor: int
    stand: Stand
    seconds: float

    @property
    def well(self) -> bool:
        return self.stand.well and not self.orphans and not self.refused and (self.log, self.doctor) == (0, 0)

    def as_json(self) -> dict[str, Any]:
        return {"well": self.well, **asdict(self)}


@dataclass(slots=True)
class Client:
    """Runs commands on one installation in `folder`, and remembers what it was promised."""

    folder: Path
    chance: random.Random
    tell: Callable[[str], None]
    ledger: list[Acknowledged] = field(default_factory=list)
    kills: "Counter[str]" = field(default_factory=Counter)
    orphans: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    durations: dict[str, list[float]] = field(default_factory=dict)

    @property
    def data(self) -> Path:
        return self.folder / "data"

    @property
    def temporary(self) -> Path:
        return self.folder / "tmp"

    def run(self, task: Task, *, kill: bool) -> Ended:
        """Runs a command, killed at a random moment if wanted; what it acknowledged is in the ledger."""
        with TemporaryDirectory() as desk:
            watched = Watched.start(
                [str(Path(sys.executable).with_name("khoso")), *task.words],
                environment=self._environment(),
                folder=self.folder,
                desk=Path(desk),
            )
            if kill:
                self._kill_later(watched, task)
            ended = watched.wait(_LONGEST)
            self.orphans += watched.left_over()
            if ended.status == 0:
                self.durations.setdefault(task.kind, []).append(ended.seconds)
            self._remember(task, ended)
            return ended

    def _environment(self) -> dict[str, str]:
        return own_environment(self.folder, data=self.data, temporary=self.temporary)

    def _kill_later(self, watched: Watched, task: Task) -> None:
        moment = self.chance.uniform(0.1, 1.0) * self._usual(task.kind)
        victim = self.chance.choice(list(Victim))
        while watched.look() and time.monotonic() - watched.started < moment:
            time.sleep(0.01)
        if watched.process.poll() is None:
            self.kills[f"{_kill(watched, victim, self.chance)}, {task.kind}"] += 1

    def _usual(self, kind: str) -> float:
        known = self.durations.get(kind) or [one for some in self.durations.values() for one in some]
        return statistics.median(known)

    def _remember(self, task: Task, ended: Ended) -> None:
        for receipt in _RECEIPT.findall(ended.err):
            assert task.paper is not None
            line = Acknowledged(Digest.of_file(task.paper).hex, int(receipt))
            with (self.folder / "ledger.jsonl").open("a") as file:
                file.write(json.dumps(asdict(line)) + "\n")
                file.flush()
                os.fsync(file.fileno())
            self.ledger.append(line)

    def until_done(self, task: Task, kills: int) -> int:
        """The same command until it ends well, killed `kills` times on the way; how many kills are left over."""
        for attempt in range(1, 20 + kills):
            before = self.kills.total()
            ended = self.run(task, kill=kills > 0)
            killed = self.kills.total() - before
            kills -= killed
            self.tell(
                f"{' '.join(task.words[:2])}: attempt {attempt}, exit {ended.status}, {ended.seconds:.1f} s"
            )
            if ended.status == 0:
                return kills
            if not killed:
                self.refused.append(f"{task.words}: exit {ended.status}: {ended.err[-300:]}")
                return kills
            if self.chance.random() < 0.5:
                self.run(Task("worker", ("worker", "--once")), kill=False)
        self.refused.append(f"{task.words}: does not end")
        return kills


def _kill(watched: Watched, victim: Victim, chance: random.Random) -> Victim:
    """Kills, and says whom: without a reader at that moment it is the command."""
    family = descendants_of(watched.process.pid)
    readers = [pid for pid in family if "page_worker.py" in command_line(pid)]
    if victim is Victim.READER and not readers:
        victim = Victim.COMMAND
    chosen = {
        Victim.COMMAND: lambda: [watched.process.pid],
        Victim.FAMILY: lambda: [watched.process.pid, *family],
        Victim.READER: lambda: [chance.choice(readers)],
    }
    for pid in chosen[victim]():
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    return victim


def soak(folder: Path, *, kills: int, intakes: int, seed: int, tell: Callable[[str], None]) -> Result:
    """Takes in `intakes` papers in an installation in `folder`, which must be empty, with `kills` kills."""
    started = time.monotonic()
    client = Client(folder, random.Random(seed), tell)
    client.temporary.mkdir()
    papers = [_paper(folder / f"paper-{number:03}.jpg", number) for number in range(intakes)]
    tasks = list(_tasks(papers))
    planned = Counter(client.chance.choices(range(len(tasks)), [_weight(task) for task in tasks], k=kills))
    left = 0
    for number, task in enumerate(tasks):
        left = client.until_done(task, planned[number] + left)
    while left > 0:  # the machine was quick: the last papers are brought once more
        left = client.until_done(client.chance.choice([task for task in tasks if task.paper]), left)
    client.run(Task("worker", ("worker", "--once")), kill=False)
    log = client.run(Task("log", ("log", "verify")), kill=False)
    doctor = client.run(Task("doctor", ("doctor",)), kill=False)
    stand = examine(
        client.data, client.ledger, [Digest.of_file(paper).hex for paper in papers], client.temporary
    )
    return Result(
        seed=seed,
        intakes=intakes,
        kills=dict(sorted(client.kills.items())),
        acknowledged=len({line.receipt for line in client.ledger}),
        orphans=client.orphans,
        refused=client.refused,
        log=log.status,
        doctor=doctor.status,
        stand=stand,
        seconds=round(time.monotonic() - started, 1),
    )


def _weight(task: Task) -> int:
    """How often a command is hit: closing does five papers' work; opening a dossier twice is refused anyway."""
    return {"open": 0, "intake": 1, "close": _PER_DOSSIER}[task.kind]


def _paper(path: Path, number: int) -> Path:
    """The sample with another comment in it: other bytes, the same page (JPEG, marker COM)."""
    comment = f"paper {number}".encode()
    content = _SAMPLE.read_bytes()
    path.write_bytes(content[:2] + b"\xff\xfe" + (len(comment) + 2).to_bytes(2) + comment + content[2:])
    return path


def _tasks(papers: list[Path]) -> "list[Task]":
    """Five papers to a dossier, which then succeeds."""
    tasks = []
    for first in range(0, len(papers), _PER_DOSSIER):
        dossier = f"H41.08-261122-{first // _PER_DOSSIER + 1:04}"
        tasks.append(Task("open", ("dossier", "open", dossier, "--procedure", "1.001193")))
        for paper in papers[first : first + _PER_DOSSIER]:
            words = ("intake", str(paper), "--owner", _OWNER, "--type", "THONG_BAO", "--dossier", dossier)
            tasks.append(Task("intake", words, paper))
        tasks.append(Task("close", ("dossier", "close", dossier, "--succeeded")))
    return tasks
