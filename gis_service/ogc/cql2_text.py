"""
CQL2 text (OGC 21-065, annex B) into the shape of CQL2 JSON.

A parser of our own: the package `cql2` takes time that doubles with every open
parenthesis of a faulty filter (3 s for 44 characters), ends the process on
deep ones, and loses whole numbers above 2^53. This one reads every character
once; tests compare the two on what both can read.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from gis_service.model.filters import ARITHMETIC, ARRAYS, COMPARISONS

Tree = Any
"""What CQL2 JSON holds: objects, arrays, texts, numbers and truth values."""

DEEPEST = 64

_TOKEN = re.compile(
    r"""\s*(?:
      (?P<number>(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d{1,4})?)
    | '(?P<text>(?:[^'\\]|''|\\'|\\)*)'
    | "(?P<quoted>[^"]+)"
    | (?P<name>[:_A-Za-z\u00C0-\uFFFD\U00010000-\U000EFFFF]
               [:_.0-9A-Za-z\u00B7\u00C0-\uFFFD\U00010000-\U000EFFFF]*)
    | (?P<sign><>|<=|>=|[-+*/^%=<>(),])
    )""",
    re.VERBOSE | re.ASCII,
)
_BINDING = {
    "or": 1, "and": 2, **dict.fromkeys(COMPARISONS, 4),
    **dict.fromkeys(("like", "between", "in", "is", "not"), 4),
    "+": 5, "-": 5, "*": 6, "/": 6, "%": 6, "div": 6, "^": 7,
}
"""How tightly an operator holds what stands beside it; NOT before a predicate holds 3."""
_NOT, _COMPARISON, _SIGN = 3, 4, 7
_RESERVED = frozenset({"null", *_BINDING})
_LEVELS = {
    "point": 0, "linestring": 1, "multipoint": 1, "polygon": 2, "multilinestring": 2,
    "multipolygon": 3,
}
_TYPES = {
    "point": "Point", "linestring": "LineString", "multipoint": "MultiPoint",
    "polygon": "Polygon", "multilinestring": "MultiLineString", "multipolygon": "MultiPolygon",
}


class FaultyText(Exception):
    """The text breaks the grammar; the message says where and what was expected."""


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    value: str
    place: int

    @property
    def word(self) -> str:
        """A name or sign in small letters; empty for all else."""
        return self.value.lower() if self.kind in ("name", "sign") else ""


def read_text(text: str) -> Tree:
    """
    The filter in the shape of CQL2 JSON; names of operations in small letters.

    Raises
    ------
    FaultyText
        It breaks the grammar, or is nested too deep.
    """
    parser = _Parser(_tokens(text))
    tree = parser.expression(0)
    if parser.now.kind != "end":
        raise parser.fault("an operator or the end")
    return tree


def _tokens(text: str) -> list[_Token]:
    tokens, place, end = [], 0, len(text.rstrip())
    while place < end:
        found = _TOKEN.match(text, place)
        if found is None:
            start = place + len(text[place:]) - len(text[place:].lstrip())
            shown = "a text that does not end" if text[start] in "'\"" else repr(text[start])
            raise FaultyText(f"at character {start + 1} stands {shown}")
        kind = str(found.lastgroup)
        tokens.append(_Token(kind, found[kind], found.start(kind) + 1))
        place = found.end()
    return [*tokens, _Token("end", "", end + 1)]


class _Parser:
    """Precedence climbing: `expression` reads all that binds at least so tightly."""

    def __init__(self, tokens: list[_Token]) -> None:
        self._tokens = tokens
        self._next = 0
        self._depth = 0

    @property
    def now(self) -> _Token:
        return self._tokens[self._next]

    def fault(self, expected: str) -> FaultyText:
        token = self.now
        found = repr(token.value[:40]) if token.kind != "end" else "the end"
        return FaultyText(f"at character {token.place} {expected} was expected, not {found}")

    def expression(self, least: int) -> Tree:
        self._depth += 1
        if self._depth > DEEPEST:
            raise FaultyText(f"it is nested deeper than {DEEPEST} levels")
        left, compared = self._prefix(), False
        while (binding := _BINDING.get(self.now.word, 0)) >= max(least, 1):
            if binding == _COMPARISON:
                if compared:
                    raise self.fault("AND, OR or the end")
                compared = True
                left = self._predicate(left)
            else:
                left = self._operation(left, binding)
        self._depth -= 1
        return left

    def _operation(self, left: Tree, binding: int) -> Tree:
        operator = self._take().word
        # A power binds its right side first: 2^3^2 is 2^9.
        right = self.expression(binding if operator == "^" else binding + 1)
        if operator not in ARITHMETIC and isinstance(left, dict) and left.get("op") == operator:
            return {"op": operator, "args": [*left["args"], right]}
        return {"op": operator, "args": [left, right]}

    def _predicate(self, left: Tree) -> Tree:
        operator = self._take().word
        if operator in COMPARISONS:
            return {"op": operator, "args": [left, self.expression(_COMPARISON + 1)]}
        if operator == "is":
            negated = self._skip("not")
            self._expect("null")
            return _negated({"op": "isNull", "args": [left]}, negated)
        negated = operator == "not"
        if negated:
            operator = self.now.word
            if operator not in ("like", "between", "in"):
                raise self.fault("LIKE, BETWEEN or IN")
            self._take()
        if operator == "like":
            tree = {"op": "like", "args": [left, self.expression(_COMPARISON + 1)]}
        elif operator == "between":
            low = self.expression(_COMPARISON + 1)
            self._expect("and")
            tree = {"op": "between", "args": [left, low, self.expression(_COMPARISON + 1)]}
        else:
            self._expect("(")
            tree = {"op": "in", "args": [left, self._list(")")]}
        return _negated(tree, negated)

    def _prefix(self) -> Tree:
        token = self.now
        if token.kind == "name":
            return self._named(token)
        if token.kind in _LITERALS:
            return _LITERALS[token.kind](self._take().value)
        if self._skip("("):
            values = self._list(")")
            return values[0] if len(values) == 1 else values
        if token.word in ("-", "+"):
            return self._signed()
        raise self.fault("a value")

    def _signed(self) -> Tree:
        negative = self._take().word == "-"
        value = self.expression(_SIGN)
        if not negative:
            return value
        if isinstance(value, int | float) and not isinstance(value, bool):
            return -value
        return {"op": "*", "args": [-1, value]}

    def _named(self, token: _Token) -> Tree:
        word = token.word
        if word in _RESERVED and word != "not":
            raise self.fault("a value")
        self._take()
        if word == "not":
            return {"op": "not", "args": [self.expression(_NOT)]}
        if word in ("true", "false"):
            return word == "true"
        return self._called(word) if self._skip("(") else {"property": token.value}

    def _called(self, word: str) -> Tree:
        """What a name before a parenthesis stands for: a literal or an operation."""
        if word in _LEVELS:
            return {"type": _TYPES[word], "coordinates": self._coordinates(word)}
        args = self._list(")", arrays=word in ARRAYS)
        if word in ("date", "timestamp") and len(args) == 1:
            return {word: args[0]}
        if word in ("interval", "bbox"):
            return {word: args}
        if word == "geometrycollection":
            return {"type": "GeometryCollection", "geometries": args}
        return {"op": word, "args": args}

    def _list(self, closing: str, *, arrays: bool = False) -> list[Tree]:
        """
        Expressions between commas, after an opening parenthesis.

        Parameters
        ----------
        arrays
            Whether parentheses around one of them make an array of it.
        """
        values: list[Tree] = []
        if self._skip(closing):
            return values
        while True:
            if arrays and self._skip("("):
                values.append(self._list(")"))
            else:
                values.append(self.expression(0))
            if self._skip(closing):
                return values
            self._expect(",")

    def _coordinates(self, word: str) -> Tree:
        if word == "multipoint" and self.now.word == "(":
            # Both MULTIPOINT(1 2, 3 4) and MULTIPOINT((1 2), (3 4)) are written.
            return [points[0] for points in self._level(2) if points]
        return self._level(_LEVELS[word])

    def _level(self, level: int) -> Tree:
        if level == 0:
            position = self._position()
            self._expect(")")
            return position
        parts = []
        while True:
            if level > 1:
                self._expect("(")
            parts.append(self._level(level - 1) if level > 1 else self._position())
            if self._skip(")"):
                return parts
            self._expect(",")

    def _position(self) -> list[int | float]:
        numbers: list[int | float] = []
        while self.now.kind == "number" or self.now.word in ("-", "+"):
            sign = -1 if self._skip("-") else 1
            self._skip("+")
            if self.now.kind != "number":
                raise self.fault("a number")
            numbers.append(sign * _number(self._take().value))
        if len(numbers) < 2:
            raise self.fault("a coordinate")
        return numbers

    def _take(self) -> _Token:
        """The token at hand; never asked for at the end."""
        self._next += 1
        return self._tokens[self._next - 1]

    def _skip(self, word: str) -> bool:
        if self.now.word != word:
            return False
        self._take()
        return True

    def _expect(self, word: str) -> None:
        if not self._skip(word):
            raise self.fault(repr(word.upper()))


def _negated(tree: Tree, negated: bool) -> Tree:
    return {"op": "not", "args": [tree]} if negated else tree


def _number(text: str) -> int | float:
    return int(text) if text.isdigit() and len(text) < 300 else float(text)


_LITERALS: dict[str, Callable[[str], Tree]] = {
    "number": _number,
    "text": lambda value: value.replace("''", "'").replace("\\'", "'"),
    "quoted": lambda value: {"property": value},
}
