"""
What of an OFDS object is which field of a collection here, both ways.

A row keeps the object that it came from. `fields_of` says what that object
means for the row's fields; `edited` gives the object back, with only those
properties changed whose field was changed since. So a package that nobody
edited comes out as it went in, and an edit wins over what was kept.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum, auto
from functools import cache, partial
from typing import Any

from gis_service.formats.ofds_package import Json
from gis_service.model.collections import REGISTRY
from gis_service.model.fields import Collection, FieldType
from gis_service.model.ofds import OfdsVersion

COLLECTIONS = {
    "organisations": "organisations",
    "phases": "phases",
    "contracts": "contracts",
    "wayleaves": "wayleaves",
    "nodes": "network_nodes",
    "spans": "fibre_links",
}
"""The collection of each array, in an order in which references come after what they name."""
GEOMETRIES = {"nodes": "location", "spans": "route"}
OURS = "gisService"
"""Property that carries the fields for which the standard has no place."""
INFRASTRUCTURE_TYPES = frozenset({"dataCentre", "tower", "cabinet", "exchange", "substation"})
"""Types of node until 0.3 that say in what a node stands."""
_KM_M = 1000.0

Names = Callable[[str, str], str | None]
"""The name of an item: by its collection's id and its own identifier."""


class _Kind(Enum):
    VALUE = auto()
    REFERENCE = auto()
    REFERENCES = auto()
    IDENTIFIER = auto()
    KILOMETRES = auto()
    INFRASTRUCTURE = auto()


@dataclass(frozen=True, slots=True)
class Pair:
    """
    A field and the property that holds it.

    Parameters
    ----------
    path
        Names from the object to the property; of a reference, to the object with the id.
    """

    field: str
    path: tuple[str, ...]
    kind: _Kind = _Kind.VALUE

    def read(self, object_: Json) -> Any:
        """The field's value as the object says it; None where it says nothing."""
        value = _at(object_, self.path)
        match self.kind:
            case _Kind.REFERENCE | _Kind.IDENTIFIER:
                return _id(value)
            case _Kind.REFERENCES if isinstance(value, list):
                return [_id(each) for each in value]
            case _Kind.KILOMETRES if isinstance(value, int | float) and not isinstance(value, bool):
                return value * _KM_M
            case _Kind.INFRASTRUCTURE if value is None:
                return _infrastructure(object_)
            case _:
                return value

    def write(self, object_: Json, value: Any, names: Callable[[str], str | None]) -> Json:
        """The object with another value of the field; None takes the property out."""
        if value in (None, [], {}):
            return _without(object_, self.path)
        match self.kind:
            case _Kind.REFERENCE:
                value = _reference(value, names)
            case _Kind.REFERENCES:
                known = _at(object_, self.path)
                kept = {
                    each["id"]: each
                    for each in (known if isinstance(known, list) else [])
                    if isinstance(each, dict) and isinstance(each.get("id"), str)
                }
                value = [kept.get(id_) or _reference(id_, names) for id_ in value]
            case _Kind.KILOMETRES:
                value = value / _KM_M
            case _:
                pass
        return _with(object_, self.path, value)


def _value(field: str, *path: str) -> Pair:
    return Pair(field, path)


def _one(field: str, *path: str) -> Pair:
    return Pair(field, path, _Kind.REFERENCE)


def _many(field: str, *path: str) -> Pair:
    return Pair(field, path, _Kind.REFERENCES)


_BOTH = (
    _value("name", "name"),
    _one("phase", "phase"),
    _value("status", "status"),
    _many("providers", "networkProviders"),
    _value("technologies", "technologies"),
)
_PAIRS: Mapping[str, tuple[Pair, ...]] = {
    "organisations": (
        _value("name", "name"),
        _value("roles", "roles"),
        _value("country", "country"),
        _value("website", "website"),
    ),
    "phases": (
        _value("name", "name"),
        _value("description", "description"),
        _many("funders", "funders"),
    ),
    "contracts": (
        _value("name", "title"),
        _value("description", "description"),
        _value("contract_type", "type"),
        _value("amount", "value", "amount"),
        _value("currency", "value", "currency"),
        _value("signed_on", "dateSigned"),
        _value("documents", "documents"),
        _many("related_phases", "relatedPhases"),
    ),
    "wayleaves": (
        _one("grantor", "grantor"),
        _value("year_signed", "yearSigned"),
        _value("indefinite", "term", "indefinite"),
        _value("term_years", "term", "years"),
        _value("cost_recurring", "cost", "recurring"),
        _value("cost_per_metre", "cost", "perMetre", "amount"),
        _value("currency", "cost", "perMetre", "currency"),
    ),
    "nodes": (
        *_BOTH,
        _value("address", "address"),
        _value("type", "type"),
        Pair("infrastructure", ("supportingInfrastructure", "type"), _Kind.INFRASTRUCTURE),
        _value("spare_capacity", "supportingInfrastructure", "spareCapacity"),
        _value("access_point", "accessPoint"),
        _value("power", "power"),
    ),
    "spans": (
        *_BOTH,
        _value("ready_for_service_date", "readyForServiceDate"),
        Pair("start_node", ("start",), _Kind.IDENTIFIER),
        Pair("end_node", ("end",), _Kind.IDENTIFIER),
        _one("supplier", "supplier"),
        _value("medium", "transmissionMedium"),
        _value("deployment", "deployment"),
        _value("dark_fibre", "darkFibre"),
        _value("fibre_type", "fibreType"),
        _value("fibre_count", "fibreCount"),
        Pair("fibre_length_m", ("fibreLength",), _Kind.KILOMETRES),
        _value("capacity_gbps", "capacity"),
    ),
}


