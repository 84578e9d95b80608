"""What lies in the way of works, and whom to call before them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson


@dataclass(frozen=True, slots=True)
class Owner:
    """An organisation that owns something near the works."""

    id: str
    name: str
    website: str | None


@dataclass(frozen=True, slots=True)
class Buried:
    """
    A link, a structure or a node near the works.

    Parameters
    ----------
    kind
        Code of a structure's type or of what holds a node; None for a link.
    deployment
        Of a link: above or below ground, or both; empty when unknown.
    distance_m
        From the works to where it is recorded, geodesic; 0 within them.
    accuracy_m
        How far it may lie from there.
    accuracy_known
        Whether somebody said so; else it is taken to be 10 m.
    geometry
        GeoJSON, in degrees.
    """

    collection: str
    id: str
    key: str
    name: str | None
    kind: str | None
    status: str | None
    deployment: tuple[str, ...]
    distance_m: float
    accuracy_m: float
    accuracy_known: bool
    owner: Owner | None
    geometry: str

    @property
    def least_m(self) -> float:
        """How near it may be."""
        return max(self.distance_m - self.accuracy_m, 0.0)


@dataclass(frozen=True, slots=True)
class DigSafe:
    """
    All that is recorded within a distance of works, or may be there.

    Parameters
    ----------
    found
        The nearest first; of what is equally near the lower id.
    is_whole
        False when there is more than is told.
    """

    distance_m: float
    found: tuple[Buried, ...]
    is_whole: bool = True

    def owners(self) -> list[tuple[Owner | None, int, float]]:
        """Whom to call: how much each owns here, and how near it may be; the unknown last."""
        by_owner: dict[Owner | None, list[Buried]] = {}
        for each in self.found:
            by_owner.setdefault(each.owner, []).append(each)
        rows = [
            (owner, len(theirs), min(each.least_m for each in theirs))
            for owner, theirs in by_owner.items()
        ]
        return sorted(
            rows, key=lambda row: (row[0] is None, row[2], row[0].id if row[0] else "")
        )

    def document(self) -> dict[str, Any]:
        """A GeoJSON FeatureCollection; distances in metres to a centimetre."""
        return {
            "type": "FeatureCollection",
            "distance_m": self.distance_m,
            "found": len(self.found),
            "is_whole": self.is_whole,
            "owners": [
                {
                    **_owner(owner),
                    "count": count,
                    "least_m": round(least_m, 2),
                }
                for owner, count, least_m in self.owners()
            ],
            "features": [_feature(each) for each in self.found],
        }


def _owner(owner: Owner | None) -> Mapping[str, Any]:
    return {
        "owner": owner.id if owner else None,
        "owner_name": owner.name if owner else None,
        "website": owner.website if owner else None,
    }


def _feature(each: Buried) -> dict[str, Any]:
    return {
        "type": "Feature",
        "id": each.id,
        "geometry": orjson.loads(each.geometry),
        "properties": {
            "collection": each.collection,
            "external_id": each.key,
            "name": each.name,
            "kind": each.kind,
            "status": each.status,
            "deployment": list(each.deployment),
            "distance_m": round(each.distance_m, 2),
            "accuracy_m": round(each.accuracy_m, 2),
            "accuracy_known": each.accuracy_known,
            "least_m": round(each.least_m, 2),
            **_owner(each.owner),
        },
    }
