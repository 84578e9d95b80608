"""Loading files in the words of OpenAPI; for who may load."""

from __future__ import annotations

from gis_service.model.audience import Audience
from gis_service.model.jobs import JobState
from gis_service.model.parts import Heights, Parts
from gis_service.model.rights import loads
from gis_service.model.uploads import COUNTED, RowOutcome, UploadState
from gis_service.ogc.media import CSV, GEOJSON, GEOPACKAGE, HTML, JSON
from gis_service.ogc.openapi_components import Document
from gis_service.ogc.openapi_operations import as_json, operation, several, thing
from gis_service.ogc.openapi_parameters import format_parameter, path_parameter, query_parameter

TAG = "Loads"
GROUP = {"name": TAG, "description": "Loading files: look, try, confirm, undo"}
_ANY: Document = {"type": "object"}
_TEXT: Document = {"type": "string"}
_MAYBE: Document = {"type": "string", "nullable": True}
_COUNT: Document = {"type": "integer", "minimum": 0}
_UUID: Document = {"type": "string", "format": "uuid"}
_BINARY: Document = {"type": "string", "format": "binary"}
_TEXTS: Document = {"type": "object", "additionalProperties": _TEXT}
_JOB = thing(
    ("id", "state"),
    id=_UUID, kind=_TEXT, state={"type": "string", "enum": [each.value for each in JobState]},
    done=_COUNT, total={**_COUNT, "nullable": True}, message=_MAYBE,
)
_UPLOAD = thing(
    ("id", "source", "state", "job"),
    id=_UUID, source=_TEXT, bytes=_COUNT, sha256=_TEXT,
    state={"type": "string", "enum": [each.value for each in UploadState]},
    mine={"type": "boolean"}, job=_JOB,
    load={**_UUID, "nullable": True, "description": "The load that it became or becomes."},
    inspection={**_ANY, "nullable": True, "description": "What was found in the file."},
    trial={
        **thing(id=_UUID, choice=_ANY, report={**_ANY, "nullable": True}), "nullable": True,
        "description": "How the file was tried last, and what would become of its rows.",
    },
    report={**_ANY, "nullable": True},
)
_LOAD = thing(
    ("id", "source", "collection", "counts"),
    id=_UUID, source=_TEXT, collection=_TEXT, network=_MAYBE,
    counts=thing(**dict.fromkeys(COUNTED.values(), _COUNT)),
    loaded_at={"type": "string", "format": "date-time"}, undone={"type": "boolean"},
    undoes=_MAYBE,
)
_LOOK: Document = {
    **thing(
        layer=_TEXT, collection=_TEXT, network=_TEXT, crs=_TEXT, encoding=_TEXT
    ),
    "additionalProperties": False,
}
_CHOICE: Document = {
    **thing(
        collection=_TEXT, network=_MAYBE, layer=_MAYBE, crs=_MAYBE, encoding=_MAYBE,
        make_ids={"type": "boolean"}, accept_codes={"type": "boolean"},
        columns={**_TEXTS, "description": "Field by column; an empty one leaves it out."},
        constants={**_TEXTS, "description": "One value for all rows, by field."},
        codes={"type": "object", "additionalProperties": _TEXTS,
               "description": "Code by value of the file, by field."},
        multi={"type": "string", "enum": [each.value for each in Parts]},
        heights={"type": "string", "enum": [each.value for each in Heights]},
        snap_m={"type": "number", "minimum": 0},
        create_nodes={"type": "boolean"},
        sync={"type": "boolean", "description": "Mark what the file lacks as decommissioned."},
        version=_MAYBE, read_only={"type": "boolean", "nullable": True},
    ),
    "additionalProperties": False,
    "description": "The keys of a saved mapping and how to load; of a package of OFDS only "
    "network, version, read_only and sync.",
}
_YES: Document = {
    **thing(
        ("trial",),
        trial={**_UUID, "description": "The trial whose outcome was seen."},
        decommission={**_COUNT, "description": "How many items may be marked decommissioned."},
    ),
    "additionalProperties": False,
}
_REFUSED = ("401", "404")


