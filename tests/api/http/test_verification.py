"""Anybody asks whether what they hold is genuine; nothing is opened by its name, nobody is named."""

import asyncio
import dataclasses
import re
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from api.http.doors import Counted, LocalTally
from api.keys import Keys
from api.steps.published import PublishedFiles, publish_all
from tests.api.http.papers import page
from tests.api.http.servers import Service
from tests.api.http.test_problems import problem_of

_SHARED = Path(__file__).parents[4] / "shared" / "data"


@pytest.fixture
def public(served: Service) -> httpx.Client:
    """Somebody without sign-in, when the lists are published."""
    publish_all(served.house)
    return served.client()


def test_published_lists_are_public_and_tagged(public: httpx.Client) -> None:
    with public:
        for name in ("trust-bundle", "status-list"):
            answer = public.get(f"/api/v1/{name}")
            assert (answer.status_code, "public" in answer.headers["cache-control"]) == (200, True)
            known = public.get(f"/api/v1/{name}", headers={"If-None-Match": answer.headers["etag"]})
            assert (known.status_code, known.content) == (304, b"")


def test_digits_that_no_seal_ever_had_are_judged_and_text_that_is_none_is_refused(
    public: httpx.Client,
) -> None:
    with public:
        forged = public.post("/api/v1/verify", json={"text": "0" * 17 * 30}).json()
        assert forged["verdict"] == "TOTAL-FAILED"
        for nothing in ("hello", "/etc/passwd", str(Path(__file__)), "http://127.0.0.1/v#1"):
            answer = public.post("/api/v1/verify", json={"text": nothing})
            assert answer.status_code == 422 or answer.json()["verdict"] != "TOTAL-PASSED"
        said = problem_of(public.post("/api/v1/verify", json={"text": "/etc/passwd"}), 422, "not_checkable")
        assert "tệp" not in str(said["vi"]), "who asks over the network has named no file"
        assert "file" not in str(said["en"])


def test_a_picture_without_a_seal_cannot_be_judged(public: httpx.Client) -> None:
    with public:
        said = public.post("/api/v1/verify/file", content=page()).json()
        assert (said["verdict"], [reason["code"] for reason in said["reasons"]]) == (
            "INDETERMINATE",
            ["no-seal"],
        )
        problem_of(public.post("/api/v1/verify/file", content=b"GIF89a"), 415, "file_kind_unknown")
        empty = problem_of(public.post("/api/v1/verify/file", content=b""), 422, "file_empty")
        assert str(empty["vi"]).startswith("Tệp đã gửi rỗng;"), "it has no name that anybody knows"
        assert str(empty["en"]).startswith("The file that was sent is empty;")


def test_short_codes_cannot_be_guessed_at_leisure(public: httpx.Client) -> None:
    from signing import new_short_code

    with public:
        answers = [public.post("/api/v1/verify", json={"text": new_short_code()}) for _n in range(40)]
    assert answers[0].json()["reasons"][0]["code"] == "short_code_unknown"
    problem_of(answers[-1], 429, "too_many_requests")


class _OffTheLoop(LocalTally):
    """Notes whether it was asked where all other requests wait for the answer."""

    def __init__(self) -> None:
        super().__init__()
        self.on_the_loop: list[bool] = []

    def add(self, keys: Sequence[str], amount: int, within: timedelta) -> list[Counted]:
        try:
            asyncio.get_running_loop()
            self.on_the_loop.append(True)
        except RuntimeError:
            self.on_the_loop.append(False)
        return super().add(keys, amount, within)


def test_while_one_knocks_nobody_else_waits(served: Service, public: httpx.Client) -> None:
    """A count of Redis may take half a second, in which nothing else was answered."""
    from signing import new_short_code

    state, tally = served.app.state, _OffTheLoop()
    before, state.doorkeeper = state.doorkeeper, dataclasses.replace(state.doorkeeper, tally=tally)
    try:
        with public:
            public.post("/api/v1/verify", json={"text": new_short_code()})
            public.post("/api/v1/verify/file", content=page())
            public.get("/sign-in/start")
            public.get("/sign-in/callback", params={"state": "s", "code": "c"})
            public.post("/sign-in/back-channel-logout", data={"logout_token": "t"})
    finally:
        state.doorkeeper = before
    assert len(tally.on_the_loop) >= 5
    assert not any(tally.on_the_loop)


def test_short_codes_of_the_description_are_well_formed(public: httpx.Client) -> None:
    """The example of the description was answered as mistyped."""
    from signing import check_short_code

    with public:
        described = public.get("/api/v1/openapi.json").text
    codes = set(re.findall(r'"([0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z])"', described))
    assert codes
    assert {check_short_code(code) for code in codes} == codes


def test_a_mistyped_short_code_is_said_to_be_one(public: httpx.Client) -> None:
    with public:
        for mistyped in ("7K3F-9QXM-2T8V-4", "7K3F9QXM2T8V4", "7k3f 9qxm 2t8 x"):
            problem_of(public.post("/api/v1/verify", json={"text": mistyped}), 422, "short_code_wrong")
        problem_of(public.post("/api/v1/verify", json={"text": "giay-khai-sinh"}), 422, "not_checkable")


def test_many_who_ask_first_at_the_same_moment_are_all_answered(served: Service, tmp_path: Path) -> None:
    publish_all(served.house)
    elsewhere = dataclasses.replace(
        served.house,
        settings=served.house.settings.model_copy(update={"data_dir": tmp_path}),
        keys=Keys(signers_here=None, log_here=None),
    )
    files = PublishedFiles(elsewhere)  # of a web process on another machine, which has nothing yet
    with ThreadPoolExecutor(16) as threads:
        found = list(threads.map(lambda _n: files.now(), range(16)))
    assert all(one.statuses is not None for one in found)
