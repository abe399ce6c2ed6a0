"""The names that `bench/service` gives to people who do not exist."""

from bench.service.names import full_name

_NAMES = [full_name(number) for number in range(33_333)]


def test_the_same_number_has_the_same_name_and_neighbours_have_others() -> None:
    assert _NAMES[:3] == ["Nguyễn Văn An", "Phan Thanh Ngọc", "Trần Trọng Văn Tân"]


def test_names_are_as_frequent_as_in_viet_nam() -> None:
    assert len(set(_NAMES)) > 20_000
    assert 0.3 < sum(name.startswith("Nguyễn ") for name in _NAMES) / len(_NAMES) < 0.37
    assert 1_500 < sum(name.startswith("Nguyễn Văn ") for name in _NAMES) < 2_500
    assert sum(name.startswith("Quách ") for name in _NAMES) < 150
