"""What a commune's People's Committee writes (Decree 30/2020): a decision, a letter, a notice."""

import datetime as dt

from drawing.cast import Cast
from drawing.forms.parts import A4, Look, Paper, agency, foot, head, pen, place_date, title_rule
from drawing.people import long_date
from drawing.sheet import Compositor, Face, Grid, Line, Rule, Style

POSTS = (
    ("Chủ tịch UBND", "Trưởng ban"),
    ("Phó Chủ tịch UBND", "Phó Trưởng ban"),
    ("Trưởng phòng Văn hóa - Xã hội", "Phó Trưởng ban"),
    ("Giám đốc Trung tâm PVHCC", "Thành viên"),
    ("Trưởng phòng Kinh tế", "Thành viên"),
    ("Trưởng Công an", "Thành viên"),
    ("Chánh Văn phòng HĐND và UBND", "Thành viên"),
    ("Hiệu trưởng Trường THCS", "Thành viên"),
    ("Bí thư Đoàn Thanh niên", "Thành viên"),
)


def _compositor(look: Look, top: float = 22) -> Compositor:
    return Compositor(A4, (30, 17, top), look.serif(), pen(look.letter + 3))


def _titles(c: Compositor, kind: str, lines: tuple[str, ...], look: Look) -> None:
    c.feed(2)
    c.centred(kind, Style(Face.BOLD, look.letter + 0.5))
    for line in lines:
        c.centred(line, Style(Face.BOLD, look.letter))
    title_rule(c, 32)


def decision(cast: Cast, look: Look) -> Paper:
    """Grounds and articles on two pages, the list of members as an annex."""
    office, date = cast.office, cast.dates.decision
    number = f"{cast.numbers[13]}/QĐ-UBND"
    place = f"{office.commune.kind} {office.commune.name}"
    subject = (
        "Về việc kiện toàn Ban Chỉ đạo số hóa hồ sơ, kết quả giải quyết",
        f"thủ tục hành chính {place}",
    )
    pages = (
        _decision_first(cast, look, number, subject, place),
        _decision_second(cast, look, place),
        _decision_annex(cast, look, number, place),
    )
    return Paper(
        "quyet_dinh_ubnd", "QD_UBND", None, (agency(office),), tuple(page.leaf() for page in pages),
        {
            "number": number, "date": date.isoformat(), "kind": "QUYẾT ĐỊNH", "subject": " ".join(subject),
            "issuer": office.name.upper(), "signer": office.chairman,
        },
    )  # fmt: skip


