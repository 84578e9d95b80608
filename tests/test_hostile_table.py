"""The tables of adversarial cases name every case, and tests that exist."""

from __future__ import annotations

import re
from pathlib import Path

from tests.faults.plan import PLAN
from tests.hostile_files import FAULTY, REFUSED

TESTS = Path(__file__).parent
FILES = (TESTS / "hostile_files.md").read_text(encoding="utf-8")
CASES = (TESTS / "adversarial.md").read_text(encoding="utf-8")
CATALOGUE = {
    *range(1, 5), 9, 10, 11, 13, 14, *range(16, 22), 24, *range(27, 36), 38, 39, 41, 42, 43, 45,
    46, 47, 48, 50, 51, 52, 55, 56, 57, 59, 60, 61, 63, 64, 65, 66, 67, 68, *range(70, 80), 82, 83,
    85, 86, 87, *range(90, 105),
}
"""The numbers of the catalogue, which has gaps."""


def numbers(text: str) -> set[int]:
    first, _, last = text.partition("-")
    return set(range(int(first), int(last or first) + 1))


def listed(table: str) -> set[int]:
    """The cases that have a line."""
    return {n for each in re.findall(r"^\| (\d+(?:-\d+)?) ", table, re.M) for n in numbers(each)}


def test_every_file_is_a_case_of_the_table() -> None:
    assert {n for each in (*REFUSED, *FAULTY) for n in numbers(each.case)} <= listed(FILES)


def test_every_case_has_a_line_that_shows_it() -> None:
    found = listed(FILES) | listed(CASES)
    assert found == CATALOGUE, (CATALOGUE - found, found - CATALOGUE)
    for line in re.findall(r"^\| (?:\d|P\d).*$", CASES, re.M):
        assert re.search(r"`test_\w+`|; F\d+|\| F\d", line), line


def test_every_property_and_every_fault_has_a_line() -> None:
    assert re.findall(r"^\| P(\d+) ", CASES, re.M) == [str(n) for n in range(1, 11)]
    faults = CASES.partition("## The fault plan")[2]
    named = {f"F{n}" for each in re.findall(r"^\| F([\d]+(?:-F\d+)?) ", faults, re.M)
             for n in numbers(each.replace("F", ""))}
    assert {fault.name for fault in PLAN} | {"F13", "F14"} == named


def test_every_test_that_it_names_is_there() -> None:
    there = {
        name
        for path in TESTS.rglob("test_*.py")
        for name in re.findall(r"^ *def (test_\w+)", path.read_text(encoding="utf-8"), re.M)
    }
    named = set(re.findall(r"`(test_\w+)`", FILES + CASES))
    assert len(named) > 100
    assert named <= there, named - there
