"""How transactions that run at once keep out of each other's way.

A row that is going to be changed is locked before it is looked at (`locked`); what is no row yet, a next number
or a natural key, is held by its name (`hold`). Both last until the transaction ends. On SQLite they do nothing: a
transaction that writes is alone there.

The order, so that no two wait for each other: uploads, documents (several by their ids), dossiers, shares, an owner
that is corrected, accounts, then names (`override`, `agency`, `agencies`, `account`, `identity`, `identifier`,
`uploads`, `subscriptions`, `key`, `originals`, `code`, `status index`, `delegation`; several of a kind in their
order; a code of an owner whose number is its own no more takes `identifier` once more, behind `originals`; dossiers
and shares that are told of a brought or refiled paper come behind `code`, which nobody asks for who holds one of
these), then what is searched, jobs and turns, the names `receipts` and `exchange`, an answer that is kept. `log`,
`outbox`, `published`, `sweep` and `migrate` are held in transactions that hold no other name. Where a transaction
must leave this order the database ends one of the two after a second, as DatabaseBusy: nothing of it stays.
"""

from typing import Any, TypeVar

from sqlalchemy import Select

from datastore.dialect import hold

__all__ = ["hold", "locked"]

_Query = TypeVar("_Query", bound=Select[*tuple[Any, ...]])


def locked(query: _Query) -> _Query:
    """`query`, giving its rows as they stand once nobody else is changing them, and locking them.

    Rows that point to them may be added by others meanwhile: their keys stay. What is loaded beside them stays open.
    """
    kind = query.column_descriptions[0]["entity"]
    return query.with_for_update(key_share=True, of=kind).execution_options(populate_existing=True)
