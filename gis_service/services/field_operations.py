"""
Field operations: kept as they came, then carried out once, field by field.

First all of a request are written down as they are, in a transaction of their
own. Then each is carried out in one transaction together with its answer: the
two are there together or not at all. Whoever sends it again gets the answer,
or has it carried out where that was left undone.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4, uuid5

import orjson
from sqlalchemy import Connection

from gis_service.errors import (
    Conflict,
    GisError,
    InvalidInput,
    NotAllowed,
    NotFound,
    Unavailable,
)
from gis_service.model.audience import Audience, Principal
from gis_service.model.edits import Edit, EditRejected
from gis_service.model.field_operations import (
    LONGEST_DEVICE,
    MOST_OPERATIONS,
    FieldOperation,
    OperationKind,
    Outcome,
    Refused,
    Result,
    Target,
    corrected,
    read_operation,
    time_of,
    uuid_of,
)
from gis_service.model.fields import Collection, Language
from gis_service.model.rights import (
    HISTORIANS,
    Operation,
    field_rights,
    waits_for_publishing,
)
from gis_service.services.edit_transaction import EditTransaction
from gis_service.services.editing import Editing
from gis_service.services.field_edits import (
    PROPOSED,
    change,
    collection_of,
    creations,
    merged,
)
from gis_service.store import field_operations as statements
from gis_service.store.edits import must_wait
from gis_service.store.plain import storable
from gis_service.store.reading import Reader
from gis_service.store.roles import Login

Document = dict[str, Any]

UNKNOWN = "unknown"
"""The outcome of an operation that never came, or is another person's."""

log = logging.getLogger("gis_service.field")


