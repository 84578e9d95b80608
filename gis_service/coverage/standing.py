"""
What stands on a day and in a scenario, from what is recorded.

The records hold a thing's state as it is now, and some days: since when an
office is connected, when a link is ready, when a fault began and ended, when a
phase ends. Of another day they tell this:

- An office that is connected now was connected since the day it says, and not
  before. Without that day it is not known. One that is not connected now was
  not then, unless a day says that it once was.
- A link that works now worked since it was ready, and before that its status
  is not known. Without that day it counts as it does now, and is reported.
- In the plan, what is planned, being built or built but not live works. On a
  day it works from the day on which it is ready, else from the end of its
  phase; without either it is not known to work by any day.
- A fault that is open now is open on every later day.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gis_service.coverage.fault_log import open_at
from gis_service.coverage.places import Flags, Indices
from gis_service.model.days import end_of

YES, NO, UNKNOWN = 1, 0, -1
"""A state of three: true, false, not known."""
States = NDArray[np.int8]
Texts = NDArray[np.object_]

PLANNED = ("planned", "underConstruction", "inactive")
"""Statuses of what the plan brings into work; what is only proposed is not in it."""
WORKS = "operational"
NOT_KNOWN = ""


@dataclass(frozen=True, slots=True)
class Moment:
    """
    A day to tell of.

    Parameters
    ----------
    day
        The day asked for; None for the day of the records, with everything
        that they call connected or working.
    today
        The day of the records.
    """

    day: date | None
    today: date

    @property
    def is_past(self) -> bool:
        return self.day is not None and self.day < self.today


@dataclass(frozen=True, slots=True, eq=False)
class StandingLinks:
    """
    Links and nodes in a scenario on a day, before faults and cuts.

    Parameters
    ----------
    status
        Of each link, a code or `NOT_KNOWN`.
    undated
        Which operational links no day says since when; on a past day they count
        as they do now.
    """

    status: Texts
    node_works: Flags
    undated: Flags


def connection_on(connection: pd.Series, since: pd.Series, moment: Moment) -> States:
    """Whether each office is connected, as reported; `since` holds days."""
    is_connected, is_not = _equals(connection, "connected"), _equals(connection, "unconnected")
    state = np.where(is_connected, YES, np.where(is_not, NO, UNKNOWN)).astype(np.int8)
    if not moment.is_past:
        return state
    began = _days(since)
    dated = ~np.isnat(began)
    then = began <= np.datetime64(moment.day, "D")
    state[is_connected] = np.where(dated, np.where(then, YES, NO), UNKNOWN)[is_connected]
    state[~is_connected & dated] = UNKNOWN
    return state


def links_on(
    links: pd.DataFrame,
    nodes: pd.DataFrame,
    moment: Moment,
    *,
    ends: tuple[Indices, Indices],
    phase_ends: pd.Series,
    plan: bool = False,
    adds: Sequence[str] = (),
) -> StandingLinks:
    """
    The links and nodes of a scenario.

    Parameters
    ----------
    links, nodes
        Indexed by id, with `status` and `phase`; links with `ready_for_service_date`.
    ends
        Indices of each link's nodes.
    phase_ends
        Last day of each phase, by id.
    plan
        Whether what is planned works, too.
    adds
        Ids of links that work whatever their status, with their nodes.
    """
    status = links["status"].to_numpy(dtype=object).copy()
    ready = _days(links["ready_for_service_date"])
    node_works = _equals(nodes["status"], WORKS)
    works = _equals(links["status"], WORKS)
    undated = works & np.isnat(ready)
    if moment.is_past:
        later = works & (ready > np.datetime64(moment.day, "D"))
        status[later] = NOT_KNOWN
    if plan:
        on_plan = links["status"].isin(PLANNED).to_numpy()
        due = _due(ready, links["phase"], phase_ends)
        status[on_plan & _is_due(due, moment)] = WORKS
        node_due = _due(np.full(len(nodes), np.datetime64("NaT")), nodes["phase"], phase_ends)
        node_works = node_works | (nodes["status"].isin(PLANNED).to_numpy()
                                   & _is_due(node_due, moment))
    if len(adds):
        status[links.index.isin(adds)] = WORKS
    brought = (status == WORKS) & ~works
    start, end = ends
    node_works[start[brought]] = True
    node_works[end[brought]] = True
    return StandingLinks(status, node_works, undated)


def open_on(faults: pd.DataFrame, moment: Moment) -> Flags:
    """Which faults are open: now, or at the end of a day that is past."""
    if moment.day is not None and moment.is_past:
        return open_at(faults, end_of(moment.day))
    return np.asarray(faults["cleared_at"].isna(), dtype=bool)


def _due(ready: NDArray[Any], phase: pd.Series, phase_ends: pd.Series) -> NDArray[Any]:
    ends = _days(phase.map(phase_ends))
    return np.where(np.isnat(ready), ends, ready)


def _is_due(due: NDArray[Any], moment: Moment) -> Flags:
    if moment.day is None:
        return np.ones(len(due), dtype=bool)
    return np.asarray(due <= np.datetime64(moment.day, "D"), dtype=bool)


def _days(values: pd.Series) -> NDArray[Any]:
    return pd.to_datetime(values, errors="coerce").to_numpy().astype("datetime64[D]")


def _equals(values: pd.Series, code: str) -> Flags:
    return np.array(values == code, dtype=bool)
