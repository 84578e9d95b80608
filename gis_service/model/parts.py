"""What becomes of a geometry of several parts where a collection has one."""

from __future__ import annotations

from enum import StrEnum


class Parts(StrEnum):
    """Parts that join end to end may be made one; others are split into rows, or refused."""

    MERGE = "merge"
    SPLIT = "split"
    REFUSE = "refuse"
