"""
What the loader says of a file, in the reader's language.

The loader speaks English, on the command line as in what jobs keep. Pages
recognise its sentences, each with what was found in it, and say them in
Kiswahili; what is not recognised whole stays as it is, marked as English.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from gis_service.model.fields import Language
from gis_service.web.page_words import spoken

_LONGEST = 600
"""Longer messages are not looked at: they list what no sentence foresees."""
_FOUND = "{}"
_END = r"(?=\s|\Z)"


@dataclass(frozen=True, slots=True)
class Said:
    """A message and the language that it is in."""

    text: str
    language: Language


def said_in(message: object, language: Language) -> Said:
    """A message of the loader in a language, or in English where it is not known in that one."""
    whole = str(message)
    if language == "sw" and (translated := in_kiswahili(whole)) is not None:
        return Said(translated, "sw")
    return Said(spoken(whole), "en")


def in_kiswahili(message: str) -> str | None:
    """A message of one sentence or several; None where one of them is not known."""
    told = []
    left = message.strip()
    if len(left) > _LONGEST:
        return None
    while left:
        for pattern, sentence in _patterns():
            if found := pattern.match(left):
                within = (in_kiswahili(each) or each for each in found.groups())
                told.append(sentence.format(None, *within))
                left = left[found.end():].lstrip()
                break
        else:
            return None
    return " ".join(told)


def sentences() -> Mapping[str, str]:
    """Sentences of the code, `{}` for what was found, with the Kiswahili of each."""
    text = (files("gis_service.web") / "loader_sentences.toml").read_text(encoding="utf-8")
    found: dict[str, str] = tomllib.loads(text)
    return found


@cache
def _patterns() -> tuple[tuple[re.Pattern[str], str], ...]:
    """The longest first, so that what is said most exactly is recognised first."""
    known = sorted(sentences().items(), key=lambda each: -len(each[0]))
    return tuple((re.compile(_pattern(english)), swahili) for english, swahili in known)


def _pattern(english: str) -> str:
    """What was found is as short as it can be; at the end of a sentence it is all that follows."""
    if english.endswith(_FOUND):
        return _pattern(english.removesuffix(_FOUND)).removesuffix(_END) + r"(.+)\Z"
    return "(.*?)".join(map(re.escape, english.split(_FOUND))) + _END
