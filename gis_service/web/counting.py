"""Counting requests: an addition for each, and files by which several processes add up."""

from __future__ import annotations

import os
import time
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson

BUCKETS_S = (0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
"""Upper limits of the classes of duration; one more holds what takes longer."""
METHODS = frozenset({"GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"})


@dataclass(slots=True)
class Durations:
    """How long the requests of one route took: how many in each class, and seconds together."""

    classes: list[int] = field(default_factory=lambda: [0] * (len(BUCKETS_S) + 1))
    seconds: float = 0.0

    def add(self, classes: Iterable[int], seconds: float) -> None:
        """Add the durations of another process."""
        self.classes = [a + b for a, b in zip(self.classes, classes, strict=True)]
        self.seconds += seconds


@dataclass(slots=True)
class Counts:
    """
    Counts of one process, or of several together.

    Parameters
    ----------
    requests
        By method, route and status.
    durations
        By route.
    now
        What is held at this moment, by a name and a label of it.
    """

    requests: dict[tuple[str, str, int], int] = field(default_factory=dict)
    durations: dict[str, Durations] = field(default_factory=dict)
    now: dict[tuple[str, str], float] = field(default_factory=dict)

    def count(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count a request that was answered."""
        key = (method if method in METHODS else "other", route, status)
        self.requests[key] = self.requests.get(key, 0) + 1
        took = self.durations.get(route)
        if took is None:
            took = self.durations[route] = Durations()
        took.classes[bisect_left(BUCKETS_S, seconds)] += 1
        took.seconds += seconds

    def add(self, other: Counts) -> None:
        """Add the counts of another process."""
        for key, number in other.requests.items():
            self.requests[key] = self.requests.get(key, 0) + number
        for route, took in other.durations.items():
            self.durations.setdefault(route, Durations()).add(took.classes, took.seconds)
        for name, value in other.now.items():
            self.now[name] = self.now.get(name, 0) + value


class SharedCounts:
    """
    The counts of all processes of one service: each writes its own file and reads all.

    What a process counted stays when it ends; what it held then does not.
    Other processes' figures are as old as the time between two writings.

    Parameters
    ----------
    folder
        Emptied when the service starts; None when there is one process only.
    """

    def __init__(self, own: Counts, folder: Path | None) -> None:
        self._own = own
        self._folder = folder
        self._name = f"{os.getpid()}-{time.time_ns()}.json"

    def write(self) -> None:
        """Tell the other processes."""
        if self._folder is None:
            return
        draft = self._folder / f"{self._name}.new"
        draft.write_bytes(orjson.dumps(_document(self._own)))
        draft.replace(self._folder / self._name)

    def together(self) -> Counts:
        """The sum of all processes."""
        found = Counts()
        found.add(self._own)
        for other in self._others():
            found.add(other)
        return found

    def _others(self) -> Iterator[Counts]:
        if self._folder is None:
            return
        for file in self._folder.glob("*.json"):
            if file.name == self._name:
                continue
            counts = _counts(orjson.loads(file.read_bytes()))
            if not Path(f"/proc/{file.name.partition('-')[0]}").exists():
                counts.now = {}
            yield counts


def _document(counts: Counts) -> Mapping[str, Any]:
    return {
        "requests": [(*key, number) for key, number in counts.requests.items()],
        "durations": [
            (route, took.classes, took.seconds) for route, took in counts.durations.items()
        ],
        "now": [(*name, value) for name, value in counts.now.items()],
    }


def _counts(document: Mapping[str, Any]) -> Counts:
    return Counts(
        {(method, route, status): n for method, route, status, n in document["requests"]},
        {route: Durations(list(classes), s) for route, classes, s in document["durations"]},
        {(name, label): value for name, label, value in document["now"]},
    )
