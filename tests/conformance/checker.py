"""
A black-box conformance checker for OGC API - Features and OGC API - Tiles.

`python tests/conformance/checker.py http://127.0.0.1:8000` prints every check
and ends with 1 when one fails. The checks of `official.py` say what the
official executable test suite says; those of `beyond.py` check what it leaves
unchecked.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from importlib import import_module
from pathlib import Path

import httpx

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.conformance.service import Service

Check = Callable[[Service], None]


class Verdict(StrEnum):
    PASSED = "passed"
    FAILED = "FAILED"
    SKIPPED = "skipped"


class Skip(Exception):
    """The check does not apply to this service."""


@dataclass(frozen=True)
class Result:
    """What one check found."""

    id: str
    title: str
    verdict: Verdict
    detail: str = ""

    def __str__(self) -> str:
        detail = f"  ({self.detail})" if self.detail else ""
        return f"{self.verdict:8} {self.id:4} {self.title}{detail}"


CHECKS: dict[str, tuple[str, Check]] = {}


def check(id_: str, title: str) -> Callable[[Check], Check]:
    """Register a check under the id that OGC.md and the suite's tests give it."""

    def register(function: Check) -> Check:
        assert id_ not in CHECKS, f"two checks are called {id_}"
        CHECKS[id_] = (title, function)
        return function

    return register


def run(service: Service) -> list[Result]:
    """Every check, in the order of its module."""
    return [run_one(id_, service) for id_ in every_check()]


def run_one(id_: str, service: Service) -> Result:
    """One check; a fault of the service or of the check itself fails it."""
    title, function = CHECKS[id_]
    try:
        function(service)
    except Skip as reason:
        return Result(id_, title, Verdict.SKIPPED, str(reason))
    except AssertionError as fault:
        return Result(id_, title, Verdict.FAILED, str(fault).splitlines()[0] if str(fault) else "")
    except Exception as fault:
        return Result(id_, title, Verdict.FAILED, f"{type(fault).__name__}: {fault}")
    return Result(id_, title, Verdict.PASSED)


def report(results: Iterable[Result]) -> str:
    """A line for each result and a line that counts them."""
    results = list(results)
    counts = ", ".join(f"{sum(r.verdict is v for r in results)} {v.lower()}" for v in Verdict)
    return "\n".join([*map(str, results), counts])


def every_check() -> dict[str, tuple[str, Check]]:
    """The checks of all modules, by id."""
    for module in ("official", "crs", "cql2", "editing", "schemas", "caching", "beyond", "tiles"):
        import_module(f"tests.conformance.{module}")
    return CHECKS


def main(arguments: list[str]) -> int:
    with httpx.Client(timeout=60) as client:
        results = run(Service(arguments[0], client))
    print(report(results))
    return int(any(result.verdict is Verdict.FAILED for result in results))


if __name__ == "__main__":
    sys.exit(import_module("tests.conformance.checker").main(sys.argv[1:]))
