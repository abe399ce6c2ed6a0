"""Civil-status papers in the wording of the forms of Circular 04/2020/TT-BTP, and a school diploma."""

from drawing.cast import Cast
from drawing.forms.parts import (
    A4,
    A4_LANDSCAPE,
    A5,
    Look,
    Paper,
    capital_first,
    foot,
    head,
    national_head,
    owner,
    pen,
    place_date,
    signer_cell,
    typewriter,
)
from drawing.people import Person, date_in_words, long_date, short_date
from drawing.sheet import Blank, Compositor, Face, Frame, Grid, Line, Style


def birth_certificate(cast: Cast, look: Look) -> Paper:
    """Filled in by typewriter on a form with a printed frame and dotted lines; its number by pen."""
    child, mother, father, office = cast.child, cast.bride, cast.groom, cast.office
    number = f"{cast.numbers[0]}/{cast.dates.birth_registered.year}"
    c = Compositor(A4, (27, 25, 32), look.serif(look.form), typewriter(look.form - 1))
    c.marks.append(Frame(9))
    national_head(c, look.form)
    c.feed(7)
    c.centred("GIẤY KHAI SINH", Style(Face.BOLD, 22))
    c.set(c.set(c.right - 42, c.y, "Số: ", c.body), c.y, number, pen(look.form + 3))
    c.story.append(f"Số: {number}")
    c.feed(12)
    birthplace = f"Bệnh viện Đa khoa khu vực Tây Bắc, {child.commune.province}"
    c.blanks(Blank("Họ, chữ đệm, tên:", child.name.upper()))
    c.blanks(Blank("Ngày, tháng, năm sinh:", short_date(child.birth)))
    c.blanks(Blank("Ghi bằng chữ:", date_in_words(child.birth)))
    c.blanks(
        Blank("Giới tính:", child.sex, 0.8), Blank("Dân tộc:", "Kinh", 0.8), Blank("Quốc tịch:", "Việt Nam")
    )
    c.blanks(Blank("Nơi sinh:", birthplace))
    c.blanks(Blank("Quê quán:", father.commune.full))
    c.blanks(Blank("Số định danh cá nhân:", child.personal_id))
    c.feed(2)
    _parent(c, "mẹ", mother)
    _parent(c, "cha", father)
    c.blanks(Blank("Họ, chữ đệm, tên người đi khai sinh:", cast.grandmother.name))
    c.blanks(Blank("Giấy tờ tùy thân:", f"Căn cước số {cast.grandmother.personal_id}"))
    c.blanks(Blank("Nơi đăng ký khai sinh:", f"{office.short_name}, {office.commune.province}"))
    c.blanks(Blank("Ngày, tháng, năm đăng ký:", short_date(cast.dates.birth_registered)))
    c.feed(3)
    roles = ("NGƯỜI KÝ GIẤY KHAI SINH", "CHỦ TỊCH")
    c.story.append(Grid(((signer_cell(c, roles, office.chairman, office.seal, c.left + 115, look.form),),)))
    return Paper(
        "giay_khai_sinh", "KHAI_SINH", "KQ.G15.000031", (owner(child),), (c.leaf(),),
        {
            "number": number, "date": cast.dates.birth_registered.isoformat(), "kind": "GIẤY KHAI SINH",
            "issuer": f"{office.short_name}, {office.commune.province}", "signer": office.chairman,
            "full_name": child.name.upper(), "birth_date": child.birth.isoformat(), "sex": child.sex,
            "ethnicity": "Kinh", "nationality": "Việt Nam", "birth_place": birthplace,
            "home_town": father.commune.full, "personal_id": child.personal_id,
            "mother_name": mother.name, "mother_birth_year": str(mother.birth.year),
            "father_name": father.name, "father_birth_year": str(father.birth.year),
            "requester": cast.grandmother.name,
        },
    )  # fmt: skip


def _parent(c: Compositor, word: str, parent: Person) -> None:
    c.blanks(Blank(f"Họ, chữ đệm, tên người {word}:", parent.name))
    c.blanks(
        Blank("Năm sinh:", str(parent.birth.year), 0.8),
        Blank("Dân tộc:", "Kinh", 0.8),
        Blank("Quốc tịch:", "Việt Nam"),
    )
    c.blanks(Blank("Nơi cư trú:", parent.address))


