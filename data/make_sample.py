"""
Make the sample data: a synthetic municipal network for Kisii County, Kenya.

Reads the hand-written tables in `data/authored/` and writes one file per
collection to `data/sample/` (or to the folder given). The same input gives the
same bytes: chance is seeded by each item's own id, items are sorted, and
coordinates are rounded to six decimals.

    python data/make_sample.py [FOLDER]
"""

from __future__ import annotations

import csv
import itertools
import json
import math
import random
import sys
import tomllib
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import shapely
from pyproj import Geod
from shapely.geometry import LineString, MultiPolygon, Point, Polygon
from shapely.geometry.polygon import orient
from shapely.ops import polygonize, substring, unary_union

HERE = Path(__file__).resolve().parent
AUTHORED = HERE / "authored"
SEED = 45
"""Kisii's county number; another seed makes another, equally made-up network."""

METRES_PER_DEGREE = 111_320.0
"""Near the equator a degree of longitude and one of latitude are alike to 0.6 %."""

WGS84 = Geod(ellps="WGS84")

Position = tuple[float, float]
Row = dict[str, Any]

WARD_SOURCE = (
    "Names and codes: IEBC, through Omare & Omare 2017 (CC BY 4.0). Population: KNBS census "
    "2009, through kenya_divisions_data (CC BY 4.0). Outline: drawn roughly for this sample."
)
ROAD_SOURCE = "Drawn by hand for this sample"


