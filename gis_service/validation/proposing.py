"""
What the rows of a file probably are, and which field each of its columns means.

Every proposal has a score from 0 to 1 and says what speaks for it. Below the
stated scores nothing is proposed: then a person says it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import geopandas as gpd
import pandas as pd

from gis_service.model.collections import REGISTRY
from gis_service.model.declarations.synonyms import CODE_WORDS, COLLECTION_WORDS
from gis_service.model.fields import Codelist, Collection, Field, FieldType, GeometryType
from gis_service.model.inspection import CollectionProposal, FieldProposal, ValueProposal
from gis_service.validation.codes import CERTAIN, propose_code
from gis_service.validation.columns import loadable_fields, plain, words_of
from gis_service.validation.likeness import Likeness, Values, name_likeness, resemblance
from gis_service.validation.texts import as_texts

SURE_FIELD = 0.7
"""A column is proposed as a field from this score."""
SURE_COLLECTION = 0.6
"""A collection is proposed from this score."""
MARGIN = 0.08
"""So much better than the next it must be."""
_LOOKED_AT = 500
_BY_VALUES = 0.72
"""Score of a column whose values are codes of a list, whatever its name."""
_MOST, _HALF = 0.8, 0.5
_OTHERS = 2
_MOST_VALUES = 40
_KINDS = {
    GeometryType.POINT: {"Point", "MultiPoint"},
    GeometryType.LINE_STRING: {"LineString", "MultiLineString"},
    GeometryType.MULTI_POLYGON: {"Polygon", "MultiPolygon"},
}


def propose(
    frame: pd.DataFrame, names: Sequence[str], *, only: str | None = None
) -> tuple[CollectionProposal, ...]:
    """
    The collections that the rows may be, the likeliest first.

    Parameters
    ----------
    frame
        Rows as they were read.
    names
        Names of the layer and of the file.
    only
        Id of the collection that they are; then only their fields are asked.
    """
    columns = {
        str(name): Values(_some(frame[name]))
        for name in frame.columns
        if not isinstance(frame, gpd.GeoDataFrame) or name != frame.geometry.name
    }
    kinds = _kinds(frame)
    wanted = [REGISTRY[only]] if only is not None else list(REGISTRY.values())
    found = []
    for collection in wanted:
        fits = _fits_geometry(collection, kinds)
        if fits is None and only is None:
            continue
        found.append(_proposal(collection, frame, columns, names, shaped=bool(fits)))
    return tuple(sorted(found, key=lambda each: -each.score))


def chosen(proposals: Sequence[CollectionProposal]) -> CollectionProposal | None:
    """The proposal that is sure enough, and clearly better than the next; else None."""
    if not proposals or proposals[0].score < SURE_COLLECTION:
        return None
    if len(proposals) > 1 and proposals[0].score - proposals[1].score < MARGIN:
        return None
    return proposals[0]


def _some(series: pd.Series[Any]) -> pd.Series[Any]:
    """Rows with a value, from all over the column."""
    held = series[series.notna()]
    step = max(1, len(held) // _LOOKED_AT)
    return held.iloc[::step].iloc[:_LOOKED_AT]


def _kinds(frame: pd.DataFrame) -> set[str]:
    if not isinstance(frame, gpd.GeoDataFrame):
        return set()
    return {str(kind) for kind in frame.geometry.geom_type.dropna().unique()}


def _fits_geometry(collection: Collection, kinds: set[str]) -> bool | None:
    """Whether the geometry speaks for the collection; None when it rules it out."""
    if not kinds:
        return False if collection.geometry is None or not collection.geometry_required else None
    if collection.geometry is None:
        return None
    share = kinds & _KINDS[collection.geometry]
    return True if share else None


def _proposal(
    collection: Collection,
    frame: pd.DataFrame,
    columns: Mapping[str, Values],
    names: Sequence[str],
    *,
    shaped: bool,
) -> CollectionProposal:
    fields = loadable_fields(collection)
    mapped = _assigned(collection, fields, columns)
    named = max(
        (_named(name, collection) for name in names),
        key=lambda each: each.score, default=Likeness(0.0, ""),
    )
    given = {each.field for each in mapped}
    constants = _constants(fields, given, names)
    weighed = sum(each.score * _weight(each.field) for each in mapped)
    by_fields = weighed / (weighed + 1.5)
    score = 1 - (1 - 0.8 * by_fields) * (1 - 0.75 * named.score) * (1 - 0.1 * shaped)
    lacking = tuple(
        f.name for f in fields.values()
        if f.required and f.name not in given and f.name not in constants
    )
    why = [f"{len(mapped)} of {len(columns)} columns are fields of it"] if mapped else []
    if named.score:
        why.append(f"the name of the file or layer: {named.why}")
    if shaped and collection.geometry is not None:
        why.append(f"its geometry is {collection.geometry.value}")
    return CollectionProposal(
        collection=collection.id,
        score=round(score, 2),
        why=tuple(why),
        fields=tuple(mapped),
        values=tuple(_values(fields, mapped, frame)),
        constants=constants,
        lacking=lacking,
        make_ids=collection.key not in given and collection.key == "external_id",
    )


def _named(name: str, collection: Collection) -> Likeness:
    words = (
        collection.id, collection.title.en, collection.title.sw,
        *COLLECTION_WORDS.get(collection.id, ()),
    )
    return resemblance(name, words)


def _weight(field: str) -> float:
    """A field that many collections have says little of which one it is."""
    holders = sum(1 for c in REGISTRY.values() if field in loadable_fields(c))
    return 1.0 if holders <= 2 else 2.0 / holders


def _assigned(
    collection: Collection, fields: Mapping[str, Field], columns: Mapping[str, Values]
) -> list[FieldProposal]:
    """At most one field for a column and one column for a field, the best pairs first."""
    scored: dict[str, dict[str, Likeness]] = {
        column: {
            name: found
            for name, field in fields.items()
            if (found := _scored(column, values, collection, field)).score > 0
        }
        for column, values in columns.items()
    }
    pairs = sorted(
        (-each.score, position, column, name)
        for position, (column, found) in enumerate(scored.items())
        for name, each in found.items()
        if each.score >= SURE_FIELD
    )
    taken: dict[str, str] = {}
    for _, _, column, name in pairs:
        if column not in taken and name not in taken.values():
            taken[column] = name
    return [
        FieldProposal(
            column=column,
            part=_part(columns[column], fields[name]),
            field=name,
            score=round(scored[column][name].score, 2),
            why=scored[column][name].why,
            others=tuple(
                (other, round(each.score, 2))
                for other, each in sorted(scored[column].items(), key=lambda i: -i[1].score)
                if other != name
            )[:_OTHERS],
            by_itself=_found_by_itself(column, columns[column], fields[name]),
        )
        for column, name in ((c, taken[c]) for c in columns if c in taken)
    ]


def _part(values: Values, field: Field) -> str:
    """The part of a column's objects that names what is referred to."""
    return values.named_part if field.type is FieldType.REFERENCE else ""


