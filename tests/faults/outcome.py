"""What a fault did: the figures of a run, and the table of them."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

import orjson


@dataclass
class Outcome:
    """
    One fault, or one negative control, over all its rounds.

    Parameters
    ----------
    must_see
        A negative control: it is good when a violation with these words was found.
    ready_s
        Seconds until ready again, of each round.
    violations
        What the plan forbids and was seen, in words.
    not_run
        Why it was not run; such a fault never counts as passed.
    """

    fault: str
    title: str
    rounds: int = 0
    acknowledged: int = 0
    lost: int = 0
    duplicated: int = 0
    unknown: int = 0
    unknown_committed: int = 0
    ready_s: list[float] = field(default_factory=list)
    violations: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    must_see: str | None = None
    not_run: str | None = None
    seconds: float = 0.0

    @property
    def verdict(self) -> str:
        if self.not_run is not None:
            return "not run"
        if self.must_see is not None:
            seen = any(self.must_see in words for words in self.violations)
            return "fails, as it must" if seen else "BLIND"
        return "FAILED" if self.violations else "passed"

    @property
    def good(self) -> bool:
        return self.verdict not in {"FAILED", "BLIND"}

    def forbid(self, seen: bool, words: str) -> None:
        """Write a violation down when it was seen."""
        if seen:
            self.violations.append(words)


_HEADS = (
    "fault", "rounds", "acked", "lost", "duplicated", "unknown", "of them done", "ready s",
    "seconds", "verdict",
)


def table(outcomes: list[Outcome]) -> str:
    """All outcomes as a table for people, with what was seen beneath."""
    lines = [_HEADS, *(_line(each) for each in outcomes)]
    widths = [max(len(line[n]) for line in lines) for n in range(len(_HEADS))]
    drawn = ["  ".join(w.ljust(n) for w, n in zip(line, widths, strict=True)) for line in lines]
    drawn.insert(1, "  ".join("-" * n for n in widths))
    for each in outcomes:
        said = [f"not run: {each.not_run}"] if each.not_run else []
        said += [*each.violations[:8], *each.notes]
        drawn += [f"{each.fault}: {words}" for words in said]
    return "\n".join(line.rstrip() for line in drawn)


def as_json(outcomes: list[Outcome], *, seed: int) -> bytes:
    """All outcomes for programs."""
    document: dict[str, Any] = {
        "seed": seed, "faults": [asdict(each) | {"verdict": each.verdict} for each in outcomes]
    }
    return orjson.dumps(document, option=orjson.OPT_INDENT_2)


def _line(each: Outcome) -> tuple[str, ...]:
    ready = f"{max(each.ready_s):.1f}" if each.ready_s else ""
    counted = each.acknowledged or each.unknown
    figures = (each.acknowledged, each.lost, each.duplicated, each.unknown, each.unknown_committed)
    return (
        f"{each.fault} {each.title}", str(each.rounds),
        *(str(figure) if counted else "" for figure in figures),
        ready, f"{each.seconds:.0f}", each.verdict,
    )
