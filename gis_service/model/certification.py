"""Which devices have to be certified, and which inspections wait for a repair."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from gis_service.model.codelists import CERTIFICATION
from gis_service.model.declarations.operations import EQUIPMENT
from gis_service.model.plant import Position

STATES = CERTIFICATION.values()
VALID = "valid"


@dataclass(frozen=True, slots=True)
class Ward:
    """A ward by its id, code and name."""

    id: str
    code: str
    name: str


@dataclass(frozen=True, slots=True)
class CertifiedDevice:
    """
    A device and its certification.

    Parameters
    ----------
    state
        One of `STATES`.
    due_on
        The day on which it is or was due: of one never certified that of its
        installation, of one that failed the day when it failed. None when unknown.
    certified_on
        The day of the latest certification, passed or failed.
    place
        The node or office where it stands, with its collection, id and name.
    """

    id: str
    asset_tag: str
    category: str
    state: str
    due_on: date | None
    certified_on: date | None
    installed_on: date | None
    place: tuple[str, str, str] | None
    ward: Ward | None
    position: Position | None


@dataclass(frozen=True, slots=True)
class OpenInspection:
    """
    Something whose latest inspection failed or was not done, and was not repaired since.

    Parameters
    ----------
    position
        Of a link the middle of its route.
    """

    collection: str
    id: str
    name: str | None
    inspected_on: date
    result: str
    notes: str | None
    ward: Ward | None
    position: Position | None


@dataclass(frozen=True, slots=True)
class Certifications:
    """
    The devices that are installed, each in one state, and the open inspections.

    Parameters
    ----------
    today
        The day in Kenya on which this holds.
    within_days
        What is due within so many days counts as due.
    """

    today: date
    within_days: int
    devices: tuple[CertifiedDevice, ...]
    inspections: tuple[OpenInspection, ...]

    @property
    def wanting(self) -> tuple[CertifiedDevice, ...]:
        """Those that are not valid: the longest due first, then those with no known day."""
        found = [each for each in self.devices if each.state != VALID]
        return tuple(
            sorted(found, key=lambda d: (d.due_on is None, d.due_on or date.max, d.id))
        )

    def within(self, ward: str) -> Certifications:
        """What of it stands in a ward, by the ward's id."""
        return replace(
            self,
            devices=tuple(d for d in self.devices if d.ward is not None and d.ward.id == ward),
            inspections=tuple(
                i for i in self.inspections if i.ward is not None and i.ward.id == ward
            ),
        )

    def counts(self) -> dict[str, int]:
        """How many devices are in each state."""
        return _counts(self.devices)

    def by_ward(self) -> list[tuple[Ward | None, dict[str, int]]]:
        """The same for each ward with devices, by name; those outside every ward last."""
        wards = {each.ward for each in self.devices if each.ward is not None}
        rows: list[tuple[Ward | None, dict[str, int]]] = [
            (ward, _counts(d for d in self.devices if d.ward == ward))
            for ward in sorted(wards, key=lambda ward: (ward.name, ward.code))
        ]
        outside = [each for each in self.devices if each.ward is None]
        return [*rows, (None, _counts(outside))] if outside else rows

    def document(self) -> dict[str, Any]:
        """
        A GeoJSON FeatureCollection: what wants certification, then open inspections.

        What stands nowhere has no geometry.
        """
        return {
            "type": "FeatureCollection",
            "today": self.today.isoformat(),
            "within_days": self.within_days,
            **self.counts(),
            "inspections": len(self.inspections),
            "wards": [
                {**_where(ward), **counts}
                for ward, counts in self.by_ward()
            ],
            "features": [
                *(self._device(each) for each in self.wanting),
                *(_inspection(each) for each in self.inspections),
            ],
        }

    def _device(self, each: CertifiedDevice) -> dict[str, Any]:
        days = None if each.due_on is None else (each.due_on - self.today).days
        collection, id_, name = each.place or (None, None, None)
        return _feature(each.position, each.id, each.ward, {
            "collection": EQUIPMENT.id,
            "name": each.asset_tag,
            "category": each.category,
            "state": each.state,
            "due_on": _day(each.due_on),
            "days_left": days,
            "certified_on": _day(each.certified_on),
            "installed_on": _day(each.installed_on),
            "place_collection": collection,
            "place": id_,
            "place_name": name,
        })


def _counts(devices: Iterable[CertifiedDevice]) -> dict[str, int]:
    found = Counter(each.state for each in devices)
    return {state: found[state] for state in STATES}


def _inspection(each: OpenInspection) -> dict[str, Any]:
    return _feature(each.position, each.id, each.ward, {
        "collection": each.collection,
        "name": each.name,
        "state": "inspection",
        "inspected_on": each.inspected_on.isoformat(),
        "result": each.result,
        "notes": each.notes,
    })


def _feature(
    position: Position | None, id_: str, ward: Ward | None, properties: dict[str, Any]
) -> dict[str, Any]:
    return {
        "type": "Feature",
        "id": id_,
        "geometry": None if position is None else {"type": "Point", "coordinates": list(position)},
        "properties": {**properties, **_where(ward)},
    }


def _where(ward: Ward | None) -> dict[str, Any]:
    return {"ward": ward.code if ward else None, "ward_name": ward.name if ward else None}


def _day(day: date | None) -> str | None:
    return None if day is None else day.isoformat()
