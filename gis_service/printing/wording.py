"""The words of printed pages, in the reader's language, from `strings.toml`."""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path

from gis_service.model.fields import LANGUAGES, Language


def phrase(key: str, language: Language, **values: object) -> str:
    """A phrase with its {braces} filled in."""
    text = _phrases()[key][language]
    for name, value in values.items():
        text = text.replace(f"{{{name}}}", str(value))
    return text


def printed(text: str) -> str:
    """A text without what no page can show, such as control characters."""
    return "".join(c if c.isprintable() else " " for c in text)


@cache
def _phrases() -> dict[str, dict[Language, str]]:
    path = Path(__file__).parent / "strings.toml"
    phrases = tomllib.loads(path.read_text(encoding="utf-8"))
    for key, texts in phrases.items():
        if set(texts) != set(LANGUAGES):
            raise ValueError(f"strings.toml: {key} is not in every language")
    return phrases
