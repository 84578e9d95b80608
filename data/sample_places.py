"""The wards and the roads: the made-up county on which the network lies."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass

import shapely
from sample_chance import displaced
from sample_files import Position, Row, read_csv, read_toml, rounded
from sample_lines import METRES_PER_DEGREE
from shapely.geometry import LineString, MultiPolygon, Point, Polygon
from shapely.geometry.polygon import orient
from shapely.ops import polygonize, unary_union

WARD_SOURCE = (
    "Names and codes: IEBC, through Omare & Omare 2017 (CC BY 4.0). Population: KNBS census "
    "2009, through kenya_divisions_data (CC BY 4.0). Outline: drawn roughly for this sample."
)
ROAD_SOURCE = "Drawn by hand for this sample"

# Wards ----------------------------------------------------------------------------------

WARD_BENDS = ((0.035, 0.0050), (0.014, 0.0028), (0.006, 0.0015), (0.003, 0.0005))
WARD_STEP = 0.0018


def make_wards() -> list[Row]:
    """
    The wards as items, outlines approximate.

    Each ward is the part of the hand-drawn county nearest to its centre
    points; the edges are then bent together, so that they look like the
    streams and ridges that real wards follow and still fit without gap or
    overlap.
    """
    rows = read_csv("wards.csv")
    centres: list[tuple[Point, str]] = []
    for row in rows:
        for pair in row["centres"].split(";"):
            x, y = pair.split()
            centres.append((Point(float(x), float(y)), row["code"]))
    county = Polygon(
        [(float(r["longitude"]), float(r["latitude"])) for r in read_csv("outline.csv")]
    )

    cells: dict[str, list[Polygon]] = {}
    nearest = shapely.voronoi_polygons(
        shapely.MultiPoint([p for p, _ in centres]), extend_to=county.buffer(0.2)
    )
    for cell in nearest.geoms:
        code = next(code for point, code in centres if cell.contains(point))
        cells.setdefault(code, []).append(cell)
    edges = unary_union(
        [unary_union(cells[code]).boundary for code in sorted(cells)] + [county.exterior]
    )
    bent = [
        LineString([rounded(displaced(p, WARD_BENDS, "wards")) for p in line.coords])
        for line in shapely.segmentize(edges, WARD_STEP).geoms
    ]
    inside = Polygon(
        [
            displaced(p, WARD_BENDS, "wards")
            for p in shapely.segmentize(county, WARD_STEP).exterior.coords
        ]
    )
    faces = [
        face
        for face in polygonize(unary_union(bent))
        if inside.contains(face.representative_point())
    ]

    outlines: dict[str, list[Polygon]] = {}
    for face in faces:
        codes = {
            code
            for point, code in centres
            if face.contains(Point(displaced((point.x, point.y), WARD_BENDS, "wards")))
        }
        if len(codes) != 1:
            where = face.representative_point()
            raise ValueError(f"{where} lies in a ward outline of {sorted(codes) or 'no ward'}")
        outlines.setdefault(codes.pop(), []).append(face)

    return [
        {
            "code": row["code"],
            "name": row["name"],
            "constituency": row["constituency"],
            "population": int(row["population"]),
            "population_year": 2009,
            "source": WARD_SOURCE,
            "outline_approximate": True,
            "geometry": MultiPolygon([orient(part.normalize()) for part in outlines[row["code"]]]),
        }
        for row in sorted(rows, key=lambda row: str(row["code"]))
    ]


# Roads ----------------------------------------------------------------------------------

ROAD_BENDS = ((0.020, 0.0018), (0.008, 0.0009), (0.003, 0.0002))
STREET_BENDS = ((0.004, 0.00120), (0.0015, 0.00030))


@dataclass(frozen=True)
class Road:
    """A road with the points drawn by hand, where it meets others, and its smooth line."""

    id: str
    name: str
    road_class: str
    points: tuple[Position, ...]
    line: LineString

    def item(self) -> Row:
        return {
            "external_id": self.id,
            "name": self.name,
            "road_class": self.road_class,
            "source": ROAD_SOURCE,
            "geometry": self.line,
        }


def read_roads() -> dict[str, Road]:
    drawn = read_toml("roads.toml")["road"]
    roads = {}
    for road in sorted(drawn, key=lambda road: str(road["id"])):
        points = tuple((float(x), float(y)) for x, y in road["points"])
        street = road["class"] == "street"
        roads[road["id"]] = Road(
            road["id"], road["name"], road["class"], points, winding(points, street=street)
        )
    return roads


def winding(points: Sequence[Position], *, street: bool) -> LineString:
    """A smooth line through every point, with small bends between them."""
    step, bends = (40.0, STREET_BENDS) if street else (110.0, ROAD_BENDS)
    path: list[Position] = [points[0]]
    for i in range(len(points) - 1):
        start, end = points[i], points[i + 1]
        before = points[i - 1] if i else mirrored(end, start)
        after = points[i + 2] if i + 2 < len(points) else mirrored(start, end)
        length_m = math.dist(start, end) * METRES_PER_DEGREE
        pieces = max(2, round(length_m / step))
        reach = min(1.0, length_m / 1500)
        for k in range(1, pieces):
            t = k / pieces
            curve = catmull_rom(before, start, end, after, t)
            # Squared, so that the line does not break where it passes a drawn point.
            share = reach * math.sin(math.pi * t) ** 2
            path.append(displaced(curve, bends, "roads", share=share))
        path.append(end)
    # Thinned between the drawn points only: junctions must stay vertices.
    thinned: list[Position] = [points[0]]
    corner = [path.index(p) for p in points]
    for a, b in itertools.pairwise(corner):
        part = LineString(path[a : b + 1]).simplify(0.000015 if street else 0.00004)
        thinned.extend(part.coords[1:])
    return LineString([rounded(p) for p in thinned])


def mirrored(point: Position, about: Position) -> Position:
    return 2 * about[0] - point[0], 2 * about[1] - point[1]


def catmull_rom(p0: Position, p1: Position, p2: Position, p3: Position, t: float) -> Position:
    """The centripetal Catmull-Rom curve between `p1` (t = 0) and `p2` (t = 1)."""
    t1 = math.dist(p0, p1) ** 0.5
    t2 = t1 + math.dist(p1, p2) ** 0.5
    t3 = t2 + math.dist(p2, p3) ** 0.5
    s = t1 + t * (t2 - t1)

    def mix(a: Position, b: Position, ta: float, tb: float) -> Position:
        w = (s - ta) / (tb - ta)
        return a[0] + (b[0] - a[0]) * w, a[1] + (b[1] - a[1]) * w

    a1, a2, a3 = mix(p0, p1, 0.0, t1), mix(p1, p2, t1, t2), mix(p2, p3, t2, t3)
    return mix(mix(a1, a2, 0.0, t2), mix(a2, a3, t1, t3), t1, t2)


