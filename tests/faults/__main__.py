"""`./gis test --faults`: the fault plan, or some of it."""

from __future__ import annotations

from tests.faults.plan import main

main(prog_name="./gis test --faults")
