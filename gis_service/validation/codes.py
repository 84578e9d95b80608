"""
Codes against their lists.

A code is read from its own spelling and its titles. In a file it is also read
from the words that people use for it (`model/declarations/synonyms.py`) and
from what the reader of the file was told; what only resembles a code is
proposed, and applied where somebody said yes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import numpy as np
import orjson
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from rapidfuzz import fuzz

from gis_service.errors import InvalidParameter
from gis_service.model.declarations.synonyms import CODE_WORDS
from gis_service.model.fields import Code, Codelist, Collection, Field
from gis_service.model.reports import Severity
from gis_service.validation.columns import plain, words_of
from gis_service.validation.faults import Faults, Mask
from gis_service.validation.texts import as_texts, lookup, mask, objects

_SHOWN_CODES = 12
CERTAIN = 0.9
"""Score from which a code is read without a yes; a resemblance alone never reaches it."""
LIKELY = 0.7
"""Score from which a code is proposed."""
_WORD = 0.95
_MOST_BY_RESEMBLANCE = 0.89
_AS_A_WORD = 0.8
"""Score of a value that holds a code's word among others: `District Hospital`."""
_NEGATED = {"not", "no", "non", "si", "hapana", "bila", "without"}
_FEWEST_LETTERS, _STEM = 3, 4


@dataclass(frozen=True, slots=True)
class CodeReading:
    """
    How codes are read from a file.

    Parameters
    ----------
    told
        Code by value of the file, by field: what somebody said that they mean.
    words
        Whether the words that people use for a code are read as it.
    accept
        Whether what is only proposed is applied.
    """

    told: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    words: bool = True
    accept: bool = False


STRICT = CodeReading(words=False)
"""Codes by their spelling and titles alone."""


@dataclass(frozen=True, slots=True)
class CodeProposal:
    """What a value probably means; a score of 1 is the code's own spelling or title."""

    value: str
    code: str
    score: float
    why: str



@dataclass(frozen=True, slots=True)
class CodeColumn:
    """Codes as the list spells them, and which spellings were taken for which."""

    array: pa.Array
    notes: tuple[str, ...] = ()


def check_reading(collection: Collection, reading: CodeReading) -> None:
    """
    Whether what was said of codes fits the collection.

    Raises
    ------
    InvalidInput
        A field has no codes, or a closed list has no such code.
    """
    for name, told in reading.told.items():
        field = collection.by_name.get(name)
        if field is None or field.codelist is None:
            coded = [f.name for f in collection.writable_fields if f.codelist is not None]
            raise InvalidParameter(
                "codes", name, f"no field of codes; those with codes are {', '.join(coded)}"
            )
        for code in told.values():
            if field.codelist.closed and code not in field.codelist:
                listed = ", ".join(field.codelist.values())
                raise InvalidParameter(f"codes.{name}", code, f"the codes are {listed}")


def codes(
    series: pd.Series[Any],
    field: Field,
    faults: Faults,
    column: str,
    reading: CodeReading = STRICT,
) -> CodeColumn:
    """A column of one code per row; an open list keeps what it does not know."""
    texts, nested = as_texts(series)
    faults.add(
        nested, column=column, rule="nested-value", message="An object or list; a code is needed.",
    )
    encoded = pc.dictionary_encode(texts)
    known = {text: _meant(text, field, reading) for text in encoded.dictionary.to_pylist()}
    _report(texts, {t for t, c in known.items() if c is None}, field, faults, column, reading)
    meant = pa.array([known[t] or t for t in encoded.dictionary.to_pylist()], pa.string())
    array = meant.take(encoded.indices) if len(meant) else texts
    return CodeColumn(array, _notes(known, column))


def code_lists(
    series: pd.Series[Any],
    field: Field,
    faults: Faults,
    column: str,
    reading: CodeReading = STRICT,
) -> CodeColumn:
    """A column of several codes per row."""
    lists = value_lists(series, faults, column)
    known = {
        text: _meant(text, field, reading)
        for text in {t for values in lists if values for t in values}
    }
    unknown = {t for t, c in known.items() if c is None}
    if unknown:
        first = objects(
            [next((t for t in v or () if t in unknown), None) for v in lists], series.index
        )
        _report(as_texts(first)[0], unknown, field, faults, column, reading)
    meant = [
        None if values is None else list(dict.fromkeys(known[t] or t for t in values))
        for values in lists
    ]
    return CodeColumn(pa.array(meant, pa.list_(pa.string())), _notes(known, column))


def value_lists(series: pd.Series[Any], faults: Faults, column: str) -> list[list[str] | None]:
    """Texts per row, from JSON arrays or joined by semicolons; None where there are none."""
    result: list[list[str] | None] = []
    bad: Mask = np.zeros(len(series), dtype=bool)
    nested: Mask = np.zeros(len(series), dtype=bool)
    values = series.tolist()
    cache: dict[str, list[str] | None] = {}
    for position, value in enumerate(values):
        items: list[str] | None
        if value is None or value is pd.NA:
            items = None
        elif isinstance(value, str):
            if value not in cache:
                cache[value] = _split(value)
            items = cache[value]
            bad[position] = items is None and bool(value.strip())
        else:
            items = _texts(list(value)) if isinstance(value, list | np.ndarray) else None
            nested[position] = items is None and _holds_objects(value)
            bad[position] = items is None and not nested[position]
        result.append(items or None)
    faults.add(
        bad, column=column, rule="not-a-list", values=values,
        message="A list of texts is needed: a JSON array, or values joined by semicolons.",
    )
    faults.add(
        nested, column=column, rule="nested-value", values=values,
        message=f"Objects where texts belong; keep them beside the fields (--map {column}=extra) "
        f"or leave them out (--map {column}=).",
    )
    return result