def _found_by_itself(column: str, values: Values, field: Field) -> bool:
    if _part(values, field):
        return False
    return plain(column) in {plain(field.name), plain(field.title.en), plain(field.title.sw)}


def _scored(column: str, values: Values, collection: Collection, field: Field) -> Likeness:
    """Name and values together: values that a load would refuse speak against it."""
    named = name_likeness(column, collection, field)
    if field.name == collection.key:
        if named.score and not values.are_distinct:
            return Likeness(named.score * 0.4, f"{named.why}, but its values are not all different")
        return named
    if field.codelist is not None:
        return _scored_code(named, values, field, field.codelist)
    fit = values.fit(field) if named.score else None
    if not named.score or fit is None:
        return named
    if field.name == "name" and values.look_like_numbers():
        return Likeness(named.score * 0.5, f"{named.why}, but its values are numbers")
    return _fitted(named, fit)


def _scored_code(named: Likeness, values: Values, field: Field, codelist: Codelist) -> Likeness:
    """A column of codes is known by its values too."""
    fit = values.fit(field)
    if fit is None:
        return named
    if fit >= _MOST:
        if named.score:
            return Likeness(min(1.0, named.score + 0.05), f"{named.why}, and its values are codes")
        telling = codelist.closed and values.differ and not values.look_like_numbers()
        return Likeness(_BY_VALUES, "its values are codes of the list") if telling else named
    if not codelist.closed and named.score:
        return Likeness(named.score * (0.75 + 0.25 * fit), named.why)
    return _fitted(named, fit)


def _fitted(named: Likeness, fit: float) -> Likeness:
    if named.score and fit < _HALF:
        return Likeness(named.score * 0.5, f"{named.why}, but {1 - fit:.0%} of its values "
                        "do not fit")
    return Likeness(named.score * (0.7 + 0.3 * fit), named.why)


def _constants(
    fields: Mapping[str, Field], given: set[str], names: Sequence[str]
) -> dict[str, str]:
    """Codes that a layer's name tells of all of its rows: `schools` are all `education`."""
    found = {}
    for field in fields.values():
        if not field.required or field.name in given or field.type is not FieldType.CODE:
            continue
        if field.codelist is not None and (code := _told_by(names, field.codelist)):
            found[field.name] = code
    return found


def _told_by(names: Sequence[str], codelist: Codelist) -> str | None:
    codes = set()
    for name in names:
        said = f" {words_of(name)} "
        for code in codelist:
            spellings = (code.code, code.title.en, *CODE_WORDS.get(codelist.name, {}).get(
                code.code, ()))
            if any(f" {words_of(each)} " in said for each in spellings if words_of(each)):
                codes.add(code.code)
    return codes.pop() if len(codes) == 1 else None


def _values(
    fields: Mapping[str, Field], mapped: Sequence[FieldProposal], frame: pd.DataFrame
) -> list[ValueProposal]:
    """Values of coded columns that are not spelled as their list spells them."""
    found = []
    for each in mapped:
        field = fields[each.field]
        if field.codelist is None or field.type is not FieldType.CODE:
            continue
        texts, _ = as_texts(frame[each.column])
        counted = Counter(text for text in texts.to_pylist() if text is not None)
        for value, rows in counted.most_common(_MOST_VALUES):
            if value in field.codelist:
                continue
            meant = propose_code(value, field.codelist)
            blank = ValueProposal(
                each.field, each.column, value, rows, "", 0.0, "like no code of the list", False
            )
            found.append(blank if meant is None else replace(
                blank, code=meant.code, score=round(meant.score, 2), why=meant.why,
                applied=meant.score >= CERTAIN,
            ))
    return found
