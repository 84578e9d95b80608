"""
Every door of the service, and the questions that try it.

The lists here are compared with the application's routes and with the
parameters that each route itself says it knows: whoever adds one adds it here.
"""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping
from dataclasses import dataclass

import orjson

from gis_service.cartography.definition import MapDefinition
from gis_service.crs import served_crs
from gis_service.model.audience import Audience, visible_fields
from gis_service.model.codelists import THEME
from gis_service.model.collections import REGISTRY
from gis_service.model.fields import Collection
from gis_service.model.processes import PROCESSES
from gis_service.ogc import media
from gis_service.ogc.media import FLATGEOBUF, GEOPACKAGE, GEOPARQUET, SHAPEFILE, XLSX
from gis_service.ogc.openapi_filters import FILTER
from gis_service.ogc.openapi_parameters import PAGE, RENDERING
from tests.leaks.asking import Question

COMMON = ("f", "lang")
OPEN311 = ("lang", "jurisdiction_id")
NEAREST = ("lon", "lat", "limit", "max_distance_m")
PROPERTIES = "a property of the collection"
INPUTS = "an input of the process"
TILE = "{tile_matrix_set}/{tile_matrix}/{row}/{column}"
MAP_TILE = "{zoom}/{row}/{column}"
PLACES = ("0/0/0", "8/128/152", "10/513/610", "12/2055/2443", "13/4111/4887", "15/16445/19548")
"""Zoom, row and column of tiles around Kisii."""
FILTERED = (PLACES[2], PLACES[4])
"""Where tiles are asked for with every filter: the whole county, and the town."""
FILTERING = ("filter", "filter-lang", "filter-crs", PROPERTIES)

