"""Where people can get at a cable."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from gis_service.model.declarations.plant import NETWORK_NODES, STRUCTURES
from gis_service.model.fault_location import Access
from gis_service.model.plant import Plant
from gis_service.network.cable_scale import CableScale
from gis_service.network.paths import Leg

OPENED = ("manhole", "handhole", "pole")
"""Types of structure that are opened or climbed; a duct's end or a marker helps nobody."""
BESIDE_M = 25.0
"""A structure of the same trench this near to the route holds its cable too."""


def accesses(
    path: Sequence[Leg], plant: Plant, scale: CableScale, path_m: float
) -> tuple[Access, ...]:
    """
    The nearest access on either side of a place, the nearer first.

    Nodes, manholes, handholes and poles count; ties go by id. An access at the
    place itself is on the instrument's side.

    Parameters
    ----------
    path_m
        Metres of route from the path's first node.
    """
    nearest: dict[str, Access] = {}
    places = [*_nodes(path, plant, scale, path_m), *_structures(path, scale, path_m)]
    for each in sorted(places, key=lambda place: (place.distance_m, place.id)):
        nearest.setdefault(each.side, each)
    return tuple(nearest.values())


def _nodes(
    path: Sequence[Leg], plant: Plant, scale: CableScale, path_m: float
) -> Iterator[Access]:
    ids = [path[0].first_node, *(leg.last_node for leg in path)]
    at = [0.0, *(end for _, end in scale.leg_spans)]
    for id_, at_m in zip(ids, at, strict=True):
        node = plant.nodes[id_]
        yield _access(
            path_m, at_m, collection=NETWORK_NODES.id, id=id_, name=node.name,
            kind=node.infrastructure, position=node.position,
        )


def _structures(path: Sequence[Leg], scale: CableScale, path_m: float) -> Iterator[Access]:
    for number, leg in enumerate(path):
        line, (begin, end) = scale.routes[number], scale.leg_spans[number]
        for each in leg.link.structures:
            if each.structure_type not in OPENED:
                continue
            if each.link == leg.link.id and each.position_m is not None:
                along_m = min(each.position_m, line.length_m)
            else:
                along_m, away_m = line.nearest(each.position)
                if each.link != leg.link.id and away_m > BESIDE_M:
                    continue
            yield _access(
                path_m, begin + along_m if leg.forward else end - along_m,
                collection=STRUCTURES.id, id=each.id, name=each.name,
                kind=each.structure_type, position=each.position,
            )


def _access(path_m: float, at_m: float, **words: object) -> Access:
    return Access(
        distance_m=abs(at_m - path_m),
        side="instrument" if at_m <= path_m else "beyond",
        path_m=at_m,
        **words,  # type: ignore[arg-type]
    )
