"""Many threads in one house: numbers without gaps or doubles, one winner whose row the others get, no paper lost."""

import random
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from datetime import date, timedelta
from typing import TypeVar

import pytest

from archive import check_log
from common import Digest
from datastore import (
    Actor,
    ActorRole,
    AlreadyHeld,
    AttachedHow,
    DelegationThere,
    DocumentRecord,
    DossierState,
    IllegalTransition,
    NewOriginal,
    NewRevision,
    NotFound,
    OverrideKind,
    Owner,
    OwnerThere,
    StaleState,
    original_key,
    pdf_key,
    work,
)
from datastore.rows import DiaryRow
from datastore.witness import Witnessed, write_lines
from signing import Role
from tests.datastore.house import AN, BINH, MAI, House

THREADS = 8
NUMBER = "H41.01-261122-0001"
Result = TypeVar("Result")


@pytest.fixture
def busy_house(house: House) -> Iterator[House]:
    """The house once more, by the real clock: that of the other tests counts looks."""
    made = House(house.folder, migrated=True, real_time=True)
    yield made
    made.store.close()


def at_once(job: Callable[[int], Result], threads: int = THREADS) -> list[Result]:
    """What the job gave in each of several threads that began together; an error of any is this one's."""
    start = threading.Barrier(threads)

    def run(number: int) -> Result:
        start.wait()
        return job(number)

    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(run, range(threads)))


def rounds(house: House) -> int:
    """SQLite writes one by one, and each commit waits for the disk."""
    return 50 if house.url.startswith("postgresql") else 8


def assert_log_clean(house: House) -> None:
    while house.store.log.number_leaves():
        pass
    with house.store.log.facts() as facts:
        report = check_log(facts.leaves, checkpoint=None, origin="o", keys=[], rows=facts.rows)
    assert {finding.code for finding in report.findings} == {"log-never-signed"}


def test_a_delegation_that_many_write_down_at_once_is_written_down_once(busy_house: House) -> None:
    house = busy_house
    an, binh = house.owner(AN), house.owner(BINH, "Trần Thị Bình")

    def write_down(_number: int) -> bool:
        with suppress(DelegationThere), house.store.begin(MAI, "delegate") as opened:
            opened.delegations.make(ActorRole.GUARDIAN, binh, an, ground="x", valid_to=date(2099, 1, 1))
            return True
        return False

    assert sum(at_once(write_down)) == 1
    with house.store.begin(MAI, "look") as opened:
        assert len(opened.delegations.of_owner(an)) == 1


def test_distinct_papers_at_once_are_all_kept_and_numbered_without_a_gap(busy_house: House) -> None:
    house, count = busy_house, rounds(busy_house)
    archivist = threading.Event()
    numbers: list[int] = []

    def number_meanwhile() -> None:
        while not archivist.wait(0.05):
            numbers.extend(leaf.number for leaf in house.store.log.number_leaves(most=7))

    def bring(thread: int) -> list[int]:
        receipts = []
        for n in range(count):
            owner = house.owner((AN, BINH)[n % 2])
            document = house.receive(owner, content=f"{thread} {n}".encode())
            with house.store.begin(MAI, "receipt") as work:
                receipts.append(work.receipts.issue(document.id, {}).number)
        return receipts

    with ThreadPoolExecutor(1) as pool:
        numbering = pool.submit(number_meanwhile)
        receipts = [number for each in at_once(bring) for number in each]
        archivist.set()
        numbering.result()
    assert sorted(receipts) == list(range(1, THREADS * count + 1))
    with house.store.begin(MAI, "look") as work:
        for identifier in (AN, BINH):
            owner = work.owners.find(identifier)
            assert owner is not None
            held = work.documents.of_owner(owner.id)
            assert sorted(paper.codes[0].instance for paper in held) == list(range(1, len(held) + 1))
    numbers.extend(leaf.number for leaf in house.store.log.number_leaves(most=100_000))
    assert sorted(numbers) == list(range(len(numbers)))
    assert_log_clean(house)


