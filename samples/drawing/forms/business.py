"""Registration papers of an enterprise and of a household business (forms of Circular 68/2025/TT-BTC)."""

from drawing.cast import Cast
from drawing.forms.parts import A4, Look, Owner, Paper, foot, head, owner, place_date, typewriter
from drawing.people import Person, long_date, short_date
from drawing.sheet import Blank, Compositor, Face, Style

CAPITALS = (
    ("1.500.000.000", "Một tỷ năm trăm triệu"),
    ("3.000.000.000", "Ba tỷ"),
    ("4.800.000.000", "Bốn tỷ tám trăm triệu"),
)
SHOPS = (
    ("Tạp hóa {name}", "Bán lẻ lương thực, thực phẩm, đồ uống trong các cửa hàng chuyên doanh", "4721"),
    ("Cơ sở may {name}", "May trang phục (trừ trang phục từ da lông thú)", "1410"),
    ("Quán ăn {name}", "Nhà hàng và các dịch vụ ăn uống phục vụ lưu động", "5610"),
)


def enterprise_registration(cast: Cast, look: Look) -> Paper:
    """Two pages; the second bears the representative and the seal."""
    firm, founder, date = cast.enterprise, cast.founder, cast.dates.enterprise
    amount, words = CAPITALS[cast.numbers[8] % len(CAPITALS)]
    first = _enterprise_front(cast, look, f"{amount} đồng", f"{words} đồng")
    second = _enterprise_back(cast, look)
    return Paper(
        "giay_chung_nhan_dang_ky_doanh_nghiep", "GCN_DKDN", None, (Owner(firm.code, firm.name),),
        (first.leaf(), second.leaf()),
        {
            "date": date.isoformat(), "kind": "GIẤY CHỨNG NHẬN ĐĂNG KÝ DOANH NGHIỆP",
            "issuer": "PHÒNG ĐĂNG KÝ KINH DOANH", "signer": cast.registrar,
            "enterprise_code": firm.code,
            "enterprise_name": firm.name, "address": f"{founder.address}, Việt Nam",
            "capital": f"{amount} đồng",
            "representative_name": founder.name.upper(),
            "representative_birth_date": founder.birth.isoformat(),
            "representative_personal_id": founder.personal_id,
        },
    )  # fmt: skip


def _enterprise_front(cast: Cast, look: Look, amount: str, words: str) -> Compositor:
    firm, founder, date = cast.enterprise, cast.founder, cast.dates.enterprise
    bold = Style(Face.BOLD, look.form)
    c = Compositor(A4, (28, 17, 22), look.serif(look.form), Style(Face.REGULAR, look.form))
    head(
        c,
        ("PHÒNG ĐĂNG KÝ KINH DOANH",),
        ("",),
        place_date("Nghệ An", date),
        12,
        superior="SỞ TÀI CHÍNH TỈNH NGHỆ AN",
    )
    c.feed(3)
    c.centred("GIẤY CHỨNG NHẬN ĐĂNG KÝ DOANH NGHIỆP", Style(Face.BOLD, 16))
    c.centred("CÔNG TY TRÁCH NHIỆM HỮU HẠN MỘT THÀNH VIÊN", Style(Face.BOLD, 13))
    c.feed(3)
    c.centred(f"Mã số doanh nghiệp: {firm.code}", bold)
    c.centred(f"Đăng ký lần đầu, {long_date(date)}", Style(Face.ITALIC, look.form))
    c.feed(5)
    c.line("1. Tên công ty", bold)
    c.blanks(Blank("Tên công ty viết bằng tiếng Việt:", firm.name), leading=8)
    c.blanks(Blank("Tên công ty viết bằng tiếng nước ngoài:", firm.foreign_name), leading=8)
    c.blanks(Blank("Tên công ty viết tắt:", firm.short_name), leading=8)
    c.line("2. Địa chỉ trụ sở chính", bold)
    c.paragraph(f"{founder.address}, Việt Nam", indent=0)
    c.blanks(Blank("Điện thoại:", f"0238.3{cast.numbers[9]:03d}.{cast.numbers[10]:03d}"), leading=8)
    c.line("3. Vốn điều lệ", bold)
    c.blanks(Blank("Vốn điều lệ:", amount), leading=8)
    c.blanks(Blank("Bằng chữ:", words), leading=8)
    return c


