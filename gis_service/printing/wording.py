"""The words of printed pages, in the reader's language, from the files of `STRINGS`."""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path

from gis_service.model.fields import LANGUAGES, Language
from gis_service.model.locales import number

STRINGS = ("strings.toml", "load_strings.toml")


def phrase(key: str, language: Language, **values: object) -> str:
    """A phrase with its {braces} filled in."""
    text = _phrases()[key][language]
    for name, value in values.items():
        text = text.replace(f"{{{name}}}", str(value))
    return text


def money(amount: float, language: Language) -> str:
    """About how much it is, as people say it: millions with a decimal, or round thousands."""
    if amount >= 1_000_000:
        return phrase("million", language, n=number(round(amount / 1e6, 1), language))
    return number(round(amount, -3) if amount >= 10_000 else amount, language, decimals=0)


def printed(text: str) -> str:
    """A text without what no page can show, such as control characters."""
    return "".join(c if c.isprintable() else " " for c in text)


@cache
def _phrases() -> dict[str, dict[Language, str]]:
    phrases: dict[str, dict[Language, str]] = {}
    for name in STRINGS:
        path = Path(__file__).parent / name
        phrases |= tomllib.loads(path.read_text(encoding="utf-8"))
    for key, texts in phrases.items():
        if set(texts) != set(LANGUAGES):
            raise ValueError(f"{key} is not in every language")
    return phrases
