"""A plan of connections written as GeoJSON."""

from __future__ import annotations

from typing import Any

from gis_service.model.connect import ConnectionPlan, OfficeCost, Trench

Document = dict[str, Any]

_DECIMALS = 7


def plan_document(plan: ConnectionPlan) -> Document:
    """
    A FeatureCollection: the trenches as lines, then the offices as points.

    Lengths in metres along the ground, money in Kenya shillings; null is
    unknown. `role` tells trenches from offices.
    """
    return {
        "type": "FeatureCollection",
        "features": [
            *(_trench(number, each, plan) for number, each in enumerate(plan.trenches)),
            *map(_office, plan.offices),
        ],
        "method": plan.method,
        "goal": plan.goal,
        "budget_kes": plan.budget_kes,
        "cost_kes": _money(plan.cost_kes),
        "kes_per_office": _money(plan.kes_per_office),
        "kes_per_beneficiary": _money(plan.kes_per_beneficiary),
        "trench_m": _metres(plan.trench_m),
        "singly_m": _metres(plan.singly_m),
        "beneficiaries": plan.beneficiaries,
        "offices": {
            outcome: sum(each.outcome == outcome for each in plan.offices)
            for outcome in ("connect", "beyondBudget", "beneficiariesUnknown", "unreachable")
        },
        "connected_of_unknown_beneficiaries": [
            each.office.id for each in plan.connected if each.office.beneficiaries is None
        ],
        "unit_costs": {
            name: {"amount": figure.amount, "source": figure.source}
            for name, figure in plan.costs.figures().items()
        },
    }


def _trench(number: int, trench: Trench, plan: ConnectionPlan) -> Document:
    return {
        "type": "Feature",
        "geometry": {"type": "LineString", "coordinates": [list(at) for at in trench.line]},
        "properties": {
            "role": "trench",
            "trench": number,
            "above": trench.above,
            "access_point": trench.access_point,
            "office": trench.office,
            "rank": trench.rank,
            "serves": trench.offices,
            "length_m": _metres(trench.length_m),
            "road_m": _metres(trench.road_m),
            "access_m": _metres(trench.access_m),
            "straight_m": _metres(trench.straight_m),
            "kes": _money(trench.length_m * plan.costs.metre_kes),
        },
    }


def _office(cost: OfficeCost) -> Document:
    office = cost.office
    return {
        "type": "Feature",
        "geometry": {
            "type": "Point",
            "coordinates": [round(office.lon, _DECIMALS), round(office.lat, _DECIMALS)],
        },
        "properties": {
            "role": "office",
            "office": office.id,
            "name": office.name,
            "outcome": cost.outcome,
            "rank": cost.rank,
            "beneficiaries": office.beneficiaries,
            "added_m": _metres(cost.added_m),
            "added_kes": _money(cost.added_kes),
            "alone_m": _metres(cost.alone_m),
            "alone_kes": _money(cost.alone_kes),
            "kes_per_beneficiary": _money(cost.kes_per_beneficiary),
        },
    }


def _metres(value: float | None) -> float | None:
    return None if value is None else round(value, 1)


def _money(value: float | None) -> float | None:
    return None if value is None else round(value, 2)
