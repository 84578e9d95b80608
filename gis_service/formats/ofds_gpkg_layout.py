"""
Where each property of OFDS 0.4 stands in its GeoPackage.

The layout is that of the standard's own reference: one table for each class,
`a.b` as the column `a__b`; a reference, and one code of an open list, as the
number of a row in another table; an array of codes or references as rows of
`relation_<table>_<property>`. Booleans are text. A network's `crs` and `links`
have no place: they are the same for all.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto
from functools import cache

from gis_service.model.ofds import CURRENT, Kind, Sheet, sheets

NETWORKS = "networks"
LEFT_OUT = ("links", "crs")
"""Properties of a network without a place."""
_TARGETS = {"Phase": "phases", "Organisation": "organisations", "Node": "nodes",
            "Wayleave": "wayleaves"}
_OWNERS = {"nodes": "node_id", "contracts": "contract_id"}


class Holds(Enum):
    """What a column holds."""

    TEXT = auto()
    NUMBER = auto()
    INTEGER = auto()
    BOOLEAN = auto()
    CODE = auto()
    REFERENCE = auto()
    IDENTIFIER = auto()
    GEOMETRY = auto()


@dataclass(frozen=True, slots=True)
class Part:
    """
    A column.

    Parameters
    ----------
    path
        Names from the object to the value; of a reference, to the object with the id.
    table
        The table whose row the number in the column names.
    """

    column: str
    path: tuple[str, ...]
    holds: Holds
    table: str = ""


@dataclass(frozen=True, slots=True)
class Relation:
    """An array of codes or references: rows of a table of pairs."""

    table: str
    path: tuple[str, ...]
    holds: Holds
    related: str


@dataclass(frozen=True, slots=True)
class Layout:
    """
    A table.

    Parameters
    ----------
    array
        The array of a network whose objects it holds; empty for networks.
    within
        The array of each of those objects, for parts of them (`documents`).
    owner
        The column that names the object that a part is of.
    """

    name: str
    array: str
    within: str
    owner: str
    parts: tuple[Part, ...]
    relations: tuple[Relation, ...]

    @property
    def geometry(self) -> Part | None:
        return next((part for part in self.parts if part.holds is Holds.GEOMETRY), None)


@cache
def layouts() -> tuple[Layout, ...]:
    """The tables, each after those that its numbers name."""
    found = {sheet.name: _layout(sheet) for sheet in sheets(CURRENT) if not _is_relation(sheet)}
    order = (NETWORKS, "organisations", "phases", "wayleaves", "contracts", "nodes", "spans")
    rest = [name for name in found if name not in order and name not in LEFT_OUT]
    return tuple(found[name] for name in (*order, *rest))


def codelist_table(name: str, *, closed: bool) -> str:
    """The table of a codelist."""
    return f"codelist_{'closed' if closed else 'open'}_{name}"


def _is_relation(sheet: Sheet) -> bool:
    """Whether the rows of a sheet are references."""
    return len(sheet.path) == 2 and _referred(sheet) != ""


def _referred(sheet: Sheet) -> str:
    class_name = next(
        p.of
        for p in CURRENT.properties(_class_of(sheet.path[0]))
        if p.name == sheet.path[1]
    )
    return _TARGETS.get(CURRENT.class_named(class_name).refers_to, "")


def _class_of(array: str) -> str:
    return next(p.of for p in CURRENT.properties("Network") if p.name == array)


def _layout(sheet: Sheet) -> Layout:
    array, within = (*sheet.path, "", "")[:2]
    parts: list[Part] = []
    relations: list[Relation] = []
    for column in sheet.columns:
        path, about = column.path, column.holds
        if (not sheet.path and path[0] in LEFT_OUT) or path == ("id",):
            continue
        name = "__".join(path)
        if column.is_geometry:
            parts.append(Part("geom", path, Holds.GEOMETRY))
        elif target := _reference_at(sheet, path):
            if path[-1] == "id":
                parts.append(Part("__".join(path[:-1]), path[:-1], Holds.REFERENCE, target))
        elif about.array:
            related, holds = (
                (_TARGETS[about.refers_to], Holds.IDENTIFIER) if about.refers_to
                else (codelist_table(about.codelist, closed=about.closed), Holds.CODE)
            )
            relations.append(Relation(f"relation_{sheet.name}_{name}", path, holds, related))
        elif about.refers_to:
            parts.append(Part(name, path, Holds.IDENTIFIER, _TARGETS[about.refers_to]))
        elif about.codelist and not about.closed:
            table = codelist_table(about.codelist, closed=False)
            parts.append(Part(name, path, Holds.CODE, table))
        else:
            parts.append(Part(name, path, _PLAIN.get(about.kind, Holds.TEXT)))
    for child in sheets(CURRENT):
        if child.path[:1] == sheet.path[:1] and len(sheet.path) == 1 and _is_relation(child):
            relations.append(Relation(
                f"relation_{child.name}", (child.path[1],), Holds.REFERENCE, _referred(child)
            ))
    return Layout(
        sheet.name, array, within, _OWNERS.get(array, "") if within else "",
        tuple(parts), tuple(relations),
    )


_PLAIN = {Kind.INTEGER: Holds.INTEGER, Kind.NUMBER: Holds.NUMBER, Kind.BOOLEAN: Holds.BOOLEAN}


def _reference_at(sheet: Sheet, path: tuple[str, ...]) -> str:
    """The table that the object around a property refers to."""
    class_name = _class_of(sheet.path[0]) if sheet.path else "Network"
    if len(sheet.path) == 2:
        class_name = next(
            p.of for p in CURRENT.properties(class_name) if p.name == sheet.path[1]
        )
    for name in path[:-1]:
        class_name = next(p.of for p in CURRENT.properties(class_name) if p.name == name)
    return _TARGETS.get(CURRENT.class_named(class_name).refers_to, "") if len(path) > 1 else ""