def _decision_first(cast: Cast, look: Look, number: str, subject: tuple[str, ...], place: str) -> Compositor:
    office, date = cast.office, cast.dates.decision
    italic = look.serif().but(Face.ITALIC)
    c = _compositor(look)
    head(c, office.head, (f"Số: {number}",), place_date(office.commune.name, date))
    _titles(c, "QUYẾT ĐỊNH", subject, look)
    c.centred(office.name.upper(), Style(Face.BOLD, look.letter))
    c.feed(4)
    proposal = date - dt.timedelta(days=3)
    for ground in (
        "Căn cứ Luật Tổ chức chính quyền địa phương ngày 16 tháng 6 năm 2025;",
        "Căn cứ Luật Giao dịch điện tử ngày 22 tháng 6 năm 2023;",
        "Căn cứ Luật Lưu trữ ngày 21 tháng 6 năm 2024;",
        "Căn cứ Nghị định số 118/2025/NĐ-CP ngày 09 tháng 6 năm 2025 của Chính phủ về thực hiện thủ tục "
        "hành chính theo cơ chế một cửa, một cửa liên thông tại Bộ phận Một cửa và Cổng Dịch vụ công quốc "
        "gia;",
        "Căn cứ Quyết định số 468/QĐ-TTg ngày 27 tháng 3 năm 2021 của Thủ tướng Chính phủ phê duyệt Đề án "
        "đổi mới việc thực hiện cơ chế một cửa, một cửa liên thông trong giải quyết thủ tục hành chính;",
        f"Theo đề nghị của Trưởng phòng Văn hóa - Xã hội tại Tờ trình số {cast.numbers[14]}/TTr-VHXH "
        f"{long_date(proposal)}.",
    ):
        c.paragraph(ground, italic)
    c.feed(3)
    c.centred("QUYẾT ĐỊNH:", Style(Face.BOLD, look.letter))
    c.feed(3)
    c.paragraph(
        f"**Điều 1.** Kiện toàn Ban Chỉ đạo số hóa hồ sơ, kết quả giải quyết thủ tục hành chính {place} "
        "(sau đây gọi tắt là Ban Chỉ đạo) gồm các ông, bà có tên trong danh sách kèm theo Quyết định này."
    )
    c.paragraph(
        "**Điều 2.** Ban Chỉ đạo có nhiệm vụ giúp Chủ tịch Ủy ban nhân dân chỉ đạo, đôn đốc, kiểm tra việc "
        "sao chụp, bóc tách dữ liệu, ký số và tái sử dụng giấy tờ đã số hóa tại Trung tâm Phục vụ hành "
        "chính công."
    )
    for task in (
        "1. Rà soát, lập kế hoạch số hóa kết quả giải quyết thủ tục hành chính còn hiệu lực của từng lĩnh "
        "vực.",
        "2. Kiểm tra chất lượng bản sao chụp, tính đầy đủ, toàn vẹn, chính xác của dữ liệu so với giấy tờ "
        "gốc.",
        "3. Tổng hợp khó khăn, vướng mắc, kiến nghị cấp có thẩm quyền xem xét, giải quyết.",
    ):
        c.paragraph(task)
    return c


def _decision_second(cast: Cast, look: Look, place: str) -> Compositor:
    office = cast.office
    c = _compositor(look, 14)
    c.centred("2", look.serif(13))
    c.feed(5)
    for text in (
        "**Điều 3.** Ban Chỉ đạo làm việc theo chế độ kiêm nhiệm, họp định kỳ mỗi tháng một lần và họp đột "
        "xuất khi có yêu cầu của Trưởng ban. Thành viên Ban Chỉ đạo chịu trách nhiệm trước Trưởng ban về "
        "lĩnh vực được phân công.",
        "Phòng Văn hóa - Xã hội là cơ quan thường trực, có trách nhiệm tổng hợp kết quả thực hiện, báo cáo "
        "Ủy ban nhân dân trước ngày 25 hằng tháng; kinh phí hoạt động được bố trí từ ngân sách theo quy "
        "định.",
        "**Điều 4.** Quyết định này có hiệu lực thi hành kể từ ngày ký và thay thế các quyết định trước "
        "đây về cùng nội dung.",
        "Chánh Văn phòng HĐND và UBND, Trưởng các phòng chuyên môn, Giám đốc Trung tâm Phục vụ hành chính "
        f"công {place}, các tổ chức, cá nhân có liên quan và các ông, bà có tên tại Điều 1 chịu trách nhiệm "
        "thi hành Quyết định này./.",
    ):
        c.paragraph(text)
    recipients = (
        "- Như Điều 4;",
        f"- UBND {office.commune.province} (để b/c);",
        "- Thường trực Đảng ủy, HĐND;",
        "- Chủ tịch, các PCT UBND;",
        "- Lưu: VT, VHXH.",
    )
    foot(c, recipients, ("TM. ỦY BAN NHÂN DÂN", "CHỦ TỊCH"), office.chairman, office.seal)
    return c


