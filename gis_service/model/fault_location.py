"""Where a fault lies that an OTDR has seen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from gis_service.errors import InvalidInput
from gis_service.model.plant import Assumed, Position


class OffThePath(InvalidInput):
    """A reading ends before the path begins, or after it ends; `by_m` says by how much."""

    def __init__(self, message: str, *, by_m: float) -> None:
        self.by_m = by_m
        super().__init__(message)


@dataclass(frozen=True, slots=True)
class Reading:
    """
    What was read off an OTDR, and how it was set.

    Parameters
    ----------
    otdr_distance_m
        Metres that it shows from its own connector to the fault.
    index_set, index_true
        Group refractive index that it was set to, and that of the fibre. None
        for the true one is the value for G.652 at 1550 nm; None for the set
        one says that it was set right.
    launch_m
        Fibre between the instrument and the path's first node.
    helix
        By how much the fibre is longer than the cable that holds it, as a
        share; None when unknown.
    accuracy_m
        Of the distance shown; None for the declared one.
    anchors
        Metres that it shows to known places of the same trace, by id of the
        node or structure.
    """

    otdr_distance_m: float
    index_set: float | None = None
    index_true: float | None = None
    launch_m: float = 0.0
    helix: float | None = None
    accuracy_m: float | None = None
    anchors: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class LinkPart:
    """
    Part of a link's route.

    Parameters
    ----------
    from_m, to_m
        Metres along the route from the link's start, the smaller first.
    route
        Its vertices, in the link's own direction.
    """

    link: str
    from_m: float
    to_m: float
    route: tuple[Position, ...]


@dataclass(frozen=True, slots=True)
class Access:
    """
    A place where people can get at the cable.

    Parameters
    ----------
    collection
        `network_nodes` or `structures`.
    kind
        Code of the structure's type, or of what holds the node.
    distance_m
        Along the route, from the most likely place of the fault.
    side
        Towards the instrument, or beyond the fault.
    path_m
        Along the route, from the instrument's node.
    """

    collection: str
    id: str
    name: str | None
    kind: str | None
    position: Position
    distance_m: float
    side: Literal["instrument", "beyond"]
    path_m: float


@dataclass(frozen=True, slots=True)
class FaultLocation:
    """
    The part of a route in which a fault lies.

    Parameters
    ----------
    link, link_name
        The link of the most likely place.
    position, position_m
        The most likely place, and metres to it along the link's route from the
        link's start.
    path_m
        Along the route, from the instrument's node.
    lower_m, upper_m
        Bounds of `path_m`.
    uncertainty_m
        Half of what the bounds were before the path's ends cut them.
    parts
        What lies between the bounds, in the order of the path.
    cable_m
        Cable to the fault: the reading without index, launch fibre and helix.
    slack_m
        Coiled cable before the fault, which is in `cable_m`.
    shares_m
        What each source of uncertainty adds, in metres along the route.
    access
        The nearest place on either side, the nearer first.
    """

    link: str
    link_name: str | None
    position: Position
    position_m: float
    path_m: float
    lower_m: float
    upper_m: float
    uncertainty_m: float
    parts: tuple[LinkPart, ...]
    cable_m: float
    slack_m: float
    shares_m: Mapping[str, float]
    access: tuple[Access, ...]
    assumed: tuple[Assumed, ...]

    def document(self, *, fault: str | None = None) -> dict[str, Any]:
        """
        A GeoJSON FeatureCollection: the segment, the most likely point, the accesses.

        Parameters
        ----------
        fault
            Id of the fault that was recorded with it.
        """
        features = [
            _feature(
                {"type": "LineString", "coordinates": [list(p) for p in part.route]},
                {"role": "segment", "link": part.link, "from_m": _cm(part.from_m),
                 "to_m": _cm(part.to_m)},
            )
            for part in self.parts
        ]
        features.append(
            _feature(
                _point(self.position),
                {"role": "mostLikely", "link": self.link, "name": self.link_name,
                 "position_m": _cm(self.position_m), "uncertainty_m": _cm(self.uncertainty_m)},
            )
        )
        features += [
            _feature(
                _point(each.position),
                {"role": "access", "collection": each.collection, "id": each.id,
                 "name": each.name, "kind": each.kind, "side": each.side,
                 "distance_m": _cm(each.distance_m)},
            )
            for each in self.access
        ]
        return {
            "type": "FeatureCollection",
            "link": self.link,
            "position_m": _cm(self.position_m),
            "path_m": _cm(self.path_m),
            "lower_m": _cm(self.lower_m),
            "upper_m": _cm(self.upper_m),
            "uncertainty_m": _cm(self.uncertainty_m),
            "cable_m": _cm(self.cable_m),
            "slack_m": _cm(self.slack_m),
            "shares_m": {name: _cm(value) for name, value in self.shares_m.items()},
            "assumed": [each.document() for each in self.assumed],
            "fault": fault,
            "features": features,
        }


def _point(position: Position) -> dict[str, Any]:
    return {"type": "Point", "coordinates": list(position)}


def _feature(geometry: dict[str, Any], properties: dict[str, Any]) -> dict[str, Any]:
    return {"type": "Feature", "geometry": geometry, "properties": properties}


def _cm(metres: float) -> float:
    return round(metres, 2)
