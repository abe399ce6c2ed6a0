"""The troubles of paper and scanner. Each is a function: a picture and a source of chance in, a picture out.

`OFFICE` is a colour scan of a decent office scanner, `BAD` a crooked grey photocopy of one, scanned again.
"""

from collections.abc import Callable
from enum import StrEnum

import cv2
import numpy as np
import numpy.typing as npt

from drawing.ink import Picture, smooth_noise

Trouble = Callable[[Picture, np.random.Generator], Picture]

LID = (233, 234, 232)


class Grade(StrEnum):
    OFFICE = "office"
    BAD = "bad"


def troubles_of(
    grade: Grade, dpi: int, skew: float, folds: tuple[float, ...], noise: float
) -> tuple[Trouble, ...]:
    """What happens to a page of this grade, in order.

    `skew` in degrees clockwise, folds as parts of the height, `noise` as standard deviation in shades of 256.
    """
    paper: list[Trouble] = [fold(place) for place in folds]
    if grade is Grade.OFFICE:
        return (*paper, soften(0.45 * dpi / 200), skewed(skew), uneven_light(0.10), dust(6), grain(noise))
    return (
        *paper,
        photocopied,
        skewed(3 + skew),
        faded(0.55),
        uneven_light(0.22),
        dust(160),
        soften(0.7),
        grain(3 * noise),
    )


def fold(place: float) -> Trouble:
    """The paper was once folded there: a thin worn line with a soft shadow on one side."""

    def crease(picture: Picture, rng: np.random.Generator) -> Picture:
        rows = np.arange(picture.shape[0], dtype=np.float32)
        distance = rows - place * picture.shape[0]
        shadow = 0.07 * np.exp(-np.abs(distance) / 22) * (distance > 0)
        worn = 0.05 * np.exp(-(distance**2) / 3)
        strength = (1 - shadow - worn)[:, None, None]
        return _to_picture(picture.astype(np.float32) * strength)

    return crease


def soften(sigma: float) -> Trouble:
    def blur(picture: Picture, rng: np.random.Generator) -> Picture:
        return _to_picture(cv2.GaussianBlur(picture, (0, 0), sigma))

    return blur


def skewed(degrees: float) -> Trouble:
    """The sheet lay crooked on the glass; the corners show the lid."""

    def turned(picture: Picture, rng: np.random.Generator) -> Picture:
        height, width = picture.shape[:2]
        matrix = cv2.getRotationMatrix2D((width / 2, height / 2), -degrees, 1.0)
        return _to_picture(
            cv2.warpAffine(picture, matrix, (width, height), flags=cv2.INTER_CUBIC, borderValue=LID)
        )

    return turned


def uneven_light(depth: float) -> Trouble:
    """Darker towards one side and a little cloudy."""

    def shaded(picture: Picture, rng: np.random.Generator) -> Picture:
        height, width = picture.shape[:2]
        angle = rng.uniform(0, 2 * np.pi)
        across = np.linspace(-0.5, 0.5, width, dtype=np.float32)[None, :] * np.float32(np.cos(angle))
        down = np.linspace(-0.5, 0.5, height, dtype=np.float32)[:, None] * np.float32(np.sin(angle))
        clouds = smooth_noise((height, width), 500, rng)
        light = 1 - depth * np.clip(0.5 + across + down, 0, 1) ** 2 - depth * 0.3 * clouds
        return _to_picture(picture.astype(np.float32) * light[:, :, None])

    return shaded


def dust(specks: int) -> Trouble:
    def dusty(picture: Picture, rng: np.random.Generator) -> Picture:
        dirty = picture.copy()
        for _ in range(specks):
            spot = (int(rng.integers(picture.shape[1])), int(rng.integers(picture.shape[0])))
            grey = int(rng.integers(70, 170))
            cv2.circle(dirty, spot, int(rng.integers(1, 3)), (grey, grey, grey), -1, cv2.LINE_AA)
        return dirty

    return dusty


def grain(sigma: float) -> Trouble:
    """The noise of the sensor, mostly brightness and a little colour."""

    def noisy(picture: Picture, rng: np.random.Generator) -> Picture:
        shape = picture.shape[:2]
        brightness = rng.normal(0, sigma, shape).astype(np.float32)[:, :, None]
        colour = rng.normal(0, sigma * 0.35, picture.shape).astype(np.float32)
        return _to_picture(picture.astype(np.float32) + brightness + colour)

    return noisy


def photocopied(picture: Picture, rng: np.random.Generator) -> Picture:
    """Grey, and dark things grow."""
    grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)
    return _to_picture(cv2.cvtColor(cv2.erode(grey, np.ones((2, 2), np.uint8)), cv2.COLOR_GRAY2RGB))


def faded(contrast: float) -> Trouble:
    def pale(picture: Picture, rng: np.random.Generator) -> Picture:
        return _to_picture(215 + (picture.astype(np.float32) - 245) * contrast)

    return pale


def turned(quarters: int) -> Trouble:
    """The sheet was put in the wrong way round: turned clockwise by so many quarters."""

    def around(picture: Picture, rng: np.random.Generator) -> Picture:
        return np.ascontiguousarray(np.rot90(picture, -quarters))

    return around


def _to_picture(values: npt.ArrayLike) -> Picture:
    return np.asarray(np.clip(values, 0, 255), np.uint8)
