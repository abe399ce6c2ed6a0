"""The client over a real server: a paper's way through it, and what it does when no answer comes."""

import json
import threading
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from api.client import Client, NoAnswer, OwnerNamed, ProblemAnswered, Wanted
from api.client.transport import Transport
from tests.api.http.papers import AN, BINH, page
from tests.api.http.servers import Service
from tests.api.http.test_documents import read_all

_SAMPLES = Path(__file__).parents[3] / "samples"
_OWNER = "040144985806"


@pytest.fixture
def kho(served: Service) -> Iterator[Client]:
    """A client of a handling officer, who may take in, close and revoke."""
    with served.signed_in("handler") as signed_in:
        token = signed_in.headers["Authorization"].removeprefix("Bearer ")
    with Client(served.url, token=token, purpose="tiếp nhận hồ sơ") as client:
        yield client


def test_a_paper_goes_its_way_through_the_client(served: Service, kho: Client, tmp_path: Path) -> None:
    kho.open_dossier("H41.08-261122-0001", "1.001193")
    upload = kho.upload(_SAMPLES / "trich_luc_khai_tu.png", name="trích lục.png")
    assert upload.name == "trích lục.png"
    accepted = kho.submit(
        [upload.id], owners=[OwnerNamed(_OWNER)], dossier="H41.08-261122-0001", compared=True
    )
    worker = threading.Thread(target=read_all, args=(served,))
    worker.start()
    assert accepted.job_id is not None
    assert [job.state for job in kho.events(accepted.job_id)][-1] == "done"
    worker.join()
    provisional = kho.wait(accepted.document_id)
    assert (provisional.status, provisional.codes) == ("provisional", (f"{_OWNER}.KHAI_TU",))
    kho.tell_dossier("H41.08-261122-0001", "succeeded")
    read_all(served)
    valid = kho.wait(accepted.document_id)
    assert (valid.status, valid.ground) == ("valid", "dossier_succeeded")
    assert kho.dossier("H41.08-261122-0001").documents == (valid.id,)

    signed = kho.content(valid.id, tmp_path / "signed.pdf")
    assert kho.verify_file(signed).status == "good"
    owner = kho.owner(_OWNER)
    assert owner is not None
    assert [one.id for one in kho.store(owner.id, page=1)] == [valid.id]
    assert [one.id for one in kho.search(_OWNER)] == [valid.id]
    named = {
        (one.document_id, one.code, one.name) for one in kho.diary(owner.id, page=5) if one.act == "read"
    }
    assert named == {(valid.id, valid.codes[0], "Trích lục khai tử")}

    known = kho.owner_record(owner.id)
    dead = kho.correct_owner(known, "Giấy báo tử 12", name="Tên Đúng", state="deceased")
    assert (dead.name, dead.state, kho.owner_record(owner.id)) == ("Tên Đúng", "deceased", dead)
    with pytest.raises(ProblemAnswered, match="changed_meanwhile"):
        kho.correct_owner(known, "Giấy báo tử 12", name="Tên Khác")

    kho.open_dossier("H41.08-261122-0002", "1.000894")
    (held,) = kho.check_holdings("H41.08-261122-0002", [_OWNER], [Wanted("A", "KHAI_TU")])
    assert (held.state, held.action) == ("held", "reuse")
    assert kho.attach("H41.08-261122-0002", "A", held.reusable[0]).sha256 == valid.sha256

    entry = kho.print(valid.id, to="Ngân hàng", reason="Vay vốn")
    read_all(served)
    ready = kho.wait_for_print(entry.id)
    assert kho.verify_file(kho.sheets(ready.id, tmp_path / "print.pdf")).verdict == "TOTAL-PASSED"
    assert [one.number for one in kho.prints(valid.id)] == [1]

    revoked = kho.revoke(valid, "Cấp sai")
    assert revoked.status == "revoked"
    with pytest.raises(ProblemAnswered) as stale:
        kho.revoke(valid, "Cấp sai")
    assert (stale.value.status, stale.value.code) == (412, "changed_meanwhile")
    assert kho.verify_file(signed).status == "revoked"


def test_a_problem_is_raised_with_its_sentences(kho: Client, tmp_path: Path) -> None:
    broken = tmp_path / "broken.png"
    broken.write_bytes(page()[:-200])
    with pytest.raises(ProblemAnswered, match="file_damaged") as refused:
        kho.upload(broken)
    assert "broken.png" in refused.value.vi
    assert kho.owner(AN) is None


def test_what_was_not_answered_is_sent_again_under_the_same_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("api.client.transport._FIRST_PAUSE_SECONDS", 0.0)
    keys, answers = [], [None, 503, 201]

    def answer(request: httpx.Request) -> httpx.Response:
        keys.append(request.headers["Idempotency-Key"])
        status = answers.pop(0)
        if status is None:
            raise httpx.ReadTimeout("cut off", request=request)
        return httpx.Response(status, json={})

    transport = Transport("http://kho.example", {}, seconds=1)
    transport.http = httpx.Client(base_url="http://kho.example", transport=httpx.MockTransport(answer))
    assert transport.post("/documents", {}).status_code == 201
    assert (len(keys), len(set(keys))) == (3, 1)
    answers.extend([None] * 5)
    with pytest.raises(NoAnswer, match="cut off"):
        transport.post("/documents", {})
    transport.close()


def test_what_a_server_of_the_version_before_does_not_know_is_said_only_where_it_is_meant(
    kho: Client, tmp_path: Path
) -> None:
    """Its bodies are strict: with `insist` in every one, no owner could be added there any more."""
    file = tmp_path / "birth.png"
    file.write_bytes(page(301))
    paper = kho.document(
        kho.submit([kho.upload(file).id], owners=[OwnerNamed(AN)], type="KHAI_SINH").document_id
    )
    said: list[set[str]] = []
    kho._transport.http.event_hooks = {"request": [lambda sent: said.append(set(json.loads(sent.content)))]}
    with pytest.raises(ProblemAnswered, match="owners_enough"):
        kho.add_owner(paper, BINH, "Giấy của cả hai")
    assert len(kho.add_owner(paper, BINH, "Giấy của cả hai", insist=True).owner_ids) == 2
    assert said == [{"add", "reason"}, {"add", "reason", "insist"}]
