"""Processes in the words of OGC API - Processes, Part 1: Core (18-062r2)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import orjson

from gis_service import __version__
from gis_service.errors import InvalidInput, InvalidParameter
from gis_service.model.fields import Field, Language
from gis_service.model.processes import GeometryInput, Input, Process
from gis_service.model.processes.words import RESULT
from gis_service.ogc.links import (
    EXECUTE_REL,
    PROCESSES_REL,
    Addresses,
    Link,
    documents,
    with_query,
)
from gis_service.ogc.media import GEOJSON, HTML, JSON, Format
from gis_service.ogc.schemas import SEVERAL, Schema, value_schema

Document = dict[str, Any]

CONFORMANCE: tuple[str, ...] = tuple(
    f"http://www.opengis.net/spec/ogcapi-processes-1/1.0/conf/{name}"
    for name in ("core", "ogc-process-description", "json", "html", "oas30")
)


def processes_links(at: Addresses) -> tuple[Link, ...]:
    """The links by which the landing page leads to the processes."""
    return (
        Link(at.processes, PROCESSES_REL, JSON.media_type, "Processes"),
        Link(with_query(at.processes, [("f", HTML.name)]), PROCESSES_REL, HTML.media_type,
             "Processes"),
    )


def answer_format(process: Process) -> Format:
    """The format in which a process answers programs."""
    return GEOJSON if process.geojson else JSON


def process_list(
    known: Iterable[Process], language: Language, at: Addresses, *, links: Sequence[Link]
) -> Document:
    """The list of processes."""
    return {
        "processes": [
            _summary(each, language)
            | {"links": documents([Link(at.process(each.id), "self", JSON.media_type,
                                        each.title[language])])}
            for each in known
        ],
        "links": documents(links),
    }


def process_description(
    process: Process, language: Language, at: Addresses, *, links: Sequence[Link]
) -> Document:
    """A process with its inputs and its output."""
    return _summary(process, language) | {
        "inputs": {
            each.name: {
                "title": each.field.title[language],
                "description": each.field.description[language],
                "minOccurs": 1 if each.field.required else 0,
                "maxOccurs": 1,
                "schema": input_schema(each),
            }
            for each in process.inputs
        },
        "outputs": {
            RESULT: {
                "title": process.title[language],
                "description": process.description[language],
                "schema": result_schema(process),
            }
        },
        "links": documents(
            (*links, Link(at.execution(process.id), EXECUTE_REL, JSON.media_type, "Execution"))
        ),
    }


def input_schema(given: Input) -> Schema:
    """The schema of an input, in the words of OpenAPI 3.0."""
    field = given.field
    if isinstance(field, GeometryInput):
        return {
            "type": "object",
            "format": "geojson-geometry",
            "required": ["type", "coordinates"],
            "properties": {
                "type": {"type": "string", "enum": list(field.types)},
                "coordinates": {"type": "array", "items": {}},
            },
        }
    # An item may be named by its id, its key or its name.
    schema: Schema = {"type": "string"} if field.references is not None else value_schema(field)
    if field.type in SEVERAL:
        schema = {"type": "array", "items": schema}
    if given.default is not None:
        schema["default"] = given.default
    if field.unit is not None:
        schema["x-ogc-unit"] = field.unit
    return schema


def result_schema(process: Process) -> Schema:
    """The schema of a process's answer."""
    if not process.geojson:
        return {"type": "object", "contentMediaType": JSON.media_type}
    return {
        "type": "object",
        "format": "geojson-feature-collection",
        "contentMediaType": GEOJSON.media_type,
        "required": ["type", "features"],
        "properties": {
            "type": {"type": "string", "enum": ["FeatureCollection"]},
            "features": {"type": "array", "items": {"type": "object"}},
        },
    }


def read_execution(body: Any) -> tuple[Mapping[str, Any], bool]:
    """
    What a request to run a process asks for.

    Returns
    -------
    tuple
        The inputs as given, and whether the answer is wrapped in a document of
        outputs instead of standing by itself.

    Raises
    ------
    InvalidInput
        It is no such request, or asks for what is not offered.
    """
    if not isinstance(body, dict):
        raise InvalidInput('The body must be an object, such as {"inputs": {}}.')
    unknown = set(body) - {"inputs", "outputs", "response", "subscriber"}
    if unknown:
        name = min(unknown)
        raise InvalidParameter(name[:60], "", "known are inputs, outputs and response")
    if body.get("subscriber") is not None:
        raise InvalidParameter("subscriber", "", "answers come at once; nobody is notified")
    inputs = body.get("inputs", {})
    if not isinstance(inputs, dict):
        raise InvalidParameter("inputs", inputs, "it must be an object of values by name")
    response = body.get("response", "raw")
    if response not in ("raw", "document"):
        raise InvalidParameter("response", response, "it must be raw or document")
    _check_outputs(body.get("outputs"))
    return inputs, response == "document"


def _check_outputs(outputs: Any) -> None:
    if outputs is None:
        return
    if not isinstance(outputs, dict) or set(outputs) - {RESULT}:
        raise InvalidParameter("outputs", outputs, f"the only output is {RESULT}")
    wanted = outputs.get(RESULT)
    mode = wanted.get("transmissionMode", "value") if isinstance(wanted, dict) else "value"
    if mode != "value":
        raise InvalidParameter("transmissionMode", mode, "answers are given by value")


def results(process: Process, answer: Document) -> Document:
    """An answer as a document of outputs."""
    return {RESULT: {"value": answer, "mediaType": answer_format(process).media_type}}


def answer_bytes(document: Document, *, indented: bool = False) -> bytes:
    """An answer as JSON; figures of NumPy are numbers as others are."""
    option = orjson.OPT_SERIALIZE_NUMPY
    if indented:
        option |= orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE
    return orjson.dumps(document, option=option)


def _summary(process: Process, language: Language) -> Document:
    return {
        "id": process.id,
        "version": __version__,
        "title": process.title[language],
        "description": process.description[language],
        "jobControlOptions": ["sync-execute"],
        "outputTransmission": ["value"],
    }


def is_plain(field: Field | GeometryInput) -> bool:
    """Whether an input can be given in an address, as text."""
    return isinstance(field, Field)
