"""A small map of two nodes, as the numbers of an SVG."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from gis_service.model.joins import JoinPair, LineNear
from gis_service.model.queries import BBox

SIDE = 240.0
"""Width and height of the drawing's own coordinates."""


@dataclass(frozen=True, slots=True)
class Sketch:
    """
    What is drawn, north up.

    Parameters
    ----------
    links_a, links_b, links
        Points of polylines: of the first node's network, of the second's, of others.
    a, b
        Where the nodes stand, x and y.
    """

    links_a: tuple[str, ...]
    links_b: tuple[str, ...]
    links: tuple[str, ...]
    a: tuple[float, float]
    b: tuple[float, float]


def sketch_of(pair: JoinPair, box: BBox, lines: Iterable[LineNear]) -> Sketch:
    """A pair and the links around it; `box` is a square on the ground."""

    def place(lon: float, lat: float) -> tuple[float, float]:
        x = (lon - box.west) / (box.east - box.west) * SIDE
        y = (box.north - lat) / (box.north - box.south) * SIDE
        return round(x, 1), round(y, 1)

    drawn: dict[object, list[str]] = {}
    for each in lines:
        points = " ".join("{},{}".format(*place(lon, lat)) for lon, lat in each.line)
        drawn.setdefault(each.network_id, []).append(points)
    of_a, of_b = (tuple(drawn.pop(node.network_id, ())) for node in (pair.a, pair.b))
    others = tuple(points for some in drawn.values() for points in some)
    return Sketch(
        of_a, of_b, others, place(pair.a.lon, pair.a.lat), place(pair.b.lon, pair.b.lat)
    )
