"""What the rows said once and for all, so that nobody asks again: of a process, for as long as its connections last.

Nothing that may change, and nothing that a transaction has only just written: it may still be taken back.
"""

from dataclasses import dataclass, field

from datastore.keys import DataKey


@dataclass(frozen=True, slots=True)
class Remembered:
    """Forgotten with each new connection: whoever puts another database in this one's place ends the old ones."""

    keys: dict[str, DataKey] = field(default_factory=dict, repr=False)
    """The installation's own keys, by their names."""
    turns: set[tuple[str, int, str]] = field(default_factory=set)
    """Role, priority and agency of whoever stands in the line for work, which nobody leaves."""

    def forget(self) -> None:
        """Everything."""
        self.keys.clear()
        self.turns.clear()
