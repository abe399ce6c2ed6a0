"""Puts the marks of a leaf on paper: a leaf, a resolution and a seed in, a colour picture out.

Inks multiply with the paper and with each other, as on real paper: a red seal over black type darkens it and
does not hide it. The same seed gives the same picture.
"""

import itertools
import math
from functools import cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter, ImageFont

from drawing.sheet import Dots, Face, Frame, Ink, Leaf, Mark, Rule, Seal, Signature, Word, width_of

Picture = NDArray[np.uint8]
Mask = NDArray[np.float32]
Point = tuple[float, float]

SMOOTHER = 3  # signatures are drawn finer still
LETTER_SPACING = 1.1  # in the ring of a seal
FINER = 2  # masks are drawn twice as fine and reduced, which softens edges as a scanner's lens does


class Plates:
    """One coverage mask per ink, like the plates of a printing press."""

    def __init__(self, leaf: Leaf, dpi: int, rng: np.random.Generator) -> None:
        self.scale = dpi / 25.4 * FINER
        self.size = (round(leaf.width * self.scale), round(leaf.height * self.scale))
        self.rng = rng
        self.masks: dict[Ink, Image.Image] = {}

    def mask(self, ink: Ink) -> Image.Image:
        return self.masks.setdefault(ink, Image.new("L", self.size))

    def pen(self, ink: Ink) -> ImageDraw.ImageDraw:
        return ImageDraw.Draw(self.mask(ink))

    def at(self, x: float, y: float) -> Point:
        return x * self.scale, y * self.scale


