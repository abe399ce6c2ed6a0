"""Vietnamese names for people who do not exist: the same number has the same name.

Families and middle names are as frequent as in Viet Nam, roughly: Nguyễn is every third, `Văn` and `Thị` every third
man and woman, and every third name has four words. A stride through the combinations mixes them, so that neighbours are
not alike.
"""

_FAMILIES = {
    "Nguyễn": 320, "Trần": 110, "Lê": 90, "Phạm": 60, "Hoàng": 35, "Huỳnh": 20, "Phan": 45, "Vũ": 25, "Võ": 20,
    "Đặng": 22, "Bùi": 21, "Đỗ": 16, "Hồ": 14, "Ngô": 14, "Dương": 11, "Lý": 8, "Đinh": 8, "Trương": 14, "Đoàn": 8,
    "Mai": 7, "Trịnh": 7, "Lương": 7, "Cao": 6, "Phùng": 5, "Hà": 6, "Tạ": 4, "Tô": 4, "Châu": 4, "Thái": 4, "Lâm": 5,
    "Kiều": 3, "Vương": 4, "Quách": 2, "Nông": 4, "Chu": 4, "Nghiêm": 2, "Triệu": 3, "La": 2, "Giang": 2, "Lục": 2,
}  # fmt: skip
_OF_MEN = {
    "Văn": 33, "Đức": 7, "Hữu": 6, "Minh": 6, "Quang": 5, "Công": 5, "Đình": 5, "Xuân": 4, "Thanh": 4, "Ngọc": 4,
    "Quốc": 4, "Trọng": 3, "Duy": 3, "Gia": 3, "Hoàng": 3, "Tuấn": 2, "Bá": 2, "Thế": 2, "Mạnh": 2, "Viết": 1,
}  # fmt: skip
_OF_WOMEN = {
    "Thị": 34, "Ngọc": 8, "Thanh": 7, "Thu": 6, "Minh": 5, "Phương": 5, "Kim": 5, "Hồng": 5, "Mai": 4, "Bích": 4,
    "Thùy": 4, "Khánh": 3, "Quỳnh": 3, "Ánh": 3, "Hoàng": 2, "Diệu": 2, "Xuân": 2, "Tuyết": 2, "Mỹ": 1, "Bảo": 1,
}  # fmt: skip
_GIVEN_TO_MEN = (
    "An", "Anh", "Bình", "Bảo", "Cường", "Chiến", "Dũng", "Duy", "Đạt", "Đức", "Hải", "Hiếu", "Hòa", "Hùng", "Huy",
    "Hưng", "Khánh", "Khoa", "Kiên", "Lâm", "Long", "Lộc", "Minh", "Nam", "Nghĩa", "Phong", "Phúc", "Quân", "Quang",
    "Sơn", "Tài", "Tân", "Thành", "Thắng", "Thịnh", "Tiến", "Toàn", "Trung", "Tuấn", "Tùng", "Việt", "Vinh", "Vũ",
)  # fmt: skip
_GIVEN_TO_WOMEN = (
    "An", "Anh", "Ánh", "Bình", "Châu", "Chi", "Cúc", "Diễm", "Dung", "Duyên", "Giang", "Hà", "Hạnh", "Hằng", "Hiền",
    "Hoa", "Hồng", "Huệ", "Hương", "Huyền", "Lan", "Liên", "Linh", "Loan", "Ly", "Mai", "My", "Nga", "Ngân", "Ngọc",
    "Nhung", "Oanh", "Phương", "Quyên", "Tâm", "Thảo", "Thoa", "Thu", "Thủy", "Trang", "Trinh", "Vân", "Yến",
)  # fmt: skip
_STRIDE = 982_451_653
"""A prime that divides none of the counts."""


def _weighted(counts: dict[str, int]) -> tuple[str, ...]:
    return tuple(name for name, count in counts.items() for _n in range(count))


_FAMILY = _weighted(_FAMILIES)
_SEXES = ((_weighted(_OF_MEN), _GIVEN_TO_MEN), (_weighted(_OF_WOMEN), _GIVEN_TO_WOMEN))


def full_name(number: int) -> str:
    """Family, one or two middle names, and the given one: `Nguyễn Văn An`."""
    mixed = number * _STRIDE
    mixed, sex = divmod(mixed, 2)
    middles, given = _SEXES[sex]
    mixed, first = divmod(mixed, len(_FAMILY))
    mixed, second = divmod(mixed, len(middles))
    mixed, last = divmod(mixed, len(given))
    words = [_FAMILY[first], middles[second], given[last]]
    if mixed % 3 == 0:
        words.insert(2, middles[mixed % len(middles)])
    return " ".join(dict.fromkeys(words))