def _holds_objects(value: Any) -> bool:
    return isinstance(value, dict) or (
        isinstance(value, list) and any(isinstance(item, dict) for item in value)
    )


def _split(text: str) -> list[str] | None:
    if text.lstrip().startswith("["):
        try:
            return _texts(orjson.loads(text))
        except orjson.JSONDecodeError:
            return None
    return [item.strip() for item in text.split(";") if item.strip()]


def _texts(items: Any) -> list[str] | None:
    if not isinstance(items, list) or not all(isinstance(item, str) for item in items):
        return None
    return [item.strip() for item in items if item.strip()]


def _list_of(field: Field) -> Codelist:
    if field.codelist is None:
        raise ValueError(f"{field.name} has no codelist")
    return field.codelist


def _meant(text: str, field: Field, reading: CodeReading) -> str | None:
    """The code that a text means, as far as that is certain or was said; else None."""
    told = reading.told.get(field.name, {})
    if text in told:
        return told[text]
    proposal = propose_code(text, _list_of(field))
    if proposal is None:
        return None
    least = LIKELY if reading.accept else CERTAIN if reading.words else 1.0
    return proposal.code if proposal.score >= least else None


def propose_code(text: str, codelist: Codelist) -> CodeProposal | None:
    """
    The code that a text probably means; None when it resembles none.

    Blanks, case and titles are forgiven. A resemblance scores below `CERTAIN`,
    however close: `unconnected` is nearly `connected`.
    """
    found = certain_code(text, codelist)
    if found is not None:
        return found
    wanted = plain(text)
    if len(wanted) < _FEWEST_LETTERS:
        return None
    spellings = _spellings(codelist)
    near = max((_likeness(wanted, spelling), spelling) for spelling in spellings)
    if near[0] < _AS_A_WORD and not _NEGATED & set(words_of(text).split()):
        said = f" {words_of(text)} "
        held = [s for s, (_, _, each) in spellings.items() if f" {words_of(each)} " in said]
        near = max((near, *((_AS_A_WORD, each) for each in held if len(each) >= _STEM)))
    score = min(near[0], _MOST_BY_RESEMBLANCE)
    if score < LIKELY:
        return None
    code, _, said = spellings[near[1]]
    return CodeProposal(text, code, score, f"like {said!r}")


def certain_code(text: str, codelist: Codelist) -> CodeProposal | None:
    """The code that a text spells, by itself, by a title or by a word for it."""
    if text in codelist:
        return CodeProposal(text, text, 1.0, "the code itself")
    known = _spellings(codelist).get(plain(text))
    if known is None:
        return None
    code, score, _ = known
    return CodeProposal(text, code, score, "its title" if score == 1 else "a word for it")


@lru_cache(maxsize=128)
def _spellings_of(name: str, codes: tuple[Code, ...]) -> Mapping[str, tuple[str, float, str]]:
    """Code, score and spelling by plain spelling; titles win over words."""
    words = CODE_WORDS.get(name, {})
    found: dict[str, tuple[str, float, str]] = {}
    for score, spelled in (
        (1.0, [(c, each) for c in codes for each in (c.code, c.title.en, c.title.sw)]),
        (_WORD, [(c, each) for c in codes for each in words.get(c.code, ())]),
    ):
        for code, each in spelled:
            if plain(each):
                found.setdefault(plain(each), (code.code, score, each))
    return found


def _spellings(codelist: Codelist) -> Mapping[str, tuple[str, float, str]]:
    return _spellings_of(codelist.name, codelist.codes)


def _likeness(one: str, other: str) -> float:
    """From 0 to 1; a text that holds the other as its beginning is likely the same."""
    whole = fuzz.ratio(one, other) / 100
    shorter, longer = sorted((one, other), key=len)
    if len(shorter) >= 4 and longer.startswith(shorter):
        return max(whole, _AS_A_WORD)
    return whole


def _notes(known: dict[str, str | None], column: str) -> tuple[str, ...]:
    return tuple(
        f"{column}: {text!r} was read as {code!r}."
        for text, code in known.items()
        if code is not None and code != text
    )


def _report(  # noqa: PLR0917 - a column's own words first
    texts: pa.Array,
    unknown: set[str],
    field: Field,
    faults: Faults,
    column: str,
    reading: CodeReading,
) -> None:
    if not unknown:
        return
    codelist = _list_of(field)
    advice = {text: _advice(text, codelist, in_file=reading.words) for text in unknown}
    values = lookup(texts)
    faults.add(
        mask(pc.is_in(texts, pa.array(sorted(unknown)))),
        column=column,
        rule="unknown-code" if codelist.closed else "unlisted-code",
        values=values,
        message=lambda position: advice[str(values[position])],
        severity=Severity.ERROR if codelist.closed else Severity.WARNING,
    )


def _advice(text: str, codelist: Codelist, *, in_file: bool) -> str:
    near = propose_code(text, codelist)
    meant = ""
    if near is not None:
        meant = f" Did you mean {near.code!r}? ({near.score:.0%}, {near.why})"
        meant += " Say yes with --accept-codes or in a mapping file." if in_file else ""
    listed = codelist.values()
    shown = ", ".join(listed[:_SHOWN_CODES]) + (" ..." if len(listed) > _SHOWN_CODES else "")
    if codelist.closed:
        return f"{text!r} is not in the list {codelist.name}.{meant} Codes: {shown}."
    return f"{text!r} is not in the list {codelist.name}, which is open: it was kept.{meant}"
