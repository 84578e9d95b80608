"""What an examination of the service finds."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class State(StrEnum):
    """How something stands: in order, to be looked at, or to be mended now."""

    OK = "ok"
    WARNING = "warning"
    BAD = "bad"

    @property
    def status(self) -> int:
        """Exit status for monitoring."""
        return list(State).index(self)


@dataclass(frozen=True, slots=True)
class Finding:
    """
    One thing that was looked at.

    Parameters
    ----------
    check
        What was looked at, as programs know it.
    words
        Key of the sentence that says what was found; the one that says what to do
        has the same key with `_do`.
    values
        What the sentences name: numbers, and texts that are no language's.
    """

    check: str
    state: State
    words: str
    values: Mapping[str, int | str] = field(default_factory=dict)


def worst(findings: Iterable[Finding]) -> State:
    """The worst state among findings; ok when there is none."""
    return max((each.state for each in findings), key=lambda s: s.status, default=State.OK)
