"""Draws synthetic Vietnamese official papers with their truth: `python samples/draw.py --out DIR --seed N`.

Every set tells the same story of other invented people; type size, skew, noise, seals and signatures differ
too. `--grade bad` draws crooked grey photocopies instead of office scans. The same seed gives the same bytes
on one machine. Needs the Debian packages `fonts-liberation2` and `fonts-texgyre`.
"""

import argparse
import sys
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from random import Random

import numpy as np
from fontTools.ttLib import TTFont

from drawing import manifest
from drawing.cast import Cast, cast
from drawing.forms import business, civil, letters
from drawing.forms.parts import Look, Paper
from drawing.scanner import Format, Scan, Scanned, scan
from drawing.sheet import Face
from drawing.troubles import Grade

Form = Callable[[Cast, Look], Paper]

COMMITTED_SEED = 2026

FORMS: tuple[tuple[Form, Scan], ...] = (
    (civil.single_status, Scan(quarters=2, folds=(0.5,))),
    (civil.marriage_certificate, Scan(paper=(250, 243, 240))),
    (civil.birth_certificate, Scan(folds=(0.497,), paper=(250, 243, 238))),
    (civil.death_extract, Scan(Format.PNG, paper=(244, 241, 230), noise=0.0)),
    (civil.diploma, Scan(paper=(251, 246, 232))),
    (business.household_business, Scan(quarters=1, folds=(0.34, 0.667))),
    (business.enterprise_registration, Scan(Format.PDF)),
    (letters.decision, Scan(Format.TIFF)),
    (letters.official_letter, Scan(dpi=300)),
    (letters.notice, Scan(folds=(0.5,), paper=(243, 242, 238))),
)

ACCENTED = "aàáảãạăằắẳẵặâầấẩẫậeèéẻẽẹêềếểễệiìíỉĩịoòóỏõọôồốổỗộơờớởỡợuùúủũụưừứửữựyỳýỷỹỵđ"


def main(arguments: Sequence[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    missing = missing_letters()
    if missing:
        print(f"these fonts are not there or lack letters: {', '.join(missing)}", file=sys.stderr)
        return 2
    options.out.mkdir(parents=True, exist_ok=True)
    people = cast(Random(options.seed))
    scanned = list(draw(people, options.out, options.seed, options.grade, options.only))
    manifest.write(options.out, people, scanned)
    return 0


def draw(cast: Cast, folder: Path, seed: int, grade: Grade, only: Sequence[str]) -> Iterator[Scanned]:
    """Draw every form, or only those named, once into the folder."""
    look = _look(seed)
    for index, (form, how) in enumerate(FORMS):
        paper = form(cast, look)
        if not only or paper.name in only:
            yield scan(paper, how, grade, folder, np.random.default_rng((seed, index)))
            print(paper.name, file=sys.stderr)


def _look(seed: int) -> Look:
    if seed == COMMITTED_SEED:
        return Look()
    return Look(letter=Random(seed).choice((13.0, 13.5, 14.0)), form=Random(seed).choice((12.5, 13.0, 13.5)))


def missing_letters() -> list[str]:
    """The faces that are not installed or cannot write all Vietnamese letters."""
    needed = {ord(letter) for letter in unicodedata.normalize("NFC", ACCENTED + ACCENTED.upper())}
    return [face.value for face in Face if not Path(face.value).exists() or needed - _letters(face)]


def _letters(face: Face) -> set[int]:
    with TTFont(face.value) as font:
        return set(font.getBestCmap())


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--out", type=Path, required=True, help="folder for the papers, made if it is not there"
    )
    parser.add_argument(
        "--seed", type=int, default=COMMITTED_SEED, help="which set; the committed one is %(default)s"
    )
    parser.add_argument("--grade", type=Grade, choices=list(Grade), default=Grade.OFFICE)
    parser.add_argument(
        "--only", nargs="*", default=(), metavar="NAME", help="draw only these, e.g. giay_khai_sinh"
    )
    return parser


if __name__ == "__main__":
    raise SystemExit(main())