GET: Mapping[str, tuple[str, ...] | None] = {
    "/": COMMON,
    "/conformance": COMMON,
    "/api": COMMON,
    "/api.html": COMMON,
    "/collections": COMMON,
    "/collections/{collection_id}": COMMON,
    "/functions": COMMON,
    "/collections/{collection_id}/queryables": COMMON,
    "/collections/{collection_id}/sortables": COMMON,
    "/collections/{collection_id}/schema": COMMON,
    "/collections/{collection_id}/items": (*COMMON, *RENDERING, *PAGE, *FILTER, PROPERTIES),
    "/collections/{collection_id}/items/{item_id}": (*COMMON, *RENDERING),
    "/collections/{collection_id}/nearest": (
        *COMMON, *RENDERING, *NEAREST, "bbox", "bbox-crs", *FILTER, PROPERTIES
    ),
    "/collections/{collection_id}/items/{item_id}/versions": COMMON,
    "/collections/{collection_id}/items/{item_id}/versions/{number}": COMMON,
    "/collections/{collection_id}/changes": (*COMMON, "since", "until", "limit", "cursor"),
    "/search": (*COMMON, "q", "limit", "collections"),
    "/tileMatrixSets": COMMON,
    "/tileMatrixSets/{tile_matrix_set}": COMMON,
    "/tiles": (*COMMON, "collections"),
    "/tiles/{tile_matrix_set}": (*COMMON, "collections"),
    "/tiles/{tile_matrix_set}/tilejson.json": (*COMMON, "collections"),
    f"/tiles/{TILE}": (*COMMON, "collections"),
    "/collections/{collection_id}/tiles": COMMON,
    "/collections/{collection_id}/tiles/{tile_matrix_set}": COMMON,
    "/collections/{collection_id}/tiles/{tile_matrix_set}/tilejson.json": COMMON,
    f"/collections/{{collection_id}}/tiles/{TILE}": (*COMMON, *FILTER, PROPERTIES),
    "/styles/network.json": COMMON,
    "/processes": COMMON,
    "/processes/{process_id}": COMMON,
    "/processes/{process_id}/execution": (*COMMON, INPUTS),
    "/maps": COMMON,
    "/maps/{name}": None,
    "/maps/{name}/files/{file}": ("lang", "v"),
    "/maps/{name}/data/{layer}.geojson": ("lang", "v", "bbox", "id"),
    "/maps/{name}/data/{layer}.json": ("lang", "v"),
    f"/maps/{{name}}/tiles/{{layer}}/{MAP_TILE}": ("lang", "v"),
    "/maps/{name}/print.pdf": ("lang", "orientation"),
    "/maps/{name}/print.png": ("lang", "orientation"),
    "/public": (*COMMON, "q", "lon", "lat"),
    "/public/catalog.jsonld": COMMON,
    "/public/wards/{code}": COMMON,
    "/embed": (*COMMON, "ward", "theme"),
    "/basemap/{z}/{x}/{y}": ("v",),
    "/dashboard": COMMON,
    "/field": ("lang",),
    "/field/sw.js": None,
    "/field/manifest.webmanifest": ("lang",),
    "/report": (*COMMON, "reference", "lon", "lat", "ward", "place", "kind"),
    "/report/{reference}": (*COMMON, "sent"),
    "/reports": (*COMMON, "state"),
    "/publish": (*COMMON, "collection", "q"),
    "/reports/{reference}": COMMON,
    "/open311/v2/services.json": OPEN311,
    "/open311/v2/services/{code}.json": OPEN311,
    "/open311/v2/requests.json": (
        *OPEN311, "service_request_id", "service_code", "status", "start_date", "end_date"
    ),
    "/open311/v2/requests/{reference}.json": OPEN311,
    "/open311/v2/services.xml": OPEN311,
    "/open311/v2/services/{code}.xml": OPEN311,
    "/open311/v2/requests.xml": (
        *OPEN311, "service_request_id", "service_code", "status", "start_date", "end_date"
    ),
    "/open311/v2/requests/{reference}.xml": OPEN311,
    "/privacy": COMMON,
    "/people": COMMON,
    "/audit": None,
    "/audit.csv": None,
    "/audit.jsonl": None,
    "/people/{id}": COMMON,
    "/jobs": (*COMMON, "state"),
    "/jobs/{id}": COMMON,
    "/metrics": COMMON,
    "/loads": None,
    "/loads/{id}": None,
    "/loads/{id}/report.html": None,
    "/loads/{id}/report.json": None,
    "/loads/{id}/report.csv": None,
    "/loads/{id}/rejected.gpkg": None,
    "/loads/{id}/rows.geojson": None,
    "/health/live": None,
    "/health/ready": None,
    "/login": (*COMMON, "next"),
    "/field/me": COMMON,
    "/field/wards": COMMON,
    "/field/wards/{code}": COMMON,
    "/field/words": COMMON,
    "/field/operations": (*COMMON, "ids"),
    "/field/photos/{id}": COMMON,
    "/routes": (*COMMON, "done"),
    "/conflicts": (*COMMON, "settled"),
    "/joins": (*COMMON, "within_m", "rejected", "done", "page"),
    "/a/{tag}": COMMON,
    "/paper": (*COMMON, "collection", "ward"),
    "/labels": (*COMMON, "ward", "collection", "size"),
    "/wards/{code}/sheet.pdf": COMMON,
    "/exports": COMMON,
    "/exports/network": (*COMMON, "network"),
    "/rules": COMMON,
    "/quality": (*COMMON, "network"),
    "/docs": COMMON,
    "/docs/book": COMMON,
    "/docs/settings": COMMON,
    "/docs/commands": COMMON,
    "/docs/data": COMMON,
    "/docs/codelists": COMMON,
    "/docs/{chapter}": COMMON,
}
"""Routes that are read, and their parameters; None where whatever is asked says nothing."""

