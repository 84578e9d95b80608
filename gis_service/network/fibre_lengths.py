"""How much fibre a link holds, as far as anybody knows."""

from __future__ import annotations

from gis_service.model.plant import Assumed, PlantLink

SHORTEST, LONGEST = 0.99, 1.3
"""Fibre over route, between which a trace is taken for one of the whole link."""
TRACE_BOUND = 0.005
"""A trace's length is right within this share: its index may not be the fibre's."""


def traced_fibre(link: PlantLink, route_m: float) -> Assumed | None:
    """
    The fibre length of a link by its longest OTDR trace, with what it may be off.

    None when its length is recorded, or when no trace can be one of all of it.

    Parameters
    ----------
    route_m
        Length of its route.
    """
    traced_m = link.traced_length_m
    if link.fibre_length_m is not None or traced_m is None:
        return None
    if not SHORTEST * route_m <= traced_m <= LONGEST * route_m:
        return None
    return Assumed(
        "fibre_length_m", traced_m * (1 - TRACE_BOUND), traced_m * (1 + TRACE_BOUND), "m",
        "the longest trace of the link by an OTDR", of=link.id,
    )
