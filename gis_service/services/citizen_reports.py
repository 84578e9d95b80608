"""What citizens report: taken in apart, followed by a number, made a fault by a planner."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import Connection, func, select

from gis_service.errors import InvalidParameter, NotAllowed, NotFound, UnknownKey
from gis_service.model.acts import Act, ActKind
from gis_service.model.audience import Actor, Audience, Principal
from gis_service.model.citizen_reports import (
    KINDS,
    Beside,
    Followed,
    Kind,
    NewReport,
    Received,
    ReportRejected,
    ReportState,
)
from gis_service.model.collections import REGISTRY
from gis_service.model.declarations.operations import FAULTS
from gis_service.model.declarations.places import WARDS
from gis_service.model.edits import Edit
from gis_service.model.reference_numbers import grouped, read_reference
from gis_service.model.rights import Operation, settles_reports
from gis_service.services.editing import Editing
from gis_service.services.form_times import FormTimes
from gis_service.store import acts
from gis_service.store import citizen_reports as store
from gis_service.store.readable import readable
from gis_service.store.reading import Reader
from gis_service.store.roles import Login
from gis_service.store.tables import SRID

FARTHEST_OUTSIDE_M = 5_000.0
"""A report may lie so far outside all wards: positions are not exact, nor are borders."""
TARGETS = {"offices": "office", "network_nodes": "node", "fibre_links": "link"}
"""What a report can be about, with the property of a fault that names it."""
JOINED = "faults"
LONGEST_ANSWER = 300
LONGEST_SUMMARY = 200


@dataclass(frozen=True, slots=True)
class Ward:
    """A ward that can be chosen."""

    code: str
    name: str


@dataclass(frozen=True, slots=True)
class Acceptance:
    """
    What a planner makes of a report.

    Parameters
    ----------
    target
        Collection and id of what is broken, or of the fault that is known
        already; None when it is nothing on the map.
    summary
        The fault in a few words, for staff.
    cuts
        Whether no traffic passes: only then analyses count it.
    public
        Whether the public may know that there is a fault.
    """

    target: tuple[str, UUID] | None
    summary: str
    cuts: bool
    public: bool


class CitizenReports:
    """
    Takes reports in under a login that can do nothing else, and settles them.

    Parameters
    ----------
    forms
        Signs and reads the times of forms.
    """

    def __init__(self, reader: Reader, editing: Editing, forms: FormTimes) -> None:
        self._reader = reader
        self._editing = editing
        self.forms = forms

    async def wards(self) -> tuple[Ward, ...]:
        """The wards that the public knows, by name."""
        wards = readable(WARDS, Audience.PUBLIC)
        rows = await self._reader.rows(
            select(wards.c.code, wards.c.name).order_by(wards.c.name, wards.c.code), Login.PUBLIC
        )
        return tuple(Ward(row["code"], row["name"]) for row in rows)

    async def send(self, report: NewReport) -> str:
        """
        Keep a report; the answer is its reference number.

        Raises
        ------
        ReportRejected
            Its ward is none, or its place is far away.
        Unavailable
            The database does not answer, or too many reports wait.
        """
        return await store.take_in(self._reader, await self._placed(report))

    async def _placed(self, report: NewReport) -> NewReport:
        """With the ward in which it lies."""
        wards = readable(WARDS, Audience.PUBLIC)
        if report.position is None:
            if report.ward is None:
                return report
            known = await self._reader.row(
                select(wards.c.code).where(wards.c.code == report.ward), Login.PUBLIC
            )
            if known is None:
                raise ReportRejected({"ward": "ward"})
            return report
        place = func.ST_SetSRID(func.ST_MakePoint(*report.position), SRID)
        nearest = await self._reader.row(
            select(wards.c.code, func.ST_DistanceSphere(wards.c.geom, place).label("metres"))
            .order_by(wards.c.geom.op("<->")(place), wards.c.code).limit(1),
            Login.PUBLIC,
        )
        if nearest is None:
            return report
        if nearest["metres"] > FARTHEST_OUTSIDE_M:
            raise ReportRejected({"position": "outside"})
        return replace(report, ward=None if nearest["metres"] else nearest["code"])

    async def follow(self, text: str) -> Followed:
        """
        How the report of a reference number stands.

        Raises
        ------
        InvalidParameter
            A digit of the number must be wrong.
        NotFound
            There is no such report.
        """
        reference = read_reference(text)
        if reference is None:
            raise InvalidParameter(
                "reference", text, "its last digit does not fit the others; look at it again"
            )
        found = await store.follow(self._reader, [reference])
        if not found:
            raise NotFound(f"There is no report {grouped(reference)}.")
        return found[0]

    async def followed(self, references: Sequence[str]) -> tuple[Followed, ...]:
        """How some reports stand; unknown numbers are left out."""
        known = [each for each in map(read_reference, references) if each is not None]
        return await store.follow(self._reader, known)

    async def accepted(
        self,
        *,
        state: ReportState | None = None,
        kind: Kind | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        most: int,
    ) -> tuple[Followed, ...]:
        """The newest reports that a planner accepted."""
        return await store.accepted(
            self._reader, state=state, kind=kind, since=since, until=until, most=most
        )

    async def received(
        self, principal: Principal, *, state: ReportState, most: int
    ) -> tuple[tuple[Received, ...], dict[ReportState, int]]:
        """Reports in a state, and how many are in each; raises `NotAllowed`, `UnknownKey`."""
        _require(principal)
        return await store.received(self._reader, principal.audience, state=state, most=most)

    async def one(
        self, text: str, principal: Principal
    ) -> tuple[Received, tuple[Beside, ...]]:
        """
        A report, and what lies near it.

        Raises
        ------
        NotAllowed, UnknownKey, NotFound
        """
        _require(principal)
        found = await self._found(text, principal)
        return found, await store.beside(self._reader, principal.audience, found.report)

    async def accept(
        self, text: str, accepted: Acceptance, principal: Principal, *, request_id: str
    ) -> None:
        """
        Make a report a fault, or part of one that is known, in one transaction.

        Raises
        ------
        NotAllowed, UnknownKey, NotFound
        Conflict
            Somebody has settled it meanwhile.
        EditRejected
            The fault would break a rule.
        """
        _require(principal)
        found = await self._found(text, principal)
        target = accepted.target
        joins = target is not None and target[0] == JOINED
        if target is not None and target[0] not in (*TARGETS, JOINED):
            raise InvalidParameter("target", target[0], "a report is about none of these")
        known = None if target is None else await self._network_of(*target)
        fault_id = target[1] if joins and target is not None else uuid4()
        edits = [] if joins else [
            Edit(Operation.CREATE, FAULTS, fault_id, await self._fault(found, accepted, known))
        ]

        joined = Act(ActKind.REPORT_JOINED, details={
            "report": found.reference, "fault": str(fault_id),
        })
        actor = Actor(principal.person_id, request_id)

        def settle(connection: Connection) -> None:
            store.settle(
                connection, found.reference, ReportState.ACCEPTED,
                person_id=principal.person_id, fault_id=fault_id,
            )
            if joins:  # else the fault that is made tells it
                acts.note(connection, joined, actor)

        await self._run(edits, principal, request_id, settle)

    async def refuse(
        self, text: str, answer: str, principal: Principal, *, request_id: str
    ) -> None:
        """
        Refuse a report with a word, which its number tells.

        Raises
        ------
        NotAllowed, UnknownKey, NotFound, Conflict
        InvalidParameter
            The word is missing or too long.
        """
        _require(principal)
        found = await self._found(text, principal)
        answer = answer.strip()
        if not answer or len(answer) > LONGEST_ANSWER:
            raise InvalidParameter(
                "answer", answer, f"say why, in at most {LONGEST_ANSWER} characters"
            )

        refused = Act(ActKind.REPORT_REFUSED, details={"report": found.reference})
        actor = Actor(principal.person_id, request_id)

        def settle(connection: Connection) -> None:
            store.settle(
                connection, found.reference, ReportState.REFUSED,
                person_id=principal.person_id, answer=answer,
            )
            acts.note(connection, refused, actor)

        await self._run([], principal, request_id, settle)

    async def mend(self, text: str, principal: Principal, *, request_id: str) -> None:
        """
        Clear the fault that a report has become; all reports of that fault are mended so.

        Raises
        ------
        NotAllowed, UnknownKey, NotFound
            The fault may be gone meanwhile.
        """
        _require(principal)
        found = await self._found(text, principal)
        if found.fault_id is None:
            raise NotFound("No fault was made of this report.")
        patch = {"properties": {"cleared_at": datetime.now().astimezone().isoformat()}}
        edit = Edit(Operation.UPDATE, FAULTS, UUID(found.fault_id), patch)
        await self._run([edit], principal, request_id, None)

    async def forget(self, text: str, principal: Principal, *, request_id: str) -> None:
        """Take a reporter's contact away; raises as `one`."""
        _require(principal)
        found = await self._found(text, principal)
        actor = Actor(principal.person_id, request_id)
        act = Act(ActKind.CONTACT_FORGOTTEN, details={"report": found.reference})

        def forget(connection: Connection) -> None:
            store.forget_contact(connection, found.reference)
            acts.note(connection, act, actor)

        await self._run([], principal, request_id, forget)

    async def _run(
        self,
        edits: Sequence[Edit],
        principal: Principal,
        request_id: str,
        beside: Callable[[Connection], None] | None,
    ) -> None:
        def work(connection: Connection) -> None:
            if beside is not None:
                beside(connection)
            made = self._editing.opened(connection, principal, edits)
            for edit in edits:
                made.make(edit)
            made.finish()

        await self._editing.transact(work, principal, request_id=request_id)

    async def _found(self, text: str, principal: Principal) -> Received:
        reference = read_reference(text)
        found = None
        if reference is not None:
            found = await store.one_received(self._reader, principal.audience, reference)
        if found is None:
            raise NotFound("There is no such report.")
        return found

    async def _network_of(self, collection: str, id_: UUID) -> str | None:
        """The network of what a report is about; raises `NotFound`."""
        source = readable(REGISTRY[collection], Audience.PLANNER)
        row = await self._reader.row(
            select(source.c.network).where(source.c.id == id_), Login.PLANNER
        )
        if row is None:
            raise NotFound(f"{collection} has no item {id_}.")
        return None if row["network"] is None else str(row["network"])

    async def _fault(
        self, found: Received, accepted: Acceptance, network: str | None
    ) -> dict[str, Any]:
        report = found.report
        position, uncertainty_m = report.position, report.uncertainty_m
        if position is None and report.ward is not None:
            row = await self._reader.row(store.ward_point(report.ward), Login.PLANNER)
            if row is not None:
                position, uncertainty_m = (row["lon"], row["lat"]), round(row["radius_m"])
        summary = accepted.summary.strip() or KINDS[report.kind].title.en
        properties: dict[str, Any] = {
            "summary": summary[:LONGEST_SUMMARY],
            "cuts": accepted.cuts,
            "started_at": found.followed.received_at.isoformat(),
            "source": "citizen",
            "uncertainty_m": uncertainty_m,
            "reporter": grouped(found.reference),
            **({} if accepted.public else {"visibility": "staff"}),
        }
        if network is not None:
            properties["network"] = network
        if accepted.target is not None:
            collection, id_ = accepted.target
            properties[TARGETS[collection]] = str(id_)
        shape = None if position is None else {"type": "Point", "coordinates": list(position)}
        return {"type": "Feature", "geometry": shape, "properties": properties}


def _require(principal: Principal) -> None:
    if settles_reports(principal.audience):
        return
    if not principal.audience.is_staff:
        raise UnknownKey
    raise NotAllowed("Reports of citizens are for planners.")
