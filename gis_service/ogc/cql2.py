"""
CQL2 filters (OGC 21-065), as text or JSON, into a tree of the registry's fields.

Bytes are counted before anything is read, depth and number of parts while it
is, so that the work grows with the text and never with its nesting.
"""

from __future__ import annotations

from collections.abc import Callable, Set
from datetime import date
from typing import Any

import orjson

from gis_service.errors import InvalidParameter
from gis_service.model.filters import (
    ARITHMETIC,
    ARRAYS,
    COMPARISONS,
    ELEMENTS,
    FOLDINGS,
    INSTANTS,
    LOGIC,
    SPATIAL,
    TEMPORAL,
    TEMPORAL_OF_INTERVALS,
    Array,
    Expression,
    Interval,
    ItemGeometry,
    Kind,
    Literal,
    Operation,
    Predicate,
    Property,
    first_moment,
)
from gis_service.model.functions import FUNCTIONS
from gis_service.model.queries import CRS84, ServedCrs
from gis_service.model.queryables import GEOMETRY, Queryables
from gis_service.ogc.cql2_geometry import FaultyGeometry, Geometries, is_geometry
from gis_service.ogc.cql2_kinds import (
    Faulty,
    alike,
    as_id,
    as_ids,
    instant,
    is_mixed,
    named,
    number_of,
    plain_text,
)
from gis_service.ogc.cql2_text import DEEPEST, FaultyText, read_text

LANGUAGES = ("cql2-text", "cql2-json")
MOST_BYTES = {"cql2-text": 8_192, "cql2-json": 32_768}
MOST_PARTS = 2_000
OPEN_END = ".."

_MIXED_COLLECTIONS = frozenset({"s_intersects", "s_disjoint"})


def parse_filter(
    text: str,
    queryables: Queryables,
    *,
    language: str = LANGUAGES[0],
    crs: ServedCrs = CRS84,
) -> Predicate:
    """
    What a filter asks of an item.

    Parameters
    ----------
    queryables
        What the reader can ask by.
    language
        One of `LANGUAGES`.
    crs
        That of the coordinates in it, which stand in the order of its axes.

    Raises
    ------
    InvalidParameter
        It breaks the grammar, compares what cannot be compared, or is too large.
    UnknownProperty
        It names a property that the reader may not see or that does not exist.
    """
    if len(text.encode()) > MOST_BYTES[language]:
        raise InvalidParameter(
            "filter", text, f"it is longer than {MOST_BYTES[language]:,} bytes"
        )
    reader = _Reader(queryables, crs)
    try:
        tree = read_text(text) if language == "cql2-text" else _read_json(text)
        expression = reader.read(tree)
        reader.check(expression, {Kind.BOOLEAN}, "a filter")
    except (FaultyText, FaultyGeometry, Faulty) as error:
        raise InvalidParameter("filter", text, str(error)) from None
    assert isinstance(expression, Property | Literal | Operation)  # noqa: S101 - by its kind
    return expression


def _read_json(text: str) -> Any:
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        raise Faulty("it is not JSON") from None


