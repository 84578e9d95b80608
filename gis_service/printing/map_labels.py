"""Names on printed maps: each where it fits, none upon another."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from shapely import Polygon, STRtree, box
from shapely.geometry.base import BaseGeometry

SIZES_MM = (2.5, 2.1, 1.8)
LINE = 1.12
"""Height of a line, in sizes of its letters."""
_NARROW = frozenset("iljtfrI.,:;'!|() -")
_WIDE = frozenset("mwMW@%")
_MOVES = (
    (0, 0), (0, -1), (0, 1), (-1, 0), (1, 0), (0, -2), (0, 2), (-2, -1), (2, -1), (-2, 1), (2, 1),
)
"""From the middle of the area, in sizes of the letters; the first that fits best is taken."""
_WITHIN = 0.62
"""The part of a name's box that must lie in its own area."""


@dataclass(frozen=True, slots=True)
class Label:
    """A name on paper: lines around a middle, in millimetres."""

    lines: tuple[str, ...]
    x_mm: float
    y_mm: float
    size_mm: float

    @property
    def bounds(self) -> tuple[float, float, float, float]:
        """Left, top, right, bottom."""
        half = _width_of(self.lines, self.size_mm) / 2
        tall = len(self.lines) * self.size_mm * LINE / 2
        return self.x_mm - half, self.y_mm - tall, self.x_mm + half, self.y_mm + tall

    @property
    def box(self) -> Polygon:
        return box(*self.bounds)


def text_width_mm(text: str, size_mm: float) -> float:
    """About how wide a text is in the serif of our pages, rather too wide than too narrow."""
    ems = sum(
        0.3 if c in _NARROW else 0.85 if c in _WIDE else 0.68 if c.isupper() else 0.5
        for c in text
    )
    return ems * size_mm


def place_labels(
    names: Sequence[str], areas: Sequence[BaseGeometry], frame: Polygon,
    taken: Sequence[BaseGeometry] = (), avoided: Sequence[BaseGeometry] = (),
) -> tuple[Label, ...]:
    """
    Where the names of areas stand.

    A name stands in its area, broken in two or smaller where it has to; where
    it does not fit, it is left out. Small areas choose first, since they have
    the least choice.

    Parameters
    ----------
    areas
        On paper, in millimetres, one for each name.
    frame
        What is seen.
    taken, avoided
        Where no name may stand; and where none should, if there is another place.
    """
    found: dict[int, Label] = {}
    boxes: list[BaseGeometry] = list(taken)
    beneath = STRtree(list(avoided))
    order = sorted(range(len(names)), key=lambda i: (areas[i].area, names[i]))
    for i in order:
        candidates = _candidates(names[i], areas[i])
        if not candidates:
            continue
        places = shapely.box(*np.array([label.bounds for label in candidates]).T)
        inside = shapely.area(shapely.intersection(places, areas[i]))
        free = (inside >= _WITHIN * shapely.area(places)) & shapely.contains(frame, places)
        free[STRtree(boxes).query(places, predicate="intersects")[0]] = False
        if free.any():
            crowd = np.bincount(
                beneath.query(places, predicate="intersects")[0], minlength=len(places)
            )
            best = int(np.argmin(np.where(free, crowd, np.iinfo(np.int64).max)))
            found[i] = candidates[best]
            boxes.append(places[best])
    return tuple(found[i] for i in sorted(found))


def _candidates(name: str, area: BaseGeometry) -> list[Label]:
    """Where the name may stand, the best first; nowhere if it is larger than the area."""
    sized = [
        Label(lines, 0.0, 0.0, size) for size in SIZES_MM for lines in _broken(name)
    ] if name.strip() and not area.is_empty else []
    sized = [label for label in sized if _WITHIN * label.box.area <= area.area]
    if not sized:
        return []
    largest = max(shapely.get_parts(area), key=lambda part: part.area)
    middle = shapely.maximum_inscribed_circle(largest, tolerance=0.5).coords[0]
    return [
        Label(
            label.lines, middle[0] + dx * label.size_mm, middle[1] + dy * label.size_mm,
            label.size_mm,
        )
        for label in sized for dx, dy in _MOVES
    ]


def _broken(name: str) -> Iterator[tuple[str, ...]]:
    """The name in one line and in two of about the same length."""
    yield (name,)
    words = name.split()
    if len(words) > 1:
        breaks = [(" ".join(words[:i]), " ".join(words[i:])) for i in range(1, len(words))]
        yield min(breaks, key=lambda pair: max(map(len, pair)))


def _width_of(lines: Sequence[str], size_mm: float) -> float:
    return max(text_width_mm(line, size_mm) for line in lines)