def main(folder: Path) -> None:
    """Write every sample file into `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    plan = tomllib.loads((AUTHORED / "network.toml").read_text(encoding="utf-8"))
    phases = {p["external_id"]: p for p in plan["phase"]}
    wards = make_wards()
    roads = read_roads()
    nodes = make_nodes()
    links = make_links(nodes, roads, phases)
    offices = make_offices(wards, {n["external_id"]: n for n in nodes}, links, phases)

    write_csv(folder / "networks.csv", [{**plan["network"], "synthetic": True}])
    write_csv(
        folder / "organisations.csv",
        [{**o, "country": "KE", "website": None} for o in plan["organisation"]],
    )
    write_csv(folder / "phases.csv", plan["phase"])
    write_geojson(folder / "wards.geojson", wards)
    write_geojson(folder / "roads.geojson", [road.item() for road in roads.values()])
    write_geojson(folder / "network_nodes.geojson", nodes)
    write_geojson(folder / "fibre_links.geojson", links)
    write_geojson(folder / "offices.geojson", offices)


# Chance that does not depend on order ---------------------------------------------------


def chance(item: str, purpose: str) -> random.Random:
    """A generator of its own for each item and purpose, so that one edit moves nothing else."""
    return random.Random(f"{SEED}/{item}/{purpose}")  # noqa: S311 no secret is made here


def _lattice(i: int, j: int, layer: str) -> float:
    return zlib.crc32(f"{SEED}/{layer}/{i}/{j}".encode()) / 0xFFFFFFFF * 2 - 1


def noise(x: float, y: float, layer: str) -> float:
    """Smooth noise in -1..1 over the plane, one hump about every unit."""
    i, j = math.floor(x), math.floor(y)
    u, v = x - i, y - j
    u, v = u * u * (3 - 2 * u), v * v * (3 - 2 * v)
    south = _lattice(i, j, layer) * (1 - u) + _lattice(i + 1, j, layer) * u
    north = _lattice(i, j + 1, layer) * (1 - u) + _lattice(i + 1, j + 1, layer) * u
    return south * (1 - v) + north * v


def displaced(
    point: Position, octaves: Iterable[tuple[float, float]], layer: str, *, share: float = 1.0
) -> Position:
    """
    Move a point by smooth noise.

    Parameters
    ----------
    point
        Longitude, latitude in degrees.
    octaves
        Wavelength and amplitude of each layer of noise, in degrees. While the
        sum of amplitude / wavelength stays small the plane is bent, not
        folded: what did not cross before does not cross after.
    share
        0 leaves the point where it is, 1 moves it wholly.
    """
    x, y = point
    dx = dy = 0.0
    for wavelength, amplitude in octaves:
        dx += amplitude * noise(x / wavelength, y / wavelength, f"{layer}/x/{wavelength}")
        dy += amplitude * noise(x / wavelength, y / wavelength, f"{layer}/y/{wavelength}")
    return x + share * dx, y + share * dy


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
    drawn = tomllib.loads((AUTHORED / "roads.toml").read_text(encoding="utf-8"))["road"]
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


# Network nodes --------------------------------------------------------------------------

COUNTY, BACKBONE, ISP_1, ISP_2, POWER, CONTRACTOR = (f"KSI-ORG-{n:02d}" for n in range(1, 7))

NODE_KINDS: dict[str, Row] = {
    "headquarters": {
        "type": ["pop", "aggregationPoint"], "infrastructure": "dataCentre", "gateway": True,
        "access_point": True, "power": True, "accuracy_m": 1, "slack": (30, 60),
        "technologies": ["ip", "mpls", "ethernet", "gpon"],
        "owner": COUNTY, "providers": [COUNTY, ISP_1, ISP_2],
    },
    "backbone": {
        "type": ["pop"], "infrastructure": "exchange", "gateway": True,
        "access_point": True, "power": True, "accuracy_m": 2, "slack": (30, 60),
        "technologies": ["ip", "mpls", "ethernet"],
        "owner": BACKBONE, "providers": [BACKBONE, ISP_2],
    },
    "aggregation": {
        "type": ["aggregationPoint"], "infrastructure": "building", "gateway": False,
        "access_point": True, "power": True, "accuracy_m": 2, "slack": (20, 40),
        "technologies": ["ip", "mpls", "ethernet", "gpon"],
        "owner": COUNTY, "providers": [COUNTY, ISP_1],
    },
    "cabinet": {
        "type": ["addDropSite"], "infrastructure": "cabinet", "gateway": False,
        "access_point": True, "power": True, "accuracy_m": 2, "slack": (15, 30),
        "technologies": ["ethernet", "gpon"], "owner": COUNTY, "providers": [COUNTY, ISP_1],
    },
    "splitter": {
        "type": [], "infrastructure": "splitter", "gateway": False,
        "access_point": True, "power": False, "accuracy_m": 2, "slack": (10, 20),
        "technologies": ["gpon"], "owner": COUNTY, "providers": [COUNTY, ISP_1],
    },
    "manhole": {
        "type": [], "infrastructure": "cableWell", "gateway": False,
        "access_point": True, "power": False, "accuracy_m": 2, "slack": (20, 40),
        "technologies": [], "owner": COUNTY, "providers": [COUNTY],
    },
    "closure": {
        "type": [], "infrastructure": "spliceClosure", "gateway": False,
        "access_point": True, "power": False, "accuracy_m": 5, "slack": (20, 30),
        "technologies": [], "owner": COUNTY, "providers": [COUNTY],
    },
    "pole": {
        "type": [], "infrastructure": "pole", "gateway": False,
        "access_point": True, "power": False, "accuracy_m": 5, "slack": (10, 20),
        "technologies": ["gpon"], "owner": POWER, "providers": [COUNTY],
    },
    "tower": {
        "type": ["repeaterSite"], "infrastructure": "tower", "gateway": False,
        "access_point": True, "power": True, "accuracy_m": 3, "slack": (10, 20),
        "technologies": ["ethernet", "microwave"],
        "owner": BACKBONE, "providers": [COUNTY, BACKBONE],
    },
    "wifi": {
        "type": [], "infrastructure": "wifiAccessPoint", "gateway": False,
        "access_point": True, "power": True, "accuracy_m": 3, "slack": (5, 10),
        "technologies": ["wifi"], "owner": COUNTY, "providers": [COUNTY, ISP_1],
    },
    "premises": {
        "type": [], "infrastructure": "customerPremises", "gateway": False,
        "access_point": True, "power": True, "accuracy_m": 1, "slack": (10, 20),
        "technologies": ["ethernet"], "owner": COUNTY, "providers": [COUNTY],
    },
    "exchange": {
        "type": [], "infrastructure": "exchange", "gateway": False,
        "access_point": False, "power": False, "accuracy_m": 10, "slack": None,
        "technologies": [], "owner": BACKBONE, "providers": [],
    },
}


def make_nodes() -> list[Row]:
    items = []
    for row in sorted(read_csv("network_nodes.csv"), key=lambda row: str(row["external_id"])):
        kind = NODE_KINDS[row["kind"]]
        luck = chance(row["external_id"], "node")
        status = row["status"]
        built = status in ("operational", "inactive", "decommissioned")
        items.append(
            {
                "external_id": row["external_id"],
                "name": row["name"],
                "status": status,
                "type": kind["type"],
                "infrastructure": kind["infrastructure"],
                "gateway": kind["gateway"],
                "access_point": kind["access_point"],
                "spare_capacity": luck.random() < 0.8 if status == "operational" else None,
                "power": kind["power"] if built else None,
                "technologies": kind["technologies"],
                "owner": kind["owner"],
                "providers": kind["providers"] if status == "operational" else [],
                "phase": row["phase"] or None,
                "address": {
                    "streetAddress": row["street"],
                    "locality": row["locality"],
                    "region": "Kisii County",
                    "postalCode": row["postcode"],
                    "country": "KE",
                },
                # What is only planned is known to a street corner, not to a metre.
                "accuracy_m": kind["accuracy_m"] if built else 25,
                "slack_m": luck.randrange(*kind["slack"]) if built and kind["slack"] else None,
                "geometry": Point(float(row["longitude"]), float(row["latitude"])),
            }
        )
    return items


# Fibre links ----------------------------------------------------------------------------

FIBRE: Row = {"medium": ["fibre"], "fibre_type": "G.652", "supplier": CONTRACTOR, "dark": False}
LINK_KINDS: dict[str, Row] = {
    "ring": FIBRE | {
        "label": "Town ring", "fibres": 96, "deployment": ["belowGround"],
        "technologies": ["dwdm", "ethernet"], "owner": COUNTY, "providers": [COUNTY, ISP_1],
    },
    "metro": FIBRE | {
        "label": "Town centre", "fibres": 48, "deployment": ["belowGround"],
        "technologies": ["ethernet", "gpon"], "owner": COUNTY, "providers": [COUNTY, ISP_1],
    },
    "leased": FIBRE | {
        "label": "Dark fibre", "fibres": 48, "deployment": ["belowGround"], "dark": True,
        "technologies": ["dwdm"], "owner": BACKBONE, "providers": [BACKBONE, ISP_2],
    },
    "trunk": FIBRE | {
        "label": "Trunk", "fibres": 48, "deployment": ["belowGround"],
        "technologies": ["dwdm", "ethernet"], "owner": COUNTY, "providers": [COUNTY, BACKBONE],
    },
    "spur": FIBRE | {
        "label": "Spur", "fibres": 24, "deployment": ["aboveGround", "belowGround"],
        "technologies": ["ethernet"], "owner": COUNTY, "providers": [COUNTY],
    },
    "aerial": FIBRE | {
        "label": "Aerial cable", "fibres": 24, "deployment": ["aboveGround"],
        "technologies": ["ethernet"], "owner": COUNTY, "providers": [COUNTY],
    },
    "access": FIBRE | {
        "label": "Access", "fibres": 12, "deployment": ["belowGround"], "fibre_type": "G.657",
        "technologies": ["ethernet"], "owner": COUNTY, "providers": [COUNTY],
    },
    "drop": FIBRE | {
        "label": "Drop", "fibres": 12, "deployment": ["aboveGround"], "fibre_type": "G.657",
        "technologies": ["gpon"], "owner": COUNTY, "providers": [COUNTY, ISP_1],
    },
    "radio": {
        "label": "Radio hop", "medium": ["microwave"], "fibres": None, "fibre_type": None,
        "deployment": ["aboveGround"], "technologies": ["ethernet"], "supplier": BACKBONE,
        "owner": BACKBONE, "providers": [COUNTY, BACKBONE], "dark": None,
    },
    "copper": {
        "label": "Old copper", "medium": ["copper"], "fibres": None, "fibre_type": None,
        "deployment": ["belowGround"], "technologies": ["tdm"], "supplier": None,
        "owner": BACKBONE, "providers": [], "dark": None,
    },
}


def make_links(
    nodes: Sequence[Row], roads: Mapping[str, Road], phases: Mapping[str, Row]
) -> list[Row]:
    by_id = {node["external_id"]: node for node in nodes}
    items = []
    for row in sorted(read_csv("fibre_links.csv"), key=lambda row: str(row["external_id"])):
        kind = LINK_KINDS[row["kind"]]
        luck = chance(row["external_id"], "link")
        start, end = by_id[row["start_node"]], by_id[row["end_node"]]
        status = row["status"]
        route = route_between(
            start["geometry"],
            end["geometry"],
            [roads[id_] for id_ in row["along"].split(";") if id_],
            offset_m=float(row["offset_m"]),
            straight=row["kind"] == "radio",
        )
        length_m = geodesic_m(route)
        cable = kind["fibres"] is not None
        laid = cable and status in ("operational", "inactive", "underConstruction")
        spliced = cable and status in ("operational", "inactive")
        lit = status == "operational"
        fibres = kind["fibres"] if status != "proposed" else None
        used = luck.uniform(0.25, 0.75) if lit else 0.0
        slack = luck.uniform(1.016, 1.039)
        items.append(
            {
                "external_id": row["external_id"],
                "name": f"{kind['label']}: {place(start)} – {place(end)}",  # noqa: RUF001
                "status": status,
                "start_node": row["start_node"],
                "end_node": row["end_node"],
                "medium": kind["medium"],
                "deployment": kind["deployment"],
                "fibre_type": kind["fibre_type"],
                "fibre_count": fibres,
                # Tubes of 12 fibres are split, pairs are not.
                "spare_fibres": fibres - 2 * round(fibres * used / 2) if laid and fibres else None,
                "fibre_length_m": round(length_m * slack) if laid else None,
                "splices": 2 + math.floor(length_m / 2000) if spliced else None,
                "connectors": 4 if spliced else None,
                "capacity_gbps": float(row["capacity_gbps"]) if row["capacity_gbps"] else None,
                "technologies": kind["technologies"],
                "owner": kind["owner"],
                "providers": kind["providers"] if lit else [],
                "supplier": kind["supplier"] if status not in ("planned", "proposed") else None,
                "dark_fibre": kind["dark"],
                "shared_trench": row["shared_trench"] or None,
                "phase": row["phase"] or None,
                "ready_for_service_date": ready_on(status, phases.get(row["phase"]), luck),
                "geometry": route,
            }
        )
    return items


def place(node: Row) -> str:
    """A node's name without the word for what stands there."""
    name = str(node["name"])
    for word in (" Aggregation Point", " Cabinet", " Splice Closure", " Manhole", " Pole"):
        name = name.removesuffix(word)
    return name