class _Reader:
    """Turns CQL2 JSON into a typed tree; one for each filter, since it counts the parts."""

    def __init__(self, queryables: Queryables, crs: ServedCrs) -> None:
        self._queryables = queryables
        self._geometries = Geometries(crs)
        self._parts = 0
        self._depth = 0

    def read(self, tree: Any) -> Expression:
        """The expression that a part of CQL2 JSON stands for."""
        self._parts += 1
        self._depth += 1
        if self._parts > MOST_PARTS:
            raise Faulty(f"it has more than {MOST_PARTS:,} parts")
        if self._depth > DEEPEST:
            raise Faulty(f"it is nested deeper than {DEEPEST} levels")
        expression = self._object(tree) if isinstance(tree, dict) else self._plain(tree)
        self._depth -= 1
        return expression

    def check(self, expression: Expression, kinds: Set[Kind], what: str) -> None:
        """Refuse an expression of another kind."""
        if expression.kind not in kinds:
            wanted = " or ".join(sorted(kinds))
            raise Faulty(f"{what} takes {wanted}, and {named(expression)}")

    def _plain(self, value: Any) -> Expression:
        if isinstance(value, bool):
            return Literal(value, Kind.BOOLEAN)
        if isinstance(value, str):
            return Literal(plain_text(value), Kind.TEXT)
        if isinstance(value, int | float):
            return Literal(number_of(value), Kind.NUMBER)
        if isinstance(value, list):
            return self._array(value)
        raise Faulty("null is compared by IS NULL only")

    def _object(self, tree: dict[str, Any]) -> Expression:
        if is_geometry(tree):
            return self._geometries.read(tree)
        match tree:
            case {"op": str(name), "args": list(args)} if len(tree) == 2:
                return self._operation(name.lower(), args)
            case {"property": str(name)} if len(tree) == 1:
                return self._property(name)
            case {"date": str(text)} if len(tree) == 1:
                return instant(text, {Kind.DATE})
            case {"timestamp": str(text)} if len(tree) == 1:
                return instant(text, {Kind.TIMESTAMP})
            case {"interval": [start, end]} if len(tree) == 1:
                return self._interval(start, end)
        shown = ", ".join(sorted(tree))[:60]
        raise Faulty(f"an object with the members {shown!r} is no part of CQL2")

    def _property(self, name: str) -> Expression:
        if name == GEOMETRY and self._queryables.geometry is not None:
            return ItemGeometry()
        return Property(self._queryables.field(plain_text(name)))

    def _interval(self, start: Any, end: Any) -> Interval:
        ends = [self._end(start), self._end(end)]
        known = [
            first_moment(each.value)
            for each in ends
            if isinstance(each, Literal) and isinstance(each.value, date)
        ]
        if len(known) == 2 and known[0] > known[1]:
            raise Faulty("an interval starts after it ends")
        return Interval(*ends)

    def _end(self, tree: Any) -> Expression | None:
        if tree == OPEN_END:
            return None
        end = instant(tree, INSTANTS) if isinstance(tree, str) else self.read(tree)
        self.check(end, INSTANTS, "an interval")
        return end

    def _array(self, values: list[Any]) -> Array:
        items = [self.read(value) for value in values]
        kinds = {item.kind for item in items} or {Kind.TEXT}
        if kinds == {Kind.TEXT, Kind.ID}:
            items = [as_id(item) for item in items]
            kinds = {Kind.ID}
        for array, element in ELEMENTS.items():
            if kinds == {element}:
                return Array(tuple(items), array)
        raise Faulty("an array holds texts or ids, and only one of the two")

    def _operation(self, name: str, args: list[Any]) -> Expression:
        for names, build in self._builders:
            if name in names:
                return build(self, name, args)
        raise Faulty(
            f"there is no operation {name[:40]!r}; functions are {', '.join(sorted(FUNCTIONS))}"
        )

    def _logic(self, name: str, args: list[Any]) -> Expression:
        if len(args) < 1 or (name == "not" and len(args) > 1):
            raise Faulty(f"{name.upper()} has the wrong number of arguments")
        parts = tuple(self.read(arg) for arg in args)
        for part in parts:
            self.check(part, {Kind.BOOLEAN}, name.upper())
        return Operation(name, parts)

    def _comparison(self, name: str, args: list[Any]) -> Expression:
        return Operation(name, alike(self._read_all(name, args, 2)))

    def _between(self, name: str, args: list[Any]) -> Expression:
        return Operation(name, alike(self._read_all(name, args, 3)))

    def _in(self, name: str, args: list[Any]) -> Expression:
        match args:
            case [value, [_, *_] as values]:
                return Operation(name, alike([self.read(each) for each in (value, *values)]))
        raise Faulty("IN takes a value and a list of at least one")

    def _like(self, name: str, args: list[Any]) -> Expression:
        value, pattern = self._read_all(name, args, 2)
        self.check(value, {Kind.TEXT}, "LIKE")
        inner = pattern
        while isinstance(inner, Operation) and inner.name in FOLDINGS:
            inner = inner.args[0]
        if not isinstance(inner, Literal) or not isinstance(inner.value, str):
            raise Faulty("the pattern of LIKE is a text")
        if (len(inner.value) - len(inner.value.rstrip("\\"))) % 2:
            raise Faulty("a pattern may not end with a single backslash")
        return Operation(name, (value, pattern))

    def _is_null(self, name: str, args: list[Any]) -> Expression:
        (value,) = self._read_all("IS NULL", args, 1)
        if isinstance(value, Interval | Array):
            raise Faulty(f"IS NULL asks for a single value, and {named(value)}")
        return Operation(name, (value,))

    def _folding(self, name: str, args: list[Any]) -> Expression:
        (value,) = self._read_all(name, args, 1)
        self.check(value, {Kind.TEXT}, name.upper())
        return Operation(name, (value,), Kind.TEXT)

    def _spatial(self, name: str, args: list[Any]) -> Expression:
        pair = self._read_all(name, args, 2)
        for part in pair:
            self.check(part, {Kind.GEOMETRY}, name.upper())
            if name not in _MIXED_COLLECTIONS and is_mixed(part):
                raise Faulty(
                    f"{name.upper()} takes no GEOMETRYCOLLECTION of several types; "
                    "ask for its parts"
                )
        return Operation(name, tuple(pair))

    def _temporal(self, name: str, args: list[Any]) -> Expression:
        kinds = {Kind.INTERVAL} if name in TEMPORAL_OF_INTERVALS else {Kind.INTERVAL, *INSTANTS}
        pair = self._read_all(name, args, 2)
        for part in pair:
            self.check(part, kinds, name.upper())
        return Operation(name, tuple(pair))

    def _arrays(self, name: str, args: list[Any]) -> Expression:
        left, right = self._read_all(name, args, 2)
        for part in (left, right):
            self.check(part, set(ELEMENTS), name.upper())
        if left.kind is not right.kind:
            left, right = as_ids(left), as_ids(right)
        return Operation(name, (left, right))

    def _arithmetic(self, name: str, args: list[Any]) -> Expression:
        pair = self._read_all(name, args, 2)
        for part in pair:
            self.check(part, {Kind.NUMBER}, f"the operator {name}")
        return Operation(name, tuple(pair), Kind.NUMBER)

    def _function(self, name: str, args: list[Any]) -> Expression:
        function = FUNCTIONS[name]
        read = self._read_all(name, args, len(function.arguments))
        for argument, value in zip(function.arguments, read, strict=True):
            self.check(value, {argument.kind}, name)
        return Operation(name, tuple(read), function.returns)

    def _read_all(self, name: str, args: list[Any], count: int) -> list[Expression]:
        if len(args) != count:
            raise Faulty(f"{name.upper()} takes {count} arguments, not {len(args)}")
        return [self.read(arg) for arg in args]

    _builders: tuple[
        tuple[frozenset[str], Callable[[_Reader, str, list[Any]], Expression]], ...
    ] = (
        (LOGIC, _logic),
        (COMPARISONS, _comparison),
        (frozenset({"between"}), _between),
        (frozenset({"in"}), _in),
        (frozenset({"like"}), _like),
        (frozenset({"isnull"}), _is_null),
        (FOLDINGS, _folding),
        (SPATIAL, _spatial),
        (TEMPORAL | TEMPORAL_OF_INTERVALS, _temporal),
        (ARRAYS, _arrays),
        (ARITHMETIC, _arithmetic),
        (frozenset(FUNCTIONS), _function),
    )