CHANGING: Mapping[str, tuple[str, ...]] = {
    "/collections/{collection_id}/items": ("POST", "PUT", "PATCH", "DELETE", "OPTIONS"),
    "/collections/{collection_id}/items/{item_id}": ("POST", "PUT", "PATCH", "DELETE", "OPTIONS"),
    "/batch": ("POST",),
    "/processes/{process_id}/execution": ("POST",),
    "/jobs/{id}/cancel": ("POST",),
    "/loads": ("POST",),
    **{
        f"/loads/{{id}}/{each}": ("POST",)
        for each in (
            "look", "mapping", "trial", "again", "mapping.toml", "confirm", "discard", "cancel",
            "undo",
        )
    },
    "/quality": ("POST",),
    "/report": ("POST",),
    "/publish": ("POST",),
    "/publish/visibility": ("POST",),
    "/reports/{reference}/accept": ("POST",),
    "/reports/{reference}/refuse": ("POST",),
    "/reports/{reference}/mended": ("POST",),
    "/reports/{reference}/forget": ("POST",),
    "/open311/v2/requests.json": ("POST",),
    "/open311/v2/requests.xml": ("POST",),
    "/login": ("POST",),
    "/logout": ("POST",),
    "/field/operations": ("POST",),
    "/field/photos/{id}": ("PUT",),
    "/routes/{id}": ("POST",),
    "/conflicts/{id}": ("POST",),
    "/joins": ("POST",),
    "/people": ("POST",),
    "/people/{id}": ("POST",),
    "/people/{id}/keys": ("POST",),
    "/people/{id}/keys/{prefix}/replace": ("POST",),
    "/people/{id}/keys/{prefix}/revoke": ("POST",),
    "/people/{id}/export": ("POST",),
    "/people/{id}/erase": ("POST",),
    "/people/contact": ("POST",),
}
FILES = {"/static"}
"""Files of the package: the same for every database."""
WRITTEN_APART = (GEOPACKAGE, SHAPEFILE, FLATGEOBUF, GEOPARQUET, XLSX)
"""Formats that a process of its own writes, which takes its time."""

NOT_THERE = frozenset(
    path for path in GET if path.startswith(("/loads", "/metrics", "/people", "/audit"))
)
"""Routes that to the public look like none."""
FORMATS = list(dict.fromkeys(
    each.name for each in vars(media).values() if isinstance(each, media.Format)
))
REFUSED = "xml"

COMPANIONS: Mapping[str, Mapping[str, str]] = {
    "/collections/{collection_id}/nearest": {"lon": "34.77", "lat": "-0.68"},
    "/collections/{collection_id}/changes": {"since": "2020-01-01"},
    "/search": {"q": "kisii"},
    "/public": {"lon": "34.77", "lat": "-0.68"},
}
"""What a route needs before it answers at all."""


def filled(route: str) -> str:
    """A route with a tile, or a ward, of its own in it."""
    return route.replace(TILE, f"WebMercatorQuad/{PLACES[2]}").replace(
        "{tile_matrix_set}", "WebMercatorQuad"
    ).replace("{code}", "1301").replace("{z}/{x}/{y}", "8/152/128").replace("{chapter}", "start")


