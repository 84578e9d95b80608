"""A whole network as a package of the Open Fibre Data Standard."""

from __future__ import annotations

import asyncio
import json
import tempfile
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import IO, Any
from uuid import NAMESPACE_URL, UUID, uuid5

import shapely

from gis_service.errors import Busy, InvalidInput, NotFound
from gis_service.formats.ofds_csv import write_csv
from gis_service.formats.ofds_geojson import write_geojson
from gis_service.formats.ofds_geometry import with_place
from gis_service.formats.ofds_gpkg_writing import write_gpkg
from gis_service.formats.ofds_mapping import COLLECTIONS, OURS, collection_of, edited, renamed
from gis_service.formats.ofds_package import ARRAYS, Json
from gis_service.formats.ofds_versions import converted
from gis_service.formats.ofds_writing import (
    NetworkSource,
    PackageSource,
    Spooled,
    write_json,
)
from gis_service.model.audience import Audience
from gis_service.model.days import today
from gis_service.model.fields import FieldType
from gis_service.model.network_exports import NetworkFormat
from gis_service.model.ofds import CRS84_NAME, CRS84_URI, CURRENT, VERSIONS, OfdsVersion
from gis_service.settings import Settings
from gis_service.store.ofds_export import (
    KEY,
    OBJECT,
    POSITION,
    PUBLIC_ACCURACY_M,
    SHAPE,
    STORED,
    public_networks,
    public_rows,
    staff_network,
    staff_networks,
    staff_rows,
)
from gis_service.store.reading import Moment, Reader
from gis_service.store.roles import Login
from gis_service.store.shared_moments import moment_shared

_PORTION = 1_000
_LAST = 2**62
_CLASSES = {"nodes": "Node", "spans": "Span", "phases": "Phase", "organisations": "Organisation",
            "contracts": "Contract", "wayleaves": "Wayleave"}
_PUBLIC_ARRAYS = ("nodes", "spans")
_SNAPPED = (
    "Positions are the centres of the cells of a grid of 100 m: each lies within this distance "
    "of the true one. Public Wi-Fi access points are exact."
)


@dataclass(frozen=True, slots=True)
class NetworkFile:
    """Networks that were written, and how many objects the file holds."""

    path: Path
    objects: int


@dataclass(slots=True)
class _Names:
    """What is called how now, and what was renamed since its package came."""

    now: dict[tuple[str, str], str] = field(default_factory=dict)
    changed: dict[tuple[str, str], str] = field(default_factory=dict)

    def of(self, collection: str, key: str) -> str | None:
        return self.now.get((collection, key))


