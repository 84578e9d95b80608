"""Collecting the faults of a file's rows."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pandas as pd

from gis_service.model.reports import RowFault, Severity
from gis_service.model.rules import RULES

Mask = np.ndarray[Any, np.dtype[np.bool_]]
_SHOWN = 120


class Faults:
    """
    Faults found so far, and which rows they reject.

    Parameters
    ----------
    rows
        The numbers of the rows in their file.
    """

    def __init__(self, rows: pd.Index[Any]) -> None:
        self.rows = rows.to_numpy()
        self.rejected: Mask = np.zeros(len(rows), dtype=bool)
        self.found: list[RowFault] = []

    def add(
        self,
        mask: Mask,
        *,
        column: str,
        rule: str,
        message: str | Callable[[int], str],
        values: Any = None,
        severity: Severity = Severity.ERROR,
    ) -> None:
        """
        Report the rows of `mask`.

        Parameters
        ----------
        message
            Text, or a function of a row's position (from 0) that makes it.
        values
            Indexed by position; what the row holds.
        """
        if rule not in RULES:
            raise KeyError(rule)
        if severity is Severity.ERROR:
            self.rejected |= mask
        for position in np.flatnonzero(mask).tolist():
            value = "" if values is None else _shown(values[position])
            text = message if isinstance(message, str) else message(position)
            row = int(self.rows[position])
            self.found.append(RowFault(row, column, rule, value, text, severity))

    def add_known(self, faults: tuple[RowFault, ...]) -> Mask:
        """Take over faults that the reader found; returns the rows they reject."""
        errors = {fault.row for fault in faults if fault.severity is Severity.ERROR}
        mask: Mask = np.isin(self.rows, list(errors))
        self.rejected |= mask
        self.found.extend(faults)
        return mask

    @contextmanager
    def guarded(self, column: str) -> Iterator[None]:
        """A rule that crashes has checked nothing: it rejects every row, and says so."""
        try:
            yield
        except Exception as error:
            self.rejected[:] = True
            self.found.append(
                RowFault(
                    0, column, "rule-crashed", "",
                    f"The rule for {column} failed: {type(error).__name__}: {error}",
                )
            )

    def in_order(self) -> tuple[RowFault, ...]:
        """By row, then in the order in which they were found."""
        return tuple(sorted(self.found, key=lambda fault: fault.row))


def _shown(value: Any) -> str:
    if value is None or value is pd.NA:
        return ""
    text = str(value)
    return text if len(text) <= _SHOWN else text[: _SHOWN - 3] + "..."
