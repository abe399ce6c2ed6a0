"""How well a page can be read, from its pixels: resolution, lean, contrast, sharpness; and why not better."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from common import Sentence, say
from ingest.model import Quality

_ENOUGH_DPI = 200
"""Decree 30/2020, Annex I, part II: at least 200 dpi; below 150 the marks over letters are lost."""
_FEW_DPI = 150
_MUCH_LEAN = 3.0
_FAINT, _PALE = 60, 110
"""Grey steps between paper and print; black on white has 200 and more."""
_BLURRED, _SOFT = 0.22, 0.30
"""Of the whole step from paper to ink, what the steepest edges do from one pixel to the next."""


@dataclass(frozen=True, slots=True)
class Sight:
    """What was measured on a page."""

    dpi: int
    skew: float
    contrast: float
    sharpness: float


def measure(grey: NDArray[np.uint8], even: NDArray[np.uint8], dpi: int, skew: float) -> Sight:
    """Measure a page that is not blank: `grey` as scanned, `even` after its light was evened out."""
    ink = even < np.percentile(even, 50) - 40
    if not ink.any():
        return Sight(dpi, skew, 0.0, 0.0)
    contrast = float(np.percentile(grey, 75)) - float(np.percentile(grey[ink], 15))
    across = np.abs(cv2.Sobel(grey, cv2.CV_32F, 1, 0, ksize=1))
    sharpness = float(np.percentile(across[ink], 95)) / 2 / max(contrast, 1.0)
    return Sight(dpi, skew, contrast, sharpness)


def judge(number: int, sight: Sight) -> Quality:
    """The score of page `number` and a sentence for everything that a new scan would better."""
    faults = [
        _fault(sight.dpi < _ENOUGH_DPI, sight.dpi < _FEW_DPI, "page_coarse", page=number, dpi=sight.dpi),
        _fault(abs(sight.skew) > _MUCH_LEAN, False, "page_leans", page=number, degrees=f"{sight.skew:.1f}"),
        _fault(sight.contrast < _PALE, sight.contrast < _FAINT, "page_faint", page=number),
        _fault(sight.sharpness < _SOFT, sight.sharpness < _BLURRED, "page_blurred", page=number),
    ]
    score = 1.0
    reasons: list[Sentence] = []
    for weight, reason in filter(None, faults):
        score *= weight
        reasons.append(reason)
    return Quality(round(score, 2), tuple(reasons))


def blank(number: int) -> Quality:
    """The quality of a page without print: nothing to read, and nothing wrong."""
    return Quality(1.0, (say("page_blank", page=number),))


def unreadable(number: int) -> Quality:
    """The quality of a page on which the reader died or did not end."""
    return Quality(0.0, (say("page_unreadable", page=number),))


def _fault(here: bool, grave: bool, code: str, **facts: object) -> tuple[float, Sentence] | None:
    if not here and not grave:
        return None
    return (0.4 if grave else 0.75), say(code, **facts)
