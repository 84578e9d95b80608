"""What the log of faults tells: how long repairs took, and which faults were open together."""

from __future__ import annotations

import math
from collections import defaultdict
from datetime import UTC, datetime

import numpy as np
import pandas as pd

from gis_service.coverage.places import Flags, Numbers

_DAY_S = 86_400


def log_begins(faults: pd.DataFrame) -> datetime | None:
    """When the first fault began: the log is taken to reach back to it. None without any."""
    began = seconds(faults["started_at"])
    return datetime.fromtimestamp(began.min(), UTC) if len(began) else None


def median_days_to_repair(faults: pd.DataFrame, start: datetime, end: datetime) -> float:
    """
    Median of the days from beginning to end of the faults that were mended in a time.

    NaN when none was.
    """
    began, mended = seconds(faults["started_at"]), seconds(faults["cleared_at"])
    within = (mended > start.timestamp()) & (mended <= end.timestamp())
    return float(np.median((mended - began)[within])) / _DAY_S if within.any() else math.nan


def open_together(
    faults: pd.DataFrame, which: Flags, start: datetime, end: datetime
) -> dict[tuple[int, ...], float]:
    """
    The sets of faults that were open at the same time, and for how many seconds of a time.

    Parameters
    ----------
    which
        The faults that are asked about.

    Returns
    -------
    dict
        By the positions of the faults; the seconds sum to the time. The empty
        set is what was left.
    """
    first, last = start.timestamp(), end.timestamp()
    began = np.clip(seconds(faults["started_at"]), first, last)
    mended = seconds(faults["cleared_at"])
    mended = np.clip(np.where(np.isnan(mended), last, mended), first, last)
    asked = np.flatnonzero(which & (mended > began)).tolist()
    events = sorted(
        [(float(began[i]), 1, i) for i in asked] + [(float(mended[i]), 0, i) for i in asked]
    )
    spent: dict[tuple[int, ...], float] = defaultdict(float)
    now_open: set[int] = set()
    before = first
    for at, begins, fault in [*events, (last, 0, -1)]:
        if at > before:
            spent[tuple(sorted(now_open))] += at - before
        before = at
        (now_open.add if begins else now_open.discard)(fault)
    return dict(spent)


def open_at(faults: pd.DataFrame, at: datetime) -> Flags:
    """Which faults are open at a time: begun, and not mended."""
    began, mended = seconds(faults["started_at"]), seconds(faults["cleared_at"])
    moment = at.timestamp()
    found: Flags = (began < moment) & ~(mended < moment)
    return found


def seconds(times: pd.Series) -> Numbers:
    """Times as seconds since 1970, NaN for none."""
    parsed = pd.to_datetime(times, utc=True).to_numpy(dtype="datetime64[us]")
    return np.where(np.isnat(parsed), math.nan, parsed.astype(np.int64) / 1e6)
