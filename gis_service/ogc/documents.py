"""Landing page, conformance and collection documents."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from gis_service.model.fields import Collection, GeometryType, Language, Text
from gis_service.model.queries import CRS84, BBox, CollectionExtent, ServedCrs
from gis_service.ogc import processes, tiles
from gis_service.ogc.links import (
    FUNCTIONS_REL,
    QUERYABLES_REL,
    SCHEMA_REL,
    SORTABLES_REL,
    TILING_SCHEMES_REL,
    Addresses,
    Link,
    documents,
    with_query,
)
from gis_service.ogc.media import DOWNLOADS, GEOJSON, HTML, JSON, OPENAPI, SCHEMA

Document = dict[str, Any]

CONFORMANCE: tuple[str, ...] = (
    "http://www.opengis.net/spec/ogcapi-common-1/1.0/conf/core",
    "http://www.opengis.net/spec/ogcapi-common-2/1.0/conf/collections",
    "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/core",
    "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/geojson",
    "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/html",
    "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/oas30",
    "http://www.opengis.net/spec/ogcapi-features-2/1.0/conf/crs",
    "http://www.opengis.net/spec/ogcapi-features-3/1.0/conf/features-filter",
    "http://www.opengis.net/spec/ogcapi-features-3/1.0/conf/filter",
    "http://www.opengis.net/spec/ogcapi-features-3/1.0/conf/queryables",
    "http://www.opengis.net/spec/ogcapi-features-3/1.0/conf/queryables-query-parameters",
    "http://www.opengis.net/spec/ogcapi-features-4/1.0/conf/features",
    # The newest draft of Part 4 shares its other classes with Common; clients know the older names.
    *(
        f"http://www.opengis.net/spec/{standard}/1.0/conf/{name}"
        for standard in ("ogcapi-common-5", "ogcapi-features-4")
        for name in ("create-replace-delete", "optimistic-locking-etags",
                     "optimistic-locking-timestamps", "update")
    ),
    *(
        f"http://www.opengis.net/spec/ogcapi-features-5/1.0/conf/{name}"
        for name in ("core-roles-features", "queryables", "returnables-and-receivables", "schemas",
                     "sortables")
    ),
    *(
        f"http://www.opengis.net/spec/cql2/1.0/conf/{name}"
        for name in (
            "accent-insensitive-comparison", "advanced-comparison-operators", "arithmetic",
            "array-functions", "basic-cql2", "basic-spatial-functions",
            "basic-spatial-functions-plus", "case-insensitive-comparison", "cql2-json",
            "cql2-text", "functions", "property-property", "spatial-functions",
            "temporal-functions",
            # The name that the class for boxes and points had in drafts; QGIS looks for it.
            "basic-spatial-operators",
        )
    ),
    *tiles.CONFORMANCE,
    *processes.CONFORMANCE,
)

TITLE = Text("{place}: network map", "{place}: ramani ya mtandao")
DESCRIPTION = Text(
    "Network nodes, fibre links, offices and wards of {place}, as maps and as data.",
    "Vituo vya mtandao, nyuzi, ofisi na wadi za {place}, kama ramani na kama data.",
)


def service_title(place: str, language: Language) -> str:
    """The service's title for the place it serves."""
    return TITLE[language].replace("{place}", place)


def service_description(place: str, language: Language) -> str:
    """One sentence on what the service holds."""
    return DESCRIPTION[language].replace("{place}", place)


def landing(
    place: str, language: Language, at: Addresses, *, links: Sequence[Link]
) -> Document:
    """
    The landing page.

    Parameters
    ----------
    links
        `self` and `alternate`, which depend on what was asked for.
    """
    return {
        "title": service_title(place, language),
        "description": service_description(place, language),
        "links": documents(
            (
                *links,
                Link(at.api, "service-desc", OPENAPI.media_type, "OpenAPI 3.0"),
                Link(at.api_page, "service-doc", HTML.media_type, "API"),
                Link(at.conformance, "conformance", JSON.media_type, "Conformance"),
                Link(at.collections, "data", JSON.media_type, "Collections"),
                Link(with_query(at.collections, [("f", "html")]), "data", HTML.media_type,
                     "Collections"),
                Link(at.functions, FUNCTIONS_REL, JSON.media_type, "Functions"),
                tiles.tilesets_link(at, language),
                Link(at.tile_matrix_sets, TILING_SCHEMES_REL, JSON.media_type, "Tile matrix sets"),
                *processes.processes_links(at),
                Link(at.maps, "related", HTML.media_type, "Maps"),
                Link(f"{at.search}?f={HTML.name}", "search", HTML.media_type, "Search"),
            )
        ),
    }


def conformance() -> Document:
    """The conformance classes that the service keeps."""
    return {"conformsTo": list(CONFORMANCE)}


def collections(
    summaries: Iterable[Document], crs: Iterable[ServedCrs], *, links: Sequence[Link]
) -> Document:
    """The list of collections, whose documents are made by `collection`."""
    return {
        "links": documents(links),
        "crs": [each.uri for each in crs],
        "collections": list(summaries),
    }


def collection(
    declared: Collection,
    extent: CollectionExtent,
    geometry: GeometryType | None,
    language: Language,
    at: Addresses,
    *,
    crs: Iterable[ServedCrs],
    links: Sequence[Link] = (),
) -> Document:
    """
    A collection's document, the same in the list and on its own but for `links`.

    Parameters
    ----------
    geometry
        The geometry that the reader sees.
    crs
        Those in which it can be asked for, CRS84 first. They stand in every
        collection, since not every client follows `#/crs` to the list's own.
    links
        `self` and `alternate` of the resource that shows it on its own; in the
        list it names itself.
    """
    own = links or (
        Link(at.collection(declared.id), "self", JSON.media_type, declared.title[language]),
    )
    items = at.items(declared.id)
    nearest = []
    if geometry is not None:
        nearest.append(
            Link(at.nearest(declared.id), "related", GEOJSON.media_type, "Nearest to a place")
        )
    document: Document = {
        "id": declared.id,
        "title": declared.title[language],
        "description": declared.description[language],
        "itemType": "feature",
        "links": documents(
            (
                *own,
                Link(items, "items", GEOJSON.media_type, "GeoJSON"),
                Link(with_query(items, [("f", "html")]), "items", HTML.media_type, "HTML"),
                *(
                    Link(
                        with_query(items, [("f", each.name)]), "items", each.media_type,
                        each.title,
                    )
                    for each in DOWNLOADS
                ),
                *nearest,
                Link(at.queryables(declared.id), QUERYABLES_REL, SCHEMA.media_type, "Queryables"),
                Link(at.sortables(declared.id), SORTABLES_REL, SCHEMA.media_type, "Sortables"),
                Link(at.schema(declared.id), SCHEMA_REL, SCHEMA.media_type, "Schema"),
                *([] if geometry is None else [tiles.tilesets_link(at, language, declared)]),
            )
        ),
    }
    if geometry is not None:
        document["crs"] = [each.uri for each in crs]
        document["storageCrs"] = CRS84.uri
    if geometry is not None and extent.bbox is not None:
        document["extent"] = {"spatial": {"bbox": [corners(extent.bbox)], "crs": CRS84.uri}}
    return document


def corners(bbox: BBox) -> list[float]:
    """West, south, east, north."""
    return [bbox.west, bbox.south, bbox.east, bbox.north]