def test_of_one_paper_brought_at_once_one_is_kept_and_the_others_are_told_which(busy_house: House) -> None:
    house = busy_house
    owners = [house.owner(AN), house.owner(BINH)]

    def bring(thread: int) -> tuple[bool, str]:
        try:
            return True, str(house.receive(*random.sample(owners, 2), content=b"the same for all").id)
        except AlreadyHeld as error:
            return False, str(error.facts["document_id"])

    for _ in range(3):
        brought = at_once(bring)
        assert len({document for _kept, document in brought}) == 1
    assert house.store.statistics().documents == {"received": 1}
    assert house.store.statistics().owners == 2
    assert_log_clean(house)


def test_the_paper_of_a_couple_and_the_same_one_of_the_spouse_who_was_known_are_one_paper(
    busy_house: House,
) -> None:
    """The other spouse is made known with it, and nobody who is new has a paper: so nobody was kept waiting."""
    house, an = busy_house, busy_house.owner(AN)
    draft = house.store.draft()
    kept = house.store.put(original_key(draft.id, 1), b"theirs", sealing=draft.data_key)
    brought = threading.Event()

    def bring_for_both() -> DocumentRecord:
        with house.store.begin(MAI, "intake") as opened:
            both = [an, opened.owners.ensure(BINH, new=True).id]
            originals = [NewOriginal(kept, "image/png", "trang 1.png")]
            document = opened.documents.receive(draft, originals=originals, owners=both)
            brought.set()
            threading.Event().wait(0.3)
        return document

    with ThreadPoolExecutor(1) as pool:
        bringing = pool.submit(bring_for_both)
        brought.wait()
        with pytest.raises(AlreadyHeld) as caught:
            house.receive(an, content=b"theirs")
        assert caught.value.facts == {"document_id": bringing.result().id}


def test_who_names_an_owner_at_once_gets_one_owner_with_the_first_name(busy_house: House) -> None:
    names = {one.name for one in at_once(lambda n: ensured(busy_house, name=f"Người thứ {n}"))}
    assert len(names) == 1
    assert busy_house.store.statistics().owners == 1
    ensured(busy_house, BINH)
    filled = {one.name for one in at_once(lambda n: ensured(busy_house, BINH, name=f"Người thứ {n}"))}
    assert len(filled) == 1
    assert_log_clean(busy_house)


def ensured(house: House, identifier: str = AN, name: str | None = None) -> Owner:
    with house.store.begin(MAI, "look-up") as work:
        return work.owners.ensure(identifier, name=name)


def test_a_store_used_for_the_first_time_by_many_opens_every_paper_in_it(busy_house: House) -> None:
    house, owner = busy_house, busy_house.owner()
    papers = at_once(lambda n: house.receive(owner, content=bytes([n])))
    himself = Actor(str(owner), "owner", "H41.01", "my papers")
    with house.store.begin(himself, "open") as work:
        keys = [work.documents.data_key(paper.id) for paper in papers]
    for paper, key in zip(papers, keys, strict=True):
        house.objects.read(paper.version.originals[0].object, sealing=key)


def test_prints_at_once_are_numbered_within_their_document_and_over_all(busy_house: House) -> None:
    house, owner, count = busy_house, busy_house.owner(), rounds(busy_house) // 4
    papers = [house.valid(owner, content=bytes([n])).id for n in range(3)]

    def print_some(thread: int) -> list[tuple[int, int, int]]:
        made = []
        for n in range(count):
            which = (thread + n) % 3
            with house.store.begin(MAI, "print") as work:
                printed = work.prints.issue(
                    papers[which], revision_sha256=Digest.of(b"x"), to_whom="a", reason="b"
                )
            made.append((which, printed.number, printed.status_index))
        return made

    made = [one for each in at_once(print_some) for one in each]
    assert sorted(index for _which, _number, index in made) == list(range(len(made)))
    for which in range(3):
        numbers = sorted(number for paper, number, _index in made if paper == which)
        assert numbers == list(range(1, len(numbers) + 1))
    with house.store.begin(MAI, "publish") as work:
        assert [status.index for status in work.prints.statuses()] == list(range(len(made)))
    assert_log_clean(house)


