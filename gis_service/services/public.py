"""What everybody may know, as plain facts: read under the public's login, whoever asks."""

from __future__ import annotations

import asyncio
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

import geopandas as gpd
import numpy as np
import orjson
import shapely

from gis_service.cartography.picture import Picture, draw_picture, draw_ward
from gis_service.coverage import coverage_by_ward
from gis_service.errors import InvalidParameter, NotFound
from gis_service.model import codelists, days
from gis_service.model.audience import PUBLIC, Audience
from gis_service.model.collections import REGISTRY
from gis_service.model.coverage import Counts
from gis_service.model.nearest import NearestQuery
from gis_service.model.public import Found, Outages, PublicFacts, ServicePoint, WifiPlace
from gis_service.model.queries import Equals, ItemsQuery, SortTerm
from gis_service.services.features import Features
from gis_service.services.nearest import Nearest
from gis_service.services.search import Search
from gis_service.store.changes import Changes
from gis_service.store.database import Database
from gis_service.store.frames import is_synthetic, read_frame

READ = ("wards", "offices", "network_nodes", "fibre_links", "faults", "networks")
"""The collections that the facts are made of."""
MOST_OFFICES = 1_000
"""A ward's page lists so many offices at most."""
MOST_FOUND = 12
MOST_NEAR = 5

_OFFICES = REGISTRY["offices"]
_KNOWN = tuple(code.code for code in codelists.CONNECTION)


class _Wards(NamedTuple):
    """The wards, and what finds the one that holds a place."""

    frame: gpd.GeoDataFrame
    tree: shapely.STRtree

    def holding(self, points: Sequence[Any]) -> list[str]:
        """Codes of the wards that hold points, the lowest on an edge; empty outside all."""
        found = [""] * len(points)
        if not points:
            return found
        codes = self.frame["code"].to_list()
        places = np.asarray(points, dtype=object)
        pairs = self.tree.query(places, predicate="intersects").T.tolist()
        for point, ward in sorted(pairs, key=lambda pair: codes[pair[1]], reverse=True):
            found[point] = codes[ward]
        return found


class _State(NamedTuple):
    """What was read, and what draws it."""

    facts: PublicFacts
    picture: Picture | None
    wards: _Wards


class PublicSite:
    """Answers the questions of the public's pages."""

    def __init__(
        self,
        database: Database,
        changes: Changes | None,
        features: Features,
        search: Search,
        nearest: Nearest,
    ) -> None:
        """
        Parameters
        ----------
        database
            Under the public's login.
        changes
            By which what was read is known to stand; None keeps what was read first.
        """
        self._database = database
        self._changes = changes
        self._features = features
        self._search = search
        self._nearest = nearest
        self._one_at_a_time = asyncio.Lock()
        self._kept: tuple[object, _State] | None = None

    async def facts(self) -> PublicFacts:
        """The facts of now. Raises `Unavailable`."""
        return (await self._state()).facts

    async def picture(self) -> Picture | None:
        """The picture of the wards; None where there are none."""
        return (await self._state()).picture

    async def ward_picture(self, ward: str) -> Picture:
        """
        The picture of one ward.

        Raises
        ------
        NotFound
            There is no such ward.
        """
        state = await self._state()
        if state.facts.ward(ward) is None:
            raise NotFound(f"There is no ward {ward!r}.")
        return draw_ward(state.wards.frame, ward)

    async def offices(self, ward: str) -> tuple[ServicePoint, ...]:
        """
        The offices of a ward by name, `MOST_OFFICES` at most.

        Raises
        ------
        NotFound
            There is no such ward.
        """
        if (await self.facts()).ward(ward) is None:
            raise NotFound(f"There is no ward {ward!r}.")
        page = await self._features.page(
            ItemsQuery(
                _OFFICES, MOST_OFFICES,
                equals=(Equals(_OFFICES.by_name["ward"], ward),),
                sort=(SortTerm(_OFFICES.by_name["name"]),),
            ),
            PUBLIC,
        )
        return _points(page.features)

    async def found(self, text: str) -> Found:
        """
        Wards, offices and public Wi-Fi that are called so, or nearly so.

        Raises
        ------
        InvalidParameter
            The text is too short or too long.
        """
        hits = await self._search.hits(
            text, PUBLIC, limit=MOST_FOUND, collections=("wards", "offices", "network_nodes")
        )
        ids: dict[str, list[UUID]] = {}
        for hit in hits:
            if hit.id is not None:
                ids.setdefault(hit.collection.id, []).append(hit.id)
        state = await self._state()
        wifi = {each.id: each for each in state.facts.wifi}
        codes = state.wards.frame["code"].to_dict()
        offices = []
        for id_ in ids.get("offices", ()):
            try:
                offices.append(_point(orjson.loads(
                    await self._features.item(_OFFICES, id_, PUBLIC)
                )))
            except NotFound:  # it went between the two questions
                continue
        return Found(
            tuple(codes[str(i)] for i in ids.get("wards", ()) if str(i) in codes),
            tuple(offices),
            tuple(wifi[str(i)] for i in ids.get("network_nodes", ()) if str(i) in wifi),
        )

    async def near(self, lon: float, lat: float) -> Found:
        """
        The ward that holds a place, and the offices nearest to it.

        Parameters
        ----------
        lon, lat
            Degrees of WGS84.

        Raises
        ------
        InvalidParameter
            They are no place on earth.
        """
        for name, value, most in (("lon", lon, 180), ("lat", lat, 90)):
            if not abs(value) <= most:
                raise InvalidParameter(name, value, f"it must lie between -{most} and {most}")
        page = await self._nearest.page(
            NearestQuery(ItemsQuery(_OFFICES, MOST_NEAR), lon, lat), PUBLIC
        )
        ward = (await self._state()).wards.holding([shapely.Point(lon, lat)])[0]
        return Found((ward,) if ward else (), _points(page.features))

    async def _state(self) -> _State:
        """What stands now, read anew after a change or a day."""
        key = self._key()
        kept = self._kept
        if kept is not None and key is not None and kept[0] == key:
            return kept[1]
        async with self._one_at_a_time:
            key, kept = self._key(), self._kept
            if kept is not None and key is not None and kept[0] == key:
                return kept[1]
            state = await asyncio.to_thread(self._read)
            self._kept = (key, state)
            return state

    def _key(self) -> object | None:
        if self._changes is None:
            return ()
        versions = tuple(self._changes.version(each, staff=False) for each in READ)
        if None in versions:
            return None
        return days.today(), self._changes.epoch, versions

    def _read(self) -> _State:
        with self._database.reading() as connection:
            frames = {
                each: read_frame(connection, REGISTRY[each], Audience.PUBLIC) for each in READ
            }
            synthetic = is_synthetic(connection, Audience.PUBLIC)
        wards = _Wards(
            frames["wards"], shapely.STRtree(frames["wards"].geometry.to_numpy())
        )
        nodes = frames["network_nodes"]
        is_wifi = nodes["public_wifi"].fillna(False).astype(bool)
        return _State(
            _facts(frames, synthetic, _wifi_places(nodes[is_wifi], wards)),
            draw_picture(frames["wards"], frames["fibre_links"], nodes[~is_wifi]),
            wards,
        )