@dataclass(frozen=True)
class World:
    """
    What is in the two databases, for asking about it.

    Parameters
    ----------
    ids
        Of each collection: ids that are public, hidden, and of nothing.
    values
        Of each collection and field: some values that public and hidden rows have.
    boxes
        Around single hidden and public items, and around all of them.
    """

    ids: Mapping[str, tuple[str, ...]]
    values: Mapping[tuple[str, str], tuple[str, ...]]
    boxes: tuple[str, ...]
    maps: tuple[MapDefinition, ...]
    files: tuple[str, ...]

    def paths(self, route: str) -> Iterator[tuple[str, Collection | None]]:
        """Addresses of a route, with the collection that each is about."""
        if "{tile_matrix}" in route:
            for place in PLACES:
                yield from self.paths(route.replace(TILE, f"WebMercatorQuad/{place}"))
            return
        if MAP_TILE in route:
            for place in PLACES:
                yield from self.paths(route.replace(MAP_TILE, place))
            return
        if "{code}" in route:
            for code in (*self.values["wards", "code"], "none"):
                yield route.replace("{code}", code), None
            return
        route = filled(route)
        if "{collection_id}" in route:
            for id_, collection in (*REGISTRY.items(), ("no_such_collection", None)):
                path = route.replace("{collection_id}", id_)
                if "{item_id}" not in path:
                    yield path, collection
                    continue
                for item in (*self.ids.get(id_, ()), "nonsense"):
                    yield (
                        path.replace("{item_id}", item).replace("{number}", "1"), collection
                    )
        elif "{name}" in route:
            for name in (*(each.id for each in self.maps), "no_such_map"):
                named = route.replace("{name}", name)
                for layer in (*REGISTRY, "no_such_layer") if "{layer}" in named else ("",):
                    for file in (*self.files, "none.js") if "{file}" in named else ("",):
                        yield named.replace("{layer}", layer).replace("{file}", file), None
        elif "{process_id}" in route:
            for process in (*PROCESSES, "no-such-process"):
                yield route.replace("{process_id}", process), None
        elif "{reference}" in route or "{code}" in route:
            for number in (NO_REPORT, "nonsense"):
                yield route.replace("{reference}", number).replace("{code}", number), None
        elif "{id}" in route:
            for id_ in (NOBODY, NONE, "nonsense"):
                yield route.replace("{id}", id_).replace("{prefix}", "k7m2p9qx"), None
        else:
            yield route, None

    def plain(
        self, *, apart: bool, spoken: Mapping[str, Container[str]] | None = None
    ) -> Iterator[Question]:
        """
        Every route by itself and with every value of each parameter.

        Parameters
        ----------
        apart
            Whether with the formats that are written apart.
        spoken
            Formats that a route answers in, where that is known: of those that it
            refuses whatever is asked, one stands for all.
        """
        for route, names in GET.items():
            companions = dict(COMPANIONS.get(route, {}))
            for path, collection in self.paths(route):
                yield Question(path, companions)
                yield Question(path, companions, method="HEAD")
                yield Question(path, companions, headers={"if-none-match": "*"})
                yield Question(path, companions, headers={"accept-encoding": "gzip"})
                skipped = FILTERING if path.endswith(PLACES) and not path.endswith(
                    FILTERED
                ) else ()
                for name in names or ():
                    if name in skipped:
                        continue
                    known = (spoken or {}).get(route) if name == "f" else None
                    for pair in self.values_of(name, collection, path):
                        if known is not None and pair["f"] not in {*known, REFUSED}:
                            continue
                        if not apart and pair.get("f") in {f.name for f in WRITTEN_APART}:
                            continue
                        yield Question(path, {**companions, **pair})

    def values_of(
        self, name: str, collection: Collection | None, path: str
    ) -> Iterator[dict[str, str]]:
        """Values to try of a parameter, with what it is asked beside."""
        if name == PROPERTIES:
            yield from self._equalities(collection)
            return
        if name == INPUTS:
            asked = PROCESSES.get(path.split("/")[2])
            every = {each for process in PROCESSES.values() for each in process.by_name}
            for each in asked.by_name if asked else every:
                yield from ({each: value} for value in (NOBODY, "kisii", "1", "true"))
            return
        fields = [] if collection is None else visible_fields(collection, Audience.PUBLIC)
        listed = {
            "f": FORMATS,
            "lang": ["sw", "fr"],
            "limit": ["1", "3", "10000"],
            "offset": ["1", "7", "10000"],
            "max_distance_m": ["100", "100000"],
            "bbox": self.boxes,
            "id": [NOBODY, *(id_ for ids in self.ids.values() for id_ in ids[:3])],
            "datetime": ["2020-01-01", "../2026-01-01T00:00:00Z", "2030-01-01/.."],
            "cursor": [NOBODY],
            "sortby": [f"{sign}{f.name}" for f in fields for sign in ("", "-")],
            "properties": [f.name for f in fields],
            "exclude-properties": [f.name for f in fields],
            "skipGeometry": ["true"],
            "precision": ["0", "9"],
            "crs": CRS,
            "filter": [
                "id IS NOT NULL", "length_m(geometry) > 100", "area_m2(geometry) > 1000",
                "distance_m(geometry, POINT(34.77 -0.68)) < 900", "NOT (id = id)",
                *(f"S_INTERSECTS(geometry, BBOX({box}))" for box in self.boxes),
                *(f"{f.name} IS NULL" for f in fields),
                *self._comparisons(collection),
            ],
            "q": ["zzhidden", "kisii", "ofisi", "wifi", "staff", *self._words()],
            "collections": list(REGISTRY),
            "since": ["2020-01-01", "2030-01-01"],
            "until": ["2030-01-01"],
            "state": ["queued", "done"],
            "next": ["/collections"],
            "v": ["1"],
            "orientation": ["portrait"],
            "ward": [*self.values["wards", "code"], "none"],
            "theme": [*THEME.values(), "none"],
            "type": ["create"],
            "lon": ["34.9"],
            "lat": ["-0.7"],
            "ids": [NOBODY, "nonsense"],
            "reference": [NO_REPORT, "1"],
            "place": ["kisii"],
            "kind": ["cable"],
            "sent": ["1"],
            "jurisdiction_id": ["x"],
            "service_request_id": [NO_REPORT, "1,2"],
            "service_code": ["cable", "none"],
            "status": ["open", "closed", "x"],
            "start_date": ["2020-01-01T00:00:00Z"],
            "end_date": ["2030-01-01T00:00:00Z"],
            "settled": ["1"],
            "collection": ["equipment"],
            "size": ["70x37"],
            "done": ["accepted"],
            "within_m": ["250", "x"],
            "rejected": ["yes"],
            "page": ["2", "0"],
            "network": ["kisii", *self.ids["networks"]],
        }
        beside: dict[str, list[dict[str, str]]] = {
            "bbox-crs": [{"bbox": self.boxes[0], "bbox-crs": crs} for crs in CRS],
            "filter-lang": [
                {"filter": orjson.dumps({"op": "isNull", "args": [{"property": "id"}]}).decode(),
                 "filter-lang": "cql2-json"}
            ],
            "filter-crs": [
                {"filter": "S_INTERSECTS(geometry, POINT(1 2))", "filter-crs": crs} for crs in CRS
            ],
        }
        yield from beside[name] if name in beside else ({name: value} for value in listed[name])

    def _equalities(self, collection: Collection | None) -> Iterator[dict[str, str]]:
        for (of, name), values in self.values.items():
            if collection and of == collection.id and collection.by_name[name].public:
                yield from ({name: value} for value in values)

    def _comparisons(self, collection: Collection | None) -> Iterator[str]:
        for pair in self._equalities(collection):
            for name, value in pair.items():
                quoted = value.replace("'", "''")
                yield f"{name} = '{quoted}'"
                yield f"{name} LIKE '{quoted[:3]}%'"
                yield f"{name} >= '{quoted}'"

    def _words(self) -> Iterator[str]:
        for (collection, name), values in self.values.items():
            if REGISTRY[collection].by_name[name].searchable:
                yield from (value[:60] for value in values if len(value) > 2)

    def changing(self) -> Iterator[Question]:
        """Every door that changes something, without a key."""
        for route, methods in CHANGING.items():
            for path, _ in self.paths(route):
                for method in methods:
                    yield Question(path, method=method)
                    yield Question(
                        path, method=method, headers={"content-type": "application/json"},
                        body=b'{"type":"Feature","geometry":null,"properties":{"name":"x"}}',
                    )


NO_REPORT = "100000006"
"""A reference number of nothing. Who knows that of a report may know how it stands."""
NOBODY = "00000000-0000-0000-0000-000000000000"
NONE = "ffffffff-ffff-4fff-bfff-ffffffffffff"
CRS = [crs.uri for crs in served_crs((32736, 21036))]