def test_a_role_signs_once_however_many_ask_at_once(busy_house: House) -> None:
    house = busy_house
    document = house.receive(house.owner())
    house.read(document.id)

    def intend(thread: int) -> object:
        with house.store.begin(MAI, "sign") as work:
            return work.signings.intend(
                house.store.draft().id, document.id, Role.CLERK, to_be_signed={"by": thread}
            )

    intended = at_once(intend)
    assert all(one == intended[0] for one in intended)
    (signing,) = in_the_house(house, lambda work: work.signings.of_document(document.id))

    def sign(thread: int) -> bytes | None:
        try:
            with house.store.begin(MAI, "sign") as work:
                return work.signings.signed(signing.id, bytes([thread])).signature
        except StaleState:
            return None

    (kept,) = {signature for signature in at_once(sign) if signature is not None}
    key = in_the_house(house, lambda work: work.documents.data_key(document.id))

    def complete(thread: int) -> object:
        pdf = house.store.put(pdf_key(document.id, 1, 1), b"%PDF signed", sealing=key)
        with house.store.begin(MAI, "sign") as work:
            return work.signings.complete(signing.id, NewRevision(pdf, house.store.clock(), "B-T"))

    revisions = at_once(complete)
    assert all(one == revisions[0] for one in revisions)
    (signing,) = in_the_house(house, lambda work: work.signings.of_document(document.id))
    assert signing.signature == kept
    assert len(in_the_house(house, lambda work: work.documents.get(document.id)).revisions) == 1
    assert_log_clean(house)


def in_the_house(house: House, look: Callable[[work.Work], Result]) -> Result:
    with house.store.begin(MAI, "look") as opened:
        return look(opened)


def test_rules_imported_at_once_are_one_rule(busy_house: House) -> None:
    def put(thread: int) -> None:
        with busy_house.store.begin(MAI, "import") as work:
            work.overrides.put(
                OverrideKind.RULE, "reuse", {"n": thread}, valid_from=date(2026, 1, 1), decision="1/QĐ"
            )
            work.overrides.name_agency(MAI.agency, f"Ủy ban {thread}")

    at_once(put)
    assert len(in_the_house(busy_house, lambda work: work.overrides.on(OverrideKind.RULE, date.today()))) == 1  # noqa: DTZ011
    assert_log_clean(busy_house)


def test_a_paper_taken_in_while_its_owner_is_renamed_is_found_by_the_new_name(busy_house: House) -> None:
    house, owner = busy_house, busy_house.owner()
    renamed = threading.Event()

    def rename(_thread: int) -> None:
        with house.store.begin(MAI, "rename") as work:
            work.owners.rename(owner, name="Đặng Thị Hồng")
            renamed.set()
            threading.Event().wait(0.3)  # the other one is at work meanwhile, or waits

    with ThreadPoolExecutor(1) as pool:
        renaming = pool.submit(rename, 0)
        renamed.wait()
        document = house.receive(owner)
        renaming.result()
    with house.store.begin(MAI, "search") as work:
        assert [found.id for found in work.search.find("dang hong")] == [document.id]
        assert work.search.find("nguyen") == ()


def test_a_paper_that_is_shared_while_it_is_refiled_is_not_shared(busy_house: House) -> None:
    house, an, binh = busy_house, busy_house.owner(AN), busy_house.owner(BINH)
    document = house.valid(an)
    refiled = threading.Event()

    def refile() -> None:
        with house.store.begin(MAI, "refile") as work:
            work.documents.refile(document.id, to=binh, reason="wrong")
            refiled.set()
            threading.Event().wait(0.3)

    himself = Actor(str(an), "owner", "H41.01", "my papers")
    with ThreadPoolExecutor(1) as pool:
        refiling = pool.submit(refile)
        refiled.wait()
        with pytest.raises(NotFound), house.store.begin(himself, "share") as work:
            work.shares.make(
                document.id, purpose="a loan", recipient="a bank", until=work.at + timedelta(days=1)
            )
        refiling.result()


