"""The network: nodes, and the links between them along the roads."""

from __future__ import annotations

import math
import random
from collections.abc import Mapping, Sequence
from datetime import date, timedelta

from sample_chance import chance
from sample_files import Position, Row, read_csv, rounded
from sample_lines import METRES_PER_DEGREE, geodesic_m
from sample_places import Road, winding
from shapely.geometry import LineString, Point
from shapely.ops import substring

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

