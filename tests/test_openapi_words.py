"""The document of operations in both languages."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from openapi_spec_validator import OpenAPIV30SpecValidator

from gis_service.crs import served_crs
from gis_service.model.audience import Audience
from gis_service.model.collections import REGISTRY
from gis_service.model.fields import LANGUAGES, Language
from gis_service.ogc.openapi import openapi
from gis_service.web.pages import words_of

SAME = {"TileJSON"}
"""What is called so in either language."""


def document(audience: Audience, language: Language) -> dict[str, Any]:
    return openapi(
        audience, language, place="Kisii", base="http://127.0.0.1:8000",
        default_limit=10, max_limit=100, crs=served_crs((32736,)),
    )


def summaries(found: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for path, operations in found["paths"].items():
        for method, operation in operations.items():
            yield f"{method} {path}", operation["summary"]


@pytest.mark.parametrize("audience", [Audience.PUBLIC, Audience.ADMIN])
def test_every_operation_has_a_summary_in_kiswahili(audience: Audience) -> None:
    """Title and what is done: neither part is left in English."""
    english = document(audience, "en")
    swahili = dict(summaries(document(audience, "sw")))
    assert list(swahili) == [name for name, _ in summaries(english)]
    for name, summary in summaries(english):
        for one, other in zip(summary.split(": "), swahili[name].split(": "), strict=True):
            assert one != other or one in SAME, f"{name}: {summary}"
    assert document(audience, "en") == english


@pytest.mark.parametrize("audience", [Audience.TECHNICIAN, Audience.ADMIN])
def test_what_staff_are_told_is_valid_openapi(audience: Audience) -> None:
    """The public's document is looked at with the other requirements of the standards."""
    found = document(audience, "sw")
    OpenAPIV30SpecValidator(found).validate()
    assert ("/conflicts" in found["paths"]) == audience.includes(Audience.PLANNER)
    assert {"/field/operations", "/labels", "/wards/{code}/sheet.pdf"} <= set(found["paths"])


def test_groups_have_a_title_on_the_page() -> None:
    tags = {each["name"] for each in document(Audience.ADMIN, "en")["tags"]} - set(REGISTRY)
    for language in LANGUAGES:
        assert {f"tag_{each}" for each in tags} <= words_of(language).keys()


def test_groups_are_described_in_kiswahili() -> None:
    pairs = zip(
        document(Audience.ADMIN, "en")["tags"], document(Audience.ADMIN, "sw")["tags"], strict=True
    )
    for one, other in pairs:
        assert one["name"] == other["name"]
        assert one["description"] != other["description"]
