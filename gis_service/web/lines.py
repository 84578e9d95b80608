"""Who waits for what: a line for each kind of question, of those with a key and of the others."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from starlette.routing import BaseRoute, Mount, Route
from starlette.types import Scope

_KNOWN = (b"authorization", b"x-api-key", b"cookie")
_ELSEWHERE = ""


@dataclass(frozen=True, slots=True)
class Waiter:
    """A request that waits since a moment, and is told whether it is let in."""

    since: float
    let_in: asyncio.Future[bool]

    def answer(self, is_let_in: bool) -> bool:
        """Tell it; False when it has been told before or is gone."""
        if self.let_in.done():
            return False
        self.let_in.set_result(is_let_in)
        return True


@dataclass(slots=True)
class Line:
    """
    Requests of one kind.

    Parameters
    ----------
    is_known
        Whether they show a key or a session.
    emptied
        When somebody came here last who found nobody waiting.
    taken
        How many are worked at.
    """

    is_known: bool
    emptied: float
    taken: int = 0
    waiting: deque[Waiter] = field(default_factory=deque)


class Kinds:
    """
    Tells the kind of a request, by what of its address does not name a thing.

    Items, tiles and processes are kinds, whatever the collection or process; what is
    filtered is a kind of its own. Addresses where there is nothing are one kind, so that
    nobody makes himself kinds.
    """

    def __init__(self, routes: Iterable[BaseRoute] = ()) -> None:
        self._kinds = {
            _kind(each.path) for each in routes if isinstance(each, Route | Mount)
        }

    def __iter__(self) -> Iterator[str]:
        return iter(self._kinds)

    def of(self, scope: Scope) -> tuple[bool, str]:
        """Whether a key or a session is shown, and the kind."""
        kind = _kind(scope["path"])
        if kind not in self._kinds:
            kind = _ELSEWHERE
        if b"filter=" in scope["query_string"]:
            kind += " filtered"
        return any(name in _KNOWN for name, _ in scope["headers"]), kind


def _kind(path: str) -> str:
    """The first and the third part: `collections/items`, `processes/execution`."""
    parts = path.split("/", 4)
    return parts[1] if len(parts) < 4 else f"{parts[1]}/{parts[3]}"
