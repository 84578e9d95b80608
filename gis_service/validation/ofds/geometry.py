"""Where things are: positions that cannot be right, and routes that miss their nodes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import shapely

from gis_service.model.ofds import CRS84_NAME
from gis_service.model.reports import Severity
from gis_service.validation.geometry import Extent
from gis_service.validation.ofds.findings import Findings
from gis_service.validation.ofds.view import NetworkView
from gis_service.validation.topology import (
    NEAR_M,
    SNAP_M,
    Flags,
    Floats,
    crossings,
    ends_of,
    gaps_m,
    lengths_m,
    local_srid,
    twins,
)

_OUT_OF_WORLD = "lies outside the world (longitude within 180, latitude within 90 degrees)"
_WORLD: Extent = (-180.0, -90.0, 180.0, 90.0)
_TOGETHER_M = 1_000.0
_MOST_ENDS = 50
_OF_A_CABLE = (
    "transmissionMedium", "transmissionMediumOwner", "physicalInfrastructureProvider",
    "networkProviders", "cableType", "darkFibre", "fibreType", "fibreCount",
)
"""Properties in which two cables of one trench differ."""
SHORTER, LONGER, METRES = 0.98, 1.5, 20.0
"""Fibre over route: less than its route, odd, and surely not in kilometres."""


def check_shapes(view: NetworkView, findings: Findings) -> None:
    """Report locations and routes of the wrong type, or whose coordinates are no positions."""
    for array, name, type_, depth in (
        ("nodes", "location", "Point", 1), ("spans", "route", "LineString", 2)
    ):
        kind = array.removesuffix("s")
        for position, each in enumerate(view.objects(array)):
            geometry = each.get(name)
            if not isinstance(geometry, Mapping) or not geometry:
                continue
            at = view.path(array, position, name)
            if geometry.get("type") != type_:
                findings.add(
                    f"{kind}_{name}_type_incorrect", (*at, "type"),
                    f"The {name} is a {geometry.get('type')!r}, not a {type_}.",
                    value=geometry.get("type"),
                )
            if not _are_positions(geometry.get("coordinates"), depth):
                findings.add(
                    f"{kind}_{name}_coordinates_incorrect", (*at, "coordinates"),
                    _why_not(geometry.get("coordinates"), name),
                    value=geometry.get("coordinates"),
                )


def check_places(view: NetworkView, findings: Findings, *, region: Extent) -> None:
    """
    Report positions outside the world, and those that look swapped or astray.

    A network that lies elsewhere as a whole is not measured by `region`.
    """
    vertices, owner = shapely.get_coordinates(view.lines, return_index=True)
    placed = np.flatnonzero(np.isfinite(view.lonlat).all(axis=1))
    elsewhere = not _belongs(view.lonlat[placed] if len(placed) else vertices, region)
    for array, name, lonlat, of in (
        ("nodes", "location", view.lonlat[placed], placed),
        ("spans", "route", vertices, owner),
    ):
        beyond = ~_inside(lonlat, _WORLD)
        odd = beyond if elsewhere else beyond | ~_inside(lonlat, region)
        for position in np.unique(of[odd]).tolist():
            mine = slice(*np.searchsorted(of, (position, position + 1)))
            message, broken = _why_misplaced(lonlat[mine], beyond[mine], odd[mine], region)
            findings.add(
                "KIS-G1", view.path(array, position, name), message,
                severity=Severity.ERROR if beyond[mine].any() else Severity.WARNING,
                value=broken,
            )


def _why_misplaced(
    lonlat: Floats, beyond: Flags, odd: Flags, region: Extent
) -> tuple[str, list[float]]:
    """What is wrong with an object's positions, and the first that is."""
    first: list[float] = lonlat[np.flatnonzero(beyond if beyond.any() else odd)[0]].tolist()
    how = _OUT_OF_WORLD if beyond.any() else "lies far from where the network should be"
    of = f" ({odd.sum()} of its {len(odd)} vertices do)" if len(odd) > 1 else ""
    return f"({first[0]:g}, {first[1]:g}) {how}{of}.{_hint(lonlat[odd], region)}", first


def _turned(lonlat: Floats) -> Iterator[tuple[Floats, str]]:
    """Positions as they may have been meant, and what to say of it."""
    yield lonlat[:, ::-1], " Longitude and latitude look swapped."
    for sign, what in (((1, -1), "latitude"), ((-1, 1), "longitude")):
        yield lonlat * sign, f" With the opposite sign of {what} it would fit."


def _hint(lonlat: Floats, region: Extent) -> str:
    return next((said for turned, said in _turned(lonlat) if _inside(turned, region).all()), "")


def _belongs(lonlat: Floats, region: Extent) -> bool:
    """Whether at least half of the positions lie in the region, or would if turned."""
    inside = _inside(lonlat, region)
    for turned, _ in _turned(lonlat):
        inside |= _inside(turned, region)
    return bool(inside.mean() >= 0.5) if len(inside) else False