def _facts(
    frames: Mapping[str, gpd.GeoDataFrame], synthetic: bool, wifi: tuple[WifiPlace, ...]
) -> PublicFacts:
    wards, links, offices = frames["wards"], frames["fibre_links"], frames["offices"]
    counted = wards[wards["population"].notna()]
    return PublicFacts(
        table=coverage_by_ward(wards, offices),
        types=_types(offices),
        wifi=wifi,
        outages=_outages(frames["faults"], set(wards["code"])),
        links=len(links),
        km=float(links["route_length_m"].fillna(0).sum()) / 1000,
        synthetic=synthetic,
        approximate=bool(wards["outline_approximate"].fillna(False).astype(bool).any()),
        as_of=days.today(),
        population={
            str(code): (int(people), None if math.isnan(year) else int(year))
            for code, people, year in zip(
                counted["code"], counted["population"],
                counted["population_year"].astype(float), strict=True,
            )
        },
    )


def _types(offices: gpd.GeoDataFrame) -> dict[str, Counts]:
    given = offices["connection"].where(offices["connection"].isin(_KNOWN), _KNOWN[-1])
    tally = Counter(zip(offices["office_type"], given, strict=True))
    listed = {code.code: None for code in codelists.OFFICE_TYPE}
    present = {type_ for type_, _ in tally}
    return {
        type_: Counts(*(tally[type_, each] for each in _KNOWN))
        for type_ in (*(t for t in listed if t in present), *sorted(present - set(listed)))
    }


def _outages(faults: gpd.GeoDataFrame, codes: set[str]) -> dict[str, Outages]:
    found: dict[str, list[datetime]] = {}
    for row in faults.itertuples(index=False):
        ward = row.ward if row.ward in codes else ""
        found.setdefault(ward, []).append(row.started_at)
    return {ward: Outages(len(times), min(times)) for ward, times in sorted(found.items())}


def _wifi_places(wifi: gpd.GeoDataFrame, wards: _Wards) -> tuple[WifiPlace, ...]:
    inside = wards.holding(wifi.geometry.to_list())
    places = [
        WifiPlace(str(row.Index), str(row.name or ""), ward, row.geometry.x, row.geometry.y)
        for row, ward in zip(wifi.itertuples(), inside, strict=True)
    ]
    return tuple(sorted(places, key=lambda each: (each.name, each.id)))


def _points(features: bytes) -> tuple[ServicePoint, ...]:
    return tuple(map(_point, orjson.loads(b"[" + features + b"]")))


def _point(feature: Mapping[str, Any]) -> ServicePoint:
    held = feature["properties"]
    lon, lat = feature["geometry"]["coordinates"][:2]
    return ServicePoint(
        id=str(feature["id"]),
        name=held["name"],
        office_type=held["office_type"],
        connection=held["connection"] if held["connection"] in _KNOWN else _KNOWN[-1],
        ward=held.get("ward") or "",
        lon=lon,
        lat=lat,
        distance_m=held.get("distance_m"),
    )