def ready_on(status: str, phase: Row | None, luck: random.Random) -> str | None:
    """The day on which a link was ready, or is to be."""
    if status == "proposed":
        return None
    if phase is None:
        return date(luck.randint(2009, 2013), luck.randint(1, 12), 1).isoformat()
    first, last = phase["starts_on"], phase["ends_on"]
    if status in ("inactive", "underConstruction"):
        first = last - timedelta(days=120)
    day = first + timedelta(days=luck.randint(60, (last - first).days))
    return str(day.isoformat())


def route_between(
    start: Point, end: Point, along: Sequence[Road], *, offset_m: float, straight: bool
) -> LineString:
    """
    A link's line: from its start node beside the roads to its end node.

    Parameters
    ----------
    start, end
        The nodes; the line begins and ends exactly there.
    along
        Roads in order; each shares a drawn point with the next. Without any,
        the link goes across country.
    offset_m
        How far beside the middle of the road the cable lies.
    """
    first, last = (start.x, start.y), (end.x, end.y)
    if not along:
        if straight or math.dist(first, last) * METRES_PER_DEGREE < 200:
            return LineString([rounded(first), rounded(last)])
        return winding([first, last], street=True)
    path: list[Position] = []
    here = start
    for i, road in enumerate(along):
        goal = end if i == len(along) - 1 else meeting(road, along[i + 1], near=here)
        piece = substring(road.line, road.line.project(here), road.line.project(goal))
        path.extend(p for p in piece.coords if not path or p != path[-1])
        here = goal
    beside = shifted(path, offset_m)
    gap = 12 / METRES_PER_DEGREE
    inner = [p for p in beside if math.dist(p, first) > gap and math.dist(p, last) > gap]
    return LineString([rounded(p) for p in (first, *inner, last)])


