"""Invented persons, places and offices whose numbers obey the rules of the real ones.

Promised: a personal number agrees with the birth date and sex of its person and begins with the code of
a real province (Circular 07/2016/TT-BCA, Annex 1); an enterprise code carries its right check digit;
addresses are those after the two-level reform of 2025. Not promised: that nobody of this name
lives; nobody is meant.
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

# Frequent surnames stand more than once.
SURNAMES = "Nguyễn Nguyễn Nguyễn Trần Trần Lê Lê Phạm Phạm Hoàng Phan Vũ Võ Đặng Bùi Đỗ Hồ Ngô Dương Đinh Cao"
MIDDLE = {"Nam": "Văn Hữu Đức Minh Quang Xuân Đình Công Bá Thanh", "Nữ": "Thị Thị Thị Ngọc Thu Khánh"}
GIVEN = {
    "Nam": "Hùng Dũng Tuấn Cường Khôi Phúc Sơn Thắng Vinh Trọng Hải Lâm Quý Bình Nghĩa Thịnh Đạt Kiên",
    "Nữ": "Hương Lan Thảo Nhung Huyền Trang Yến Mai Hạnh Thủy Phượng Quỳnh Oanh Diễm Ngân Hằng Tuyết Vân",
}
STREETS = (
    "Nguyễn Du",
    "Lê Lợi",
    "Trần Phú",
    "Phan Bội Châu",
    "Hai Bà Trưng",
    "Quang Trung",
    "Lý Thường Kiệt",
)
DIGITS = ("không", "một", "hai", "ba", "bốn", "năm", "sáu", "bảy", "tám", "chín")


@dataclass(frozen=True, slots=True)
class Commune:
    """A commune or ward after 1 July 2025; `number_prefix` begins the personal numbers given there."""

    kind: str
    name: str
    province: str
    number_prefix: str
    agency_code: str

    @property
    def full(self) -> str:
        return f"{self.kind} {self.name}, {self.province}"


# Names of the communes are real; the agency codes below the province are invented.
COMMUNES = (
    Commune("xã", "Nghĩa Đàn", "tỉnh Nghệ An", "040", "H41.242"),
    Commune("xã", "Đô Lương", "tỉnh Nghệ An", "040", "H41.218"),
    Commune("phường", "Trường Vinh", "tỉnh Nghệ An", "040", "H41.201"),
    Commune("xã", "Yên Thành", "tỉnh Nghệ An", "040", "H41.227"),
    Commune("xã", "Đức Thọ", "tỉnh Hà Tĩnh", "042", "H27.214"),
    Commune("phường", "Thành Sen", "tỉnh Hà Tĩnh", "042", "H27.201"),
    Commune("phường", "Sầm Sơn", "tỉnh Thanh Hóa", "038", "H56.230"),
    Commune("xã", "Nông Cống", "tỉnh Thanh Hóa", "038", "H56.251"),
    Commune("phường", "Phố Hiến", "tỉnh Hưng Yên", "033", "H31.201"),
    Commune("phường", "Ninh Kiều", "thành phố Cần Thơ", "092", "H13.201"),
    Commune("phường", "Hải Châu", "thành phố Đà Nẵng", "048", "H17.201"),
)


@dataclass(frozen=True, slots=True)
class Person:
    name: str
    sex: str
    birth: dt.date
    personal_id: str
    commune: Commune
    street: str

    @property
    def address(self) -> str:
        return f"{self.street}, {self.commune.full}"

    @property
    def title(self) -> str:
        return "ông" if self.sex == "Nam" else "bà"


@dataclass(frozen=True, slots=True)
class Enterprise:
    code: str
    name: str
    foreign_name: str
    short_name: str


def day(rng: Random, first: dt.date, last: dt.date) -> dt.date:
    """A working day between the two dates, both included."""
    while True:
        found = first + dt.timedelta(days=rng.randint(0, (last - first).days))
        if found.weekday() < 5:
            return found


def invented_name(rng: Random, sex: str, surname: str | None = None) -> str:
    parts = (surname or SURNAMES, MIDDLE[sex], GIVEN[sex])
    return " ".join(rng.choice(part.split()) for part in parts)


def personal_number(rng: Random, prefix: str, sex: str, birth: dt.date) -> str:
    """Twelve digits: province, century and sex, year of birth, six random ones. There is no check digit."""
    century = (birth.year - 1900) // 100 * 2 + (sex == "Nữ")
    return f"{prefix}{century}{birth.year % 100:02d}{rng.randint(1, 999_999):06d}"


def person(
    rng: Random, commune: Commune, sex: str, born: tuple[int, int], surname: str | None = None
) -> Person:
    """An invented person born between the two years, both included."""
    birth = day(rng, dt.date(born[0], 1, 1), dt.date(born[1], 12, 31))
    name = invented_name(rng, sex, surname)
    number = personal_number(rng, commune.number_prefix, sex, birth)
    return Person(name, sex, birth, number, commune, _street(rng, commune))


def _street(rng: Random, commune: Commune) -> str:
    if commune.kind == "xã":
        return f"{rng.choice(('Xóm', 'Thôn'))} {rng.randint(2, 14)}"
    return f"Số {rng.randint(2, 180)}, đường {rng.choice(STREETS)}"


def enterprise_code(rng: Random, prefix: str = "29") -> str:
    """Ten digits of which the last checks the others; stems whose check digit would be 10 are passed over."""
    weights = (31, 29, 23, 19, 17, 13, 7, 5, 3)
    while True:
        stem = f"{prefix}{rng.randint(210_000, 2_999_999):07d}"
        check = 10 - sum(int(d) * w for d, w in zip(stem, weights, strict=True)) % 11
        if check < 10:
            return f"{stem}{check}"


def in_words(number: int) -> str:
    """A number from 1 to 9999 as it is written out on certificates."""
    thousands, rest = divmod(number, 1000)
    head = [DIGITS[thousands], "nghìn"] if thousands else []
    hundreds, rest = divmod(rest, 100)
    if hundreds or head:
        head += [DIGITS[hundreds], "trăm"]
    return " ".join(head + _tens_in_words(rest, after_hundreds=bool(head)))


def _tens_in_words(number: int, *, after_hundreds: bool) -> list[str]:
    tens, units = divmod(number, 10)
    if not tens:
        zero = ["linh"] if after_hundreds else []
        return [*zero, DIGITS[units]] if units else []
    words = ["mười"] if tens == 1 else [DIGITS[tens], "mươi"]
    special = {0: [], 5: ["lăm"]} | ({1: ["mốt"]} if tens > 1 else {})
    return words + special.get(units, [DIGITS[units]])


def date_in_words(date: dt.date) -> str:
    return f"Ngày {in_words(date.day)}, tháng {in_words(date.month)}, năm {in_words(date.year)}"


def long_date(date: dt.date) -> str:
    """The date as heads of official papers print it: only January and February with a zero (Decree 30)."""
    month = f"{date.month:02d}" if date.month < 3 else str(date.month)
    return f"ngày {date.day:02d} tháng {month} năm {date.year}"


def short_date(date: dt.date) -> str:
    return f"{date.day:02d}/{date.month:02d}/{date.year}"


def other(rng: Random, communes: Sequence[Commune], than: Commune) -> Commune:
    return rng.choice([c for c in communes if c != than])