def test_an_owner_whom_many_add_at_once_is_added_once(busy_house: House) -> None:
    house, an, binh = busy_house, busy_house.owner(AN), busy_house.owner(BINH)
    document = house.provisional(an)

    def add(_thread: int) -> bool:
        try:
            with house.store.begin(MAI, "refile") as work:
                work.documents.refile(document.id, to=binh, away_from=(), reason="also hers")
        except OwnerThere:
            return False
        return True

    assert sum(at_once(add)) == 1
    with house.store.begin(MAI, "look") as work:
        both = work.documents.get(document.id)
    assert both.owner_ids == (an, binh)
    assert [(code.code, code.instance) for code in both.codes] == [
        (f"{AN}.KET_HON", 1),
        (f"{BINH}.KET_HON", 1),
    ]
    assert_log_clean(house)


def test_a_paper_is_not_put_away_for_one_that_leaves_its_right_owner_meanwhile(busy_house: House) -> None:
    """The owner had neither of the two then."""
    house, an, binh = busy_house, busy_house.owner(AN), busy_house.owner(BINH)
    wrong, right = house.receive(an, content=b"hers"), house.receive(binh, content=b"hers")
    dung, refiled = house.owner("001090004321"), threading.Event()

    def refile() -> None:
        with house.store.begin(MAI, "refile") as opened:
            opened.documents.refile(right.id, to=dung, reason="not hers")
            refiled.set()
            threading.Event().wait(0.3)

    with ThreadPoolExecutor(1) as pool:
        refiling = pool.submit(refile)
        refiled.wait()
        with pytest.raises(StaleState), house.store.begin(MAI, "refile") as opened:
            opened.documents.put_away(wrong.id, by=right.id, to=binh, reason="brought twice")
        refiling.result()
    with house.store.begin(MAI, "refile") as opened:
        moved = opened.documents.refile(wrong.id, to=binh, reason="brought under a wrong number")
    assert moved.owner_ids == (binh,)