class NetworkExports:
    """Writes networks to files, each reader's from what that reader may see."""

    def __init__(self, reader: Reader, settings: Settings) -> None:
        self._reader = reader
        self._publisher = settings.municipality
        self._most = settings.max_exports
        self._written = 0

    @asynccontextmanager
    async def package(
        self, networks: Sequence[str], audience: Audience, *, seen: str | None = None
    ) -> AsyncIterator[PackageSource]:
        """
        Networks as one package that waits in a folder.

        Parameters
        ----------
        networks
            Identifiers or UUIDs. The public's items do not say to which network
            they belong, so what it gets is one network of all that is published.
        seen
            Name of the moment of the database, of `store.shared_moments`; else it is now.

        Raises
        ------
        NotFound
            There is no such network for this reader.
        InvalidInput
            Packages with several networks say different things of themselves.
        """
        login = Login.of(audience)
        opened = (
            self._reader.moment(login) if seen is None else moment_shared(self._reader, login, seen)
        )
        with tempfile.TemporaryDirectory(prefix="gis-ofds-") as made:
            folder = Path(made)
            async with opened as moment:
                if audience.is_staff:
                    yield await self._staff_package(moment, networks, folder)
                else:
                    yield await self._public_package(moment, networks, folder)

    async def write(
        self,
        networks: Sequence[str],
        format_: NetworkFormat,
        audience: Audience,
        path: Path,
        *,
        seen: str | None = None,
    ) -> NetworkFile:
        """
        Write networks to a file; parameters as of `package`.

        Raises
        ------
        NotFound, InvalidInput
            As `package`.
        """
        async with self.package(networks, audience, seen=seen) as package:
            return await asyncio.to_thread(_write, package, format_, path)

    async def open(
        self, networks: Sequence[str], format_: NetworkFormat, audience: Audience
    ) -> IO[bytes]:
        """
        Networks as a file without a name, which is gone when it is closed.

        Raises
        ------
        Busy
            Too many are written at the moment.
        NotFound, InvalidInput
            As `package`.
        """
        if self._written >= self._most:
            raise Busy
        self._written += 1
        try:
            with tempfile.TemporaryDirectory(prefix="gis-ofds-") as made:
                path = Path(made) / "written"
                await self.write(networks, format_, audience, path)
                return path.open("rb")
        finally:
            self._written -= 1

    async def known(self, audience: Audience) -> list[tuple[str, str]]:
        """Identifier and name of every network that a reader may export."""
        if audience.is_staff:
            rows = await self._reader.rows(staff_networks(), Login.of(audience))
            return [(row["external_id"], row["name"]) for row in rows]
        rows = await self._reader.rows(public_networks(), Login.PUBLIC)
        return [(str(row["id"]), row["name"]) for row in rows]

    async def ids(self, names: Sequence[str]) -> list[UUID]:
        """
        The UUIDs of networks, as staff name them.

        Raises
        ------
        NotFound
            There is none of that name.
        """
        found = []
        async with self._reader.moment(Login.of(Audience.PLANNER)) as moment:
            for name in names:
                found.append((await _staff_row(moment, name))["id"])
        return found

    async def _staff_package(
        self, moment: Moment, names: Sequence[str], folder: Path
    ) -> PackageSource:
        rows = [await _staff_row(moment, name) for name in names]
        around = _around(rows)
        return PackageSource(around, [
            await self._staff_network(moment, row, folder / str(place))
            for place, row in enumerate(rows)
        ])

    async def _staff_network(self, moment: Moment, row: Any, folder: Path) -> NetworkSource:
        kept = _kept(row)
        version = VERSIONS[kept["version"]] if kept else CURRENT
        spooled = Spooled(folder)
        names = _Names()
        unplaced: dict[str, list[Json]] = {}
        for each in kept.get("unplaced", ()):
            unplaced.setdefault(each["array"], []).append(each)
        for array in COLLECTIONS:
            merge = _Merge(iter(unplaced.get(array, ())))
            statement = staff_rows(collection_of(array), row["id"])
            async for rows in moment.portions(statement, _PORTION):
                objects = merge.with_rows(_objects(array, version, rows, names))
                await asyncio.to_thread(spooled.add, array, objects)
            spooled.add(array, merge.rest())
        head = _head(kept, row, self._publisher, version)
        if names.changed:
            head = renamed(head, names.changed)
        return NetworkSource(head, version, spooled.objects)

    async def _public_package(
        self, moment: Moment, names: Sequence[str], folder: Path
    ) -> PackageSource:
        known = await moment.rows(public_networks())
        ids = {str(row["id"]) for row in known}
        for name in names:
            if name not in ids and name not in {row["name"] for row in known}:
                raise NotFound(f"There is no network {name!r} that everybody may see.")
        spooled = Spooled(folder / "public")
        for array in _PUBLIC_ARRAYS:
            async for rows in moment.portions(public_rows(collection_of(array)), _PORTION):
                await asyncio.to_thread(spooled.add, array, _public(array, rows))
        head = self._public_head(known)
        return PackageSource({"networks": []}, [NetworkSource(head, CURRENT, spooled.objects)])

    def _public_head(self, known: Sequence[Any]) -> Json:
        ids = [str(row["id"]) for row in known]
        alone = known[0] if len(known) == 1 else None
        head: Json = {
            "id": ids[0] if alone else str(uuid5(NAMESPACE_URL, "published:" + " ".join(ids))),
            "name": alone["name"] if alone else self._publisher,
            **_born(self._publisher, CURRENT),
            "accuracy": PUBLIC_ACCURACY_M,
            "accuracyDetails": _SNAPPED,
        }
        if any(row["synthetic"] for row in known):
            head[OURS] = {"synthetic": True}
        return head


async def package_around(moment: Moment, names: Sequence[str]) -> Json:
    """The package of some networks with its `networks` empty, for staff; raises as `package`."""
    return _around([await _staff_row(moment, name) for name in names])


def _around(rows: Sequence[Any]) -> Json:
    arounds = [json.loads(kept["package"]) for row in rows if "package" in (kept := _kept(row))]
    if any(each != arounds[0] for each in arounds):
        raise InvalidInput(
            "These networks came in different packages, which say different things of "
            "themselves. Export them one by one."
        )
    return arounds[0] if arounds else {"networks": []}


def _kept(row: Any) -> Json:
    """What a network keeps of the package that it came in."""
    kept: Json = json.loads(row["kept"]) if row["kept"] else {}
    return kept


def _write(package: PackageSource, format_: NetworkFormat, path: Path) -> NetworkFile:
    wanted = format_.version
    networks = list(package.networks)
    if wanted is not None:
        networks = [converted(each, VERSIONS[wanted]) for each in networks]
    package = PackageSource(package.around, networks)
    with path.open("wb") as out:
        if format_ is NetworkFormat.OFDS_CSV:
            write_csv(package, out)
        elif format_ is NetworkFormat.OFDS_GEOJSON:
            write_geojson(package, out)
        elif format_ is NetworkFormat.OFDS_GPKG:
            with tempfile.TemporaryDirectory(prefix="gis-ofds-") as made:
                write_gpkg(package, out, Path(made))
        else:
            write_json(package, out)
    objects = sum(1 for each in networks for array in ARRAYS for _ in each.objects(array))
    return NetworkFile(path, objects)