def _decision_annex(cast: Cast, look: Look, number: str, place: str) -> Compositor:
    office, date = cast.office, cast.dates.decision
    c = _compositor(look, 14)
    c.centred("3", look.serif(13))
    c.feed(5)
    c.centred("DANH SÁCH", Style(Face.BOLD, look.letter + 0.5))
    c.centred("Thành viên Ban Chỉ đạo số hóa hồ sơ, kết quả giải quyết", Style(Face.BOLD, look.letter))
    c.centred(f"thủ tục hành chính {place}", Style(Face.BOLD, look.letter))
    c.centred(f"(Kèm theo Quyết định số {number} {long_date(date)}", Style(Face.ITALIC, look.letter))
    c.centred(f"của {office.name})", Style(Face.ITALIC, look.letter))
    c.feed(4)
    names = (office.chairman, office.deputy, *cast.colleagues)
    rows = [
        (f"{i:02d}", name, post, task)
        for i, (name, (post, task)) in enumerate(zip(names, POSTS, strict=False), 1)
    ]
    _table(c, [("TT", "Họ và tên", "Chức vụ, đơn vị", "Nhiệm vụ"), *rows])
    c.feed(6)
    c.centred(f"(Danh sách gồm {len(rows)} người)", Style(Face.ITALIC, look.letter))
    return c


def _table(c: Compositor, rows: list[tuple[str, ...]]) -> None:
    """Ruled cells, one line each; read row by row."""
    edges = [c.left, c.left + 13, c.left + 54, c.left + 124, c.right]
    top, high = c.y - 6, 9.0
    for index, row in enumerate(rows):
        style = Style(Face.BOLD if index == 0 else Face.REGULAR, 12)
        base = top + high * index + 6
        cell: list[Line] = []
        for left, text in zip(edges, row, strict=False):
            cell += c.listing([(text, style)], left + 2, base)
        c.story.append(Grid((tuple((line,) for line in cell),)))
        c.marks.append(Rule(c.left, base - 6, c.right, base - 6))
    bottom = top + high * len(rows)
    c.marks.append(Rule(c.left, bottom, c.right, bottom))
    c.marks.extend(Rule(edge, top, edge, bottom) for edge in edges)
    c.y = bottom + 6


def official_letter(cast: Cast, look: Look) -> Paper:
    """Number and day written in with a pen, as the registry clerk does."""
    office, date = cast.office, cast.dates.letter
    number = f"{cast.numbers[15]}/UBND-VHXH"
    c = _compositor(look)
    dated = place_date(office.commune.name, date).replace(f"ngày {date.day:02d}", f"ngày {{{date.day:02d}}}")
    lines = (
        f"Số: {{{cast.numbers[15]}}}/UBND-VHXH",
        "V/v đẩy mạnh số hóa, tái sử dụng",
        "kết quả giải quyết TTHC",
    )
    head(c, office.head, lines, dated)
    c.feed(3)
    c.line("Kính gửi:", look.serif(), c.left + 30)
    for addressee in (
        "- Các phòng chuyên môn;",
        "- Trung tâm Phục vụ hành chính công;",
        "- Trưởng các xóm, khối trên địa bàn.",
    ):
        c.line(addressee, look.serif(), c.left + 50)
    c.feed(4)
    for text in (
        "Thực hiện Nghị định số 118/2025/NĐ-CP ngày 09 tháng 6 năm 2025 của Chính phủ về thực hiện thủ tục "
        "hành chính theo cơ chế một cửa, một cửa liên thông, trong thời gian qua việc số hóa giấy tờ tại "
        "Trung tâm Phục vụ hành chính công đã có chuyển biến; tuy nhiên tỷ lệ tái sử dụng dữ liệu còn "
        f"thấp, một số hồ sơ vẫn yêu cầu người dân nộp lại giấy tờ đã có. Để khắc phục, {office.name} yêu "
        "cầu:",
        "1. Trung tâm Phục vụ hành chính công kiểm tra kho dữ liệu điện tử của tổ chức, cá nhân trước khi "
        "tiếp nhận; không yêu cầu nộp lại giấy tờ đã được số hóa còn giá trị; sao chụp đủ trang, đúng thứ "
        "tự và ký số ngay trong ngày tiếp nhận.",
        "2. Các phòng chuyên môn rà soát kết quả giải quyết thủ tục hành chính còn hiệu lực, lập kế hoạch "
        "số hóa, hoàn thành trước ngày 30 tháng 11 năm 2026; chịu trách nhiệm về tính chính xác của dữ "
        "liệu so với bản giấy.",
        "3. Trưởng các xóm, khối tuyên truyền, hướng dẫn người dân sử dụng tài khoản định danh điện tử "
        "VNeID để nộp hồ sơ và tra cứu giấy tờ của mình.",
        "Yêu cầu các đơn vị nghiêm túc triển khai thực hiện./.",
    ):
        c.paragraph(text)
    recipients = ("- Như trên;", "- Chủ tịch, các PCT UBND;", "- Lưu: VT, VHXH.")
    foot(c, recipients, ("KT. CHỦ TỊCH", "PHÓ CHỦ TỊCH"), office.deputy, office.seal)
    return Paper(
        "cong_van_ubnd", "CONG_VAN", None, (agency(office),), (c.leaf(),),
        {
            "number": number, "date": date.isoformat(), "kind": "CÔNG VĂN",
            "subject": "V/v đẩy mạnh số hóa, tái sử dụng kết quả giải quyết TTHC",
            "issuer": office.name.upper(), "signer": office.deputy,
        },
    )  # fmt: skip


