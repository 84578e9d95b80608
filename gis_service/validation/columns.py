"""Which column of a file is which field of a collection."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from gis_service.errors import InvalidInput, InvalidParameter
from gis_service.model.audience import EXTERNAL_ID
from gis_service.model.collections import SYSTEM_FIELDS
from gis_service.model.fields import Collection, Field
from gis_service.model.reports import REASONS

POSITIONS = ("longitude", "latitude", "geometry")
"""Targets of a mapping that the reader uses to make geometry."""
KEPT = "extra"
"""Target of a mapping that keeps a column as it is, beside the fields."""


_EXPORTED = frozenset({"id", "version", "updated_at"})
"""Columns that together tell an export of this service's own."""
_SHORT = 10
"""Letters that a Shapefile keeps of a column's name."""


@dataclass(frozen=True, slots=True)
class Source:
    """A column, and the way to a part of the objects in it (`start.id`)."""

    column: str
    path: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        return ".".join((self.column, *self.path))


@dataclass(frozen=True, slots=True)
class ColumnPlan:
    """
    Where each field's values come from.

    Parameters
    ----------
    sources
        Column by field name.
    constants
        The same value for all rows, by field name.
    unmapped
        Columns that are no field; they are kept as `extra`.
    kept
        All columns that go to `extra`: the unmapped ones, and those of which
        only a part was a field.
    refilled
        Columns of an export of this service that it fills itself; left out.
    """

    sources: Mapping[str, Source]
    constants: Mapping[str, str]
    unmapped: tuple[str, ...]
    kept: tuple[str, ...]
    refilled: tuple[str, ...] = ()

    def has(self, field: str) -> bool:
        return field in self.sources or field in self.constants

    def name_of(self, field: str) -> str:
        """The column as the file names it."""
        return self.sources[field].name if field in self.sources else field


def loadable_fields(collection: Collection) -> dict[str, Field]:
    """Every field that a file may fill, by name: the key, the writable ones, visibility."""
    fields = (EXTERNAL_ID,) if collection.key == EXTERNAL_ID.name else ()
    visibility = next(f for f in SYSTEM_FIELDS if f.name == "visibility")
    return {f.name: f for f in (*fields, *collection.writable_fields, visibility)}


def plan_columns(
    columns: Iterable[str],
    collection: Collection,
    *,
    mapping: Mapping[str, str],
    constants: Mapping[str, str],
) -> ColumnPlan:
    """
    Find each field's column: by `mapping`, then by its name, then by its title.

    Parameters
    ----------
    mapping
        Field by column; an empty field name leaves the column out, `extra`
        keeps it as it is.

    Raises
    ------
    InvalidInput
        The mapping names what is not there, or two columns fit one field.
    """
    names = list(columns)
    fields = loadable_fields(collection)
    for field in constants:
        _must_be_field("set", field, fields)
    sources, left_out, kept = _asked(names, fields, mapping)
    left_out |= {name for name in names if name in REASONS}
    refilled = tuple(n for n in _refilled(names, collection, fields) if n not in mapping)
    left_out |= set(refilled)
    taken = {s.column for s in sources.values()} | left_out | set(kept)
    for name, column in _by_name(
        [n for n in names if n not in taken],
        [f for f in fields.values() if f.name not in sources],
    ).items():
        sources[name] = Source(column)
    for field in constants:
        if field in sources:
            raise InvalidInput(
                f"--set {field} gives a value that the file's column {sources[field].name!r} "
                f"gives too. Leave that column out with --map {sources[field].name}= first."
            )
    whole = {s.column for s in sources.values() if not s.path}
    parts = {s.column for s in sources.values() if s.path}
    unmapped = tuple(n for n in names if n not in whole | parts | left_out)
    return ColumnPlan(
        sources=sources,
        constants=dict(constants),
        unmapped=unmapped,
        kept=tuple(n for n in names if n not in whole and n not in left_out),
        refilled=refilled,
    )


def _refilled(
    names: list[str], collection: Collection, fields: Mapping[str, Field]
) -> tuple[str, ...]:
    """What the service fills itself, in a file that is an export of its own."""
    if not set(names) >= _EXPORTED:
        return ()
    ours = {*_EXPORTED, "network", *collection.by_name} - set(fields)
    return tuple(n for n in names if n in ours | {name[:_SHORT] for name in ours})


def plain(text: str) -> str:
    """Without case, blanks, underscores and punctuation."""
    return "".join(c for c in text.casefold() if c.isalnum())


def words_of(text: str) -> str:
    """Small words without accents: `siteName_2` is `site name 2`."""
    parted = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", text)
    letters = unicodedata.normalize("NFKD", parted).encode("ascii", "ignore").decode()
    return " ".join(re.findall(r"[a-z]+|\d+", letters.lower()))


def _asked(
    names: list[str], fields: Mapping[str, Field], mapping: Mapping[str, str]
) -> tuple[dict[str, Source], set[str], list[str]]:
    sources: dict[str, Source] = {}
    left_out: set[str] = set()
    kept: list[str] = []
    for theirs, ours in mapping.items():
        if ours in POSITIONS:
            continue
        source = _source(theirs, names)
        if not ours:
            left_out.add(source.column)
        elif ours == KEPT:
            kept.append(source.column)
        else:
            _must_be_field("map", ours, fields)
            if ours in sources:
                raise InvalidInput(
                    f"--map gives {ours} two columns: {sources[ours].name!r} and {theirs!r}."
                )
            sources[ours] = source
    return sources, left_out, kept


def _source(theirs: str, names: list[str]) -> Source:
    if theirs in names:
        return Source(theirs)
    column, *path = theirs.split(".")
    if path and column in names:
        return Source(column, tuple(path))
    listed = ", ".join(names) or "none"
    raise InvalidInput(f"--map: the file has no column {theirs!r}. Columns: {listed}.")


def _must_be_field(option: str, name: str, fields: Mapping[str, Field]) -> None:
    if name not in fields:
        raise InvalidParameter(
            option, name, f"there is no such field; the fields are {', '.join(fields)}"
        )


def _by_name(names: list[str], fields: list[Field]) -> dict[str, str]:
    found: dict[str, str] = {}
    free = list(names)
    short = _by_short_name(fields)
    for match in (
        lambda name, field: name == field.name,
        lambda name, field: plain(name) == plain(field.name),
        lambda name, field: plain(name) in {plain(field.title.en), plain(field.title.sw)},
        lambda name, field: len(name) == _SHORT and short.get(name.lower()) is field,
    ):
        for field in fields:
            if field.name in found:
                continue
            fitting = [name for name in free if match(name, field)]
            if len(fitting) > 1:
                raise InvalidInput(
                    f"Several columns could be {field.name}: {', '.join(fitting)}. "
                    f"Choose one with --map COLUMN={field.name}, leave one out with --map COLUMN=."
                )
            if fitting:
                found[field.name] = fitting[0]
                free.remove(fitting[0])
    return found


def _by_short_name(fields: list[Field]) -> dict[str, Field]:
    """Fields by what a Shapefile keeps of their names, where no two keep the same."""
    begins = [field.name[:_SHORT] for field in fields]
    return {
        begin: field
        for begin, field in zip(begins, fields, strict=True)
        if begins.count(begin) == 1
    }