class _Merge:
    """Puts objects that are no rows where they stood among those that are."""

    def __init__(self, waiting: Iterator[Json]) -> None:
        self._waiting = waiting
        self._next = next(waiting, None)

    def with_rows(self, rows: Iterator[tuple[int, Json]]) -> Iterator[Any]:
        for position, object_ in rows:
            while self._next is not None and self._next["position"] < position:
                yield self._take()
            yield object_

    def rest(self) -> Iterator[Any]:
        while self._next is not None:
            yield self._take()

    def _take(self) -> Any:
        assert self._next is not None  # noqa: S101 - both callers looked
        object_ = json.loads(self._next["object"])
        self._next = next(self._waiting, None)
        return object_


def _objects(
    array: str, version: OfdsVersion, rows: Sequence[Any], names: _Names
) -> Iterator[tuple[int, Json]]:
    """The rows as objects of the standard, each with its position."""
    collection = collection_of(array)
    shapes = _coordinates(rows) if SHAPE in rows[0] else None
    for place, row in enumerate(rows):
        stored: Json = json.loads(row[STORED]) if row[STORED] else {}
        was: Json | None = json.loads(row[OBJECT]) if row[OBJECT] else None
        now = {f.name: _plain(f.type, row[f.name]) for f in collection.writable_fields}
        object_: Json = {"id": row[KEY]} if was is None else was
        if array in {"organisations", "phases"} and now["name"]:
            names.now[collection.id, row[KEY]] = now["name"]
            before = stored.get("name", object_.get("name"))
            if was is not None and before != now["name"]:
                names.changed[collection.id, row[KEY]] = now["name"]
        object_ = edited(array, version, object_, now, stored=stored, names=names.of)
        if shapes is not None:
            object_ = with_place(array, object_, shapes[place])
        if was is None:
            object_ = _in_order(array, version, object_)
        position = _LAST if row[POSITION] is None else row[POSITION]
        yield position, renamed(object_, names.changed)


def _public(array: str, rows: Sequence[Any]) -> Iterator[Json]:
    """What everybody sees, as objects of the standard."""
    shapes = _coordinates(rows)
    for row, coordinates in zip(rows, shapes, strict=True):
        object_: Json = {"id": row[KEY], "name": row["name"], "status": row["status"]}
        if array == "nodes" and row["public_wifi"]:
            object_["supportingInfrastructure"] = {"type": "wifiAccessPoint"}
        filled = {name: value for name, value in object_.items() if value is not None}
        yield _in_order(array, CURRENT, with_place(array, filled, coordinates))


def _coordinates(rows: Sequence[Any]) -> list[list[list[float]]]:
    """Longitude and latitude of every vertex of every row."""
    shapes = shapely.from_wkb([row[SHAPE] for row in rows])
    return [shapely.get_coordinates(shape).tolist() for shape in shapes]


def _plain(type_: FieldType, value: Any) -> Any:
    """A value of the database as JSON has it."""
    if value is None:
        return None
    if isinstance(value, date):
        return value.isoformat()
    return json.loads(value) if type_ is FieldType.OBJECT else value


def _head(kept: Json, row: Any, publisher: str, version: OfdsVersion) -> Json:
    """A network without its arrays."""
    if not kept:
        return {
            "id": str(row["id"]),
            "identifier": row["external_id"],
            "name": row["name"],
            **_born(publisher, version),
            **({OURS: {"synthetic": True}} if row["synthetic"] else {}),
        }
    head: Json = json.loads(kept["object"])
    before = kept.get("stored", {}).get("name", head.get("name"))
    return head if before == row["name"] else {**head, "name": row["name"]}


def _born(publisher: str, version: OfdsVersion) -> Json:
    """What every network must say, of one that came in no package."""
    return {
        "publisher": {"name": publisher},
        "publicationDate": today().isoformat(),
        "crs": {"name": CRS84_NAME, "uri": CRS84_URI},
        "language": "en",
        "links": [{"rel": "describedby", "href": version.schema_uri}],
    }


def _in_order(array: str, version: OfdsVersion, object_: Mapping[str, Any]) -> Json:
    """Properties in the order of the standard, others after them."""
    named = [p.name for p in version.properties(_CLASSES[array])]
    order = {name: place for place, name in enumerate(named)}
    return dict(sorted(object_.items(), key=lambda item: order.get(item[0], len(order))))


async def _staff_row(moment: Moment, name: str) -> Any:
    """The network of that identifier, else of that UUID; raises `NotFound`."""
    rows = await moment.rows(staff_network(name))
    if not rows:
        known = ", ".join(r["external_id"] for r in await moment.rows(staff_networks()))
        raise NotFound(f"There is no network {name!r}. Known: {known or 'none'}.")
    return next((r for r in rows if r["external_id"] == name), rows[0])