def notice(cast: Cast, look: Look) -> Paper:
    office, date = cast.office, cast.dates.notice
    number = f"{cast.numbers[5]}/TB-UBND"
    place = f"{office.commune.kind} {office.commune.name}"
    subject = (
        "Về việc thay đổi thời gian tiếp nhận hồ sơ và trả kết quả tại",
        f"Trung tâm Phục vụ hành chính công {place}",
    )
    start = date + dt.timedelta(days=10)
    c = _compositor(look)
    head(c, office.head, (f"Số: {number}",), place_date(office.commune.name, date))
    _titles(c, "THÔNG BÁO", subject, look)
    c.feed(2)
    for text in (
        f"Để tạo điều kiện thuận lợi cho tổ chức, cá nhân khi thực hiện thủ tục hành chính, {office.name} "
        "thông báo thời gian tiếp nhận hồ sơ và trả kết quả tại Trung tâm Phục vụ hành chính công như sau:",
        "1. Từ thứ Hai đến thứ Sáu: buổi sáng từ 7 giờ 00 phút đến 11 giờ 30 phút, buổi chiều từ 13 giờ 30 "
        "phút đến 17 giờ 00 phút. Sáng thứ Bảy: từ 7 giờ 30 phút đến 11 giờ 30 phút, chỉ tiếp nhận hồ sơ "
        "hộ tịch và chứng thực.",
        "2. Tổ chức, cá nhân có thể nộp hồ sơ trực tuyến trên Cổng Dịch vụ công quốc gia vào tất cả các "
        "ngày trong tuần, không phụ thuộc địa giới hành chính trong phạm vi toàn tỉnh.",
        "3. Giấy tờ đã được số hóa, ký số và lưu trong Kho quản lý dữ liệu điện tử của tổ chức, cá nhân "
        "thì không phải nộp lại; người nộp chỉ cần cho biết mã giấy tờ hoặc số định danh cá nhân.",
        f"Thời gian thực hiện kể từ {long_date(start)}. Mọi phản ánh, kiến nghị xin gửi về số điện thoại "
        f"0238.3{cast.numbers[9]:03d}.{cast.numbers[11]:03d} hoặc gửi trực tiếp tại Trung tâm.",
        f"{office.name} thông báo để các cơ quan, đơn vị, tổ chức và Nhân dân được biết, thực hiện./.",
    ):
        c.paragraph(text)
    recipients = (
        "- Thường trực Đảng ủy, HĐND;",
        "- Các phòng chuyên môn;",
        "- Các xóm, khối;",
        "- Cổng TTĐT;",
        "- Lưu: VT.",
    )
    roles = ("TM. ỦY BAN NHÂN DÂN", "KT. CHỦ TỊCH", "PHÓ CHỦ TỊCH")
    foot(c, recipients, roles, office.deputy, office.seal)
    return Paper(
        "thong_bao_ubnd", "THONG_BAO", None, (agency(office),), (c.leaf(),),
        {
            "number": number, "date": date.isoformat(), "kind": "THÔNG BÁO", "subject": " ".join(subject),
            "issuer": office.name.upper(), "signer": office.deputy,
        },
    )  # fmt: skip