def test_what_changes_papers_and_dossiers_at_once_neither_waits_in_a_circle_nor_loses_an_event(
    busy_house: House,
) -> None:
    house, owners = busy_house, (busy_house.owner(), busy_house.owner(BINH))
    papers = [house.provisional(owners[0], content=bytes([n])).id for n in range(4)]
    dossiers = [NUMBER, NUMBER.replace("0001", "0002")]
    with house.store.begin(MAI, "open") as opened:
        for number in dossiers:
            opened.dossiers.open(number, procedure="1.001193")

    def change(thread: int) -> None:
        chance = random.Random(thread)
        for n in range(rounds(house) // 4):
            one, other = chance.sample(papers, 2)
            number = chance.choice(dossiers)
            acts: tuple[Callable[[work.Work], object], ...] = (
                lambda work, number=number, one=one, n=n: work.dossiers.attach(  # type: ignore[misc]
                    number, one, component=f"{thread} {n}", how=AttachedHow.KEPT
                ),
                lambda work, number=number, n=n: work.dossiers.record(number, "supplement", f"{thread} {n}"),  # type: ignore[misc]
                lambda work, one=one, other=other: work.documents.supersede(one, by=other, reason="newer"),  # type: ignore[misc]
                lambda work, one=one, n=n: work.documents.refile(one, to=owners[n % 2], reason="once more"),  # type: ignore[misc]
            )
            try:
                with house.store.begin(MAI, "change") as opened:
                    chance.choices(acts, weights=(4, 4, 1, 2))[0](opened)
            except IllegalTransition:
                pass  # the life of that paper is over
            except OwnerThere:
                pass  # somebody else was faster

    at_once(change)
    with house.store.begin(MAI, "close") as opened:
        for number in dossiers:
            events = opened.dossiers.close(number, DossierState.WITHDRAWN).dossier.events
            assert len({(event.kind, event.note, event.at) for event in events}) == len(events)
    assert_log_clean(house)


def test_who_owns_the_papers_of_a_dossier_is_told_while_somebody_changes_one_of_them(
    busy_house: House,
) -> None:
    """The dossier was locked before its papers, by everybody who looked at it: each waited for the other."""
    house, an = busy_house, busy_house.owner(AN)
    document, locked, in_change = house.receive(an), threading.Event(), threading.Event()
    with house.store.begin(MAI, "open") as opened:
        opened.dossiers.open(NUMBER, procedure="1.001193")
        opened.dossiers.attach(NUMBER, document.id, component="KET_HON", how=AttachedHow.REUSED)

    def change() -> None:
        locked.wait()
        with house.store.begin(MAI, "change") as opened:
            opened.documents.get(document.id)
            in_change.set()
            opened.dossiers.record(NUMBER, "supplement", None)

    with ThreadPoolExecutor(1) as pool:
        changing = pool.submit(change)
        with house.store.begin(MAI, "look_at_dossier") as opened:
            opened.dossiers.record(NUMBER, "supplement", "first")
            locked.set()
            in_change.wait(0.3)  # on SQLite it waits for its turn until this is committed
            owners = opened.owners.of_papers(opened.dossiers.papers(NUMBER))
        changing.result()
    assert [owner.id for owner in owners[document.id]] == [an]
    assert len(in_the_house(house, lambda work: work.dossiers.get(NUMBER)).events) == 3


def test_sweeps_at_once_delete_every_orphan_and_nothing_else(busy_house: House) -> None:
    house, owner = busy_house, busy_house.owner()
    kept = house.receive(owner, content=b"kept")
    for n in range(12):
        draft = house.store.draft()
        house.store.put(original_key(draft.id, 1), bytes([n]), sealing=draft.data_key)
    swept = at_once(lambda _: house.store.sweep_orphans(older_than=timedelta(0)), 4)
    assert sum(swept) == 12
    assert house.store.statistics().open_intents == 0
    assert [each.key for each in house.objects.versions("documents")] == [original_key(kept.id, 1)]


def test_a_paper_that_is_named_while_it_is_swept_is_kept_or_refused_never_half(busy_house: House) -> None:
    house, owner = busy_house, busy_house.owner()
    # A sweep takes what was under way a day ago, never what is just being put.
    all_put = threading.Barrier(THREADS)

    def bring(thread: int) -> DocumentRecord | None:
        draft = house.store.draft()
        put = house.store.put(original_key(draft.id, 1), bytes([thread]), sealing=draft.data_key)
        all_put.wait(60)
        if thread % 2:
            house.store.sweep_orphans(older_than=timedelta(0))
        try:
            with house.store.begin(MAI, "intake") as work:
                return work.documents.receive(
                    draft, originals=[NewOriginal(put, "image/png", "a")], owners=[owner]
                )
        except StaleState:
            return None

    kept = [document for document in at_once(bring) if document is not None]
    house.store.sweep_orphans(older_than=timedelta(0))
    assert {each.key for each in house.objects.versions("documents")} == {
        original_key(document.id, 1) for document in kept
    }
    assert list(house.store.check_objects()) == []


def test_a_leaf_that_is_committed_late_gets_its_number_late_and_none_is_lost(
    house_on_postgresql: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    house, written, go_on = house_on_postgresql, threading.Event(), threading.Event()
    write = write_lines

    def write_and_wait(session: Witnessed, lines: Sequence[DiaryRow]) -> None:
        write(session, lines)
        if lines[0].act == "slow":
            written.set()
            assert go_on.wait(20)

    def slow() -> None:
        with house.store.begin(MAI, "slow") as opened:
            opened.owners.ensure(AN)

    monkeypatch.setattr(work, "write_lines", write_and_wait)
    with ExitStack() as stack:
        pool = stack.enter_context(ThreadPoolExecutor(1))
        late = pool.submit(slow)
        assert written.wait(20)
        for n in range(3):
            house.owner(f"00119100567{n}")
        assert [leaf.number for leaf in house.store.log.number_leaves()] == [0, 1, 2]
        go_on.set()
        late.result()
    (last,) = house.store.log.number_leaves()
    assert last.number == 3
    with house.behind_the_program() as rows:
        ((first,),) = rows.fetch('SELECT "index" FROM log_leaves ORDER BY arrival LIMIT 1')
    assert first == 3  # it arrived before the others
    assert_log_clean(house)