def ink_on_paper(leaf: Leaf, dpi: int, paper: tuple[int, int, int], rng: np.random.Generator) -> Picture:
    """The leaf as it lay on the desk, before any scanner saw it."""
    plates = Plates(leaf, dpi, rng)
    for mark in leaf.marks:
        _put(plates, mark, leaf)
    page = np.empty((plates.size[1] // FINER, plates.size[0] // FINER, 3), np.float32)
    page[:] = paper
    for ink, image in plates.masks.items():
        coverage = np.asarray(image.reduce(FINER), np.float32)[: page.shape[0], : page.shape[1]] / 255
        coverage *= _wear(coverage.shape, ink, rng)
        page *= 1 - coverage[:, :, None] * (1 - np.array(ink.value, np.float32) / 255)
    return np.clip(page, 0, 255).astype(np.uint8)


def _wear(shape: tuple[int, ...], ink: Ink, rng: np.random.Generator) -> Mask:
    """How much of the ink took: rubber stamps are blotchy, pens a little, toner hardly."""
    depth = {Ink.SEAL: 0.55, Ink.BLUE_PEN: 0.22, Ink.CARBON: 0.16}.get(ink, 0.06)
    return np.asarray(1 - depth * smooth_noise(shape, 14, rng) ** 2, np.float32)


def smooth_noise(shape: tuple[int, ...], grain: int, rng: np.random.Generator) -> Mask:
    """Values from 0 to 1 that change over about `grain` pixels."""
    small = rng.integers(0, 256, (shape[0] // grain + 2, shape[1] // grain + 2), dtype=np.uint8)
    image = Image.fromarray(small).resize((shape[1], shape[0]), Image.Resampling.BICUBIC)
    return np.asarray(image, np.float32) / np.float32(255)


def _put(plates: Plates, mark: Mark, leaf: Leaf) -> None:
    match mark:
        case Word():
            _word(plates, mark)
        case Rule():
            ends = [plates.at(mark.x0, mark.y0), plates.at(mark.x1, mark.y1)]
            plates.pen(Ink.TONER).line(ends, fill=235, width=max(1, round(mark.width * plates.scale)))
        case Dots():
            _dots(plates, mark)
        case Seal():
            _seal(plates, mark)
        case Signature():
            _signature(plates, mark)
        case Frame():
            _frame(plates, mark, leaf)


@cache
def _font(face: Face, pixels: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(face.value, pixels, layout_engine=ImageFont.Layout.BASIC)


def _pixels(points: float, plates: Plates) -> int:
    return round(points * 25.4 / 72 * plates.scale)


def _word(plates: Plates, word: Word) -> None:
    """Letter by letter, because the font's own steps are rounded to whole pixels."""
    font, pen = _font(word.style.face, _pixels(word.style.size, plates)), plates.pen(word.style.ink)
    # A hand, or a worn machine: every letter sits a little off the line.
    unsteady = {Ink.TONER: 0.0, Ink.CARBON: 0.05}.get(word.style.ink, 0.10)
    slope = plates.rng.normal(0, unsteady / 12)
    for index, letter in enumerate(word.text):
        ahead = width_of(word.text[:index], word.style)
        rise = plates.rng.normal(0, unsteady) + slope * ahead
        pressure = int(plates.rng.integers(215, 256)) if unsteady else 255
        pen.text(plates.at(word.x + ahead, word.y + rise), letter, fill=pressure, font=font, anchor="ls")


def _dots(plates: Plates, dots: Dots) -> None:
    pen, radius = plates.pen(Ink.FORM), 0.13 * plates.scale
    for x in np.arange(dots.x0, dots.x1, 0.95):
        px, py = plates.at(float(x), dots.y)
        pen.ellipse((px - radius, py - radius, px + radius, py + radius), fill=255)


def _circle(pen: ImageDraw.ImageDraw, centre: Point, radius: float, width: float) -> None:
    box = (centre[0] - radius, centre[1] - radius, centre[0] + radius, centre[1] + radius)
    pen.ellipse(box, outline=255, width=max(1, round(width)))


def _seal(plates: Plates, seal: Seal) -> None:
    """A rubber stamp, pressed a little askew."""
    side = round(seal.radius * 2.3 * plates.scale)
    stamp = Image.new("L", (side, side))
    pen, centre, unit = ImageDraw.Draw(stamp), (side / 2, side / 2), plates.scale
    _circle(pen, centre, seal.radius * unit, 0.9 * unit)
    _circle(pen, centre, (seal.radius - 1.5) * unit, 0.3 * unit)
    _circle(pen, centre, seal.radius * 0.55 * unit, 0.35 * unit)
    around = (seal.radius - 4.2) * unit
    size = _fitting_size(seal, around, round(3.1 * unit))
    _around(stamp, seal.ring, around, size, top=True)
    _around(stamp, seal.foot, around, size, top=False)
    pen.polygon(_star(centre, seal.radius * 0.36 * unit), fill=255)
    stamp = stamp.rotate(float(plates.rng.uniform(-14, 14)), Image.Resampling.BICUBIC)
    _lighten(plates, Ink.SEAL, stamp, (seal.x, seal.y))


def _lighten(plates: Plates, ink: Ink, picture: Image.Image, centre: Point) -> None:
    x, y = plates.at(*centre)
    corner = (round(x - picture.width / 2), round(y - picture.height / 2))
    plates.mask(ink).paste(255, corner, picture)


def _fitting_size(seal: Seal, radius: float, size: int) -> int:
    """The largest letters with which ring and foot leave each other room."""
    while _arc(seal.ring, radius, size) + _arc(seal.foot, radius, size) > math.radians(325):
        size -= 1
    return size


def _arc(text: str, radius: float, size: int) -> float:
    return float(_font(Face.BOLD, size).getlength(text)) * LETTER_SPACING / radius


def _around(stamp: Image.Image, text: str, radius: float, size: int, *, top: bool) -> None:
    """Letters along a circle: over the top reading outwards, under the foot reading inwards."""
    font = _font(Face.BOLD, size)
    angle_per_letter = [font.getlength(letter) * LETTER_SPACING / radius for letter in text]
    angle = -sum(angle_per_letter) / 2
    for letter, step in zip(text, angle_per_letter, strict=True):
        _letter_at(stamp, letter, font, radius, angle + step / 2, top=top)
        angle += step


def _letter_at(
    stamp: Image.Image, letter: str, font: ImageFont.FreeTypeFont, radius: float, angle: float, *, top: bool
) -> None:
    tile = Image.new("L", (round(font.size * 2), round(font.size * 2)))
    ImageDraw.Draw(tile).text((tile.width / 2, tile.height / 2), letter, fill=255, font=font, anchor="mm")
    sign = 1 if top else -1
    tile = tile.rotate(-sign * math.degrees(angle), Image.Resampling.BICUBIC)
    x = stamp.width / 2 + radius * math.sin(angle)
    y = stamp.height / 2 - sign * radius * math.cos(angle)
    stamp.paste(255, (round(x - tile.width / 2), round(y - tile.height / 2)), tile)


def _star(centre: Point, radius: float) -> list[Point]:
    points = []
    for corner in range(10):
        reach = radius if corner % 2 == 0 else radius * 0.382
        angle = math.pi / 5 * corner
        points.append((centre[0] + reach * math.sin(angle), centre[1] - reach * math.cos(angle)))
    return points


def _signature(plates: Plates, signature: Signature) -> None:
    """A flowing line through random loops, thick where the pen is slow, with a stroke under it."""
    rng = plates.rng
    jitter = rng.normal(0, 0.05, 5)
    line = [(0.92, 0.5), (0.5, 0.7), (0.08, 0.9), (0.4, 0.84), (1.0, 0.66)]
    under = [(x, y + float(shift)) for (x, y), shift in zip(line, jitter, strict=True)]
    unit = plates.scale * SMOOTHER
    tile = Image.new("L", (round(signature.width * 1.2 * unit), round(signature.height * 1.2 * unit)))
    for stroke in (_loops(rng), _curve(under)):
        _ink_stroke(ImageDraw.Draw(tile), signature, stroke, unit)
    middle = (signature.x + signature.width / 2, signature.y + signature.height / 2)
    _lighten(plates, Ink.BLUE_PEN, tile.reduce(SMOOTHER), middle)


def _loops(rng: np.random.Generator) -> list[Point]:
    """A hand that swings while it moves on: a tall first letter, then smaller and smaller loops."""
    time = np.linspace(0, 1, 420)
    swings = rng.uniform(4.5, 7.5)
    lean, lilt = rng.uniform(0.7, 1.7), rng.uniform(0, 2 * np.pi)
    reach = 0.08 + 0.38 * (1 - time) ** rng.uniform(1.2, 2.2)
    reach *= 0.75 + 0.25 * np.sin(2 * np.pi * rng.uniform(1.2, 2.4) * time + lilt)
    phase = 2 * np.pi * swings * time**0.85
    along = 0.06 + 0.82 * time + rng.uniform(0.035, 0.075) * np.sin(phase)
    down = 0.5 + 0.1 * time - reach * np.sin(phase + lean)
    return list(zip(along.tolist(), down.tolist(), strict=True))


def _curve(points: list[Point]) -> list[Point]:
    """A Catmull-Rom curve through the points."""
    knots = np.array([points[0], *points, points[-1]])
    found: list[Point] = []
    for a, b, c, d in zip(knots, knots[1:], knots[2:], knots[3:], strict=False):
        for t in np.linspace(0, 1, 40, endpoint=False):
            p = 0.5 * (
                2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t**2 + (3 * b - a - 3 * c + d) * t**3
            )
            found.append((float(p[0]), float(p[1])))
    return found


def _ink_stroke(pen: ImageDraw.ImageDraw, signature: Signature, stroke: list[Point], unit: float) -> None:
    wide, high = signature.width, signature.height
    spots = [((0.1 + u) * wide * unit, (0.1 + v) * high * unit) for u, v in stroke]
    for here, there in itertools.pairwise(spots):
        speed = math.dist(here, there) / unit
        radius = max(0.14, 0.32 - 0.2 * speed) * unit
        pen.line([here, there], fill=240, width=max(1, round(radius * 2)))
        pen.ellipse((there[0] - radius, there[1] - radius, there[0] + radius, there[1] + radius), fill=240)


def _frame(plates: Plates, frame: Frame, leaf: Leaf) -> None:
    pen, unit = plates.pen(Ink.FRAME), plates.scale
    for inset, width in ((frame.inset, 0.7), (frame.inset + 5.5, 0.3)):
        box = (*plates.at(inset, inset), *plates.at(leaf.width - inset, leaf.height - inset))
        pen.rectangle(box, outline=225, width=round(width * unit))
    middle = frame.inset + 2.75
    for phase in (0.0, math.pi):
        _braid(plates, (middle, middle), leaf.width - 2 * middle, (1, 0), phase)
        _braid(plates, (middle, leaf.height - middle), leaf.width - 2 * middle, (1, 0), phase)
        _braid(plates, (middle, middle), leaf.height - 2 * middle, (0, 1), phase)
        _braid(plates, (leaf.width - middle, middle), leaf.height - 2 * middle, (0, 1), phase)
    _rosette(plates, (leaf.width / 2, leaf.height / 2), min(leaf.width, leaf.height) * 0.3)


def _braid(plates: Plates, start: Point, length: float, way: tuple[int, int], phase: float) -> None:
    spots = []
    for step in np.arange(0, length, 0.25):
        swing = 1.9 * math.sin(2 * math.pi * float(step) / 7.0 + phase)
        spots.append(
            plates.at(start[0] + way[0] * step + way[1] * swing, start[1] + way[1] * step + way[0] * swing)
        )
    plates.pen(Ink.FRAME).line(spots, fill=190, width=round(0.3 * plates.scale))


def _rosette(plates: Plates, centre: Point, radius: float) -> None:
    """The pale pattern behind the text, like the drum on civil-status forms."""
    pattern = Image.new("L", plates.size)
    pen, spot = ImageDraw.Draw(pattern), plates.at(*centre)
    for part in (1.0, 0.93, 0.72, 0.66, 0.42, 0.36):
        _circle(pen, spot, radius * part * plates.scale, 0.5 * plates.scale)
    for turn in range(48):
        angle = 2 * math.pi * turn / 48
        for inner, outer in ((0.74, 0.91), (0.44, 0.64)):
            ends = [
                (spot[0] + math.sin(angle + bend) * radius * part * plates.scale,
                 spot[1] - math.cos(angle + bend) * radius * part * plates.scale)
                for part, bend in ((inner, 0.0), (outer, 0.06))
            ]  # fmt: skip
            pen.line(ends, fill=255, width=round(0.4 * plates.scale))
    pen.polygon(_star(spot, radius * 0.3 * plates.scale), fill=255)
    pale = pattern.filter(ImageFilter.GaussianBlur(1.2)).point(lambda value: value * 0.14)
    plates.mask(Ink.FRAME).paste(255, (0, 0), pale)