def marriage_certificate(cast: Cast, look: Look) -> Paper:
    """Wife left, husband right, three signatures; printed by the registrar's software."""
    wife, husband, office = cast.bride, cast.groom, cast.office
    number = f"{cast.numbers[1]}/{cast.dates.marriage.year}"
    c = Compositor(A4_LANDSCAPE, (24, 22, 29), look.serif(look.form), Style(Face.BOLD, look.form))
    c.marks.append(Frame(8))
    national_head(c, look.form)
    c.feed(3)
    c.centred("GIẤY CHỨNG NHẬN KẾT HÔN", Style(Face.BOLD, 20))
    c.centred(f"Số: {{{number}}}", c.body)
    c.feed(5)
    _spouses(c, wife, husband)
    c.blanks(Blank("Nơi đăng ký kết hôn:", f"{office.short_name}, {office.commune.province}"))
    c.blanks(Blank("Ngày, tháng, năm đăng ký:", short_date(cast.dates.marriage)))
    c.feed(6)
    _three_signatures(c, cast, look)
    fields = {
        "number": number, "date": cast.dates.marriage.isoformat(), "kind": "GIẤY CHỨNG NHẬN KẾT HÔN",
        "issuer": f"{office.short_name}, {office.commune.province}", "signer": office.deputy,
    }  # fmt: skip
    for role, person in (("wife", wife), ("husband", husband)):
        fields |= {
            f"{role}_name": person.name.upper(), f"{role}_birth_date": person.birth.isoformat(),
            f"{role}_personal_id": person.personal_id, f"{role}_residence": person.address,
        }  # fmt: skip
    return Paper(
        "giay_chung_nhan_ket_hon",
        "KET_HON",
        "KQ.G15.000032",
        (owner(wife), owner(husband)),
        (c.leaf(),),
        fields,
    )


def _spouses(c: Compositor, wife: Person, husband: Person) -> None:
    middle, top = c.left + (c.right - c.left) / 2 + 3, c.y
    cells = []
    for person, word, left in ((wife, "vợ", c.left), (husband, "chồng", middle)):
        lines = [
            f"Họ, chữ đệm, tên {word}: {{{person.name.upper()}}}",
            f"Ngày, tháng, năm sinh: {{{short_date(person.birth)}}}",
            "Dân tộc: {Kinh} Quốc tịch: {Việt Nam}",
            f"Nơi cư trú: {{{person.street},}}",
            f"{{{person.commune.full}}}",
            f"Giấy tờ tùy thân: Căn cước số {{{person.personal_id}}}",
        ]
        wide = Style(Face.REGULAR, c.body.size)
        y = top
        cell: list[Line] = []
        for line in lines:
            cell += c.listing([(line, wide)], left, y)
            y += 8.4
        cells.append(tuple(cell))
    c.story.append(Grid((tuple(cells),)))
    c.y = top + 6 * 8.4 + 2


def _three_signatures(c: Compositor, cast: Cast, look: Look) -> None:
    top = c.y
    wide = c.right - c.left
    wife = signer_cell(
        c, ("VỢ", "(Ký, ghi rõ họ, chữ đệm, tên)"), cast.bride.name, None, c.left + wide * 0.15, look.form
    )
    husband = signer_cell(
        c, ("CHỒNG", "(Ký, ghi rõ họ, chữ đệm, tên)"), cast.groom.name, None, c.left + wide * 0.45, look.form
    )
    roles = ("KT. CHỦ TỊCH", "PHÓ CHỦ TỊCH")
    registrar = signer_cell(c, roles, cast.office.deputy, cast.office.seal, c.left + wide * 0.80, look.form)
    c.story.append(Grid(((wife, husband, registrar),)))
    c.y = top + 40


