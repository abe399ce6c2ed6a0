"""Small PDFs and images for the tests of opening and reading, made when they are needed."""

from pathlib import Path

import pikepdf
from PIL import Image, ImageDraw, ImageFont

from common import font_file

DPI = 200
A4 = (1654, 2339)


def printed_page(lines: list[str], *, size: int = 40, fill: str = "black") -> Image.Image:
    """A clean A4 page at 200 dpi with `lines` in Liberation Serif."""
    page = Image.new("RGB", A4, "white")
    pen, font = ImageDraw.Draw(page), ImageFont.truetype(font_file(), size)
    for number, line in enumerate(lines):
        pen.text((220, 240 + number * 2 * size), line, font=font, fill=fill)
    return page


def saved(page: Image.Image, path: Path) -> Path:
    """The page as a file of the kind that the name says, with its resolution."""
    page.save(path, dpi=(DPI, DPI))
    return path


def pdf_of_pages(path: Path, count: int) -> Path:
    """A PDF of `count` empty A6 pages."""
    with pikepdf.new() as pdf:
        for _ in range(count):
            pdf.add_blank_page(page_size=(298, 420))
        pdf.save(path)
    return path