@cache
def pairs(array: str, version: OfdsVersion) -> tuple[Pair, ...]:
    """The fields of an array's collection and where they stand in a version of the standard."""
    found = _PAIRS[array]
    if array in GEOMETRIES:
        owner = "physicalInfrastructureProvider" if version.id < "0.4" else (
            "transmissionMediumOwner"
        )
        found = (*found, _one("owner", owner))
    placed = {pair.field for pair in found}
    rest = (f for f in collection_of(array).writable_fields if f.name not in placed)
    return (*found, *(_value(f.name, OURS, f.name) for f in rest))


def collection_of(array: str) -> Collection:
    """The collection whose rows are the objects of an array."""
    return REGISTRY[COLLECTIONS[array]]


def key_of(object_: Any) -> str | None:
    """What identifies an object here: its id, trimmed; None where it has none."""
    id_ = object_.get("id") if isinstance(object_, dict) else None
    if isinstance(id_, int) and not isinstance(id_, bool):
        return str(id_)
    return (id_.strip() or None) if isinstance(id_, str) else None


def fields_of(array: str, version: OfdsVersion, object_: Json) -> Json:
    """What an object says of each field of its collection, before any check."""
    return {pair.field: pair.read(object_) for pair in pairs(array, version)}


def edited(
    array: str,
    version: OfdsVersion,
    object_: Json,
    now: Mapping[str, Any],
    *,
    stored: Mapping[str, Any],
    names: Names,
) -> Json:
    """
    The object that a row is now: as it was kept, but for the fields that were changed since.

    Parameters
    ----------
    now
        The row's values by field; references by the identifiers of what they name.
    stored
        Values that the row was given although the object says otherwise: those
        of codes or references that are not known here.
    names
        Names of what is referred to.
    """
    collection = collection_of(array)
    for pair in pairs(array, version):
        field = collection.by_name[pair.field]
        before = stored[pair.field] if pair.field in stored else pair.read(object_)
        value = now.get(pair.field)
        if _same(before, value, field.type):
            continue
        object_ = pair.write(object_, value, partial(names, field.references or ""))
    return object_


def renamed(value: Any, changed: Mapping[tuple[str, str], str], of: str | None = None) -> Any:
    """
    The same with new names in references to what was renamed.

    Parameters
    ----------
    changed
        The new name, by the collection and the id of what was renamed.
    """
    if not changed:
        return value
    if isinstance(value, list):
        return [renamed(each, changed, of) for each in value]
    if not isinstance(value, dict):
        return value
    if of is not None and "name" in value and (name := changed.get((of, str(value.get("id"))))):
        return {**value, "name": name}
    return {k: renamed(each, changed, _REFERS_TO.get(k)) for k, each in value.items()}


_REFERS_TO = {
    "phase": "phases",
    "relatedPhases": "phases",
    **dict.fromkeys(
        (
            "physicalInfrastructureProvider", "transmissionMediumOwner", "networkProviders",
            "supplier", "owner", "funders", "grantor",
        ),
        "organisations",
    ),
}


def _same(before: Any, now: Any, type_: FieldType) -> bool:
    if type_ in {FieldType.CODES, FieldType.REFERENCES}:
        return (before or []) == (now or [])
    if type_ is FieldType.BOOLEAN or isinstance(before, bool) or isinstance(now, bool):
        return before is now
    return _alike(before, now)


def _alike(one: Any, other: Any) -> bool:
    """Equal, numbers as doubles: PostgreSQL's JSON writes 1e300 with all its digits."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_alike(one[k], other[k]) for k in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_alike, one, other))
    if isinstance(one, float) or isinstance(other, float):
        numbers = isinstance(one, int | float) and isinstance(other, int | float)
        return numbers and float(one) == float(other)
    return bool(one == other)


def _infrastructure(object_: Json) -> str | None:
    types = object_.get("type")
    found = [each for each in types if isinstance(each, str)] if isinstance(types, list) else []
    return next((each for each in found if each in INFRASTRUCTURE_TYPES), None)


def _id(value: Any) -> Any:
    return value.get("id") if isinstance(value, dict) else value


def _reference(id_: Any, names: Callable[[str], str | None]) -> Json:
    name = names(str(id_))
    return {"id": id_, "name": name} if name else {"id": id_}


def _at(object_: Any, path: tuple[str, ...]) -> Any:
    for name in path:
        if not isinstance(object_, dict):
            return None
        object_ = object_.get(name)
    return object_


def _with(object_: Json, path: tuple[str, ...], value: Any) -> Json:
    name, *rest = path
    if rest:
        inner = object_.get(name)
        value = _with(inner if isinstance(inner, dict) else {}, tuple(rest), value)
    return {**object_, name: value}


def _without(object_: Json, path: tuple[str, ...]) -> Json:
    """Without a property, and without objects that are empty then: the standard allows none."""
    name, *rest = path
    if name not in object_:
        return object_
    inner = object_[name]
    if rest and isinstance(inner, dict):
        left = _without(inner, tuple(rest))
        if left:
            return {**object_, name: left}
    return {key: value for key, value in object_.items() if key != name}
