"""What is made when it is first asked for, once, however many threads ask."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, wraps
from threading import RLock
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")

_LOCK = RLock()
"""One for all: making one table makes those that it names."""


def once(make: Callable[P, T]) -> Callable[P, T]:
    """
    Keep what a function makes of each of its arguments.

    `functools.cache` alone lets two threads make the same table at a time, and
    SQLAlchemy refuses the second.
    """
    kept = cache(make)

    @wraps(make)
    def made(*args: P.args, **options: P.kwargs) -> T:
        with _LOCK:
            return kept(*args, **options)  # type: ignore[arg-type]

    return made
