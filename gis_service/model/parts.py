"""What becomes of what a collection's geometry has no room for: several parts, heights."""

from __future__ import annotations

from enum import StrEnum

HEIGHTS = "geometry_z"
"""The column of a file's geometries with their heights, as EWKT in the file's own CRS."""


class Parts(StrEnum):
    """Parts that join end to end may be made one; others are split into rows, or refused."""

    MERGE = "merge"
    SPLIT = "split"
    REFUSE = "refuse"


class Heights(StrEnum):
    """Heights and measures (Z, M) are left out, or kept beside the fields as `HEIGHTS`."""

    DROP = "drop"
    KEEP = "keep"
