"""The pages' own words, in the reader's language, from `web/strings.toml` and beside it."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from types import MappingProxyType

from gis_service.cartography.assets import WEB
from gis_service.model.fields import LANGUAGES, Language

FILES = (
    "strings.toml", "desk_strings.toml", "checks_strings.toml", "tool_strings.toml",
    "public_strings.toml",
)


@cache
def wording(language: Language) -> Mapping[str, str]:
    """Every phrase in one language, by key."""
    return MappingProxyType({key: texts[language] for key, texts in _phrases().items()})


@cache
def _phrases() -> dict[str, dict[Language, str]]:
    phrases: dict[str, dict[Language, str]] = {}
    for name in FILES:
        phrases |= tomllib.loads((WEB / name).read_text(encoding="utf-8"))
    for key, texts in phrases.items():
        if set(texts) != set(LANGUAGES):
            raise ValueError(f"the phrase {key} is not in every language")
    return phrases