def check_crs(view: NetworkView, findings: Findings) -> None:
    """Report a network with geometry that does not name its coordinate system."""
    if view.network.get("crs"):
        return
    if any(node.get("location") for node in view.objects("nodes")) or any(
        span.get("route") for span in view.objects("spans")
    ):
        findings.add(
            "KIS-G7", view.path("crs"),
            f"The network has geometry but no crs; it should name {CRS84_NAME}.",
        )


def check_ends(view: NetworkView, findings: Findings) -> None:
    """Report routes that end away from the node that their span names."""
    gaps = end_gaps_m(view)
    for position in np.flatnonzero((np.nan_to_num(gaps) > SNAP_M).any(axis=1)).tolist():
        span = view.objects("spans")[position]
        for column, side in enumerate(("start", "end")):
            gap = float(gaps[position, column])
            if not gap > SNAP_M:
                continue
            node = view.objects("nodes")[view.nodes[span[side]]]
            called = node.get("name") or span[side]
            findings.add(
                "KIS-G2", view.path("spans", position, side),
                f"The route ends {metres(gap)} from its {side} node {called!r}.",
                value=span[side],
                severity=Severity.ERROR if gap > NEAR_M else Severity.WARNING,
                gap_m=round(gap, 1), node_id=span[side],
            )


def end_gaps_m(view: NetworkView) -> Floats:
    """
    Metres between each route's ends and its span's nodes, shape (spans, 2).

    A span that is not directed may be drawn either way; the better way counts.
    """
    first, last = ends_of(view.lines)
    start, end = (
        np.where((index >= 0)[:, None], view.lonlat[index], np.nan) if len(view.lonlat)
        else np.full((len(index), 2), np.nan)
        for index in (view.start, view.end)
    )
    as_drawn = np.column_stack([gaps_m(first, start), gaps_m(last, end)])
    turned = np.column_stack([gaps_m(last, start), gaps_m(first, end)])
    directed = np.array([span.get("directed") is True for span in view.objects("spans")], bool)
    better = ~directed & (turned.sum(axis=1) < as_drawn.sum(axis=1))
    return np.where(better[:, None], turned, as_drawn)


def check_misplaced_nodes(view: NetworkView, findings: Findings) -> None:
    """
    Report nodes far from a place where more of their spans meet than at the node itself.

    So it is the node that stands wrong, and not each of its spans.
    """
    first, last = ends_of(view.lines)
    both = np.stack([first, last], axis=1)
    for node, mine in _spans_of_nodes(view).items():
        here = view.lonlat[node]
        if not 2 <= len(mine) <= _MOST_ENDS or not np.isfinite(here).all():
            continue
        places, of = both[mine].reshape(-1, 2), np.repeat(mine, 2)
        known = np.isfinite(places).all(axis=1)
        places, of = places[known], of[known]
        away = gaps_m(places, np.tile(here, (len(places), 1)))
        at_node = len(np.unique(of[away <= _TOGETHER_M]))
        others = np.where(view.start[of] == node, view.end[of], view.start[of])
        beside_other = gaps_m(places, view.lonlat[others]) <= _TOGETHER_M
        best, where, how_far = max(at_node, 1), None, 0.0
        for place in np.flatnonzero((away > _TOGETHER_M) & ~beside_other).tolist():
            near = gaps_m(places, np.tile(places[place], (len(places), 1))) <= _TOGETHER_M
            meeting = len(np.unique(of[near]))
            if meeting > best:
                best, where, how_far = meeting, places[place], float(away[place])
        if where is not None:
            lon, lat = np.round(where, 5).tolist()
            findings.add(
                "KIS-G9", view.path("nodes", node, "location"),
                f"{best} of the node's {len(mine)} spans meet at ({lon:g}, {lat:g}), "
                f"{metres(how_far)} from where it stands.",
                value=here.tolist(), gap_m=round(how_far, 1), place=[lon, lat],
            )


def _spans_of_nodes(view: NetworkView) -> Mapping[int, list[int]]:
    """The spans of every node from which one of them ends far away."""
    far = np.nan_to_num(end_gaps_m(view)) > _TOGETHER_M
    suspects = set(np.concatenate([view.start[far[:, 0]], view.end[far[:, 1]]]).tolist())
    found: dict[int, list[int]] = {node: [] for node in sorted(suspects - {-1})}
    for position, pair in enumerate(zip(view.start.tolist(), view.end.tolist(), strict=True)):
        for node in set(pair) & found.keys():
            found[node].append(position)
    return found


