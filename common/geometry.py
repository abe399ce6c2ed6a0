"""Boxes on pages. Every box says in its type's name or its docstring in which unit it is."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Box:
    """`x0, y0` top left, `x1, y1` bottom right, in pixels of the upright page, y downwards."""

    x0: int
    y0: int
    x1: int
    y1: int

    @property
    def width(self) -> int:
        return self.x1 - self.x0

    @property
    def height(self) -> int:
        return self.y1 - self.y0

    def union(self, other: "Box") -> "Box":
        """The smallest box around both."""
        return Box(
            min(self.x0, other.x0), min(self.y0, other.y0), max(self.x1, other.x1), max(self.y1, other.y1)
        )

    def as_list(self) -> list[int]:
        """`[x0, y0, x1, y1]`, as JSON carries it."""
        return [self.x0, self.y0, self.x1, self.y1]


MM_PER_INCH = 25.4
POINTS_PER_INCH = 72


def mm(millimetres: float) -> float:
    """Millimetres as PDF points."""
    return millimetres * POINTS_PER_INCH / MM_PER_INCH
