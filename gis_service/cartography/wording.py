"""The pages' own words, in the reader's language, from `web/strings.toml`."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from types import MappingProxyType

from gis_service.cartography.assets import WEB
from gis_service.model.fields import LANGUAGES, Language


@cache
def wording(language: Language) -> Mapping[str, str]:
    """Every phrase in one language, by key."""
    return MappingProxyType({key: texts[language] for key, texts in _phrases().items()})


@cache
def _phrases() -> dict[str, dict[Language, str]]:
    phrases = tomllib.loads((WEB / "strings.toml").read_text(encoding="utf-8"))
    for key, texts in phrases.items():
        if set(texts) != set(LANGUAGES):
            raise ValueError(f"strings.toml: {key} is not in every language")
    return phrases
