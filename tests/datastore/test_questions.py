"""Questions that are asked past SQLAlchemy: what comes is what SQLAlchemy would have given, name by name."""

from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from sqlalchemy import bindparam, func, literal, select, union_all

from archive import Status
from datastore import DatabaseUnreachable, TextNotKept
from datastore.dialect import Question, ask, ask_one
from datastore.rows import DocumentRow, OwnerIdentifierRow, VersionRow
from tests.datastore.house import AN, BINH, House

_NUMBERS = OwnerIdentifierRow.identifier.in_(bindparam("numbers", expanding=True))
_OWNERS = select(OwnerIdentifierRow.identifier, OwnerIdentifierRow.owner_id, OwnerIdentifierRow.valid_from)
_THE_SAME: Sequence[tuple[Question, Mapping[str, Any]]] = (
    (_OWNERS.where(_NUMBERS).order_by(OwnerIdentifierRow.identifier), {"numbers": [AN, BINH]}),
    (_OWNERS.where(_NUMBERS), {"numbers": [BINH]}),
    (_OWNERS.where(_NUMBERS), {"numbers": []}),
    (_OWNERS.where(OwnerIdentifierRow.identifier == bindparam("number")), {"number": AN, "not asked": 1}),
    (select(DocumentRow.id, DocumentRow.status).where(DocumentRow.status.in_([*Status])), {}),
    (select(DocumentRow.id).where(DocumentRow.status == bindparam("status")), {"status": Status.READ}),
    (
        select(
            VersionRow.fields, VersionRow.page_count, func.coalesce(VersionRow.pdf_id, literal(None))
        ).limit(bindparam("most")),
        {"most": 1},
    ),
    (union_all(select(VersionRow.made_at), select(DocumentRow.received_at)).order_by("made_at"), {}),
    (select(literal("100 % của: mẫu").label("said"), func.count(DocumentRow.id)), {}),
)


@pytest.mark.parametrize(("question", "asked"), _THE_SAME, ids=range(len(_THE_SAME)))
def test_an_answer_is_that_of_sqlalchemy(house: House, question: Question, asked: Mapping[str, Any]) -> None:
    house.read(house.receive(house.owner(AN), house.owner(BINH, "Trần Thị Bình")).id)
    with house.store._looking() as session:
        expected = session.connection().execute(question, dict(asked)).all()
        for _time in range(7):  # psycopg prepares what it has sent five times
            assert [tuple(row) for row in ask(session.connection(), question, asked)] == [
                tuple(row) for row in expected
            ]
    assert expected or asked == {"numbers": []}


def test_the_columns_of_a_row_have_their_names(house: House) -> None:
    owner = house.owner(AN)
    with house.store._looking() as session:
        (row,) = ask(session.connection(), _OWNERS.where(_NUMBERS), {"numbers": [AN]})
        assert (row.identifier, row.owner_id) == (AN, owner)
        assert ask_one(session.connection(), _OWNERS.where(_NUMBERS), {"numbers": [AN]}) == AN
        assert ask_one(session.connection(), _OWNERS.where(_NUMBERS), {"numbers": [BINH]}) is None


@pytest.mark.parametrize("text", ["\0", "\ud800"])
def test_what_no_database_keeps_is_refused_as_everywhere(house: House, text: str) -> None:
    with house.store._looking() as session, pytest.raises(TextNotKept):
        ask(session.connection(), _OWNERS.where(_NUMBERS), {"numbers": [text]})


def test_a_connection_that_is_lost_while_it_is_asked_is_told_and_made_anew(
    house_on_postgresql: House,
) -> None:
    house = house_on_postgresql
    house.owner(AN)
    with house.store._looking() as session:
        connection = session.connection()
        pid = connection.exec_driver_sql("SELECT pg_backend_pid()").scalar_one()
        with house.behind_the_program() as rows:
            rows.fetch(f"SELECT pg_terminate_backend({pid})")
        with pytest.raises(DatabaseUnreachable):
            ask(connection, _OWNERS.where(_NUMBERS), {"numbers": [AN]})
    with house.store._looking() as session:
        assert ask_one(session.connection(), _OWNERS.where(_NUMBERS), {"numbers": [AN]}) == AN
