"""What the rows said once and for all, so that nobody asks again: of a process, for as long as its connections last.

Nothing that may change, and nothing that a transaction has only just written: it may still be taken back.
"""

from dataclasses import dataclass, field

from datastore.keys import DataKey


@dataclass(frozen=True, slots=True)
class Remembered:
    """With each new connection a `Datastore` begins with an empty one: whoever puts another database in this one's
    place ends the old connections. A session goes on with the one that it began with."""

    keys: dict[str, DataKey] = field(default_factory=dict, repr=False)
    """The installation's own keys, by their names."""
    turns: set[tuple[str, int, str]] = field(default_factory=set)
    """Role, priority and agency of whoever stands in the line for work, which nobody leaves."""
