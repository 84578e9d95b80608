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
from gis_service.model.days import TIME_ZONE
from gis_service.model.fields import Collection, Field
from gis_service.store.published import TRANSITIONS
from gis_service.store.tables import SCHEMA, SEARCH_PATH, has_column, table

DUE_WITHIN_DAYS = 30


def is_read(field: Field) -> bool:
    """Whether the value is computed when it is read and has no column."""
    return not has_column(field)


def with_certification(
    equipment: Table, *, within_days: int = DUE_WITHIN_DAYS
) -> tuple[FromClause, dict[str, ColumnElement[Any]]]:
    """
    Equipment joined with its latest certification, and the values that follow.

    The state is `never` without an event; `failed` when the latest failed;
    else by the day on which the interval after it ends: `overdue` when past,
    `due` within so many days, `valid` before that, and always without an interval.
    Days are those of Kenya, whatever the session's time zone.

    Returns
    -------
    tuple
        What to select from; `certification` and `certification_due_on`, and beside
        these fields `certified_on`, the day of the latest event.
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
    certified = day_of(latest.c.occurred_at)
    due: ColumnElement[date] = cast(
        certified + equipment.c.certification_interval_months * months, Date
    )
    soon = today() + literal_column(str(within_days))
    state = case(
        (latest.c.occurred_at.is_(None), "never"),
        (latest.c.result == "failed", "failed"),
        (due < today(), "overdue"),
        (due <= soon, "due"),
        else_="valid",
    )
    passed = case((latest.c.result == "passed", due))
    joined = equipment.outerjoin(latest, true())
    return joined, {
        "certification": state,
        "certification_due_on": passed,
        "certified_on": certified,
    }


def today() -> ColumnElement[date]:
    """The day that it is in Kenya."""
    return day_of(func.now())


def day_of(time: ColumnElement[Any]) -> ColumnElement[date]:
    """The day in Kenya at some time."""
    zone: ColumnElement[str] = literal_column(f"'{TIME_ZONE}'")
    return cast(func.timezone(zone, time), Date)


def statements() -> list[str]:
    """Functions and triggers that keep the stored values true."""
    placed = [c for c in REGISTRY.values() if any(f.derived == "ward" for f in c.fields)]
    made = [_WARD_OF, _SET_WARD, _HOLD_WARDS]
    for collection in placed:
        when = f"BEFORE INSERT OR UPDATE OF geom, ward ON {SCHEMA}.{collection.id}"
        made += [
            f"CREATE TRIGGER a_hold_wards {when} "
            f"FOR EACH STATEMENT EXECUTE FUNCTION {SCHEMA}.hold_wards()",
            f"CREATE TRIGGER a_ward {when} "
            f"FOR EACH ROW EXECUTE FUNCTION {SCHEMA}.set_ward()",
        ]
    made.append(_wards_moved(placed))
    made += [
        f"CREATE TRIGGER z_wards_{event.lower()} AFTER {event} ON {SCHEMA}.wards "
        f"REFERENCING {transition} FOR EACH STATEMENT EXECUTE FUNCTION {SCHEMA}.wards_moved()"
        for event, transition in TRANSITIONS.items()
    ]
    return [*made, _FIXED_NETWORK, _FIXED_NETWORK_TRIGGER]


# Wards that the public may not see name nothing: an office's ward is public, and
# would tell of them.
_WARD_OF = f"""
CREATE FUNCTION {SCHEMA}.ward_of(place public.geometry) RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE
SET search_path = {SEARCH_PATH}
AS $$
    SELECT code FROM {SCHEMA}.wards
    WHERE visibility = 'public' AND ST_Intersects(geom, place) ORDER BY code LIMIT 1
$$""".strip()

_SET_WARD = f"""
CREATE FUNCTION {SCHEMA}.set_ward() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = {SEARCH_PATH}
AS $$
BEGIN
    NEW.ward := {SCHEMA}.ward_of(NEW.geom);
    RETURN NEW;
END
$$""".strip()

_WARDS_LOCK = "hashtext('gis-service wards')"

# An office and a ward's outline that change at the same time do not see each
# other. So whoever places something holds the wards as they are until the end,
# beside any number of others, and whoever moves a ward waits for them.
_HOLD_WARDS = f"""
CREATE FUNCTION {SCHEMA}.hold_wards() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = {SEARCH_PATH}
AS $$
BEGIN
    PERFORM pg_advisory_xact_lock_shared({_WARDS_LOCK});
    RETURN NULL;
END
$$""".strip()


def _wards_moved(placed: list[Collection]) -> str:
    updates = "\n".join(
        f"""    UPDATE {SCHEMA}.{c.id} stored
    SET ward = found.ward, version = version + 1, updated_at = now()
    FROM (SELECT id, {SCHEMA}.ward_of(geom) AS ward FROM {SCHEMA}.{c.id} OFFSET 0) found
    WHERE stored.id = found.id AND stored.ward IS DISTINCT FROM found.ward;"""
        for c in placed
    )
    return f"""
CREATE FUNCTION {SCHEMA}.wards_moved() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = {SEARCH_PATH}
AS $$
DECLARE
    moved boolean := true;
BEGIN
    IF TG_OP = 'UPDATE' THEN
        moved := EXISTS (
            (SELECT code, visibility, ST_AsBinary(geom) FROM old_rows
             EXCEPT SELECT code, visibility, ST_AsBinary(geom) FROM new_rows)
            UNION ALL
            (SELECT code, visibility, ST_AsBinary(geom) FROM new_rows
             EXCEPT SELECT code, visibility, ST_AsBinary(geom) FROM old_rows));
    END IF;
    IF moved THEN
        PERFORM pg_advisory_xact_lock({_WARDS_LOCK});
{updates}
    END IF;
    RETURN NULL;
END
$$""".strip()


_FIXED_NETWORK = f"""
CREATE FUNCTION {SCHEMA}.network_is_fixed() RETURNS trigger
LANGUAGE plpgsql
SET search_path = {SEARCH_PATH}
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
