"""What the acts of the diary are called, in both languages. The act is the stable code and stays what programs know.

A test holds that every act of this version has a name; one of another version keeps its code.
"""

from common import Sentence, catalogue


def title_of(act: str) -> Sentence:
    """An act as people call it."""
    named = catalogue().get(f"act-{act.replace('_', '-')}")
    return Sentence(act, act, act) if named is None else Sentence(act, named.vi, named.en)