def meeting(road: Road, other: Road, *, near: Point) -> Point:
    """The drawn point that two roads share, the one nearest to `near` if several."""
    shared = [Point(p) for p in road.points if p in other.points]
    return min(shared, key=near.distance)


def shifted(path: Sequence[Position], metres: float) -> list[Position]:
    """The path moved to its left, vertex by vertex."""
    moved = []
    for i, (x, y) in enumerate(path):
        ahead, behind = path[min(i + 1, len(path) - 1)], path[max(i - 1, 0)]
        dx, dy = ahead[0] - behind[0], ahead[1] - behind[1]
        length = math.hypot(dx, dy) or 1.0
        aside = metres / METRES_PER_DEGREE / length
        moved.append((x - dy * aside, y + dx * aside))
    return moved


def geodesic_m(line: LineString) -> float:
    """Length on the WGS84 ellipsoid in metres."""
    x, y = line.xy
    return float(WGS84.line_length(list(x), list(y)))


# Offices --------------------------------------------------------------------------------

OFFICE_SIZES: dict[str, tuple[int, tuple[int, int], tuple[int, int]]] = {
    # Mbit/s required; staff; people served
    "county": (200, (40, 220), (20_000, 120_000)),
    "municipal": (100, (15, 90), (20_000, 110_000)),
    "subCounty": (50, (18, 60), (60_000, 150_000)),
    "ward": (10, (3, 11), (12_000, 45_000)),
    "assembly": (10, (3, 9), (12_000, 45_000)),
    "health": (30, (12, 90), (8_000, 60_000)),
    "education": (50, (14, 60), (350, 1_600)),
    "market": (20, (2, 8), (400, 5_000)),
    "library": (50, (3, 14), (900, 8_000)),
    "hudumaCentre": (50, (6, 45), (9_000, 90_000)),
    "policeStation": (20, (12, 60), (15_000, 80_000)),
    "other": (20, (5, 40), (3_000, 40_000)),
}
LARGE_OFFICES = {
    "Kisii Teaching and Referral Hospital": (500, 1_150, 900_000),
    "Kisii University": (1000, 820, 17_000),
    "County Assembly of Kisii": (200, 190, 1_266_860),
    "Kisii County Headquarters": (500, 340, 1_266_860),
    "Daraja Mbili Market": (50, 24, 14_000),
}


