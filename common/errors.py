"""The root of every error that a person may see.

A room subclasses `KhosoError` once per thing that can go wrong, sets `code`, and hands over the facts. The
edge (`api/errors.py`) alone knows exit statuses and HTTP statuses.
"""

from typing import ClassVar

from common.messages import Sentence, say


class KhosoError(Exception):
    """Something that a person can act on; `code` names its sentence in the room's `messages.toml`."""

    code: ClassVar[str]

    def __init__(self, **facts: object) -> None:
        self.facts = facts
        super().__init__(self.code)

    @property
    def sentence(self) -> Sentence:
        """What happened and what to do, in both languages."""
        return say(self.code, **self.facts)

    def __str__(self) -> str:
        return str(self.sentence)

    def __reduce__(self) -> tuple[object, ...]:
        # Errors cross process borders (sandbox, page pool): rebuild them from their facts.
        return _rebuild, (type(self), self.facts)


def _rebuild(kind: type[KhosoError], facts: dict[str, object]) -> KhosoError:
    return kind(**facts)
