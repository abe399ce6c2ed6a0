"""Each process holds its own keys and no other, and together they bring a paper from the counter to a sealed print."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest

from api.cli.place import house as everything
from api.cli.seal_shown import lines_of
from api.house import House, open_house, page_pool_when_needed
from api.keys import KeysNotHere, TooManyKeys
from api.progress import steps_on_stderr
from api.public import STATUSES, TrustNotPublished, published
from api.settings import Environment, Settings
from api.steps.archivist import extend_log
from api.steps.checking import Checker
from api.steps.doctor import examine
from api.steps.intake import Paper, Person, receive
from api.steps.job_kinds import SEAL_PRINTS
from api.steps.printing import (
    PrintNotMade,
    deliver_print,
    print_document,
    print_pdf,
    request_print,
    take_back_abandoned,
)
from api.steps.published import publish, publish_about, publish_all, publish_when_old, published_for
from api.steps.queue import work_awhile, work_off
from archive import Ground, Status
from datastore import JobRole, JobState, ObjectMissing, Print, PrintState
from signing import Indication, Standing, StatusList, seal_link
from tests.api.http.servers import Quiet
from tests.api.test_courier import Clock

_SAMPLE = Path(__file__).parents[2] / "samples" / "trich_luc_khai_tu.png"
_OWNER = Person("040144985806")
READER, SIGNER, ARCHIVIST = JobRole.READER, JobRole.SIGNER, JobRole.ARCHIVIST


@pytest.fixture(autouse=True)
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("KHOSO_DATA_DIR", str(tmp_path / "var"))
    return tmp_path / "var"


@contextmanager
def process(*roles: JobRole) -> Iterator[House]:
    """A process of the service, which holds the keys of its role."""
    with steps_on_stderr() as steps, open_house(Settings(), steps, roles=roles) as opened:
        yield opened


def work(*roles: JobRole) -> None:
    """A process for each of these roles does what waits for it, one after the other."""
    for role in roles:
        with process(role) as opened, page_pool_when_needed(opened.settings) as pool:
            work_awhile(opened, pool, role, stopped=lambda: False)


@pytest.fixture
def valid() -> UUID:
    """A paper that came in at a process without keys and was signed by one that has them."""
    work(SIGNER, ARCHIVIST)
    with process() as web:
        received = receive(
            web, web.system("test"), Paper((_SAMPLE,), (_OWNER,), ground=Ground.BACK_FILE, compared=True)
        )
    work(READER, SIGNER, ARCHIVIST)
    return received.document.id


def the_print(web: House, document: UUID) -> Print:
    with web.datastore.begin(web.system("test"), "look") as transaction:
        (entry,) = transaction.prints.of_document(document)
    return entry


def requested(web: House, document: UUID) -> Print:
    return request_print(web, web.system("test"), document, to="Trường THPT", reason="Nhập học")


def test_a_print_goes_from_process_to_process_and_is_genuine(valid: UUID, tmp_path: Path) -> None:
    with process() as web:
        entry = requested(web, valid)
        states = [entry.state]
        for role in (SIGNER, ARCHIVIST, READER):
            work(role)
            states.append(the_print(web, valid).state)
        assert states == [PrintState.REQUESTED, PrintState.SEALED, PrintState.LISTED, PrintState.READY]
        printed = deliver_print(web, web.system("test"), entry.id, tmp_path / "print.pdf")
        assert (printed.sealed, printed.as_json()["pages"]) == (True, 1)
        checker = Checker(published_for(web), web.clock, web.limits, web.settings.verify_hosts)
        check = checker.check(str(tmp_path / "print.pdf"))
        seal = the_print(web, valid).seal
        with web.datastore.begin(web.system("test"), "look") as transaction:
            roles = [one.role.value for one in transaction.documents.get(valid).revisions]
    assert (check.indication, check.standing) == (Indication.TOTAL_PASSED, Standing.GOOD)
    assert roles == ["clerk", "agency"]
    assert check.claims is not None
    # Its ground is a back-file decision: it is of no dossier, and the seal names none.
    assert (check.claims.dossier_number, check.claims.procedure_code) == (None, None)

    assert seal is not None
    ours = seal_link(checker.hosts[0], seal)
    assert [reason.code for reason in checker.check_text(ours).reasons] == ["seal-genuine"]
    digits = ours.partition("#")[2]
    for trap in (
        f"https://kiemtra-khoso.example/v#{digits}",
        f"https://{checker.hosts[0]}@evil.example/v#{digits}",
        f"https://evil.example\\@{checker.hosts[0]}/v#{digits}",
        f"http://{checker.hosts[0]}/v#{digits}",
        f"https://evil.example/{checker.hosts[0]}/v#{digits}",
    ):
        found = checker.check_text(trap)
        assert found.indication is Indication.TOTAL_PASSED, "the seal is what it is, whoever shows it"
        assert [reason.code for reason in found.reasons] == ["seal-genuine", "link_of_another_host"], trap
        (_, warned) = found.as_json()["reasons"]
        assert f"https://{checker.hosts[0]}" in warned["vi"]

    moved = replace(checker, hosts=("kiemtra.tinh.gov.vn", *checker.hosts))
    former, evil = moved.check_text(ours), moved.check_text(f"https://evil.example/v#{digits}")
    assert [reason.code for reason in former.reasons] == ["seal-genuine"], "a former host is no trap"
    assert evil.reasons[1].vi.count("https://kiemtra.tinh.gov.vn") == 1

    told = list(lines_of(check.claims))
    assert "Tên giấy tờ / name of the paper: Trích lục khai tử" in told
    assert [line for line in told if line.startswith("Họ, chữ đệm, tên / full name: ")]
    assert not [line for line in told if "{" in line or "_" in line.partition(":")[0]]


def test_a_process_holds_the_keys_of_its_role_and_says_at_once_what_it_lacks(
    valid: UUID, tmp_path: Path
) -> None:
    with process() as web, process(SIGNER) as signer, process(ARCHIVIST) as archivist:
        assert (web.keys.signers_here, web.keys.log_here) == (None, None)
        assert (signer.keys.log_here, archivist.keys.signers_here) == (None, None)
        for house in (web, signer):
            with pytest.raises(KeysNotHere):
                extend_log(house)
        with pytest.raises(KeysNotHere):
            print_document(web, web.system("test"), valid, to="a", reason="b", out=tmp_path / "print.pdf")
        with web.datastore.begin(web.system("test"), "look") as transaction:
            assert transaction.prints.of_document(valid) == ()


def test_keys_of_others_beside_ones_own_are_told_by_doctor_and_by_no_process(
    valid: UUID, caplog: pytest.LogCaptureFixture
) -> None:
    with process() as web:
        keys = next(finding for finding in examine(web) if finding.check == "keys")
    with everything_here() as whole:
        own = next(finding for finding in examine(whole) if finding.check == "keys")
    assert keys.well
    assert keys.seen.endswith("files of other roles' keys in pki, which production refuses")
    assert own.seen == "0600"
    assert not [line for line in caplog.records if line.name == "khoso" and "keys" in line.getMessage()]


def test_before_anything_is_published_nothing_is_judged() -> None:
    with process() as web, pytest.raises(TrustNotPublished):
        _ = web.trust


def test_whom_to_trust_is_told_in_the_rows_and_believed_under_the_first_root(valid: UUID, data: Path) -> None:
    with process() as web:
        trust = web.trust
    with everything_here() as whole:
        assert trust.roots == whole.trust.roots
        assert trust.log_keys == whole.trust.log_keys
        assert {key.agency for key in trust.seal_keys} <= {whole.settings.agency}
    assert (data / "pki" / "known-roots.json").exists()


@contextmanager
def everything_here() -> Iterator[House]:
    with steps_on_stderr() as steps, everything(steps) as opened:
        yield opened


def test_production_refuses_keys_that_a_process_must_not_hold(valid: UUID) -> None:
    settings = Settings(env=Environment.PRODUCTION)
    with steps_on_stderr() as steps, pytest.raises(TooManyKeys), open_house(settings, steps, roles=()):
        pass


def test_a_print_of_a_paper_that_is_revoked_meanwhile_is_taken_back(valid: UUID) -> None:
    with process() as web:
        entry = requested(web, valid)
        work(SIGNER)
        with web.datastore.begin(web.system("test"), "revoke") as transaction:
            transaction.documents.become(valid, Status.REVOKED, reason="nhầm")
        work(ARCHIVIST)
        assert the_print(web, valid).revoked_at is not None
        with pytest.raises(PrintNotMade):
            print_pdf(web, web.system("test"), entry.id)
        statuses = published_for(web).statuses
    assert statuses is not None
    assert statuses.standing(entry.status_index) is Standing.REVOKED


def test_a_print_that_no_job_brings_further_is_taken_back(valid: UUID) -> None:
    with process() as web:
        requested(web, valid)
        assert take_back_abandoned(web) == 0
        job = web.datastore.queue.claim("test", [SIGNER])
        assert job is not None
        assert job.kind == SEAL_PRINTS.name
        assert web.datastore.queue.fail(job, "broken", again=False).state is JobState.SET_ASIDE
        assert take_back_abandoned(web) == 1
        assert the_print(web, valid).revoked_at is not None
        assert take_back_abandoned(web) == 0


def test_a_print_that_fails_when_it_was_listed_stands_in_the_list_as_taken_back(
    valid: UUID, tmp_path: Path
) -> None:
    with everything_here() as whole, page_pool_when_needed(whole.settings) as pool:
        with whole.datastore.begin(whole.system("test"), "look") as transaction:
            newest = transaction.documents.get(valid).revisions[-1].object
        whole.datastore.objects.delete(newest.key, newest.version)
        with pytest.raises(ObjectMissing):
            print_document(whole, whole.system("test"), valid, to="a", reason="b", out=tmp_path / "print.pdf")
        entry = the_print(whole, valid)
        assert (entry.state, entry.revoked_at is None) == (PrintState.LISTED, False)
        assert _standings(whole, entry.status_index) == [Standing.GOOD]
        work_off(whole, pool, until_done=[valid])
        assert _standings(whole, entry.status_index) == [Standing.REVOKED]


def test_prints_that_are_asked_for_at_once_are_made_together(valid: UUID) -> None:
    with process() as web:
        entries = [requested(web, valid) for _ in range(2)]
        work(SIGNER, ARCHIVIST)
        entries.append(requested(web, valid))
        work(READER)
        with web.datastore.begin(web.system("test"), "look") as transaction:
            states = [one.state for one in transaction.prints.of_document(valid)]
        assert states == [PrintState.READY, PrintState.READY, PrintState.REQUESTED]
        work(SIGNER, ARCHIVIST, READER)
        for entry in entries:
            assert print_pdf(web, web.system("test"), entry.id)[0].state is PrintState.READY


def test_what_becomes_of_one_paper_is_published_without_reading_the_prints_of_all(valid: UUID) -> None:
    """With a million prints each paper once cost seconds: all were read for it."""
    with process() as web:
        requested(web, valid)
    work(SIGNER, ARCHIVIST)
    with process(ARCHIVIST) as archivist:
        index = the_print(archivist, valid).status_index
        listed = published_for(archivist).statuses
        assert listed is not None
        elsewhere = index + 7
        _publish_in_the_place_of(
            listed, {index: Standing.UNKNOWN, elsewhere: Standing.PROVISIONAL}, archivist
        )

        publish_about(archivist, valid)
        assert _standings(archivist, index, elsewhere) == [Standing.GOOD, Standing.PROVISIONAL]
        publish_all(archivist)
        assert _standings(archivist, index, elsewhere) == [Standing.GOOD, Standing.UNKNOWN]


def test_twice_a_day_the_list_is_made_from_all_rows_however_often_papers_change(valid: UUID) -> None:
    """Each paper that changed once put it off: in a busy office it was never made again."""
    with process() as web:
        requested(web, valid)
    work(SIGNER, ARCHIVIST)
    clock = Clock()
    with open_house(Settings(), Quiet(), clock, roles=[ARCHIVIST]) as archivist:
        publish_all(archivist)
        listed = published_for(archivist).statuses
        assert listed is not None
        elsewhere = the_print(archivist, valid).status_index + 7
        _publish_in_the_place_of(listed, {elsewhere: Standing.PROVISIONAL}, archivist)
        for _ in range(2):
            clock.wait(timedelta(hours=5))
            publish_about(archivist, valid)
            publish_when_old(archivist)
            assert _standings(archivist, elsewhere) == [Standing.PROVISIONAL]
        clock.wait(timedelta(hours=3))
        publish_about(archivist, valid)
        publish_when_old(archivist)
        assert _standings(archivist, elsewhere) == [Standing.UNKNOWN]


def _publish_in_the_place_of(listed: StatusList, standings: Mapping[int, Standing], archivist: House) -> None:
    """A list that says of these prints what no row says."""
    wrong = listed.changed(standings, as_of=listed.as_of, next_update=listed.next_update)
    publish(archivist, STATUSES, wrong.to_bytes(archivist.keys.log), archivist.clock())


def _standings(archivist: House, *indexes: int) -> list[Standing]:
    found = published(archivist.published).statuses
    assert found is not None
    return [found.standing(index) for index in indexes]
