"""Codes as a person at the command line reads them: in Vietnamese, beside the code that programs know."""

from common import say


def in_words(kind: str, code: str) -> str:
    """A status, a weight, a state or a role: `Có hiệu lực / valid`."""
    return f"{say(f'{kind}-{code}'.replace('_', '-')).vi} / {code}"