def single_status(cast: Cast, look: Look) -> Paper:
    """Issued by the commune of the groom, for the marriage that follows."""
    groom, bride, office, date = cast.groom, cast.bride, cast.groom_office, cast.dates.single_status
    number = f"{cast.numbers[2]}/UBND-XNTTHN"
    c = Compositor(A4, (30, 17, 22), look.serif(look.form), Style(Face.BOLD, look.form))
    head(c, office.head, (f"Số: {number}",), place_date(office.commune.name, date))
    c.feed(6)
    c.centred("GIẤY XÁC NHẬN TÌNH TRẠNG HÔN NHÂN", Style(Face.BOLD, 16))
    c.feed(5)
    c.centred(office.name.upper(), Style(Face.BOLD, look.form))
    c.feed(3)
    c.paragraph(
        f"Xét đề nghị của ông {groom.name}, về việc cấp Giấy xác nhận tình trạng hôn nhân cho ông "
        f"{groom.name},"
    )
    c.centred("XÁC NHẬN:", Style(Face.BOLD, look.form))
    c.feed(3)
    c.blanks(Blank("Họ, chữ đệm, tên:", groom.name.upper()))
    c.blanks(Blank("Ngày, tháng, năm sinh:", short_date(groom.birth)))
    c.blanks(
        Blank("Giới tính:", groom.sex, 0.8), Blank("Dân tộc:", "Kinh", 0.8), Blank("Quốc tịch:", "Việt Nam")
    )
    c.blanks(Blank("Giấy tờ tùy thân:", f"Căn cước số {groom.personal_id}"))
    c.blanks(Blank("Nơi cư trú:", groom.address))
    status = "Chưa đăng ký kết hôn với ai"
    c.blanks(Blank("Tình trạng hôn nhân:", status))
    c.feed(1)
    c.paragraph(
        f"Giấy này được cấp để sử dụng vào mục đích đăng ký kết hôn với bà {bride.name}, sinh ngày "
        f"{short_date(bride.birth)}, số định danh cá nhân {bride.personal_id}, tại {cast.office.short_name}, "
        f"{cast.office.commune.province}."
    )
    c.paragraph(
        "Giấy này có giá trị đến thời điểm thay đổi tình trạng hôn nhân hoặc 06 tháng kể từ ngày cấp."
    )
    foot(c, (), ("NGƯỜI KÝ GIẤY XÁC NHẬN", "CHỦ TỊCH"), office.chairman, office.seal)
    return Paper(
        "giay_xac_nhan_tinh_trang_hon_nhan", "TT_HON_NHAN", None, (owner(groom),), (c.leaf(),),
        {
            "number": number, "date": date.isoformat(), "kind": "GIẤY XÁC NHẬN TÌNH TRẠNG HÔN NHÂN",
            "issuer": office.name.upper(), "signer": office.chairman, "full_name": groom.name.upper(),
            "birth_date": groom.birth.isoformat(), "sex": groom.sex, "personal_id": groom.personal_id,
            "residence": groom.address, "marital_status": status,
        },
    )  # fmt: skip


def death_extract(cast: Cast, look: Look) -> Paper:
    """A small sheet, filled in with a typewriter face."""
    dead, office, dates = cast.deceased, cast.office, cast.dates
    number = f"{cast.numbers[3]}/TLKT"
    c = Compositor(A5, (14, 10, 14), look.serif(11.5), typewriter(11))
    head(
        c, office.head, (f"Số: {number}",), place_date(office.commune.name, dates.death_registered), size=9.5
    )
    c.feed(3)
    c.centred("TRÍCH LỤC KHAI TỬ", Style(Face.BOLD, 15))
    c.feed(5)
    cause = "Già yếu"
    hour = f"{4 + cast.numbers[4] % 15:02d} giờ {cast.numbers[5] % 60:02d} phút, {long_date(dates.death)}"
    register = f"{cast.numbers[3]}/{dates.death_registered.year}"
    rows = (
        (Blank("Họ, chữ đệm, tên:", dead.name.upper()),),
        (Blank("Ngày, tháng, năm sinh:", short_date(dead.birth)),),
        (Blank("Giới tính:", dead.sex, 0.8), Blank("Dân tộc:", "Kinh", 0.8), Blank("Quốc tịch:", "Việt Nam")),
        (Blank("Số định danh cá nhân:", dead.personal_id),),
        (Blank("Nơi cư trú cuối cùng:", dead.address),),
        (Blank("Đã chết vào lúc:", hour),),
        (Blank("Nơi chết:", "Tại nhà"),),
        (Blank("Nguyên nhân chết:", cause),),
        (Blank("Đăng ký khai tử tại:", f"{office.short_name}, {office.commune.province}"),),
        (Blank("Số:", register, 0.7), Blank("Ngày đăng ký:", short_date(dates.death_registered))),
    )
    for row in rows:
        c.blanks(*row, leading=8.4)
    foot(c, (), ("NGƯỜI KÝ TRÍCH LỤC", "CHỦ TỊCH"), office.chairman, office.seal, size=11)
    return Paper(
        "trich_luc_khai_tu", "KHAI_TU", None, (owner(dead),), (c.leaf(),),
        {
            "number": number, "date": dates.death_registered.isoformat(), "kind": "TRÍCH LỤC KHAI TỬ",
            "issuer": office.name.upper(), "signer": office.chairman, "full_name": dead.name.upper(),
            "birth_date": dead.birth.isoformat(), "sex": dead.sex, "personal_id": dead.personal_id,
            "residence": dead.address, "death_date": dates.death.isoformat(), "death_place": "Tại nhà",
            "death_cause": cause,
        },
    )  # fmt: skip


