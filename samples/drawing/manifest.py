"""Writes `manifest.toml`: what each drawn file is, whose, in which dossier, and what a reader should find."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from drawing.cast import Cast
from drawing.people import Person
from drawing.scanner import Scanned


@dataclass(frozen=True, slots=True)
class Dossier:
    """One case at the one-stop shop; components are what was brought, the result is what was given."""

    number: str
    procedure: str
    name: str
    applicant: Person
    components: tuple[str, ...]
    result: str


def dossiers(cast: Cast) -> tuple[Dossier, Dossier]:
    """The marriage needs the single-status paper; the birth registration cites the marriage certificate."""
    agency = cast.office.commune.agency_code
    return (
        Dossier(
            f"{agency}-{cast.dates.marriage:%y%m%d}-{cast.numbers[1]:04d}", "1.000894",
            "Thủ tục đăng ký kết hôn", cast.bride,
            ("giay_xac_nhan_tinh_trang_hon_nhan",), "giay_chung_nhan_ket_hon",
        ),
        Dossier(
            f"{agency}-{cast.dates.birth_registered:%y%m%d}-{cast.numbers[0]:04d}", "1.001193",
            "Thủ tục đăng ký khai sinh", cast.grandmother, ("giay_chung_nhan_ket_hon",), "giay_khai_sinh",
        ),
    )  # fmt: skip


def write(folder: Path, cast: Cast, scanned: Iterable[Scanned]) -> None:
    """Write the manifest of the folder; what is in its `real.toml`, written by hand, is added as it is."""
    files = {item.paper.name: item for item in scanned}
    parts = [_dossier(one, files) for one in dossiers(cast) if files.keys() >= {one.result, *one.components}]
    parts += [_file(item) for item in files.values()]
    real = folder / "real.toml"
    parts += [real.read_text(encoding="utf-8")] if real.exists() else []
    (folder / "manifest.toml").write_text("\n".join(parts), encoding="utf-8")


def _dossier(dossier: Dossier, files: Mapping[str, Scanned]) -> str:
    applicant = dossier.applicant
    return "\n".join((
        "[[dossier]]",
        _pair("number", dossier.number),
        _pair("procedure", dossier.procedure),
        _pair("name", dossier.name),
        f"components = [{', '.join(_string(files[name].file) for name in dossier.components)}]",
        _pair("result", files[dossier.result].file),
        f"applicant = {_owner(applicant.personal_id, applicant.name, applicant.birth.isoformat())}",
        "",
    ))  # fmt: skip


def _file(item: Scanned) -> str:
    paper = item.paper
    owners = ",\n".join(f"  {_owner(one.identifier, one.name, one.birth_date)}" for one in paper.owners)
    lines = ["[[file]]", _pair("name", item.file), _pair("type", paper.type)]
    lines += [_pair("code", paper.code)] if paper.code else []
    lines += [f"pages = {len(paper.leaves)}", f"turned = {item.quarters * 90}", f"owners = [\n{owners},\n]"]
    lines += ["[file.expected]", *(_pair(name, value) for name, value in paper.fields.items()), ""]
    return "\n".join(lines)


def _owner(identifier: str, name: str, birth_date: str | None) -> str:
    pairs = [_pair("identifier", identifier), _pair("name", name)]
    pairs += [_pair("birth_date", birth_date)] if birth_date else []
    return f"{{ {', '.join(pairs)} }}"


def _pair(key: str, value: str) -> str:
    return f"{key} = {_string(value)}"


def _string(value: str) -> str:
    """A TOML basic string; JSON's escapes are a subset of TOML's."""
    return json.dumps(value, ensure_ascii=False)