class FieldOperations:
    """Takes, carries out and answers what phones send."""

    def __init__(self, reader: Reader, editing: Editing) -> None:
        self._reader = reader
        self._editing = editing

    async def receive(
        self,
        principal: Principal,
        body: object,
        *,
        language: Language,
        request_id: str,
    ) -> list[Result]:
        """
        Keep and carry out the operations of a request, in its order.

        Parameters
        ----------
        body
            `device`, `sent_at` and `operations`, as parsed from JSON.
        language
            In which notes are written that the service makes.

        Raises
        ------
        InvalidInput
            The request has not the form of one; nothing was kept.
        Unavailable
            The database does not answer; what was kept is carried out later.
        """
        device, sent_at, given = _envelope(body)
        rows: dict[UUID, Document] = {}
        faults: dict[int, Result] = {}
        for position, each in enumerate(given):
            id_ = uuid_of(each.get("id")) if isinstance(each, dict) else None
            if id_ is None:
                name = each.get("id") if isinstance(each, dict) else None
                faults[position] = _refusal(str(name)[:60], Refused("malformed", "id"))
            elif id_ not in rows:
                content = storable(each) | {"language": language}
                rows[id_] = statements.raw_row(
                    id_, device=device, person_id=principal.person_id,
                    role=principal.audience.value, content=content,
                    sha256=_sha256(each), made_at=time_of(each.get("made_at")), sent_at=sent_at,
                )
        if rows:
            await self._editing.transact(
                lambda c: c.execute(statements.keep_raw(list(rows.values()))),
                principal, request_id=request_id,
            )
        results = []
        for position, each in enumerate(given):
            if position in faults:
                results.append(faults[position])
                continue
            results.append(await self._carried_out(
                UUID(each["id"]), principal, sha256=_sha256(each), request_id=request_id
            ))
        return results

    async def answers(self, principal: Principal, ids: Sequence[UUID]) -> list[Result]:
        """What became of operations; those of others are unknown to all but planners."""
        rows = await self._reader.rows(statements.kept(ids), Login.of(principal.audience))
        found = {row["id"]: row for row in rows}
        results = []
        for id_ in ids:
            row = found.get(id_)
            whose = None if row is None or row["person_id"] is None else str(row["person_id"])
            if row is None or not (
                whose == principal.person_id or principal.audience.includes(HISTORIANS)
            ):
                results.append(Result(str(id_), UNKNOWN))
            else:
                results.append(_result(row, orjson.loads(row["answer"] or "{}")))
        return results

    async def carry_out_waiting(self) -> int:
        """Carry out what was kept and not carried out; how many there were."""
        rows = await self._reader.rows(statements.waiting(), Login.ADMIN)
        for each in rows:
            found = await self._reader.row(statements.kept([each["id"]]), Login.ADMIN)
            if found is None:
                continue
            whose = None if found["person_id"] is None else str(found["person_id"])
            principal = Principal(Audience(found["role"]), person_id=whose)
            try:
                await self._carried_out(each["id"], principal, request_id=str(uuid4()))
            except GisError as error:
                log.warning("the operation %s waits on: %s", each["id"], error)
        return len(rows)

    async def _carried_out(
        self,
        id_: UUID,
        principal: Principal,
        *,
        request_id: str,
        sha256: bytes | None = None,
    ) -> Result:
        def work(connection: Connection) -> Result:
            row = connection.execute(statements.kept([id_], for_update=True)).mappings().one()
            if sha256 is not None and bytes(row["content_sha256"]) != sha256:
                return _refusal(str(id_), Refused("other_content"))
            if row["outcome"] != Outcome.WAITING:
                return _result(row, row["answer"] or {})
            done = self._attempt(connection, principal, row)
            return _written(connection, id_, done)

        try:
            return await self._editing.transact(work, principal, request_id=request_id)
        except Unavailable:
            return Result(str(id_), Outcome.WAITING, reasons=(("busy", ""),))
        except GisError as error:  # found out when the transaction was to end
            if must_wait(error):
                return Result(str(id_), Outcome.WAITING, reasons=(("busy", ""),))
            refused = _refusal(str(id_), error)
            return await self._editing.transact(
                lambda c: _refused_if_waiting(c, id_, refused), principal, request_id=request_id
            )

    def _attempt(
        self, connection: Connection, principal: Principal, row: Mapping[Any, Any]
    ) -> Result:
        """Carry one out; what cannot be done is undone and told, and the transaction goes on."""
        content = dict(row["content"])
        language: Language = "sw" if content.pop("language", "en") == "sw" else "en"
        occurred_at = None
        made_at = row["made_at"]
        collection: str | None = None
        try:
            operation = read_operation(content)
            occurred_at = corrected(operation.made_at, row["sent_at"], row["received_at"])
            collection = collection_of(operation).id
            with self._editing.opened(connection, principal, []).apart():
                result = self._make(
                    connection, principal, operation, occurred_at=occurred_at, language=language
                )
        except Unavailable:
            raise
        except GisError as error:
            if must_wait(error):
                raise
            result = _refusal(str(row["id"]), error, collection=collection)
        return Result(
            result.id, result.outcome, result.item, result.reasons, result.fields, collection,
            made_at, occurred_at,
        )

    def _make(
        self,
        connection: Connection,
        principal: Principal,
        operation: FieldOperation,
        *,
        occurred_at: datetime,
        language: Language,
    ) -> Result:
        about = collection_of(operation)
        if operation.kind is OperationKind.UPDATE:
            return self._update(connection, principal, operation, about)
        edits = [
            replace(each, withheld=waits_for_publishing(each.collection, principal.audience))
            for each in creations(operation, occurred_at, language)
        ]
        for edit in edits:
            allow_in_field(edit, principal)
        transaction = self._editing.opened(connection, principal, edits)
        _make_all(transaction, edits)
        item = Target(about.id, operation.item)
        waits = (("withheld", ""),) if edits[0].withheld else ()
        return Result(str(operation.id), Outcome.APPLIED, item, waits)

    def _update(
        self,
        connection: Connection,
        principal: Principal,
        operation: FieldOperation,
        about: Collection,
    ) -> Result:
        assert operation.target is not None  # noqa: S101 - reading an operation sees to it
        item = operation.target
        allow_in_field(change(about, item.id, {}), principal)
        transaction = self._editing.opened(connection, principal, [])
        standing = transaction.standing(about, item.id)
        merge = merged(operation, standing)
        if merge.given:
            _make_all(transaction, [change(about, item.id, merge.given)])
        if merge.disagreeing:
            # What disagrees is looked at by itself: a value that can never stand is refused.
            wanted = {name: each["wanted"] for name, each in merge.disagreeing.items()}
            self._try(connection, principal, change(about, item.id, wanted))
            connection.execute(statements.new_conflict(
                uuid5(operation.id, "conflict"), operation.id, about.id, item.id,
                storable(merge.disagreeing),
            ))
            fields = tuple(merge.disagreeing)
            return Result(str(operation.id), Outcome.CONFLICT, item, fields=fields)
        seen = (operation.base or {}).get("version")
        moved = seen is not None and seen != standing["properties"]["version"]
        return Result(str(operation.id), Outcome.MERGED if moved else Outcome.APPLIED, item)

    def _try(self, connection: Connection, principal: Principal, edit: Edit) -> None:
        """Raise what the edit would raise, and leave everything as it is."""
        transaction = self._editing.opened(connection, principal, [])
        try:
            with transaction.apart():
                transaction.make(edit)
                raise _Undone
        except _Undone:
            pass