def check_routes(view: NetworkView, findings: Findings) -> None:
    """Report routes without length, with repeated vertices, or that do not fit their fibre."""
    lengths = lengths_m(view.lines)
    present = ~shapely.is_missing(view.lines)
    for position in np.flatnonzero(present & (lengths == 0)).tolist():
        findings.add(
            "KIS-G8", view.path("spans", position, "route"),
            "All vertices of the route are in one place.",
        )
    vertices, owner = shapely.get_coordinates(view.lines, return_index=True)
    same = (owner[1:] == owner[:-1]) & (vertices[1:] == vertices[:-1]).all(axis=1)
    repeated = np.bincount(owner[1:][same], minlength=len(lengths)) if len(owner) else lengths
    for position in np.flatnonzero((repeated > 0) & (lengths > 0)).tolist():
        findings.add(
            "KIS-G4", view.path("spans", position, "route"),
            f"{int(repeated[position])} vertices repeat the one before.",
        )
    for position in np.flatnonzero(present & (lengths > 0)).tolist():
        fibre = view.objects("spans")[position].get("fibreLength")
        if isinstance(fibre, int | float) and not isinstance(fibre, bool) and fibre > 0:
            _check_fibre(view, findings, position, float(fibre), float(lengths[position]))


def _check_fibre(
    view: NetworkView, findings: Findings, position: int, fibre_km: float, route_m: float
) -> None:
    ratio = fibre_km * 1_000 / route_m
    if SHORTER <= ratio <= LONGER:
        return
    route = f"the route of {route_m / 1_000:,.2f} km"
    if ratio > METRES:
        said = f"The fibre of {fibre_km:,g} km is {ratio:,.0f} times {route}: is it in metres?"
    elif ratio > LONGER:
        said = f"The fibre of {fibre_km:,g} km is {ratio:.1f} times as long as {route}."
    else:
        said = f"The fibre of {fibre_km:,g} km is shorter than {route}."
    findings.add(
        "KIS-G6", view.path("spans", position, "fibreLength"), said,
        value=fibre_km, route_m=round(route_m, 1),
    )


def check_twins(view: NetworkView, findings: Findings) -> None:
    """
    Report spans between the same nodes that run in the same place.

    Of two that say different things of their cables it is only noted: a trench
    may hold several.
    """
    pairs = twins(view.lines, view.start, view.end, srid=local_srid(_all_places(view)))
    spans = view.objects("spans")
    for first, later in pairs.tolist():
        other = spans[first].get("id")
        differing = [n for n in _OF_A_CABLE if spans[first].get(n) != spans[later].get(n)]
        more = f" They differ in {', '.join(differing)}." if differing else ""
        findings.add(
            "KIS-R2", view.path("spans", later),
            f"The span joins the same nodes along the same route as {other!r}.{more}",
            value=other, severity=Severity.INFO if differing else None, other_id=other,
        )


def check_crossings(view: NetworkView, findings: Findings) -> None:
    """Report pairs of routes that cross where neither has a node; radio crosses what it likes."""
    spans = view.objects("spans")
    wired = view.lines.copy()
    wired[[each.get("transmissionMedium") == ["microwave"] for each in spans]] = None
    pairs, places, whole = crossings(wired, view.start, view.end)
    if not whole:
        findings.add("KIS-G5", view.path("spans"),
                     "So many routes cross that not all of them were compared.")
    for (first, later), (lon, lat) in zip(pairs.tolist(), places.tolist(), strict=True):
        other = spans[first]
        findings.add(
            "KIS-G5", view.path("spans", later, "route"),
            f"It crosses {other.get('name') or other.get('id')!r} at ({lon:.5f}, {lat:.5f}), "
            "where neither has a node.",
            value=[round(lon, 6), round(lat, 6)], other_id=other.get("id"),
        )


def metres(distance_m: float) -> str:
    """A distance as people say it."""
    return f"{distance_m:,.0f} m" if distance_m < 1_000 else f"{distance_m / 1_000:,.1f} km"


def _all_places(view: NetworkView) -> Floats:
    return view.lonlat if len(view.lonlat) else shapely.get_coordinates(view.lines)


def _inside(lonlat: Floats, region: Extent) -> Flags:
    west, south, east, north = region
    lon, lat = lonlat.T
    with np.errstate(invalid="ignore"):
        inside: Flags = (lon >= west) & (lon <= east) & (lat >= south) & (lat <= north)
    return inside


def _are_positions(value: Any, depth: int) -> bool:
    if not isinstance(value, list):
        return False
    if depth > 1:
        return all(_are_positions(each, depth - 1) for each in value)
    return len(value) in {2, 3} and all(type(each) in {int, float} for each in value)


def _why_not(value: Any, name: str) -> str:
    flat = value if isinstance(value, list) else []
    inner = [each for part in flat for each in (part if isinstance(part, list) else [part])]
    if any(isinstance(each, str) for each in inner):
        return f"The coordinates of the {name} are text, not numbers."
    if name == "route" and flat and not isinstance(flat[0], list):
        return "The coordinates of the route are one position, not an array of them."
    return f"The coordinates of the {name} are no positions of longitude and latitude."
