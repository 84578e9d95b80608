"""
What light loses on its way, by the standards and as it usually is.

Limits of the cabled fibre are those of the ITU-T Recommendations, the highest
among a Recommendation's categories, since the data name none: G.651.1 (11/2018),
G.652 (11/2016), G.653 (07/2010), G.654 (03/2020), G.655 (11/2009), G.656 (07/2010),
G.657 (11/2016). Limits of splices and connectors are those of
ANSI/TIA-568.3-D. Typical values are those that makers state for cable that was
laid lately, and of the Fiber Optic Association's reference guide for joints.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from gis_service.errors import InvalidParameter
from gis_service.model.loss_budget import Span


@dataclass(frozen=True, slots=True)
class Loss:
    """As it usually is, and the most that the standard lets it be, in dB."""

    typical_db: float
    limit_db: float


_WINDOWS = {
    850: (840, 860),
    1310: (1300, 1330),
    1383: (1380, 1386),
    1460: (1450, 1470),
    1490: (1480, 1500),
    1550: (1530, 1565),
    1625: (1600, 1630),
}
"""Wavelengths in nm by the name of their window; 1300 nm of multimode falls under 1310."""

_STANDARD = {
    1310: Loss(0.35, 0.40), 1383: Loss(0.32, 0.40), 1490: Loss(0.24, 0.40), 1625: Loss(0.23, 0.40),
}
_PER_KM: Mapping[str, Mapping[int, Loss]] = {
    "G.651.1": {850: Loss(2.5, 3.5), 1310: Loss(0.7, 1.0)},
    "G.652": _STANDARD | {1550: Loss(0.21, 0.35)},
    "G.653": {1550: Loss(0.22, 0.35)},
    "G.654": {1550: Loss(0.18, 0.23)},
    "G.655": {1550: Loss(0.22, 0.35), 1625: Loss(0.24, 0.40)},
    "G.656": {1460: Loss(0.26, 0.40), 1550: Loss(0.22, 0.35), 1625: Loss(0.24, 0.40)},
    "G.657": _STANDARD | {1550: Loss(0.21, 0.30)},
}
_MULTIMODE = "G.651.1"
_SINGLE_MODE_FROM_NM = 1260

SPLICE = Loss(0.1, 0.3)
CONNECTOR = Loss(0.3, 0.75)
"""A mated pair."""
_EXCESS_PER_HALVING = Loss(0.3, 0.5)
"""Above the light that goes to the other outputs; planar splitters, by their makers."""


def fibre_loss(fibre_type: str, wavelength_nm: int) -> Loss:
    """
    What a kilometre of fibre loses.

    Raises
    ------
    InvalidParameter
        Nothing is stated for this fibre at this wavelength.
    """
    window = _window(wavelength_nm)
    losses = _PER_KM.get(fibre_type, {})
    if window not in losses:
        stated = ", ".join(map(str, losses)) or "none"
        raise InvalidParameter(
            "wavelength_nm", wavelength_nm,
            f"{fibre_type} has no stated loss there; it has at {stated} nm",
        )
    return losses[window]


def any_fibre_loss(wavelength_nm: int) -> tuple[Span, Span]:
    """
    Typical and limiting loss of a kilometre of fibre whose type is not known.

    Below 1260 nm it is taken for multimode, above for single-mode fibre.

    Raises
    ------
    InvalidParameter
        Nothing is stated for any fibre at this wavelength.
    """
    window = _window(wavelength_nm)
    is_single = wavelength_nm >= _SINGLE_MODE_FROM_NM
    found = [
        losses[window]
        for fibre_type, losses in _PER_KM.items()
        if window in losses and (fibre_type != _MULTIMODE) is is_single
    ]
    typical, limits = [each.typical_db for each in found], [each.limit_db for each in found]
    return Span(min(typical), max(typical)), Span(min(limits), max(limits))


def splitter_loss(outputs: int) -> Loss:
    """What one of so many equal outputs loses: `10 log10(outputs)`, and a little more."""
    halvings = math.log2(outputs)
    shared = 10 * math.log10(outputs)
    return Loss(
        shared + halvings * _EXCESS_PER_HALVING.typical_db,
        shared + halvings * _EXCESS_PER_HALVING.limit_db,
    )


def _window(wavelength_nm: int) -> int:
    for name, (low, high) in _WINDOWS.items():
        if low <= wavelength_nm <= high:
            return name
    raise InvalidParameter(
        "wavelength_nm", wavelength_nm,
        f"it must lie near one of {', '.join(map(str, _WINDOWS))} nm",
    )
