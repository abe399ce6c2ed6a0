"""Every error of every room speaks two languages and means something at the edge."""

import importlib
import pkgutil
import string

import pytest

from api.errors import exit_status, http_status, known_codes
from common import KhosoError, catalogue
from common.messages import ROOMS


def _load_every_module() -> None:
    for room in ROOMS:
        package = importlib.import_module(room)
        for module in pkgutil.walk_packages(package.__path__, f"{room}."):
            if ".migrations" not in module.name:
                importlib.import_module(module.name)


def _kinds(kind: type[KhosoError]) -> set[type[KhosoError]]:
    below = {one for child in kind.__subclasses__() for one in _kinds(child)}
    return below | {kind}


def _errors() -> list[type[KhosoError]]:
    _load_every_module()
    found = _kinds(KhosoError) - {KhosoError}
    return sorted((one for one in found if one.__module__.split(".")[0] in ROOMS), key=lambda one: one.code)


def test_every_error_has_an_exit_status_and_an_http_status() -> None:
    missing = {one.code for one in _errors()} - known_codes()
    assert missing == set()


def test_no_status_is_kept_for_an_error_that_does_not_exist() -> None:
    assert known_codes() - {one.code for one in _errors()} == set()


def test_two_errors_do_not_share_a_code_unless_one_is_the_other() -> None:
    by_code: dict[str, type[KhosoError]] = {}
    for one in _errors():
        other = by_code.setdefault(one.code, one)
        assert issubclass(one, other) or issubclass(other, one), one


@pytest.mark.parametrize("code", sorted(catalogue()))
def test_both_languages_of_a_sentence_use_the_same_facts(code: str) -> None:
    sentence = catalogue()[code]
    assert _facts(sentence.vi) == _facts(sentence.en)
    assert sentence.vi != sentence.en or not any(letter.isalpha() for letter in sentence.vi)


def test_every_error_has_a_sentence() -> None:
    assert {one.code for one in _errors()} <= catalogue().keys()


def test_an_error_of_the_edge_says_what_it_means() -> None:
    from ingest import EmptyFile

    error = EmptyFile(name="trang.pdf")
    assert (exit_status(error), http_status(error)) == (2, 422)
    assert "trang.pdf" in error.sentence.vi
    assert "trang.pdf" in error.sentence.en


def _facts(template: str) -> set[str]:
    return {name for _text, name, _form, _turn in string.Formatter().parse(template) if name}
