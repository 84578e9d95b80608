"""Many geometries of which few are in memory: their boxes are, and what is asked for is read."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
import shapely
from numpy.typing import NDArray

from gis_service.validation.spilling import SpillFile

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Counts = NDArray[np.int32]
Shapes = NDArray[np.object_]


class Drawn(Protocol):
    """Geometries by place; `bounds` are (west, south, east, north), NaN where there is none."""

    @property
    def bounds(self) -> Floats: ...

    @property
    def vertices(self) -> Counts: ...

    def __len__(self) -> int: ...

    def take(self, places: Ints) -> Shapes: ...


class Held:
    """Geometries that are in memory."""

    def __init__(self, shapes: Shapes) -> None:
        self._shapes = shapes
        self.bounds: Floats = shapely.bounds(shapes).reshape(-1, 4)
        self.vertices: Counts = shapely.get_num_coordinates(shapes)

    def __len__(self) -> int:
        return len(self._shapes)

    def take(self, places: Ints) -> Shapes:
        taken: Shapes = self._shapes[places]
        return taken


class Spilled:
    """
    Geometries in a file; in memory are 44 bytes of each: its box, its end, how many vertices.
    """

    def __init__(self) -> None:
        self._file = SpillFile()
        self._boxes: list[Floats] = [np.empty((0, 4))]
        self._counts: list[Counts] = [np.empty(0, dtype=np.int32)]
        self._ends: list[Ints] = [np.zeros(1, dtype=np.int64)]

    def __len__(self) -> int:
        return sum(map(len, self._counts))

    def add(self, shapes: Shapes) -> None:
        """Write more behind those that are there; None stays None."""
        wkb = shapely.to_wkb(shapes, byte_order=1)
        parts = [each or b"" for each in wkb.tolist()]
        lengths = np.fromiter(map(len, parts), dtype=np.int64, count=len(parts))
        self._ends.append(self._file.add(b"".join(parts)) + np.cumsum(lengths))
        self._boxes.append(shapely.bounds(shapes).reshape(-1, 4))
        self._counts.append(shapely.get_num_coordinates(shapes))

    @property
    def bounds(self) -> Floats:
        return _whole(self._boxes)

    @property
    def vertices(self) -> Counts:
        return _whole(self._counts)

    def take(self, places: Ints) -> Shapes:
        """Those at some places; neighbours in the file are read at once."""
        ends = _whole(self._ends)
        order = np.argsort(places, kind="stable")
        found = np.full(len(places), None, dtype=object)
        runs = np.split(order, np.flatnonzero(np.diff(places[order]) > 1) + 1)
        for run in runs if len(places) else ():
            first, last = int(places[run[0]]), int(places[run[-1]])
            begin = int(ends[first])
            content = self._file.read(begin, int(ends[last + 1]) - begin)
            starts, stops = ends[places[run]] - begin, ends[places[run] + 1] - begin
            found[run] = [
                content[one:other] or None
                for one, other in zip(starts.tolist(), stops.tolist(), strict=True)
            ]
        built: Shapes = shapely.from_wkb(found)
        return built


class Some:
    """Some of many geometries."""

    def __init__(self, drawn: Drawn, places: Ints) -> None:
        self._drawn, self._places = drawn, places
        self.bounds: Floats = drawn.bounds[places]
        self.vertices = drawn.vertices[places]

    def __len__(self) -> int:
        return len(self._places)

    def take(self, places: Ints) -> Shapes:
        return self._drawn.take(self._places[places])


class Together:
    """Two lots of geometries, the second behind the first."""

    def __init__(self, first: Drawn, second: Drawn) -> None:
        self._first, self._second = first, second
        self.bounds: Floats = np.concatenate([first.bounds, second.bounds])
        self.vertices = np.concatenate([first.vertices, second.vertices])

    def __len__(self) -> int:
        return len(self._first) + len(self._second)

    def take(self, places: Ints) -> Shapes:
        behind = places >= len(self._first)
        taken = np.full(len(places), None, dtype=object)
        taken[~behind] = self._first.take(places[~behind])
        taken[behind] = self._second.take(places[behind] - len(self._first))
        return taken


def some_of(drawn: Drawn, chosen: NDArray[np.bool_]) -> Drawn:
    """Those that are chosen, without a copy of the boxes where all are."""
    return drawn if chosen.all() else Some(drawn, np.flatnonzero(chosen))


def together(first: Drawn, second: Drawn) -> Drawn:
    """The second behind the first, without a copy of the boxes where there is none."""
    return Together(first, second) if len(second) else first


def drawn(shapes: Drawn | Shapes) -> Drawn:
    """Geometries of an array, or such as they are."""
    return Held(shapes) if isinstance(shapes, np.ndarray) else shapes


def in_blocks(vertices: Counts | Ints, *, most: int, most_vertices: int) -> list[slice]:
    """Slices of so many geometries at most, that have so many vertices at most where they can."""
    if not len(vertices):
        return []
    whole = np.cumsum(vertices, dtype=np.int64)
    blocks, begin = [], 0
    while begin < len(vertices):
        before = int(whole[begin - 1]) if begin else 0
        fitting = int(np.searchsorted(whole, before + most_vertices, side="right"))
        end = max(begin + 1, min(begin + most, fitting))
        blocks.append(slice(begin, end))
        begin = end
    return blocks


def meeting(bounds: Floats, box: tuple[float, float, float, float]) -> Ints:
    """Places of the boxes that meet a box of west, south, east, north."""
    west, south, east, north = box
    with np.errstate(invalid="ignore"):
        met = (bounds[:, 0] <= east) & (bounds[:, 2] >= west)
        met &= (bounds[:, 1] <= north) & (bounds[:, 3] >= south)
    return np.flatnonzero(met)


def near_each_other(bounds: Floats) -> Ints:
    """Places in an order in which neighbours on the ground mostly follow each other (Z-order)."""
    key = _spread(_cells(bounds, 0)) | (_spread(_cells(bounds, 1)) << np.uint32(1))
    order: Ints = np.argsort(key, kind="stable")
    return order


def _cells(bounds: Floats, axis: int) -> NDArray[np.uint32]:
    """The place of each middle along an axis, from 0 to 65,535; 0 where there is none."""
    middles = bounds[:, axis] + bounds[:, axis + 2]
    np.nan_to_num(middles, copy=False, nan=np.nanmin(middles, initial=np.inf))
    middles -= middles.min(initial=np.inf)
    middles *= 65_535 / (middles.max(initial=0.0) or 1.0)
    return middles.astype(np.uint32)


def _spread(number: NDArray[np.uint32]) -> NDArray[np.uint32]:
    """The lowest 16 bits of a number with a gap before each."""
    for shift, kept in ((8, 0x00FF00FF), (4, 0x0F0F0F0F), (2, 0x33333333), (1, 0x55555555)):
        number = (number | (number << np.uint32(shift))) & np.uint32(kept)
    return number


def _whole(parts: list[NDArray[Any]]) -> NDArray[Any]:
    """One array of all parts; they are joined when they are first asked for."""
    if len(parts) > 1:
        parts[:] = [np.concatenate(parts)]
    return parts[0]
