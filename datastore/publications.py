"""What is published, as rows that every process of the installation reads, each call in a transaction of its own."""

from datetime import datetime

from sqlalchemy import select

from datastore.locks import hold
from datastore.records import PublishedThing
from datastore.rows import PublishedRow
from datastore.transactions import Transactions


class Publications:
    """What anyone may have, for the processes of other machines; each call is a transaction of its own."""

    def __init__(self, apart: Transactions) -> None:
        self._apart = apart

    def put(self, name: str, content: bytes, as_of: datetime) -> None:
        """Keep what is published under a name, unless something newer is there."""
        with self._apart.writing() as session:
            hold(session, f"published {name}")
            row = session.get(PublishedRow, name, with_for_update=True)
            if row is None:
                session.add(PublishedRow(name=name, content=content, as_of=as_of))
            elif row.as_of <= as_of:
                row.content, row.as_of = content, as_of

    def as_of(self, name: str) -> datetime | None:
        """When what is published under a name was true; None while nothing is."""
        with self._apart.looking() as session:
            return session.scalar(select(PublishedRow.as_of).where(PublishedRow.name == name))

    def get(self, name: str) -> PublishedThing | None:
        """What is published under a name; None while nothing is."""
        with self._apart.looking() as session:
            row = session.get(PublishedRow, name)
            return None if row is None else PublishedThing(row.content, row.as_of)
