"""How well the name and the values of a column fit a field."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.compute as pc
from rapidfuzz import fuzz

from gis_service.model.declarations.synonyms import FIELD_WORDS
from gis_service.model.fields import Codelist, Collection, Field, FieldType, Text
from gis_service.validation.codes import certain_code, value_lists
from gis_service.validation.columns import plain, words_of
from gis_service.validation.faults import Faults
from gis_service.validation.field_values import parsed
from gis_service.validation.texts import as_texts

_SHAPEFILE_LETTERS = 10
"""A Shapefile cuts its columns' names to so many."""
_LEAST_LIKENESS = 0.75
_HALF = 0.5
_PLAIN = set(FieldType) - {FieldType.OBJECT, FieldType.CODES, FieldType.REFERENCE}
"""Types whose values are no objects or lists; a reference may be a part of one."""
_ANY_NUMBER = Field("number", FieldType.NUMBER, Text("", ""), Text("", ""))


@dataclass(frozen=True, slots=True)
class Likeness:
    """A score from 0 to 1, and what it comes from."""

    score: float
    why: str


def name_likeness(column: str, collection: Collection, field: Field) -> Likeness:
    """How well a column's name fits a field's name, titles and synonyms."""
    wanted = words_of(column)
    bare = plain(wanted)
    if not bare:
        return Likeness(0.0, "")
    own = (field.name, field.title.en, field.title.sw)
    if bare in {plain(each) for each in own}:
        return Likeness(1.0, "its name")
    special = FIELD_WORDS.get(f"{collection.id}.{field.name}", ())
    known = (*special, *FIELD_WORDS.get(field.name, ()))
    if bare in {plain(each) for each in special}:
        return Likeness(0.95, "a word for it")
    if bare in {plain(each) for each in known}:
        return Likeness(0.9, "a word for it")
    cut = [each for each in (*own, *known) if plain(each).startswith(bare)]
    if len(column) == _SHAPEFILE_LETTERS and cut:
        return Likeness(0.85, f"{cut[0]!r} cut short")
    return _resembling(wanted, (*own, *known))


def resemblance(text: str, names: Iterable[str]) -> Likeness:
    """How well a text fits the likest of some names."""
    wanted = words_of(text)
    bare = plain(wanted)
    names = tuple(names)
    for name in names:
        if bare and bare == plain(words_of(name)):
            return Likeness(1.0, repr(name))
    return _resembling(wanted, names)


def _resembling(wanted: str, names: Iterable[str]) -> Likeness:
    scored = [(_ratio(wanted, words_of(name)), name) for name in names]
    best, name = max(scored, default=(0.0, ""))
    return Likeness(best * 0.85, f"like {name!r}") if best >= _LEAST_LIKENESS else Likeness(0.0, "")


@lru_cache(maxsize=20_000)
def _ratio(one: str, other: str) -> float:
    """Likeness of words in any order, or of one among others, from 0 to 1."""
    if not one or not other:
        return 0.0
    whole = max(fuzz.ratio(one, other), fuzz.token_sort_ratio(one, other)) / 100
    mine, theirs = set(one.split()), set(other.split())
    if len(other) >= 4 and theirs <= mine:
        return max(whole, 0.85)
    return whole


@dataclass
class Values:
    """
    The values of a column, and how well they fit fields.

    Parameters
    ----------
    series
        Some rows of the column, those without a value left out.
    """

    series: pd.Series[Any]
    _fits: dict[object, float | None] = field(default_factory=dict)

    @property
    def are_distinct(self) -> bool:
        texts, nested = as_texts(self.series)
        return not nested.any() and texts.null_count == 0 and (
            pc.count_distinct(texts).as_py() == len(texts)
        )

    @property
    def differ(self) -> bool:
        texts, _ = as_texts(self.series)
        return bool(pc.count_distinct(texts).as_py() > 1)

    @property
    def named_part(self) -> str:
        """The part of the objects in it that names them; empty where it holds none."""
        first = self.series.iloc[0] if len(self.series) else None
        return "id" if isinstance(first, dict) and "id" in first else ""

    def fit(self, of: Field) -> float | None:
        """Share of the values that a load would take; None when there is none to judge by."""
        if not len(self.series):
            return None
        kind = (of.type, of.codelist.name if of.codelist else None, of.minimum, of.maximum)
        if kind not in self._fits:
            self._fits[kind] = self._share(of)
        return self._fits[kind]

    def _share(self, of: Field) -> float | None:
        _, nested = as_texts(self.series)
        if of.type in _PLAIN and nested.mean() > _HALF:
            return 0.0
        if of.codelist is not None:
            return self._coded(of.codelist)
        if of.type in {FieldType.REFERENCE, FieldType.REFERENCES, FieldType.PERSON}:
            return None
        faults = Faults(self.series.index)
        with faults.guarded(of.name):
            parsed(self.series, of, faults, of.name)
        return 1.0 - float(np.mean(faults.rejected))

    def _coded(self, codelist: Codelist) -> float:
        """Share of the different values that are codes of a list, lists taken apart."""
        lists = value_lists(self.series, Faults(self.series.index), "")
        found = {text for values in lists for text in values or ()}
        known = [text for text in found if certain_code(text, codelist) is not None]
        return len(known) / len(found) if found else 0.0

    def look_like_numbers(self) -> bool:
        """Whether nearly all are numbers, so that they are no names."""
        return (self.fit(_ANY_NUMBER) or 0.0) > 0.9
