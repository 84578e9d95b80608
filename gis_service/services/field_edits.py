"""What a field operation asks for, as the edits that do it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID, uuid5

from gis_service.model.checklists import checked_lines
from gis_service.model.collections import REGISTRY
from gis_service.model.days import day_of
from gis_service.model.declarations.operations import FAULTS, MEASUREMENTS, WORK_LOG
from gis_service.model.declarations.plant import FIBRE_LINKS, NETWORK_NODES, STRUCTURES
from gis_service.model.edits import Condition, Edit
from gis_service.model.field_operations import FieldOperation, OperationKind, Refused, uuid_of
from gis_service.model.fields import Collection, FieldType, Language, Text
from gis_service.model.rights import Operation

Document = dict[str, Any]

PROPOSED = "proposed"
MOST_POINTS = 500
"""Points of interest of one route."""
RECORDS = {
    OperationKind.WORK: WORK_LOG,
    OperationKind.FAULT: FAULTS,
    OperationKind.MEASUREMENT: MEASUREMENTS,
}
WALKED = Text("Walked route", "Njia iliyotembewa")
_WHEN = {WORK_LOG: "occurred_at", FAULTS: "started_at", MEASUREMENTS: "measured_at"}
_CHECKLIST = "checklist"
_BY_STRUCTURE = {"slack_m": "slack_m", "name": "name"}


@dataclass(frozen=True, slots=True)
class Merge:
    """
    What of a change can be made, and what disagrees with what stands.

    Parameters
    ----------
    given
        Fields, and `geometry`, to be written.
    disagreeing
        By field: what the phone saw, what stands, what the phone wants.
    """

    given: Document
    disagreeing: dict[str, Document]


def collection_of(operation: FieldOperation) -> Collection:
    """
    The collection that an operation adds to or changes.

    Raises
    ------
    Refused
        There is no such collection.
    """
    if operation.kind in RECORDS:
        return RECORDS[operation.kind]
    if operation.kind is OperationKind.ROUTE:
        return FIBRE_LINKS
    name = "" if operation.target is None else operation.target.collection
    if name not in REGISTRY:
        raise Refused("unknown_collection", name)
    return REGISTRY[name]


def creations(
    operation: FieldOperation, occurred_at: datetime, language: Language
) -> list[Edit]:
    """
    The edits of an operation that adds something; the first makes its item.

    Raises
    ------
    Refused
        Something in it does not fit its kind.
    """
    if operation.kind is OperationKind.ROUTE:
        return _route(operation, occurred_at, language)
    if operation.kind in RECORDS:
        return [_record(operation, occurred_at, language)]
    collection = collection_of(operation)
    values = dict(operation.values)
    if operation.accuracy_m is not None and "accuracy_m" in collection.by_name:
        values.setdefault("accuracy_m", operation.accuracy_m)
    return [_created(collection, operation.item, operation.geometry, values)]


def merged(operation: FieldOperation, standing: Mapping[str, Any]) -> Merge:
    """
    A change, field by field: what still stands as the phone saw it is changed.

    Parameters
    ----------
    standing
        The item now: a GeoJSON Feature.
    """
    base = operation.base or {}
    wanted = dict(operation.values)
    if operation.geometry is not None:
        wanted["geometry"] = operation.geometry
    given: Document = {}
    disagreeing: dict[str, Document] = {}
    for name, value in wanted.items():
        now = standing["geometry"] if name == "geometry" else standing["properties"].get(name)
        if is_equal(now, value):
            continue
        if is_equal(now, base.get(name)):
            given[name] = value
        else:
            disagreeing[name] = {"base": base.get(name), "now": now, "wanted": value}
    return Merge(given, disagreeing)


def change(
    collection: Collection,
    id_: UUID,
    given: Mapping[str, Any],
    *,
    condition: Condition = Condition(),  # noqa: B008 - it is frozen
) -> Edit:
    """The edit that writes some fields, and `geometry`, of an item."""
    feature: Document = {"properties": {n: v for n, v in given.items() if n != "geometry"}}
    if "geometry" in given:
        feature["geometry"] = given["geometry"]
    return Edit(Operation.UPDATE, collection, id_, feature, condition=condition)


def is_equal(one: object, other: object) -> bool:
    """
    Whether two values say the same.

    Nothing and an empty text are one, times count to the millisecond, and
    positions to six decimals of a degree, as a ward's package has them.
    """
    if one in _NOTHING and other in _NOTHING:
        return True
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    match one, other:
        case (int() | float(), int() | float()):
            return abs(one - other) <= 1e-9 * max(abs(one), abs(other))
        case ({"coordinates": here, **rest}, {"coordinates": there, **others}):
            return rest == others and bool(_rounded(here) == _rounded(there))
        case (str(), str()) if one != other:
            return _same_time(one, other)
    return one == other


_NOTHING: tuple[object, ...] = (None, "", [])


def _same_time(one: str, other: str) -> bool:
    try:
        apart = datetime.fromisoformat(one) - datetime.fromisoformat(other)
    except (ValueError, TypeError):
        return False
    return abs(apart.total_seconds()) < 0.001


def _rounded(coordinates: object) -> object:
    if isinstance(coordinates, list):
        return [_rounded(each) for each in coordinates]
    if isinstance(coordinates, int | float) and not isinstance(coordinates, bool):
        return round(coordinates, 6)
    return coordinates


def _record(operation: FieldOperation, occurred_at: datetime, language: Language) -> Edit:
    """A new entry of the work log, of the measurements or of the faults."""
    collection = RECORDS[operation.kind]
    values = dict(operation.values)
    if operation.target is not None:
        values.setdefault(_named_by(collection, operation.target.collection),
                          str(operation.target.id))
    values.setdefault(_WHEN[collection], occurred_at.isoformat())
    if collection is WORK_LOG:
        found = values.pop(_CHECKLIST, None)
        if found is not None:
            lines = checked_lines(str(values.get("kind", "")), found, language)
            notes = values.get("notes")
            values["notes"] = "\n".join(([notes] if isinstance(notes, str) else []) + lines)
        values.setdefault("recorded_at", operation.made_at.isoformat())
    if collection is FAULTS:
        values.setdefault("source", "technician")
        if operation.accuracy_m is not None:
            values.setdefault("uncertainty_m", operation.accuracy_m)
    geometry = operation.geometry if collection.geometry is not None else None
    return _created(collection, operation.item, geometry, values)


def _named_by(collection: Collection, about: str) -> str:
    """The field by which an entry names what it is about."""
    for field in collection.fields:
        if field.type is FieldType.REFERENCE and field.references == about:
            return field.name
    raise Refused("not_about", about)


def _route(
    operation: FieldOperation, occurred_at: datetime, language: Language
) -> list[Edit]:
    """
    A walked cable: its link, the nodes at ends that no node holds yet, and structures.

    All of it is proposed: a planner decides whether the cable is there. Its ends
    are called after it; those of one without a name, after the day it was walked.
    """
    line = operation.geometry
    positions = line.get("coordinates") if line is not None else None
    if line is None or line.get("type") != "LineString" or not isinstance(positions, list):
        raise Refused("malformed", "geometry")
    if len(positions) < 2:
        raise Refused("too_short")
    values = dict(operation.values)
    points = values.pop("points_of_interest", None) or []
    values.pop("recorded", None)
    if not isinstance(points, list) or len(points) > MOST_POINTS:
        raise Refused("malformed", "points_of_interest")
    name = values.get("name") or f"{WALKED[language]} {day_of(occurred_at).isoformat()}"
    network = {"network": values["network"]} if "network" in values else {}
    edits = []
    for end, position in (("start_node", positions[0]), ("end_node", positions[-1])):
        if values.get(end) is None:
            id_ = end_node_id(operation.item, end)
            own = {"name": f"{name} ({'A' if end == 'start_node' else 'B'})",
                   "status": PROPOSED, **network}
            if operation.accuracy_m is not None:
                own["accuracy_m"] = operation.accuracy_m
            point = {"type": "Point", "coordinates": position}
            edits.append(_created(NETWORK_NODES, id_, point, own))
            values[end] = str(id_)
    values.setdefault("medium", ["fibre"])
    link = _created(FIBRE_LINKS, operation.item, line, values | {"status": PROPOSED})
    structures = [_structure(operation, point, network) for point in points]
    return [link, *edits, *structures]


def end_node_id(link: UUID, end: str) -> UUID:
    """The node that is made for an end of a route (`start_node`, `end_node`) at no known one."""
    return uuid5(link, end)


def _structure(operation: FieldOperation, point: object, network: Document) -> Edit:
    id_ = uuid_of(point.get("id")) if isinstance(point, dict) else None
    if not isinstance(point, dict) or id_ is None:
        raise Refused("malformed", "points_of_interest")
    values = {
        "structure_type": point.get("kind"),
        "link": str(operation.item),
        "position_m": point.get("at_m"),
        "accuracy_m": point.get("accuracy_m", operation.accuracy_m),
        **network,
        **{to: point[of] for of, to in _BY_STRUCTURE.items() if of in point},
    }
    position = {"type": "Point", "coordinates": point.get("position")}
    return _created(STRUCTURES, id_, position, values)


def _created(
    collection: Collection, id_: UUID, geometry: Mapping[str, Any] | None, values: Document
) -> Edit:
    feature = {"type": "Feature", "id": str(id_), "geometry": geometry, "properties": values}
    return Edit(Operation.CREATE, collection, id_, feature)
