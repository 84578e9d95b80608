"""Citizens' reports in the words of OpenAPI: Open311 GeoReport v2, as JSON and as XML."""

from __future__ import annotations

from gis_service.model.citizen_reports import Kind
from gis_service.ogc.media import JSON, PROBLEM, XML, Format
from gis_service.ogc.openapi_components import Document, ref
from gis_service.ogc.openapi_operations import Content, operation, several, thing
from gis_service.ogc.openapi_parameters import path_parameter, query_parameter

TAG = "Reports"
GROUP = {"name": TAG, "description": "Reports of citizens (Open311 GeoReport v2)"}
_TEXT: Document = {"type": "string"}
_MAYBE: Document = {"type": "string", "nullable": True}
_TIME: Document = {"type": "string", "format": "date-time"}
_SERVICE = thing(
    ("service_code", "service_name"), service_code=_TEXT, service_name=_TEXT, description=_TEXT,
    metadata={"type": "boolean"}, type=_TEXT, keywords=_TEXT, group=_TEXT,
)
_REQUEST = thing(
    ("service_request_id", "status"), service_request_id=_TEXT,
    status={"type": "string", "enum": ["open", "closed"]}, status_notes=_TEXT,
    service_name=_TEXT, service_code=_TEXT, requested_datetime=_TIME, updated_datetime=_TIME,
)
_TAKEN = thing(
    ("service_request_id",), service_request_id=_TEXT, service_notice=_TEXT, account_id=_MAYBE
)
_ERRORS = several(thing(
    ("code", "description"), code={"type": "integer"}, description=_TEXT, known=several(_TEXT)
))
_SENT = thing(
    ("service_code", "description"),
    service_code=_TEXT,
    description=_TEXT,
    lat={"type": "number"},
    long={"type": "number"},
    address_string=_TEXT,
    first_name=_TEXT,
    last_name=_TEXT,
    phone=_TEXT,
    email=_TEXT,
)
_FAULTS = {
    "400": "What was sent is not right; the answer says why.",
    "404": "There is no such kind.",
    "429": "Too many reports came; try again later.",
    "503": "The service cannot answer now; try again later.",
}


def open311_paths() -> Document:
    """The operations, for everybody."""
    paths: Document = {}
    for format_ in (JSON, XML):
        at, end, name = "/open311/v2", f".{format_.name}", format_.title.capitalize()
        paths[f"{at}/services{end}"] = {"get": _told(
            format_, f"getServices{name}", "What can be reported", several(_SERVICE)
        )}
        paths[f"{at}/services/{{code}}{end}"] = {"get": _told(
            format_, f"getService{name}", "One kind of report",
            thing(("service_code",), service_code=_TEXT, attributes=several({"type": "object"})),
            parameters=[path_parameter("code", "Its code.", _TEXT)],
        )}
        paths[f"{at}/requests{end}"] = {
            "get": _told(
                format_, f"getRequests{name}",
                "How reports stand: by number, or the newest that were accepted",
                several(_REQUEST), parameters=_listing(),
            ),
            "post": _told(
                format_, f"sendRequest{name}", "Report a fault", several(_TAKEN), status="201",
                body={"application/x-www-form-urlencoded": _SENT},
            ),
        }
        paths[f"{at}/requests/{{reference}}{end}"] = {"get": _told(
            format_, f"getRequest{name}", "How one report stands", several(_REQUEST),
            parameters=[path_parameter("reference", "Its number of nine digits.", _TEXT)],
        )}
    return paths


def _told(
    format_: Format,
    id_: str,
    summary: str,
    schema: Document,
    *,
    parameters: list[Document] | None = None,
    body: Content | None = None,
    status: str = "200",
) -> Document:
    """An operation whose faults have Open311's own shape, or ours where it has none."""
    jurisdiction = query_parameter(
        "jurisdiction_id", "Taken from clients that name one to every server.", _TEXT
    )
    document = operation(
        TAG, id_, summary, {status: {format_.media_type: _shape(schema, format_)}},
        parameters=[*(parameters or ()), jurisdiction], body=body,
    )
    problem = {"schema": ref("schemas", "Problem")}
    document["responses"].update({
        code: {
            "description": description,
            "content": {
                format_.media_type: {"schema": _shape(_ERRORS, format_)},
                PROBLEM.media_type: problem,
                "text/html": {"schema": _TEXT},
                "text/plain": {"schema": _TEXT},
            },
        }
        for code, description in _FAULTS.items()
    })
    return document


def _shape(schema: Document, format_: Format) -> Document:
    """XML has the same members as elements, which a schema of JSON does not describe."""
    return schema if format_ is JSON else {}


def _listing() -> list[Document]:
    return [
        query_parameter("service_request_id", "Numbers of reports.", several(_TEXT)),
        query_parameter(
            "service_code", "Reports of this kind.",
            {"type": "string", "enum": [each.value for each in Kind]},
        ),
        query_parameter(
            "status", "Reports that stand so.", {"type": "string", "enum": ["open", "closed"]}
        ),
        query_parameter("start_date", "Reports received from then on.", _TIME),
        query_parameter("end_date", "Reports received until then.", _TIME),
    ]