def diploma(cast: Cast, look: Look) -> Paper:
    """A school-leaving diploma (Circular 21/2019/TT-BGDĐT); it bears no personal number."""
    pupil, date = cast.pupil, cast.dates.diploma
    serial = f"A {4_000_000 + cast.numbers[6] * 131 % 900_000:08d}"
    register = f"{cast.numbers[7]:04d}/{date.year}"
    school = f"Trường THPT {cast.office.commune.name}"
    c = Compositor(A4_LANDSCAPE, (40, 36, 30), Style(Face.REGULAR, 14), Style(Face.BOLD_ITALIC, 15))
    c.marks.append(Frame(8))
    national_head(c, 13)
    c.centred("GIÁM ĐỐC SỞ GIÁO DỤC VÀ ĐÀO TẠO NGHỆ AN", Style(Face.BOLD, 14))
    c.centred("cấp", Style(Face.ITALIC, 14))
    c.feed(5)
    c.centred("BẰNG TỐT NGHIỆP", Style(Face.BOLD, 24))
    c.feed(2)
    c.centred("TRUNG HỌC PHỔ THÔNG", Style(Face.BOLD, 18))
    c.feed(4)
    c.blanks(Blank("Cho:", pupil.name), leading=9.5)
    c.blanks(Blank("Ngày sinh:", short_date(pupil.birth)), Blank("Giới tính:", pupil.sex), leading=9.5)
    c.blanks(
        Blank("Nơi sinh:", capital_first(pupil.commune.province)), Blank("Dân tộc:", "Kinh"), leading=9.5
    )
    c.blanks(Blank("Học sinh trường:", school), leading=9.5)
    c.blanks(
        Blank("Khóa thi ngày:", short_date(cast.dates.exam)),
        Blank("Hội đồng thi:", "Sở GDĐT Nghệ An"),
        leading=9.5,
    )
    c.feed(1)
    left = c.listing(
        [(f"Số hiệu: {{{serial}}}", c.body), (f"Số vào sổ gốc cấp bằng: {{{register}}}", c.body)],
        c.left,
        c.y + 24,
    )
    roles = (f"Nghệ An, {long_date(date)}", "GIÁM ĐỐC")
    seal = ("SỞ GIÁO DỤC VÀ ĐÀO TẠO", "TỈNH NGHỆ AN")
    right = signer_cell(c, roles, cast.director, seal, c.right - 48, 13)
    c.story.append(Grid(((left, right),)))
    return Paper(
        "bang_tot_nghiep", "BANG_TN", None, (owner(pupil),), (c.leaf(),),
        {
            "number": serial, "date": date.isoformat(), "kind": "BẰNG TỐT NGHIỆP TRUNG HỌC PHỔ THÔNG",
            "issuer": "SỞ GIÁO DỤC VÀ ĐÀO TẠO NGHỆ AN", "signer": cast.director, "full_name": pupil.name,
            "birth_date": pupil.birth.isoformat(), "sex": pupil.sex,
            "birth_place": capital_first(pupil.commune.province),
            "school": school, "register_number": register,
        },
    )  # fmt: skip
