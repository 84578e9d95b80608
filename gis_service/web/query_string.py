"""A request's query string, decoded strictly."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import unquote_to_bytes

from gis_service.errors import InvalidInput, InvalidParameter

MOST_PAIRS = 100
LAST_WINS = frozenset({"limit"})
"""Clients that follow a `next` link add these to an address that has them already."""


_NOT_PLAIN = re.compile("[\x00-\x1f\x7f\ud800-\udfff\ufffd]")


class UnknownParameter(InvalidInput):
    """The resource has no parameter of that name (for this reader)."""

    def __init__(self, name: str, *, known: Iterable[str]) -> None:
        self.name = name
        self.known = tuple(sorted(known))
        shown = name if len(name) <= 60 else name[:57] + "..."
        super().__init__(
            f"There is no parameter {shown!r} here. Known: {', '.join(self.known)}."
        )


@dataclass(frozen=True, slots=True)
class Parameters:
    """
    Names and values in the order of the query string.

    A parameter may be repeated with the same value; of those in `LAST_WINS`
    the last one counts.
    """

    pairs: tuple[tuple[str, str], ...] = ()

    def get(self, name: str) -> str | None:
        """The value of `name`, or None when it is not given."""
        values = [value for key, value in self.pairs if key == name]
        if not values:
            return None
        if len(set(values)) > 1 and name not in LAST_WINS:
            raise InvalidParameter(name, values[-1], "it is given twice with different values")
        return values[-1]

    def names(self) -> tuple[str, ...]:
        """Every name once, in the order of its first use."""
        return tuple(dict.fromkeys(name for name, _ in self.pairs))

    def only(self, known: Iterable[str]) -> None:
        """Refuse names that are not `known`."""
        allowed = frozenset(known)
        for name in self.names():
            if name not in allowed:
                raise UnknownParameter(name, known=allowed)

    def once(self) -> tuple[tuple[str, str], ...]:
        """Each parameter once, with the value that counts."""
        return tuple((name, self.get(name) or "") for name in self.names())


def read_parameters(query: bytes) -> Parameters:
    """
    Decode a query string.

    Raises
    ------
    InvalidInput
        It is not UTF-8, holds control characters, or has too many parameters.
    """
    if not query:
        return Parameters()
    pieces = [piece for piece in query.split(b"&") if piece]
    if len(pieces) > MOST_PAIRS:
        raise InvalidInput(f"The address has more than {MOST_PAIRS} parameters.")
    pairs = []
    for piece in pieces:
        name, _, value = piece.partition(b"=")
        pairs.append((_decoded(name), _decoded(value)))
    return Parameters(tuple(pairs))


def is_plain(text: str) -> bool:
    """Whether text is free of control characters, lone surrogates and bytes that were no text."""
    return _NOT_PLAIN.search(text) is None


def _decoded(raw: bytes) -> str:
    try:
        text = unquote_to_bytes(raw.replace(b"+", b" ")).decode("utf-8")
    except UnicodeDecodeError:
        raise InvalidInput("The address holds bytes that are not UTF-8 text.") from None
    if not is_plain(text):
        raise InvalidInput("The address holds control characters.")
    return text
