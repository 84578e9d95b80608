"""Operations of the OpenAPI document that follow no standard's pattern."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from gis_service.ogc.media import JSON
from gis_service.ogc.openapi_components import Document
from gis_service.ogc.openapi_edits import refusals
from gis_service.ogc.openapi_parameters import refs

Content = Mapping[str, Document]
"""Schemas by media type."""


def operation(
    tag: str,
    id_: str,
    summary: str,
    answers: Mapping[str, Content],
    *,
    parameters: Iterable[Document] = (),
    body: Content | None = None,
    faults: Iterable[str] = (),
) -> Document:
    """
    An operation that takes the parameter `lang` and answers in one way.

    Parameters
    ----------
    answers
        By status.
    faults
        Statuses of refusals, beyond those that every operation knows.
    """
    document: Document = {
        "tags": [tag],
        "operationId": id_,
        "summary": summary,
        "parameters": [*parameters, *refs(("lang",))],
        "responses": {
            **refusals(("400", "429", "500", "503", *faults)),
            **{
                status: {
                    "description": summary,
                    **({"content": _contents(content)} if content else {}),
                }
                for status, content in answers.items()
            },
        },
    }
    if body is not None:
        document["requestBody"] = {"required": True, "content": _contents(body)}
        document["responses"].update(refusals(("413", "415")))
    return document


def as_json(schema: Document) -> Content:
    """JSON of a schema."""
    return {JSON.media_type: schema}


def thing(required: Iterable[str] = (), **properties: Document) -> Document:
    """The schema of an object."""
    needed = list(required)
    return {
        "type": "object", "properties": properties, **({"required": needed} if needed else {})
    }


def several(items: Document, *, most: int | None = None) -> Document:
    """The schema of a list."""
    return {"type": "array", "items": items, **({} if most is None else {"maxItems": most})}


def _contents(content: Content) -> Document:
    return {type_: {"schema": schema} for type_, schema in content.items()}
