"""Numbers and dates as the readers of a language write them."""

from __future__ import annotations

from datetime import date

from babel.dates import format_date
from babel.numbers import format_decimal

from gis_service.model.fields import Language, Text

_SPANS = {
    "d": Text("days", "siku"), "mo": Text("months", "miezi"), "a": Text("years", "miaka"),
}
LOCALES: dict[Language, str] = {"en": "en_KE", "sw": "sw_KE"}


def number(value: float, language: Language, *, decimals: int | None = None) -> str:
    """A number with the separators of the language; `decimals` are shown even where zero."""
    pattern = None if decimals is None else "#,##0" + ("." + "0" * decimals if decimals else "")
    return str(format_decimal(value, format=pattern, locale=LOCALES[language]))


def unit_word(unit: str, language: Language) -> str:
    """A unit as readers know it: a word for spans of time, else its sign."""
    return _SPANS[unit][language] if unit in _SPANS else unit


def measured(text: str, unit: str, language: Language) -> str:
    """A number that is written already, with its unit; Kiswahili says `siku 6`."""
    if unit in _SPANS and language == "sw":
        return f"{unit_word(unit, language)} {text}"
    return text + ("" if unit == "%" else " ") + unit_word(unit, language) if unit else text


def long_date(day: date, language: Language) -> str:
    """A day with its month in words."""
    return str(format_date(day, "long", locale=LOCALES[language]))


def medium_date(day: date, language: Language) -> str:
    """A day with its month cut short."""
    return str(format_date(day, "medium", locale=LOCALES[language]))
