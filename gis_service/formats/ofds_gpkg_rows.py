"""Objects of OFDS as rows of its GeoPackage, and back; the rows' own numbers come elsewhere."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from gis_service.formats.ofds_gpkg_layout import LEFT_OUT, Holds, Layout, Part, Relation, layouts
from gis_service.formats.ofds_package import ARRAYS, Json
from gis_service.formats.ofds_wkt import is_geometry
from gis_service.model.ofds import CRS84_NAME, CRS84_URI, CURRENT

_BOOLEANS = {"true": True, "false": False, "1": True, "0": False}
_PARTS_OF = tuple(layout for layout in layouts() if layout.within)


@dataclass(slots=True)
class Known:
    """What can be named in a network, by table: names by id, None for none."""

    names: dict[str, dict[str, str | None]] = field(default_factory=dict)

    @classmethod
    def of(cls, objects: Mapping[str, Iterable[Any]]) -> Known:
        """From the members of the arrays that can be named; nodes' names do not matter."""
        known = cls()
        for table, members in objects.items():
            names = known.names.setdefault(table, {})
            for each in members:
                if isinstance(each, dict) and isinstance(each.get("id"), str):
                    name = each.get("name")
                    plain = name if isinstance(name, str) and table != "nodes" else None
                    names.setdefault(each["id"], plain)
        return known

    def has(self, table: str, id_: Any) -> bool:
        return isinstance(id_, str) and id_ in self.names.get(table, ())


@dataclass(slots=True)
class Row:
    """
    A row.

    Parameters
    ----------
    columns
        Values by column; references and codes as the texts that they are.
    lists
        The same of arrays, by the table that holds their pairs.
    """

    columns: dict[str, Any] = field(default_factory=dict)
    lists: dict[str, list[str]] = field(default_factory=dict)


def row_of(object_: Json, layout: Layout, known: Known) -> Row:
    """The row that an object is; what has no place in it is left out."""
    row = Row()
    for part in layout.parts:
        value = _stored(part, _at(object_, part.path), known)
        if value is not None:
            row.columns[part.column] = value
    for relation in layout.relations:
        values = _listed(relation, _at(object_, relation.path), known)
        if values:
            row.lists[relation.table] = values
    return row


def object_of(id_: str | None, row: Row, layout: Layout, known: Known) -> Json:
    """The object that a row is."""
    made: Json = {} if id_ is None else {"id": id_}
    for part in layout.parts:
        if part.column in row.columns:
            _put(made, part.path, _read(part.holds, part.table, row.columns[part.column], known))
    for relation in layout.relations:
        if relation.table in row.lists:
            _put(made, relation.path, [
                _read(relation.holds, relation.related, each, known)
                for each in row.lists[relation.table]
            ])
    return made


def as_read(array: str, object_: Json, known: Known) -> Json:
    """What would come back of an object."""
    layout = next(each for each in layouts() if each.array == array and not each.within)
    made = object_of(object_.get("id"), row_of(object_, layout, known), layout, known)
    for part in _PARTS_OF:
        members = object_.get(part.within) if part.array == array else None
        if isinstance(members, list):
            read = [
                object_of(None, row_of(each, part, known), part, known)
                for each in members if isinstance(each, dict)
            ]
            if filled := [each for each in read if each]:
                made[part.within] = filled
    return made


def head_as_read(head: Json, *, arrays: Iterable[str], placed: bool) -> Json:
    """
    What would come back of a network without its arrays' members.

    Parameters
    ----------
    arrays
        Its arrays that have rows.
    placed
        Whether something in it has a position.
    """
    layout = layouts()[0]
    nothing = Known()
    made = object_of(head.get("id"), row_of(head, layout, nothing), layout, nothing)
    return with_the_same(made, placed=placed) | {name: [] for name in arrays}


def with_the_same(head: Json, *, placed: bool) -> Json:
    """A network with what is the same for all and has no column."""
    made = dict(head)
    if placed:
        made["crs"] = {"name": CRS84_NAME, "uri": CRS84_URI}
    made["links"] = [{"href": CURRENT.schema_uri, "rel": "describedby"}]
    return made


def plain_head(head: Json) -> Json:
    """A network without its arrays and without what has no column."""
    return {k: v for k, v in head.items() if k not in (*ARRAYS, *LEFT_OUT)}


def _stored(part: Part, value: Any, known: Known) -> Any:
    match part.holds:
        case Holds.REFERENCE:
            id_ = value.get("id") if isinstance(value, dict) else None
            return id_ if known.has(part.table, id_) else None
        case Holds.IDENTIFIER:
            return value if known.has(part.table, value) else None
        case Holds.GEOMETRY:
            return value if is_geometry(value) and _is_even(value) else None
        case Holds.BOOLEAN:
            return str(value).lower() if isinstance(value, bool) else None
        case Holds.NUMBER | Holds.INTEGER:
            number = isinstance(value, int | float) and not isinstance(value, bool)
            return value if number and abs(value) < 2**63 else None
        case _:
            return value if isinstance(value, str) and value else None


def _is_even(geometry: Json) -> bool:
    """Whether all positions have a height, or none."""
    given = geometry["coordinates"]
    positions = [given] if geometry["type"] == "Point" else given
    return len({len(each) for each in positions}) == 1 and (
        geometry["type"] == "Point" or len(positions) > 1
    )


def _listed(relation: Relation, values: Any, known: Known) -> list[str]:
    if not isinstance(values, list):
        return []
    if relation.holds is Holds.REFERENCE:
        values = [each.get("id") if isinstance(each, dict) else None for each in values]
    if relation.holds is Holds.CODE:
        found = [each for each in values if isinstance(each, str) and each]
    else:
        found = [each for each in values if known.has(relation.related, each)]
    return list(dict.fromkeys(found))


def _read(holds: Holds, table: str, value: Any, known: Known) -> Any:
    if holds is Holds.REFERENCE:
        name = known.names.get(table, {}).get(value)
        return {"id": value, "name": name} if name else {"id": value}
    if holds is Holds.BOOLEAN:
        return _BOOLEANS.get(str(value).lower(), value)
    return value


def _at(object_: Any, path: tuple[str, ...]) -> Any:
    for name in path:
        object_ = object_.get(name) if isinstance(object_, dict) else None
    return object_


def _put(object_: Json, path: tuple[str, ...], value: Any) -> None:
    for name in path[:-1]:
        object_ = object_.setdefault(name, {})
    object_[path[-1]] = value