def make_offices(
    wards: Sequence[Row],
    nodes: Mapping[str, Row],
    links: Sequence[Row],
    phases: Mapping[str, Row],
) -> list[Row]:
    outlines = {ward["code"]: ward["geometry"] for ward in wards}
    ready: dict[str, str] = {}
    for link in links:
        if link["status"] == "operational":
            for end in (link["start_node"], link["end_node"]):
                day = link["ready_for_service_date"]
                ready[end] = min(ready.get(end, day), day)
    items = []
    for number, row in enumerate(
        sorted(read_csv("offices.csv"), key=lambda row: str(row["external_id"])), start=1
    ):
        point = Point(float(row["longitude"]), float(row["latitude"]))
        if not outlines[row["ward"]].contains(point):
            where = [code for code, outline in outlines.items() if outline.contains(point)]
            raise ValueError(f"{row['name']} lies in {where}, not in ward {row['ward']}")
        luck = chance(row["external_id"], "office")
        mbps, staff, people = OFFICE_SIZES[row["office_type"]]
        size = (mbps, luck.randint(*staff), round(luck.randint(*people), -2))
        size = LARGE_OFFICES.get(row["name"], size)
        connected = row["connection"] == "connected"
        since = None
        if connected:
            if nodes[row["served_by"]]["status"] != "operational":
                raise ValueError(f"{row['name']} is connected by a node that does not operate")
            first = date.fromisoformat(ready[row["served_by"]])
            since = (first + timedelta(days=luck.randint(5, 330))).isoformat()
        speed = {"fibre": (0.8, 1.25), "microwave": (0.45, 0.95), "wifi": (0.25, 0.8)}
        measured = connected and luck.random() < 0.85
        items.append(
            {
                "external_id": row["external_id"],
                "name": row["name"],
                "office_type": row["office_type"],
                "theme": row["theme"],
                "served_by": row["served_by"] or None,
                "connection": row["connection"],
                "connected_since": since,
                "technology": row["technology"] or None,
                "required_mbps": size[0],
                "measured_mbps": (
                    round(size[0] * luck.uniform(*speed[row["technology"]]), 1)
                    if measured
                    else None
                ),
                "staff": size[1],
                "beneficiaries": size[2],
                "contact": f"ICT desk, ext. {200 + number}",
                "geometry": point,
            }
        )
    return items


