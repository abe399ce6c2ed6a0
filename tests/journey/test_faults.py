"""The soak of `bench/faults`, small: thirty faults. The large one is `python -m bench.faults --faults 200`."""

import json
import random
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from bench.faults.__main__ import NO_OWN_MOUNTS
from bench.faults.checker import untold
from bench.faults.clients import Books, Clerk, GivenUp
from bench.faults.kinds import KINDS, Struck
from bench.faults.place import Place
from bench.faults.sampler import Sampler
from bench.faults.soak import Soak
from tests.conftest import CHECKOUT, program, real_part_missing
from tests.services import Services


def test_the_service_loses_doubles_and_signs_twice_nothing_while_its_parts_fail(
    tmp_path: Path, services: Services
) -> None:
    assert services.folder.is_dir(), "what the servers need is on this machine"
    program("unshare")
    chosen = ["--faults", "30", "--seed", "7", "--hold", "1", "--results", str(tmp_path)]
    run = subprocess.run(
        [sys.executable, "-m", "bench.faults", *chosen],
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        check=False,
    )
    if run.returncode == NO_OWN_MOUNTS:
        real_part_missing("a small file system of the tests' own")
    assert run.returncode == 0, f"{run.stdout[-6000:]}\n{run.stderr[-6000:]}"
    found = json.loads(run.stdout)
    assert (found["well"], len(found["faults"])) == (True, 30)
    assert found["facts"]["bursts_of_50"] >= 2, "one again where its strike found nobody at work"
    assert found["stand"]["counts"]["prints"] > 0


def test_a_service_that_never_answers_ends_the_soak_and_is_a_finding(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        nobody = f"http://127.0.0.1:{taken.getsockname()[1]}"
    books = Books(tmp_path)
    clerk = Clerk("hoa", [nobody], books, 1, given_up=threading.Event(), patience=0.3)
    with pytest.raises(GivenUp):
        clerk.open("H41.08-261128-0001")
    clerk.close()
    assert len(books.refused) == 1
    assert books.sent_again["ConnectError"] > 1


def test_a_server_that_cannot_be_started_again_ends_the_soak_with_a_result(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It ended without one: nobody learned what had been seen until then."""

    @contextmanager
    def strike(place: Place, _chance: random.Random, _hold: float) -> Iterator[Struck]:
        place.servers_up()
        yield Struck("all of them")

    monkeypatch.setitem(KINDS, "gone for good", strike)
    said: list[str] = []
    soak = Soak(tmp_path, faults=3, seed=1, hold=0.3, longest=1, kinds=["gone for good"], tell=said.append)
    (tmp_path / "servers").mkdir()
    (tmp_path / "servers" / "services").touch()  # no folder: the script cannot work in it
    soak._strike_all(Sampler("", waiting=1))
    found = soak._result.as_json()
    assert (found["well"], found["faults"]) == (False, [])
    (reason,) = found["waiting"]
    assert reason.startswith("gone for good: the servers do not come up again: ")
    assert soak._given_up.is_set(), "clerks do not wait for a service that never comes"


def told(id: str, kind: str, sequence: int, subject: str = "documents/p", print: str | None = None) -> Any:
    return {
        "id": id,
        "type": f"vn.khoso.{kind}",
        "subject": subject,
        "sequence": sequence,
        "print_id": print,
    }


ALL = [
    told("1", "document.received", 1),
    told("2", "dossier.opened", 2, "dossiers/d"),
    told("3", "document.valid", 3),
    told("3", "document.valid", 3),
    told("4", "document.printed", 4, print="c"),
    told("5", "dossier.succeeded", 5, "dossiers/d"),
]


def test_a_receiver_that_was_told_all_misses_nothing_though_it_was_told_twice() -> None:
    assert list(untold(ALL, {"p"}, {"d"}, {"c": "p"})) == []


@pytest.mark.parametrize("n", [0, 1, 4, 5])
def test_an_event_that_never_came_is_missed(n: int) -> None:
    (missed,) = untold(ALL[:n] + ALL[n + 1 :], {"p"}, {"d"}, {"c": "p"})
    assert missed == f"{ALL[n]['type']} of {ALL[n]['subject']}"


def test_events_out_of_their_order_and_of_what_is_not_there_are_told() -> None:
    assert list(untold([ALL[2], ALL[0], *ALL[3:], ALL[1]], {"p"}, {"d"}, {"c": "p"})) == [
        "vn.khoso.document.received of documents/p after a later one",
        "vn.khoso.dossier.opened of dossiers/d after a later one",
    ]
    (ghost,) = untold([*ALL, told("6", "document.received", 6, "documents/q")], {"p"}, {"d"}, {"c": "p"})
    assert ghost == "documents/q is not there"