class _Undone(Exception):
    """An edit was only tried."""


def allow_in_field(edit: Edit, principal: Principal) -> None:
    """
    Refuse what somebody may not do by field operations.

    Raises
    ------
    NotAllowed, Refused
        The role is for less; a link of the field is only proposed.
    """
    may = field_rights(edit.collection, principal.audience)
    if edit.operation not in may:
        raise Refused("not_allowed", edit.collection.id)
    status = ((edit.feature or {}).get("properties") or {}).get("status")
    if (
        edit.collection.id == "fibre_links"
        and edit.operation is Operation.CREATE
        and not principal.audience.includes(Audience.PLANNER)
        and status != PROPOSED
    ):
        raise Refused("only_proposed")


def _make_all(transaction: EditTransaction, edits: Sequence[Edit]) -> None:
    for edit in edits:
        transaction.make(edit)
    transaction.finish()


def _envelope(body: object) -> tuple[str, datetime, list[Any]]:
    if not isinstance(body, dict):
        raise InvalidInput("A JSON object with device, sent_at and operations is needed.")
    unknown = sorted(set(body) - {"device", "sent_at", "operations"})
    if unknown:
        raise InvalidInput(f"There is no member {unknown[0][:60]!r} here.")
    device = body.get("device")
    if not isinstance(device, str) or not device.isprintable() or (
        not 0 < len(device) <= LONGEST_DEVICE
    ):
        raise InvalidInput(f"device is a text of 1 to {LONGEST_DEVICE} letters.")
    sent_at = time_of(body.get("sent_at"))
    if sent_at is None:
        raise InvalidInput("sent_at is the phone's time with its zone: 2026-01-31T12:00:00Z.")
    given = body.get("operations")
    if not isinstance(given, list) or len(given) > MOST_OPERATIONS:
        raise InvalidInput(f"operations is a list of at most {MOST_OPERATIONS}.")
    return device, sent_at, given


def _sha256(content: object) -> bytes:
    return hashlib.sha256(orjson.dumps(content, option=orjson.OPT_SORT_KEYS)).digest()


def _refusal(id_: str, error: GisError, *, collection: str | None = None) -> Result:
    """What is told of a refusal: by names of reasons, so that any language can tell it."""
    reasons: tuple[tuple[str, str], ...]
    match error:
        case Refused():
            reasons = ((error.reason, error.subject),)
        case EditRejected():
            reasons = tuple(dict.fromkeys((f.rule, f.column[:60]) for f in error.faults))[:20]
        case NotFound():
            reasons = (("gone", ""),)
        case NotAllowed():
            reasons = (("not_allowed", collection or ""),)
        case Conflict():
            reasons = (("taken", ""),)
        case _:
            reasons = (("malformed", ""),)
    return Result(id_, Outcome.REFUSED, reasons=reasons, collection=collection)


def _written(connection: Connection, id_: UUID, result: Result) -> Result:
    answer = {
        "item": None if result.item is None else asdict(result.item) | {"id": str(result.item.id)},
        "reasons": [list(each) for each in result.reasons],
        "fields": list(result.fields),
        "collection": result.collection,
        "occurred_at": None if result.occurred_at is None else result.occurred_at.isoformat(),
    }
    connection.execute(statements.answered(id_, Outcome(result.outcome), storable(answer)))
    return result


def _refused_if_waiting(connection: Connection, id_: UUID, refused: Result) -> Result:
    row = connection.execute(statements.kept([id_], for_update=True)).mappings().one()
    if row["outcome"] != Outcome.WAITING:
        return _result(row, row["answer"] or {})
    return _written(connection, id_, refused)


def _result(row: Mapping[Any, Any], answer: Mapping[str, Any]) -> Result:
    item = answer.get("item")
    occurred = answer.get("occurred_at")
    return Result(
        str(row["id"]),
        row["outcome"],
        None if item is None else Target(item["collection"], UUID(item["id"])),
        tuple((str(reason), str(subject)) for reason, subject in answer.get("reasons", ())),
        tuple(answer.get("fields", ())),
        answer.get("collection"),
        None if row["made_at"] is None else row["made_at"].astimezone(UTC),
        None if occurred is None else datetime.fromisoformat(occurred),
    )
