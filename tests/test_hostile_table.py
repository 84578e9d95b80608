"""The table of hostile files names every case that is tried, and tests that exist."""

from __future__ import annotations

import re
from pathlib import Path

from tests.hostile_files import FAULTY, REFUSED

ROOT = Path(__file__).resolve().parents[1]
TABLE = (ROOT / "tests" / "hostile_files.md").read_text(encoding="utf-8")


def numbers(text: str) -> set[int]:
    first, _, last = text.partition("-")
    return set(range(int(first), int(last or first) + 1))


def test_every_file_is_a_case_of_the_table() -> None:
    listed = {n for each in re.findall(r"^\| (\d+(?:-\d+)?) ", TABLE, re.M) for n in numbers(each)}
    assert {n for each in (*REFUSED, *FAULTY) for n in numbers(each.case)} <= listed


def test_every_test_that_it_names_is_there() -> None:
    there = {
        name
        for path in (ROOT / "tests").glob("test_*.py")
        for name in re.findall(r"^def (test_\w+)", path.read_text(encoding="utf-8"), re.M)
    }
    named = set(re.findall(r"`(test_\w+)`", TABLE))
    assert len(named) > 15
    assert named <= there, named - there
