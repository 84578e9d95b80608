"""
A package in the sheets of the standard: how objects become rows, and rows objects.

Sheets cannot say all that JSON can. Whatever would not come back from its rows
as it was is written beside them, in lines of JSON, and put back when it is read;
but a row that somebody edited meanwhile wins.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from gis_service.errors import UnreadableFile
from gis_service.formats.ofds_cells import cells_of, child_sheets, object_in
from gis_service.formats.ofds_package import ARRAYS, Json, find_version
from gis_service.formats.ofds_writing import NetworkSource
from gis_service.model.ofds import VERSIONS, OfdsVersion, Sheet, sheets

LINKS = "links"
NETWORKS = "networks"
_NEWER = "transmissionMediumOwner"


@dataclass(frozen=True, slots=True)
class Table:
    """A sheet as it was read: its headings and its rows of text."""

    headings: tuple[str, ...]
    rows: Sequence[Sequence[str]]

    def cells(self) -> Iterator[dict[str, str]]:
        for row in self.rows:
            yield {h: c for h, c in zip(self.headings, row, strict=False) if h and c}


def as_read(object_: Json, sheet: Sheet, all_: tuple[Sheet, ...]) -> Json:
    """What would come back of an object that is written into sheets and read again."""
    made = object_in(cells_of(object_, sheet, all_), sheet)
    for child in child_sheets(sheet, all_):
        members = [
            object_in(cells_of(each, child, all_), child)
            for each in _list(object_.get(child.path[-1]))
            if isinstance(each, dict)
        ]
        filled = [each for each in members if each]
        if filled:
            made[child.path[-1]] = filled
    return made


def rows_of(
    network: NetworkSource, sheet: Sheet, all_: tuple[Sheet, ...]
) -> Iterator[dict[str, str]]:
    """The rows of a sheet that a network has, each with the ids that it belongs to."""
    key = str(network.head["id"])
    if not sheet.path:
        yield cells_of(network.head, sheet, all_)
        return
    for _, object_ in written_objects(network, sheet.path[0]):
        if len(sheet.path) == 1:
            yield {"id": key, **cells_of(object_, sheet, all_)}
            continue
        for each in _list(object_.get(sheet.path[1])):
            if isinstance(each, dict) and (cells := cells_of(each, sheet, all_)):
                yield {"id": key, sheet.keys[1]: str(object_["id"]), **cells}


def written_objects(network: NetworkSource, array: str) -> Iterator[tuple[int, Json]]:
    """The members of an array that rows can hold: objects with an id of their own."""
    seen: set[str] = set()
    for position, each in enumerate(_members(network, array)):
        if not isinstance(each, dict):
            continue
        if array != LINKS:
            id_ = each.get("id")
            if not isinstance(id_, str) or not id_.strip() or id_ in seen:
                continue
            seen.add(id_)
        yield position, each


def kept_beside(
    place: int, network: NetworkSource, all_: tuple[Sheet, ...]
) -> Iterator[Json]:
    """What of a network its rows would not bring back, as lines of JSON."""
    by_array = {sheet.path[0]: sheet for sheet in all_ if len(sheet.path) == 1}
    seen = as_read_head(network, all_)
    if seen != network.head:
        yield {"network": place, "head": network.head}
    for array in ARRAYS:
        sheet = by_array.get(array)
        written = written_objects(network, array) if sheet else iter(())
        following = next(written, None)
        for position, each in enumerate(network.objects(array)):
            has_row = following is not None and following[0] == position
            if has_row:
                following = next(written, None)
            if not has_row or sheet is None or as_read(each, sheet, all_) != each:
                yield {
                    "network": place, "array": array, "position": position, "object": each,
                    "row": has_row,
                }


def as_read_head(network: NetworkSource, all_: tuple[Sheet, ...]) -> Json:
    """What would come back of a network without its arrays."""
    sheet = next(each for each in all_ if not each.path)
    made = object_in(cells_of(network.head, sheet, all_), sheet)
    for child in child_sheets(sheet, all_):
        array = child.path[0]
        if any(True for _ in written_objects(network, array)):
            made[array] = [] if array != LINKS else [
                as_read(each, child, all_) for _, each in written_objects(network, array)
            ]
    return made


def package_in_tables(tables: Mapping[str, Table], kept: Iterable[Json]) -> Json:
    """
    The package that sheets hold.

    Raises
    ------
    UnreadableFile
        There is no sheet of networks, or a row belongs to none of them.
    """
    if NETWORKS not in tables or not tables[NETWORKS].rows:
        raise UnreadableFile("The sheet 'networks' is missing or empty; a package needs it.")
    kept = list(kept)
    said = str(next((each["version"] for each in kept if "version" in each), ""))
    version = VERSIONS[said] if said in VERSIONS else _version(tables)
    all_ = sheets(version)
    found: dict[str, Json] = {}
    top = next(each for each in all_ if not each.path)
    for cells in tables[NETWORKS].cells():
        network = object_in(cells, top)
        if network:
            found[str(network.get("id", ""))] = network
    for sheet in all_:
        if sheet.path and sheet.name in tables:
            _fill(found, sheet, tables[sheet.name])
    document: Json = {"networks": list(found.values())}
    return _with_kept(document, kept, version)


def _fill(networks: Mapping[str, Json], sheet: Sheet, table: Table) -> None:
    """Put the objects of a sheet where they belong."""
    owners: dict[tuple[str, str], Json] = {}
    if len(sheet.path) == 2:
        for id_, network in networks.items():
            for each in network.get(sheet.path[0], ()):
                owners.setdefault((id_, str(each.get("id", ""))), each)
    for number, cells in enumerate(table.cells(), 1):
        mine = networks.get(cells.get("id", ""))
        owner = mine if len(sheet.path) == 1 else owners.get(
            (cells.get("id", ""), cells.get(sheet.keys[-1], ""))
        )
        object_ = object_in(cells, sheet)
        if not object_:
            continue
        if owner is None:
            named = " and ".join(f"{key} = {cells.get(key, '')!r}" for key in sheet.keys)
            raise UnreadableFile(
                f"Row {number} of the sheet {sheet.name!r} belongs to nothing: there is no {named}."
            )
        owner.setdefault(sheet.path[-1], []).append(object_)


def _version(tables: Mapping[str, Table]) -> OfdsVersion:
    for name in (LINKS, NETWORKS):
        for cells in tables[name].cells() if name in tables else ():
            link = {"href": cells.get("links/0/href"), "rel": cells.get("links/0/rel")}
            if link["rel"] == "describedby":
                return find_version({"links": [link]}).version
    newer = "wayleaves" in tables or any(
        f"/{_NEWER}/" in heading for table in tables.values() for heading in table.headings
    )
    return VERSIONS["0.4" if newer else "0.3"]


def _with_kept(document: Json, kept: Iterable[Json], version: OfdsVersion) -> Json:
    """The package with what its rows could not say."""
    all_ = sheets(version)
    networks: list[Json] = document["networks"]
    by_array = {sheet.path[0]: sheet for sheet in all_ if len(sheet.path) == 1}
    for each in kept:
        if "around" in each:
            document = {**each["around"], "networks": networks}
            continue
        if "version" in each:
            continue
        place = each["network"]
        if not isinstance(place, int) or not 0 <= place < len(networks):
            raise UnreadableFile(f"There is no network {place!r} of which something was kept.")
        network = networks[place]
        if "head" in each:
            networks[place] = _with_head(network, each["head"], all_)
            continue
        array, position = each["array"], each["position"]
        members = network.setdefault(array, [])
        if not each["row"]:
            members.insert(position, each["object"])
        elif position < len(members):
            seen = as_read(each["object"], by_array[array], all_)
            if members[position] == seen:
                members[position] = each["object"]
    return document


def _with_head(network: Json, head: Json, all_: tuple[Sheet, ...]) -> Json:
    """The network with the head that was kept, unless its rows were edited."""
    arrays = {name: value for name, value in network.items() if name in ARRAYS}
    sheet = next(each for each in all_ if not each.path)
    plain = {name: value for name, value in network.items() if name not in ARRAYS}
    before = object_in(cells_of(head, sheet, all_), sheet)
    links = next(each for each in all_ if each.path == (LINKS,))
    read = [
        as_read(each, links, all_) for each in _list(head.get(LINKS)) if isinstance(each, dict)
    ]
    if filled := [each for each in read if each]:
        before[LINKS] = filled
    return {**head, **arrays} if plain == before else network


def _members(network: NetworkSource, array: str) -> Iterator[Any]:
    if array != LINKS:
        return network.objects(array)
    return iter(_list(network.head.get(LINKS)))


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