def _natural_person(c: Compositor, person: Person) -> None:
    c.blanks(
        Blank("Họ, chữ đệm và tên:", person.name.upper(), 1.6), Blank("Giới tính:", person.sex), leading=8
    )
    c.blanks(
        Blank("Sinh ngày:", short_date(person.birth)),
        Blank("Dân tộc:", "Kinh", 0.7),
        Blank("Quốc tịch:", "Việt Nam"),
        leading=8,
    )
    c.blanks(Blank("Số định danh cá nhân:", person.personal_id), leading=8)
    c.blanks(Blank("Địa chỉ liên lạc:", f"{person.address}, Việt Nam"), leading=8)


def _enterprise_back(cast: Cast, look: Look) -> Compositor:
    c = Compositor(A4, (28, 17, 14), look.serif(look.form), Style(Face.REGULAR, look.form))
    c.centred("2", c.body)
    c.feed(5)
    bold = Style(Face.BOLD, look.form)
    c.line("4. Thông tin về chủ sở hữu", bold)
    _natural_person(c, cast.founder)
    c.line("5. Người đại diện theo pháp luật của công ty", bold)
    _natural_person(c, cast.founder)
    c.blanks(Blank("Chức danh:", "Giám đốc"), leading=8)
    c.feed(8)
    seal = ("PHÒNG ĐĂNG KÝ KINH DOANH", "SỞ TÀI CHÍNH NGHỆ AN")
    foot(c, (), ("TRƯỞNG PHÒNG",), cast.registrar, seal)
    return c


def household_business(cast: Cast, look: Look) -> Paper:
    """Filled in by typewriter; since 1 July 2025 the owner's personal number is the code of the business."""
    trader, office, date = cast.trader, cast.office, cast.dates.shop
    pattern, trade, trade_code = SHOPS[cast.numbers[11] % len(SHOPS)]
    name = pattern.format(name=trader.name.split()[-1])
    amount, words = "250.000.000 đồng", "Hai trăm năm mươi triệu đồng"
    c = Compositor(A4, (28, 18, 22), look.serif(look.form), typewriter(look.form - 1))
    number = f"{cast.numbers[12]:04d}/HKD"
    place = place_date(office.commune.name, date)
    head(c, ("PHÒNG KINH TẾ",), (f"Số: {number}",), place, 12, superior=f"UBND {office.head[1]}")
    c.feed(3)
    c.centred("GIẤY CHỨNG NHẬN ĐĂNG KÝ HỘ KINH DOANH", Style(Face.BOLD, 16))
    c.feed(1)
    c.centred(f"Mã số hộ kinh doanh: {trader.personal_id}", Style(Face.BOLD, look.form))
    c.centred(f"Đăng ký lần đầu, {long_date(date)}", Style(Face.ITALIC, look.form))
    c.feed(5)
    c.blanks(Blank("1. Tên hộ kinh doanh:", name))
    c.blanks(Blank("2. Địa chỉ trụ sở:", trader.address))
    c.blanks(Blank("3. Ngành, nghề kinh doanh:", f"{trade} ({trade_code})"))
    c.blanks(Blank("4. Vốn kinh doanh:", amount))
    c.blanks(Blank("Bằng chữ:", words))
    c.blanks(Blank("5. Chủ hộ kinh doanh:", trader.name.upper(), 1.7), Blank("Giới tính:", trader.sex))
    c.blanks(
        Blank("Sinh ngày:", short_date(trader.birth), 1.2),
        Blank("Dân tộc:", "Kinh", 0.8),
        Blank("Quốc tịch:", "Việt Nam"),
    )
    c.blanks(Blank("Số định danh cá nhân:", trader.personal_id))
    c.blanks(Blank("Nơi thường trú:", trader.address))
    c.feed(3)
    seal = (
        f"PHÒNG KINH TẾ {office.commune.kind} {office.commune.name}".upper(),
        office.commune.province.upper(),
    )
    foot(c, (), ("TRƯỞNG PHÒNG",), cast.colleagues[0], seal)
    return Paper(
        "giay_chung_nhan_dang_ky_ho_kinh_doanh", "GCN_HKD", None, (owner(trader),), (c.leaf(),),
        {
            "number": number, "date": date.isoformat(), "kind": "GIẤY CHỨNG NHẬN ĐĂNG KÝ HỘ KINH DOANH",
            "issuer": "PHÒNG KINH TẾ", "signer": cast.colleagues[0],
            "business_code": trader.personal_id, "business_name": name, "address": trader.address,
            "capital": amount, "full_name": trader.name.upper(), "birth_date": trader.birth.isoformat(),
            "sex": trader.sex, "personal_id": trader.personal_id,
        },
    )  # fmt: skip
