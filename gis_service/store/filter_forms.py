"""Filters that differ in their values alone have one form, with places for the values."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any, cast

from sqlalchemy import ColumnElement, bindparam
from sqlalchemy.types import TypeEngine

from gis_service.model.filters import (
    ELEMENTS,
    Array,
    Expression,
    Interval,
    Kind,
    Literal,
    Operation,
    Predicate,
    first_moment,
)

_ARRAYS = {element: array for array, element in ELEMENTS.items()}


@dataclass(frozen=True, slots=True)
class Slot:
    """
    The place of a value in a form, where a literal has the value itself.

    Parameters
    ----------
    is_whole
        Whether the value is a whole number, which PostgreSQL compares as such.
    """

    name: str
    is_whole: bool = False

    def bound(self, type_: TypeEngine[Any]) -> ColumnElement[Any]:
        """The place in a statement."""
        return bindparam(self.name, None, type_)


def form_of(predicate: Predicate) -> tuple[Predicate, dict[str, Any]]:
    """
    The form of a filter, and its values by the names of their places.

    Filters of one form are met by the same statement. Lists of texts or ids are one
    value, however long; a date that is compared with times is its first moment.
    """
    former = _Former()
    return cast("Predicate", former.form(predicate)), former.values


class _Former:
    def __init__(self) -> None:
        self.values: dict[str, Any] = {}

    def form(self, node: Expression, *, as_time: bool = False) -> Expression:
        match node:
            case Literal():
                return self._literal(node, as_time=as_time)
            case Array(items, kind):
                return self._array(items, kind)
            case Interval(start, end):
                return Interval(self._end(start), self._end(end))
            case Operation("in"):
                return self._in(node)
            case Operation(name, args, kind):
                timed = name.startswith("t_") or (
                    {arg.kind for arg in args} == {Kind.DATE, Kind.TIMESTAMP}
                )
                return Operation(name, tuple(self.form(a, as_time=timed) for a in args), kind)
        return node

    def _literal(self, node: Literal, *, as_time: bool) -> Literal:
        if as_time and isinstance(node.value, date):
            return self._slot(first_moment(node.value), Kind.TIMESTAMP)
        return self._slot(node.value, node.kind)

    def _array(self, items: tuple[Expression, ...], kind: Kind) -> Expression:
        values = [item.value for item in items if isinstance(item, Literal)]
        if len(values) == len(items):
            return self._slot(values, kind)
        return Array(tuple(self.form(item) for item in items), kind)

    def _end(self, node: Expression | None) -> Expression | None:
        return None if node is None else self.form(node, as_time=True)

    def _in(self, node: Operation) -> Expression:
        value, *values = node.args
        array = _ARRAYS.get(value.kind)
        if array is not None and all(isinstance(each, Literal) for each in values):
            return Operation("in", (self.form(value), self._array(tuple(values), array)))
        pairs = (Operation("=", (value, each)) for each in values)
        return self.form(Operation("or", tuple(pairs)))

    def _slot(self, value: Any, kind: Kind) -> Literal:
        name = f"filter_{len(self.values)}"
        self.values[name] = value
        is_whole = isinstance(value, int) and kind is Kind.NUMBER
        return Literal(cast("Any", Slot(name, is_whole)), kind)
