"""Looks at the rows while the soak runs, past the ways: what has become done, and that nothing ever goes back."""

import threading
from collections import Counter
from dataclasses import dataclass, field

import psycopg

_EVERY = 0.2
_STEPS = ("received", "read", "checked", "provisional", "valid")
_PRINT_STEPS = ("requested", "sealed", "listed", "ready")
_ONCE = ("read", "sign", "make_valid")
"""Kinds of jobs that nothing asks for again once they are done."""


@dataclass(slots=True)
class Sampler:
    """`back` is what must not be."""

    url: str
    back: list[str] = field(default_factory=list)
    samples: int = 0
    waiting: int = 0
    """Jobs that are not done yet, when it last looked."""
    _documents: dict[str, str] = field(default_factory=dict)
    _in_work: set[str] = field(default_factory=set)
    """Papers of which a job is not done yet."""
    _jobs: dict[str, tuple[str, str]] = field(default_factory=dict)
    _prints: dict[str, str] = field(default_factory=dict)
    _revisions: "Counter[str]" = field(default_factory=Counter)
    _over: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def begin(self) -> None:
        self._thread = threading.Thread(target=self._look, name="sampler", daemon=True)
        self._thread.start()

    def end(self) -> None:
        self._over.set()
        assert self._thread is not None, "it was begun"
        self._thread.join()

    def is_through(self, document: str) -> bool:
        """Whether a paper is valid and nothing more is to be done for it."""
        return self._documents.get(document) == _STEPS[-1] and document not in self._in_work

    def _look(self) -> None:
        while not self._over.is_set():
            try:
                with psycopg.connect(self.url, autocommit=True, connect_timeout=5) as rows:
                    while not self._over.wait(_EVERY):
                        self._sample(rows)
            except psycopg.OperationalError:
                self._over.wait(_EVERY)  # the server is away: nothing to be seen

    def _sample(self, rows: "psycopg.Connection[tuple[object, ...]]") -> None:
        with rows.transaction():
            rows.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
            documents = rows.execute("SELECT id::text, status FROM documents").fetchall()
            jobs = rows.execute("SELECT id::text, kind, state, document_id::text FROM jobs").fetchall()
            prints = rows.execute("SELECT print_id::text, state FROM print_makings").fetchall()
            revisions = rows.execute("SELECT version_id::text, max(k) FROM revisions GROUP BY 1").fetchall()
        self._in_work = {str(document) for _id, _kind, state, document in jobs if state != "done"}
        for id, status in documents:
            self._see_document(str(id), str(status))
        for id, kind, state, _document in jobs:
            self._see_job(str(id), str(kind), str(state))
        for id, state in prints:
            self._see_print(str(id), str(state))
        for id, k in revisions:
            self._see_revision(str(id), int(str(k)))
        for known, found in (
            (self._documents, documents),
            (self._jobs, jobs),
            (self._prints, prints),
            (self._revisions, revisions),
        ):
            self.back += [f"{id} is gone" for id in known.keys() - {str(row[0]) for row in found}]
        self.waiting = sum(state != "done" for _id, _kind, state, _document in jobs)
        self.samples += 1

    def _see_document(self, id: str, status: str) -> None:
        before = self._documents.get(id, _STEPS[0])
        if status not in _STEPS or _STEPS.index(status) < _STEPS.index(before):
            self.back.append(f"document {id}: {before} → {status}")
        self._documents[id] = status if status in _STEPS else before

    def _see_job(self, id: str, kind: str, state: str) -> None:
        _kind, before = self._jobs.get(id, (kind, ""))
        if before == "done" != state and kind in _ONCE:
            self.back.append(f"job {kind} {id}: done → {state}")
        self._jobs[id] = (kind, state)

    def _see_print(self, id: str, state: str) -> None:
        before = self._prints.get(id, _PRINT_STEPS[0])
        if _PRINT_STEPS.index(state) < _PRINT_STEPS.index(before):
            self.back.append(f"print {id}: {before} → {state}")
        self._prints[id] = state

    def _see_revision(self, id: str, k: int) -> None:
        if k < self._revisions[id]:
            self.back.append(f"revisions of {id}: {self._revisions[id]} → {k}")
        self._revisions[id] = k
