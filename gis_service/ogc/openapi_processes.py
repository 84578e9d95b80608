"""Processes in the words of OpenAPI."""

from __future__ import annotations

from collections.abc import Callable

from gis_service.model.audience import Audience
from gis_service.model.fields import Language
from gis_service.model.processes import Process, visible_processes
from gis_service.model.processes.words import RESULT
from gis_service.ogc.media import HTML, JSON
from gis_service.ogc.openapi_components import Document, ref
from gis_service.ogc.openapi_parameters import query_parameter, refs
from gis_service.ogc.processes import answer_format, input_schema, is_plain, result_schema

TAG = "Processes"
_OBJECT: Document = {"type": "object"}
_FAULTS = {
    "400": "BadRequest",
    "401": "Unauthorized",
    "403": "Forbidden",
    "404": "NotFound",
    "409": "Conflict",
    "413": "BodyTooLarge",
    "415": "UnsupportedMediaType",
    "429": "TooManyRequests",
    "500": "ServerError",
    "503": "Unavailable",
}


def add_processes(
    paths: Document, audience: Audience, language: Language, *, get: Callable[..., Document]
) -> None:
    """
    Add to `paths` the processes that this audience may run.

    Parameters
    ----------
    get
        Makes an operation that reads.
    """
    paths["/processes"] = get(
        TAG, "getProcesses", "Analyses", [(JSON, _OBJECT), (HTML, None)]
    )
    for process in visible_processes(audience):
        path = f"/processes/{process.id}"
        name = process.id.replace("-", "_")
        title = process.title[language]
        paths[path] = get(
            TAG, f"describe_process_{name}", title, [(JSON, _OBJECT), (HTML, None)],
            faults=("404",),
        )
        execution: Document = {"post": _post(process, name, language)}
        if not process.changes:
            execution |= get(
                TAG, f"ask_{name}", title,
                [(answer_format(process), _result(process)), (HTML, None)],
                parameters=[
                    query_parameter(
                        each.name, each.field.description[language], input_schema(each),
                        required=each.field.required,
                    )
                    for each in process.inputs if is_plain(each.field)
                ],
                faults=("404",),
            )
        paths[f"{path}/execution"] = execution


def _post(process: Process, name: str, language: Language) -> Document:
    required = [each.name for each in process.inputs if each.field.required]
    inputs: Document = {
        "type": "object",
        "properties": {each.name: input_schema(each) for each in process.inputs},
        "additionalProperties": False,
        **({"required": required} if required else {}),
    }
    format_ = answer_format(process)
    body: Document = {
        "type": "object",
        "properties": {
            "inputs": inputs,
            "response": {"type": "string", "enum": ["raw", "document"], "default": "raw"},
        },
        "additionalProperties": False,
        **({"required": ["inputs"]} if required else {}),
    }
    wrapped: Document = {"type": "object", "properties": {RESULT: _OBJECT}}
    return {
        "tags": [TAG],
        "operationId": f"execute_{name}",
        "summary": process.title[language],
        "description": process.description[language],
        "parameters": refs(("lang",)),
        "requestBody": {"required": True, "content": {JSON.media_type: {"schema": body}}},
        "responses": {
            "200": {
                "description": process.title[language],
                "content": {
                    format_.media_type: {"schema": _result(process)},
                    JSON.media_type: {
                        "schema": {"anyOf": [wrapped, _result(process)]}
                    },
                },
            },
            **{status: ref("responses", response) for status, response in _FAULTS.items()},
        },
    }


def _result(process: Process) -> Document:
    """The schema of a result without what OpenAPI 3.0 has no word for."""
    return {k: v for k, v in result_schema(process).items() if k != "contentMediaType"}