def load_paths(audience: Audience) -> Document:
    """The operations of loading that an audience may use; most audiences none."""
    if not loads(audience):
        return {}
    id_ = [path_parameter("id", "Id of the upload, or of the load.", _UUID)]
    paths: Document = {
        "/loads": {
            "get": operation(
                TAG, "getLoads", "Uploaded files and loads",
                {"200": {
                    **as_json(thing(
                        ("uploads", "loads"), uploads=several(_UPLOAD), loads=several(_LOAD)
                    )),
                    HTML.media_type: _TEXT,
                }},
                parameters=[format_parameter((JSON, HTML))], faults=("401", "406"),
            ),
            "post": operation(
                TAG, "sendFiles", "Send files to be loaded",
                {"201": as_json(thing(("loads",), loads=several(_UPLOAD)))},
                body={"multipart/form-data": thing(("file",), file=several(_BINARY))},
                faults=("401",),
            ),
        },
        "/loads/{id}": {"get": operation(
            TAG, "getLoad", "How a file or a load stands",
            {"200": {**as_json(_UPLOAD), HTML.media_type: _TEXT}},
            parameters=[
                *id_, format_parameter((JSON, HTML)),
                query_parameter(
                    "outcome", "On the page, only rows of this outcome.",
                    {"type": "string", "enum": [each.value for each in RowOutcome]},
                ),
                query_parameter("page", "Page of the rows.", {"type": "integer", "minimum": 1}),
            ],
            faults=(*_REFUSED, "406"),
        )},
    }
    for name, id_of, summary, body in (
        ("look", "lookAtFile", "Look at a file again", _LOOK),
        ("trial", "tryLoad", "Try a load; nothing is changed", _CHOICE),
        ("confirm", "confirmLoad", "Load a file as it was tried", _YES),
    ):
        paths[f"/loads/{{id}}/{name}"] = {"post": operation(
            TAG, id_of, summary, {"202": as_json(_UPLOAD)}, parameters=id_, body=as_json(body),
            faults=(*_REFUSED, "409"),
        )}
    for name, id_of, summary in (
        ("again", "tryLoadAgain", "Try a load once more"),
        ("cancel", "cancelLoad", "End what is being done with a file"),
        ("discard", "discardFile", "Take a file away"),
        ("undo", "undoLoad", "Undo a load"),
    ):
        paths[f"/loads/{{id}}/{name}"] = {"post": operation(
            TAG, id_of, summary, {"202": as_json(_ANY)}, parameters=id_,
            faults=(*_REFUSED, "409"),
        )}
    paths["/loads/{id}/mapping"] = {"post": operation(
        TAG, "useMapping", "Look at a file again as a saved mapping says",
        {"202": as_json(_UPLOAD)}, parameters=id_,
        body={"multipart/form-data": thing(("file",), file=_BINARY)}, faults=(*_REFUSED, "409"),
    )}
    paths["/loads/{id}/mapping.toml"] = {"post": operation(
        TAG, "saveMapping", "A mapping as a file", {"200": {"application/toml": _TEXT}},
        parameters=id_, body=as_json(_CHOICE), faults=_REFUSED,
    )}
    for name, id_of, summary, type_ in (
        ("report.html", "getReportPage", "The report of a load as a page", HTML.media_type),
        ("report.json", "getReport", "The report of a load", JSON.media_type),
        ("report.csv", "getFaults", "The faults of a load as a table", CSV.media_type),
        ("rejected.gpkg", "getRejected", "Rows that were refused, to be corrected",
         GEOPACKAGE.media_type),
        ("rows.geojson", "getRows", "Rows on the map by outcome", GEOJSON.media_type),
    ):
        schema = _ANY if "json" in type_ else _TEXT if type_ != GEOPACKAGE.media_type else _BINARY
        paths[f"/loads/{{id}}/{name}"] = {"get": operation(
            TAG, id_of, summary, {"200": {type_: schema}}, parameters=id_, faults=_REFUSED,
        )}
    return paths
