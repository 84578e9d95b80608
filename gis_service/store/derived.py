"""
Values that are computed from other rows, each in one place.

A field that is `derived` in the registry names a rule here. A stored one is a
column that a trigger fills; a read one is an expression of the SELECT, because
it changes with the calendar and not with the rows.
"""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Date,
    FromClause,
    Interval,
    Table,
    case,
    cast,
    func,
    literal_column,
    select,
    true,
)

from gis_service.model.collections import REGISTRY
from gis_service.model.fields import Collection, Field
from gis_service.store.tables import SCHEMA, has_column, table

DUE_WITHIN_DAYS = 30


def is_read(field: Field) -> bool:
    """Whether the value is computed when it is read and has no column."""
    return not has_column(field)


def with_certification(equipment: Table) -> tuple[FromClause, dict[str, ColumnElement[Any]]]:
    """
    Equipment joined with its latest certification, and the values that follow.

    The state is `never` without an event; `failed` when the latest failed;
    else by the day on which the interval after it ends: `overdue` when past,
    `due` within 30 days, `valid` before that, and always without an interval.
    """
    log = table(REGISTRY["work_log"])
    latest = (
        select(log.c.occurred_at, log.c.result)
        .where(log.c.equipment == equipment.c.id)
        .where(log.c.kind == "certification")
        .where(log.c.result.in_(("passed", "failed")))
        .order_by(log.c.occurred_at.desc(), log.c.id)
        .limit(1)
        .lateral("latest")
    )
    months: ColumnElement[Any] = cast(literal_column("'1 month'"), Interval)
    due: ColumnElement[date] = cast(
        latest.c.occurred_at + equipment.c.certification_interval_months * months, Date
    )
    soon = func.current_date() + literal_column(str(DUE_WITHIN_DAYS))
    state = case(
        (latest.c.occurred_at.is_(None), "never"),
        (latest.c.result == "failed", "failed"),
        (due < func.current_date(), "overdue"),
        (due <= soon, "due"),
        else_="valid",
    )
    passed = case((latest.c.result == "passed", due))
    joined = equipment.outerjoin(latest, true())
    return joined, {"certification": state, "certification_due_on": passed}


def statements() -> list[str]:
    """Functions and triggers that keep the stored values true."""
    placed = [c for c in REGISTRY.values() if any(f.derived == "ward" for f in c.fields)]
    made = [_WARD_OF, _SET_WARD]
    for collection in placed:
        made.append(
            f"CREATE TRIGGER a_ward BEFORE INSERT OR UPDATE OF geom, ward "
            f"ON {SCHEMA}.{collection.id} FOR EACH ROW EXECUTE FUNCTION {SCHEMA}.set_ward()"
        )
    made.append(_wards_moved(placed))
    made += [
        f"CREATE TRIGGER z_wards_{event.lower()} AFTER {event} ON {SCHEMA}.wards "
        f"FOR EACH STATEMENT EXECUTE FUNCTION {SCHEMA}.wards_moved()"
        for event in ("INSERT", "UPDATE", "DELETE")
    ]
    return [*made, _FIXED_NETWORK, _FIXED_NETWORK_TRIGGER]


_WARD_OF = f"""
CREATE FUNCTION {SCHEMA}.ward_of(place public.geometry) RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE
SET search_path = pg_catalog, public
AS $$
    SELECT code FROM {SCHEMA}.wards WHERE ST_Intersects(geom, place) ORDER BY code LIMIT 1
$$""".strip()

_SET_WARD = f"""
CREATE FUNCTION {SCHEMA}.set_ward() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public
AS $$
BEGIN
    NEW.ward := {SCHEMA}.ward_of(NEW.geom);
    RETURN NEW;
END
$$""".strip()


def _wards_moved(placed: list[Collection]) -> str:
    updates = "\n".join(
        f"    UPDATE {SCHEMA}.{c.id} SET ward = {SCHEMA}.ward_of(geom), version = version + 1, "
        f"updated_at = now()\n"
        f"    WHERE ward IS DISTINCT FROM {SCHEMA}.ward_of(geom);"
        for c in placed
    )
    return (
        f"CREATE FUNCTION {SCHEMA}.wards_moved() RETURNS trigger\n"
        "LANGUAGE plpgsql SECURITY DEFINER\n"
        "SET search_path = pg_catalog, public\n"
        f"AS $$\nBEGIN\n{updates}\n    RETURN NULL;\nEND\n$$"
    )


_FIXED_NETWORK = f"""
CREATE FUNCTION {SCHEMA}.network_is_fixed() RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, public
AS $$
BEGIN
    RAISE EXCEPTION 'extent and metric_srid of a network are fixed when it is made'
        USING ERRCODE = 'check_violation', CONSTRAINT = 'networks_fixed';
END
$$""".strip()

_FIXED_NETWORK_TRIGGER = (
    f"CREATE TRIGGER a_fixed BEFORE UPDATE ON {SCHEMA}.networks FOR EACH ROW "
    "WHEN (OLD.metric_srid <> NEW.metric_srid OR OLD.extent <> NEW.extent) "
    f"EXECUTE FUNCTION {SCHEMA}.network_is_fixed()"
)
