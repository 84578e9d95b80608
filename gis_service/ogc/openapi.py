"""The OpenAPI 3.0 document, generated from the registry for one audience."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from gis_service import __version__
from gis_service.model.audience import (
    Audience,
    visible_collections,
    visible_geometry,
)
from gis_service.model.fields import Collection, Field, FieldType, Language
from gis_service.model.queries import ServedCrs
from gis_service.model.queryables import queryables_of
from gis_service.model.rights import keeps_people, loads
from gis_service.ogc.documents import service_description, service_title
from gis_service.ogc.media import DOWNLOADS, GEOJSON, HTML, JSON, JSONLD, OPENAPI, SCHEMA, Format
from gis_service.ogc.openapi_answers import feature_schemas, shared_responses
from gis_service.ogc.openapi_asking import (
    NEAREST_SHARED,
    nearest_page,
    nearest_parameters,
    search_hits,
    search_parameters,
)
from gis_service.ogc.openapi_components import COMPONENT_HEADERS, COMPONENT_SCHEMAS, ref
from gis_service.ogc.openapi_edits import (
    add_editing,
    edit_parameters,
    edit_schemas,
)
from gis_service.ogc.openapi_exports import export_paths
from gis_service.ogc.openapi_field import GROUP as FIELD
from gis_service.ogc.openapi_field import field_paths
from gis_service.ogc.openapi_filters import (
    FILTER,
    FUNCTIONS_SCHEMA,
    filter_parameters,
    schema_parameters,
)
from gis_service.ogc.openapi_loads import GROUP as LOADS
from gis_service.ogc.openapi_loads import load_paths
from gis_service.ogc.openapi_open311 import GROUP as REPORTS
from gis_service.ogc.openapi_open311 import open311_paths
from gis_service.ogc.openapi_parameters import (
    PAGE,
    RENDERING,
    format_parameter,
    parameters,
    path_parameter,
    query_parameter,
    refs,
)
from gis_service.ogc.openapi_people import GROUP as PEOPLE
from gis_service.ogc.openapi_people import people_paths
from gis_service.ogc.openapi_printing import printing_paths
from gis_service.ogc.openapi_processes import add_processes
from gis_service.ogc.openapi_rules import rule_paths
from gis_service.ogc.openapi_tiles import TILE_SCHEMAS, tile_parameters, tile_paths
from gis_service.ogc.openapi_words import put_into
from gis_service.ogc.schemas import (
    queryable_schema,
)

Document = dict[str, Any]

_FAULTS: dict[str, str] = {
    "400": "BadRequest",
    "404": "NotFound",
    "406": "NotAcceptable",
    "429": "TooManyRequests",
    "500": "ServerError",
    "503": "Unavailable",
}


def openapi(
    audience: Audience,
    language: Language,
    *,
    place: str,
    base: str,
    default_limit: int,
    max_limit: int,
    crs: Sequence[ServedCrs],
) -> Document:
    """
    The description of every operation that this audience may use.

    Parameters
    ----------
    base
        Address of the service without a trailing slash.
    """
    known = visible_collections(audience)
    paths = _paths(known, audience, language)
    add_editing(paths, known, audience, language)
    add_processes(paths, audience, language, get=_get)
    document: Document = {
        "openapi": "3.0.3",
        "info": {
            "title": service_title(place, language),
            "description": service_description(place, language),
            "version": __version__,
        },
        "servers": [{"url": base}],
        "tags": [
            {"name": "Capabilities", "description": "What the service offers"},
            {"name": "Maps", "description": "Finished maps"},
            {"name": "Tiles", "description": "Vector tiles of all collections"},
            {"name": "Processes", "description": "Analyses of the network"},
            dict(REPORTS),
            *([dict(FIELD)] if audience.is_staff else ()),
            *([dict(LOADS)] if loads(audience) else ()),
            *([dict(PEOPLE)] if keeps_people(audience) else ()),
            {"name": "Health", "description": "Whether the service can answer"},
            *({"name": c.id, "description": c.description[language]} for c in known),
        ],
        "paths": paths,
        "components": {
            "parameters": {
                **parameters(default_limit, max_limit, crs),
                **filter_parameters(crs),
                **edit_parameters(),
                **tile_parameters(known, audience),
            },
            "headers": COMPONENT_HEADERS,
            "responses": shared_responses(),
            "schemas": {
                **COMPONENT_SCHEMAS,
                "Functions": FUNCTIONS_SCHEMA,
                **TILE_SCHEMAS,
                **feature_schemas(known, audience, language),
                **edit_schemas(known, audience, language),
            },
        },
    }
    put_into(language, document)
    return document


def _paths(known: Sequence[Collection], audience: Audience, language: Language) -> Document:
    capabilities = "Capabilities"
    paths: Document = {
        "/": _get(capabilities, "getLandingPage", "Landing page",
                  [(JSON, ref("schemas", "LandingPage")), (HTML, None)]),
        "/conformance": _get(capabilities, "getConformance", "Conformance classes",
                             [(JSON, ref("schemas", "Conformance")), (HTML, None)]),
        "/api": _get(capabilities, "getApi", "This document",
                     [(OPENAPI, {"type": "object"}), (HTML, None)]),
        "/functions": _get(capabilities, "getFunctions", "Functions of filters",
                           [(JSON, ref("schemas", "Functions"))]),
        "/collections": _get(capabilities, "getCollections", "Collections",
                             [(JSON, ref("schemas", "Collections")), (HTML, None)]),
    }
    for collection in known:
        paths.update(_collection_paths(collection, audience, language))
    paths["/search"] = _get(
        capabilities, "search", "Search by name", [(GEOJSON, search_hits()), (HTML, None)],
        parameters=search_parameters(collection.id for collection in known),
    )
    paths.update(tile_paths(
        known, audience, language,
        get=_get, asked=lambda each: _property_parameters(each, audience, language),
    ))
    paths["/maps"] = _get("Maps", "getMaps", "Maps",
                          [(JSON, ref("schemas", "Maps")), (HTML, None)])
    paths["/maps/{name}"] = _get(
        "Maps", "getMap", "One map", [(HTML, None)],
        parameters=[path_parameter("name", "Name of the map", {"type": "string"})],
        formats=False, faults=("404",),
    )
    paths.update(printing_paths(audience, get=_get))
    paths.update(export_paths(audience, get=_get))
    paths.update(rule_paths(audience, get=_get))
    paths["/public/catalog.jsonld"] = _get(
        "Maps", "getCatalogue", "Catalogue of what is published (DCAT 3)",
        [(JSONLD, {"type": "object"})],
    )
    paths.update(open311_paths())
    paths.update(field_paths(audience))
    paths.update(load_paths(audience))
    paths.update(people_paths(audience))
    if audience.is_staff:
        paths["/dashboard"] = _get(
            "Maps", "getDashboard", "How the network and its records stand", [(HTML, None)]
        )
    paths["/health/live"] = _get(
        "Health", "getLiveness", "Whether the process runs",
        [(JSON, {"type": "object"})], formats=False, faults=(),
    )
    ready = _get(
        "Health", "getReadiness", "Whether the service can answer",
        [(JSON, ref("schemas", "Health"))], formats=False, faults=(),
    )
    ready["get"]["responses"]["503"] = {
        "description": "It cannot answer now; the checks say why.",
        "content": {JSON.media_type: {"schema": ref("schemas", "Health")}},
    }
    paths["/health/ready"] = ready
    return paths


def _collection_paths(
    collection: Collection, audience: Audience, language: Language
) -> Document:
    title = collection.title[language]
    path = f"/collections/{collection.id}"
    asked = _property_parameters(collection, audience, language)
    nearest: Document = {}
    if visible_geometry(collection, audience) is not None:
        nearest[f"{path}/nearest"] = _get(
            collection.id, f"nearest_{collection.id}", f"{title}: nearest to a place",
            [(GEOJSON, nearest_page(ref("schemas", f"{collection.id}_page"))), (HTML, None)],
            parameters=[
                *nearest_parameters(), *refs(NEAREST_SHARED), *refs(RENDERING), *asked
            ],
            faults=("404",),
        )
    return {
        path: _get(
            collection.id, f"describe_{collection.id}", title,
            [(JSON, ref("schemas", "Collection")), (HTML, None)], faults=("404",),
        ),
        **{
            f"{path}/{kind}": _get(
                collection.id, f"{kind}_{collection.id}", f"{title}: {kind}",
                [(SCHEMA, {"type": "object"})], faults=("404",),
                parameters=schema_parameters(collection, audience) if kind == "schema" else (),
            )
            for kind in ("queryables", "sortables", "schema")
        },
        f"{path}/items": _get(
            collection.id, f"items_{collection.id}", f"{title}: items",
            [
                (GEOJSON, ref("schemas", f"{collection.id}_page")),
                (HTML, None),
                *((each, {"type": "string", "format": "binary"}) for each in DOWNLOADS),
            ],
            parameters=[
                *refs(PAGE),
                *refs(FILTER),
                *refs(RENDERING),
                *asked,
            ],
            faults=("404",), headers=("Content-Crs",),
        ),
        **nearest,
        f"{path}/items/{{featureId}}": _get(
            collection.id, f"item_{collection.id}", f"{title}: item",
            [(GEOJSON, ref("schemas", f"{collection.id}_feature")), (HTML, None)],
            parameters=refs(("featureId", *RENDERING)), faults=("404",),
            headers=("Content-Crs",),
        ),
    }


def _get(
    tag: str,
    operation: str,
    summary: str,
    answers: Iterable[tuple[Format, Document | None]],
    *,
    parameters: Iterable[Document] = (),
    formats: bool = True,
    faults: Iterable[str] = (),
    headers: Iterable[str] = (),
) -> Document:
    """An operation; `faults` are those beyond what every negotiated resource can answer."""
    common = ("400", "406") if formats else ()
    answers = tuple(answers)
    shared = [format_parameter(f for f, _ in answers), *refs(("lang",))] if formats else []
    return {
        "get": {
            "tags": [tag],
            "operationId": operation,
            "summary": summary,
            "parameters": [*parameters, *shared],
            "responses": {
                "200": {
                    "description": summary,
                    "headers": {name: ref("headers", name) for name in headers},
                    "content": {
                        format_.media_type: {"schema": schema or {"type": "string"}}
                        for format_, schema in answers
                    },
                },
                **{
                    status: ref("responses", _FAULTS[status])
                    for status in sorted({*common, *faults, "429", "500", "503"})
                },
            },
        }
    }


def _property_parameters(
    collection: Collection, audience: Audience, language: Language
) -> list[Document]:
    queryables = queryables_of(collection, audience)
    return [_property_parameter(field, language) for field in queryables.fields.values()]


def _property_parameter(field: Field, language: Language) -> Document:
    schema = queryable_schema(field, language)
    title, description = schema.pop("title"), schema.pop("description")
    several = field.type in (FieldType.CODES, FieldType.REFERENCES)
    rule = " Items that hold it." if several else " Items whose value equals it."
    return query_parameter(field.name, f"{title}: {description}{rule}", schema)
