"""The doctor's sentences, from `strings.toml`."""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path

from gis_service.model.fields import LANGUAGES, Language
from gis_service.model.findings import Finding, State
from gis_service.model.locales import number


def found(finding: Finding, language: Language) -> str:
    """What was found, as a sentence."""
    return _sentence(finding.words, finding, language)


def to_do(finding: Finding, language: Language) -> str | None:
    """What to do about it; None when it is in order."""
    if finding.state is State.OK:
        return None
    return _sentence(f"{finding.words}_do", finding, language)


def phrase(key: str, language: Language) -> str:
    """Other words of the same file."""
    return phrases()[key][language]


@cache
def phrases() -> dict[str, dict[Language, str]]:
    """Every sentence by its key, in every language."""
    path = Path(__file__).with_name("strings.toml")
    read: dict[str, dict[Language, str]] = tomllib.loads(path.read_text(encoding="utf-8"))
    for key, texts in read.items():
        if set(texts) != set(LANGUAGES):
            raise ValueError(f"{key} is not in every language")
    return read


def _sentence(key: str, finding: Finding, language: Language) -> str:
    text = phrases()[key][language]
    for name, value in finding.values.items():
        told = number(value, language) if isinstance(value, int) else value
        text = text.replace(f"{{{name}}}", told)
    return text