# Files ----------------------------------------------------------------------------------


def read_csv(name: str) -> list[dict[str, str]]:
    with (AUTHORED / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def rounded(point: Sequence[float]) -> Position:
    return round(point[0], 6), round(point[1], 6)


def nested(geometry: shapely.Geometry) -> dict[str, Any]:
    """GeoJSON of a geometry, coordinates rounded."""

    def walk(value: Any) -> Any:
        return round(value, 6) if isinstance(value, float) else [walk(v) for v in value]

    mapping = geometry.__geo_interface__
    return {"type": mapping["type"], "coordinates": walk(mapping["coordinates"])}


def write_geojson(path: Path, items: Iterable[Row]) -> None:
    """One feature per line, so that a change shows as a changed line."""

    def features() -> Iterator[str]:
        for item in items:
            properties = {k: v for k, v in item.items() if k != "geometry"}
            yield json.dumps(
                {
                    "type": "Feature",
                    "properties": properties,
                    "geometry": nested(item["geometry"]),
                },
                ensure_ascii=False,
                separators=(",", ":"),
            )

    head = f'{{"type":"FeatureCollection","name":"{path.stem}","features":[\n'
    path.write_text(head + ",\n".join(features()) + "\n]}\n", encoding="utf-8", newline="\n")


def write_csv(path: Path, items: Sequence[Row]) -> None:
    """Lists are joined by semicolons, objects are JSON."""

    def cell(value: Any) -> Any:
        match value:
            case None:
                return ""
            case bool():
                return "true" if value else "false"
            case list():
                return ";".join(value)
            case dict():
                return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
        return value

    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(items[0])
        writer.writerows([cell(value) for value in item.values()] for item in items)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else HERE / "sample")
