"""The words of the field's forms: fields, codes and checklists, in one language."""

from __future__ import annotations

from typing import Any

from gis_service.model.audience import Audience, editable_fields, visible_fields
from gis_service.model.checklists import CHECKLISTS, FOUND
from gis_service.model.collections import REGISTRY
from gis_service.model.field_reasons import OUTCOMES
from gis_service.model.fields import Code, Codelist, Field, Language
from gis_service.model.rights import field_rights

COLLECTIONS = (
    "network_nodes", "fibre_links", "structures", "offices", "equipment", "work_log",
    "measurements", "faults", "wards",
)
"""What people meet in the field."""

Document = dict[str, Any]


def field_words(audience: Audience, language: Language) -> Document:
    """All that a form is made of, for one audience in one language."""
    codelists: dict[str, Codelist] = {}
    collections: Document = {}
    for id_ in COLLECTIONS:
        collection = REGISTRY[id_]
        fields = visible_fields(collection, audience)
        codelists |= {f.codelist.name: f.codelist for f in fields if f.codelist is not None}
        fillable = {f.name for f in editable_fields(collection)} - {"visibility"}
        collections[id_] = {
            "title": collection.title[language],
            "may": sorted(field_rights(collection, audience) & {"create", "update"}),
            "label": collection.label,
            "fields": [_field(f, language, writable=f.name in fillable) for f in fields],
        }
    return {
        "language": language,
        "collections": collections,
        "codelists": {
            name: {"closed": each.closed, "codes": _codes(each.codes, language)}
            for name, each in codelists.items()
        },
        "checklists": {kind: _codes(points, language) for kind, points in CHECKLISTS.items()},
        "found": _codes(FOUND.codes, language),
        "outcomes": {str(outcome): title[language] for outcome, title in OUTCOMES.items()},
    }


def _codes(codes: tuple[Code, ...], language: Language) -> list[list[str]]:
    return [[code.code, code.title[language]] for code in codes]


def _field(field: Field, language: Language, *, writable: bool) -> Document:
    told: Document = {
        "name": field.name,
        "title": field.title[language],
        "description": field.description[language],
        "type": field.type.value,
        "unit": field.unit,
        "codelist": None if field.codelist is None else field.codelist.name,
        "references": field.references,
        "minimum": field.minimum,
        "maximum": field.maximum,
    }
    told = {name: value for name, value in told.items() if value is not None}
    return told | {"required": field.required, "writable": writable}
