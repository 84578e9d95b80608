"""What stands in a ward as lists for paper, with the numbers that its map repeats."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from gis_service.cartography.kinds import NODE_KINDS, OTHER_NODE, node_kind
from gis_service.model.collections import REGISTRY
from gis_service.model.days import day_of
from gis_service.model.fields import Language
from gis_service.model.locales import medium_date, number
from gis_service.printing.ward_sheet import ItemTable
from gis_service.printing.wording import phrase
from gis_service.services.ward_packages import Document, rows_of

MOST_NUMBERED = 99
"""Of more, the others are on the map without a number: it would be too small to read."""
MOST_LISTED = 1_000
_KINDS = {each.id: each.title for each in (*NODE_KINDS, OTHER_NODE)}
_PLACES = ("node", "office", "link", "equipment")
"""Fields by which a fault or a device names what it stands at."""
_TO = " \N{EN DASH} "

Row = Mapping[str, Any]
Position = tuple[float, float]
"""Longitude and latitude in degrees."""


@dataclass(frozen=True, slots=True)
class Listed:
    """
    Something that stands in the ward.

    Parameters
    ----------
    number
        By which the map calls it; 0 for none.
    """

    row: Row
    name: str
    number: int = 0
    position: Position | None = None

    @property
    def reference(self) -> str:
        return str(self.number or "")


class WardLists:
    """
    A ward's package, sorted and numbered.

    Parameters
    ----------
    names
        Of network nodes by id, also of those that stand elsewhere.
    """

    def __init__(self, package: Document, names: Mapping[str, str], language: Language) -> None:
        self._language = language
        self._paths: Mapping[str, Row] = package["paths"]
        rows = {
            name: rows_of(package[name])
            for name in ("faults", "nodes", "offices", "links", "equipment")
        }
        self._names = dict(names) | {
            row["id"]: _called(row) for some in rows.values() for row in some
        }
        places = {
            row["id"]: _position(row) for name in ("nodes", "offices") for row in rows[name]
        }
        faults = sorted(rows["faults"], key=lambda row: str(row.get("started_at")), reverse=True)
        nodes = sorted(rows["nodes"], key=lambda row: (not row.get("gateway"), _called(row)))
        offices = sorted(rows["offices"], key=_called)
        count = iter(range(1, MOST_NUMBERED + 1))
        self.faults, self.nodes, self.offices = (
            [self._listed(row, next(count, 0), _position(row) or _standing(row, places))
             for row in some]
            for some in (faults, nodes, offices)
        )
        self.links = [self._listed(row) for row in sorted(rows["links"], key=_called)]
        self.equipment = [self._listed(row) for row in sorted(rows["equipment"], key=_called)]
        self._numbers = {
            each.row["id"]: each.reference for each in (*self.nodes, *self.offices)
        }

    def tables(self) -> tuple[ItemTable, ...]:
        """The lists, what is broken first."""
        return (
            self._faults(), self._nodes(), self._offices(), self._equipment(), self._links()
        )

    def _listed(
        self, row: Row, number_: int = 0, position: Position | None = None
    ) -> Listed:
        return Listed(row, self._names[row["id"]], number_, position)

    def _faults(self) -> ItemTable:
        cuts = self._words("sheet_cuts")
        rows = (
            (
                each.reference,
                each.name + (f" ({cuts})" if each.row.get("cuts") else ""),
                self._where(each.row),
                self._day(each.row.get("started_at")),
                _shown(each.position),
                "",
            )
            for each in self.faults
        )
        heads = (
            "", self._title("faults", "summary"), self._words("sheet_where"),
            self._words("sheet_since"), self._words("sheet_position"), self._words("sheet_seen"),
        )
        title = self._words("sheet_faults")
        return self._table(title, heads, (1, 6, 6, 3, 4, 4), self.faults, rows)

    def _nodes(self) -> ItemTable:
        rows = (
            (
                each.reference, each.name, _tag(each.row), self._kind_of_node(each.row),
                self._coded("network_nodes", "status", each.row), _shown(each.position),
                self._way(each.row),
            )
            for each in self.nodes
        )
        heads = (
            "", self._title("network_nodes", "name"), self._words("sheet_tag"),
            self._words("sheet_kind"), self._title("network_nodes", "status"),
            self._words("sheet_position"), self._words("sheet_gateway"),
        )
        return self._table(
            self._collection("network_nodes"), heads, (1, 5, 3.6, 4, 3.8, 4.6, 5), self.nodes, rows
        )

    def _offices(self) -> ItemTable:
        rows = (
            (
                each.reference, each.name, _tag(each.row),
                self._coded("offices", "office_type", each.row),
                self._coded("offices", "connection", each.row), _shown(each.position),
                self._called(each.row.get("served_by")),
            )
            for each in self.offices
        )
        heads = (
            "", self._title("offices", "name"), self._words("sheet_tag"),
            self._title("offices", "office_type"), self._title("offices", "connection"),
            self._words("sheet_position"), self._title("offices", "served_by"),
        )
        return self._table(
            self._collection("offices"), heads, (1, 5, 3.6, 3.6, 3.8, 4.6, 4.4), self.offices, rows
        )

    def _equipment(self) -> ItemTable:
        rows = (
            (
                _tag(each.row),
                ", ".join(filter(None, (
                    self._coded("equipment", "category", each.row),
                    " ".join(str(each.row[n]) for n in ("make", "model") if each.row.get(n)),
                ))),
                self._where(each.row),
                self._coded("equipment", "lifecycle", each.row),
                " ".join(filter(None, (
                    self._coded("equipment", "certification", each.row),
                    self._day(each.row.get("certification_due_on")),
                ))),
                "",
            )
            for each in self.equipment
        )
        heads = (
            self._words("sheet_tag"), self._title("equipment", "category"),
            self._words("sheet_where"), self._title("equipment", "lifecycle"),
            self._title("equipment", "certification"), self._words("sheet_seen"),
        )
        return self._table(
            self._collection("equipment"), heads, (4, 5, 6, 3, 4, 3), self.equipment, rows
        )

    def _links(self) -> ItemTable:
        rows = (
            (
                _tag(each.row), each.name,
                _TO.join(self._called(each.row.get(end)) for end in ("start_node", "end_node")),
                self._coded("fibre_links", "status", each.row),
                self._number(each.row.get("fibre_count")),
                self._number(each.row.get("route_length_m"), " m"),
            )
            for each in self.links
        )
        heads = (
            self._words("sheet_tag"), self._title("fibre_links", "name"),
            self._words("sheet_ends"), self._title("fibre_links", "status"),
            self._title("fibre_links", "fibre_count"),
            self._title("fibre_links", "route_length_m"),
        )
        return self._table(
            self._collection("fibre_links"), heads, (4, 5, 8, 3, 2, 3), self.links, rows
        )

    def _table(
        self, title: str, heads: tuple[str, ...], widths: tuple[float, ...],
        listed: Sequence[Listed], rows: Iterable[tuple[str, ...]],
    ) -> ItemTable:
        note = "" if listed else self._words("sheet_none")
        if len(listed) > MOST_LISTED:
            note = phrase(
                "sheet_more", self._language, shown=number(MOST_LISTED, self._language),
                count=number(len(listed), self._language),
            )
        return ItemTable(title, heads, widths, tuple(rows)[:MOST_LISTED], note)

    def _where(self, row: Row) -> str:
        """What it stands at, with that one's number."""
        told = [
            " ".join(filter(None, (self._numbers.get(row[name], ""), self._called(row[name]))))
            for name in _PLACES if row.get(name)
        ]
        return ", ".join(told)

    def _called(self, id_: object) -> str:
        return self._names.get(str(id_), "") if id_ else ""

    def _way(self, row: Row) -> str:
        if row.get("gateway"):
            return self._words("sheet_gateway_here")
        path = self._paths.get(row["id"])
        if path is None:
            return self._words("sheet_gateway_none")
        length = self._number(path["length_m"] / 1000, " km", decimals=1)
        return f"{self._called(path['gateway'])}, {length}"

    def _kind_of_node(self, row: Row) -> str:
        return _KINDS[node_kind(row, NODE_KINDS)][self._language]

    def _coded(self, collection: str, name: str, row: Row) -> str:
        """The title of a code; empty where there is none."""
        codelist = REGISTRY[collection].by_name[name].codelist
        value = row.get(name)
        if value is None or codelist is None:
            return ""
        return codelist.title(str(value), self._language)

    def _day(self, value: object) -> str:
        if not value:
            return ""
        text = str(value)
        day = day_of(datetime.fromisoformat(text)) if "T" in text else date.fromisoformat(text)
        return medium_date(day, self._language)

    def _number(self, value: float | None, unit: str = "", *, decimals: int = 0) -> str:
        if value is None:
            return ""
        return number(value, self._language, decimals=decimals) + unit

    def _words(self, key: str) -> str:
        return phrase(key, self._language)

    def _title(self, collection: str, name: str) -> str:
        return REGISTRY[collection].by_name[name].title[self._language]

    def _collection(self, id_: str) -> str:
        return REGISTRY[id_].title[self._language]


def _called(row: Row) -> str:
    """What people call it, else what its label says."""
    return str(row.get("name") or row.get("summary") or _tag(row) or row["id"])


def _tag(row: Row) -> str:
    """What its label says; nothing where it has no more than the id that the service gave it."""
    tag = str(row.get("asset_tag") or row.get("external_id") or "")
    return "" if tag == row["id"] else tag


def _position(row: Row) -> Position | None:
    place = row.get("geometry")
    if place is None or not isinstance(place[0], int | float):
        return None
    return float(place[0]), float(place[1])


def _standing(row: Row, places: Mapping[str, Position | None]) -> Position | None:
    """Where what it names stands."""
    return next((places[row[name]] for name in _PLACES if row.get(name) in places), None)


def _shown(position: Position | None) -> str:
    """A position as people type it into other tools: latitude first."""
    return "" if position is None else f"{position[1]:.5f}, {position[0]:.5f}"
