"""Uploaded files as planners handle them: sent, looked at, tried, confirmed, undone."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar
from uuid import UUID, uuid4

import orjson
from sqlalchemy import Connection

from gis_service.errors import Conflict, InvalidInput, NotFound
from gis_service.formats.row_outcomes import (
    OutcomeFaults,
    OutcomeRow,
    count_shapes,
    outcome_rows,
    outcome_shapes,
)
from gis_service.model.audience import Principal
from gis_service.model.jobs import Job, JobState
from gis_service.model.reports import LoadReport
from gis_service.model.rights import loads
from gis_service.model.uploads import DoneLoad, RowOutcome, Upload, counts_of
from gis_service.services import upload_choices
from gis_service.services.editing import Editing
from gis_service.services.mappings import parsed_mapping
from gis_service.services.received import Arrival, ReceivedFile, drop_received
from gis_service.services.upload_jobs import INSPECT, LOAD, REJECTS, REPORT, ROWS, TRY, UNDO
from gis_service.services.upload_sweep import drop_files
from gis_service.services.uploads import exports
from gis_service.settings import Settings
from gis_service.store import jobs as queue
from gis_service.store import loads as store_of_loads
from gis_service.store import uploads as store
from gis_service.store.edits import networks
from gis_service.store.reading import Reader
from gis_service.store.roles import Login

MOST_LISTED = 50
_T = TypeVar("_T")


class Uploads:
    """What came in through the browser, and all loads that were committed; for planners."""

    def __init__(self, reader: Reader, editing: Editing, settings: Settings) -> None:
        self._reader = reader
        self._editing = editing
        self._settings = settings

    async def newest(self, principal: Principal) -> list[Upload]:
        """The newest uploads of everybody; raises `NotFound`."""
        statement = store.uploads_statement(limit=MOST_LISTED)
        rows = await self._reader.rows(statement, _login(principal))
        return [store.upload_of(row) for row in rows]

    async def find(self, id_: str, principal: Principal) -> Upload:
        """
        One upload.

        Raises
        ------
        NotFound
            There is none with that id.
        """
        login, row = _login(principal), None
        with suppress(ValueError):
            statement = store.uploads_statement(limit=1, id_=UUID(id_))
            row = await self._reader.row(statement, login)
        if row is None:
            raise NotFound(f"There is no load {id_[:40]!r}.")
        return store.upload_of(row)

    async def done(self, principal: Principal) -> list[DoneLoad]:
        """The newest loads that were committed, from wherever they came."""
        statement = store_of_loads.done_loads(limit=MOST_LISTED)
        rows = await self._reader.rows(statement, _login(principal))
        return [store_of_loads.done_load(row) for row in rows]

    async def one_done(self, id_: str, principal: Principal) -> DoneLoad:
        """One load that was committed, with its whole report; raises `NotFound`."""
        login, row = _login(principal), None
        with suppress(ValueError):
            statement = store_of_loads.done_loads(limit=1, id_=UUID(id_))
            row = await self._reader.row(statement, login)
        if row is None:
            raise NotFound(f"There is no load {id_[:40]!r}.")
        return store_of_loads.done_load(row)

    async def networks(self, principal: Principal) -> list[tuple[str, bool]]:
        """Every network by its `external_id`, and whether it is only read here."""
        rows = await self._reader.rows(networks(), _login(principal))
        return [(row["external_id"], row["read_only"]) for row in rows]

    async def undoing(self, load: DoneLoad, principal: Principal) -> Job | None:
        """The last job that was to undo a load."""
        row = await self._reader.row(
            queue.latest_about(UNDO, "load", str(load.id)), _login(principal)
        )
        return None if row is None else queue.job_of(row)

    async def keep(
        self, arrival: Arrival, principal: Principal, chosen: Mapping[str, Any], *,
        request_id: str,
    ) -> list[ReceivedFile]:
        """
        Keep the files that have arrived, and have them looked at.

        Raises
        ------
        UnreadableFile, InvalidInput
            One of them is no file that is read; then none is kept.
        """
        _login(principal)
        looking: Mapping[str, Any] = upload_choices.looking(chosen)
        mapping = arrival.mapping()
        if mapping is not None:
            looking = upload_choices.looking_with(mapping[0], parsed_mapping(*mapping))
        files = await asyncio.to_thread(arrival.keep)

        def work(connection: Connection) -> None:
            for each in files:
                job = _queued(
                    connection, INSPECT, principal,
                    {"received": str(each.id), "name": each.name, **looking},
                )
                store.add_upload(connection, {
                    "id": each.id, "source": each.name, "bytes": each.bytes,
                    "sha256": each.sha256, "person_id": _person(principal),
                    "inspect_job": job.id,
                })

        try:
            await self._editing.transact(work, principal, request_id=request_id)
        except BaseException:
            for each in files:
                drop_received(self._settings, each.id)
            raise
        return files

    async def look(
        self, id_: str, chosen: Mapping[str, Any], principal: Principal, *, request_id: str
    ) -> None:
        """
        Have a file looked at again: another layer, collection or encoding.

        Raises
        ------
        NotFound, Conflict, InvalidInput
        """
        await self._look(id_, upload_choices.looking(chosen), principal, request_id)

    async def use_mapping(
        self, id_: str, name: str, content: bytes, principal: Principal, *, request_id: str
    ) -> None:
        """
        Have a file looked at again, as a saved mapping says.

        Parameters
        ----------
        name, content
            Of the mapping's file.

        Raises
        ------
        NotFound, Conflict, InvalidInput
        """
        looking = upload_choices.looking_with(name, parsed_mapping(name, content))
        await self._look(id_, looking, principal, request_id)

    async def _look(
        self, id_: str, looking: Mapping[str, Any], principal: Principal, request_id: str
    ) -> None:
        def work(connection: Connection, upload: Upload) -> None:
            if "networks" in (upload.inspection.result or {}):
                raise Conflict("A package says by itself what it holds; try it as it is.")
            payload = {
                "received": str(upload.id), "name": upload.source, "again": True, **looking,
            }
            job = _queued(connection, INSPECT, principal, payload)
            store.set_jobs(
                connection, upload.id, inspect_job=job.id, trial_job=None, load_job=None
            )

        await self._changed(id_, principal, work, request_id)

    async def attempt(
        self, id_: str, chosen: Mapping[str, Any], principal: Principal, *, request_id: str
    ) -> None:
        """
        Have a file tried as it was chosen; nothing is loaded.

        Raises
        ------
        NotFound, Conflict, InvalidInput
        """

        def work(connection: Connection, upload: Upload) -> None:
            found = upload.inspection.result
            if found is None:
                raise Conflict("The file has not been looked at yet.")
            is_package = "networks" in found
            how = (
                upload_choices.packaged(chosen) if is_package else upload_choices.loading(chosen)
            )
            job = _queued(connection, TRY, principal, {
                "received": str(upload.id), "name": upload.source, "sha256": upload.sha256, **how,
            })
            store.set_jobs(connection, upload.id, trial_job=job.id, load_job=None)

        before = await self._changed(id_, principal, work, request_id)
        if before.trial is not None:
            left = exports(self._settings) / str(before.trial.id)
            await asyncio.to_thread(shutil.rmtree, left, ignore_errors=True)

    async def confirm(
        self, id_: str, trial: str, principal: Principal, *, decommission: int | None,
        request_id: str,
    ) -> None:
        """
        Load a file exactly as it was tried; asked twice, it is loaded once.

        Parameters
        ----------
        trial
            Id of the job whose outcome was shown.
        decommission
            How many items were shown that would be marked decommissioned; None
            when nobody said yes to it.

        Raises
        ------
        NotFound
        Conflict
            Something else was tried meanwhile.
        InvalidInput
            Nothing can be loaded, or items would be marked and nobody said yes.
        """

        def work(connection: Connection, upload: Upload) -> None:
            tried = upload.trial
            if tried is None or str(tried.id) != trial or tried.result is None:
                raise Conflict(
                    "The choices were changed meanwhile. Look at what is shown now, then confirm."
                )
            load = upload.load
            if load is not None and load.payload.get("trial") == trial and (
                load.state in {JobState.QUEUED, JobState.RUNNING, JobState.DONE}
            ):
                return
            report = LoadReport.of_json(tried.result)
            expected = counts_of(report)
            if tried.payload.get("sync") and report.rejected:
                raise InvalidInput("A file with faults cannot be synchronised with.")
            if report.decommissioned and decommission != report.decommissioned:
                raise InvalidInput(
                    f"{report.decommissioned:,} items would be marked decommissioned. Say yes to "
                    "that first."
                )
            job = _queued(connection, LOAD, principal, {
                **tried.payload, "trial": trial, "expected": expected,
                "accept_partial": not tried.payload.get("sync"),
                "sync_most": report.decommissioned,
            })
            store.set_jobs(connection, upload.id, load_job=job.id)

        await self._changed(id_, principal, work, request_id, again=True)

    async def discard(self, id_: str, principal: Principal, *, request_id: str) -> None:
        """Take an uploaded file away; raises `NotFound`, `Conflict`."""

        def work(connection: Connection, upload: Upload) -> None:
            store.mark_removed(connection, [upload.id])

        before = await self._changed(id_, principal, work, request_id, gone=True)
        trials = () if before.trial is None else (before.trial.id,)
        await asyncio.to_thread(drop_files, self._settings, before.id, trials)

    async def cancel(self, id_: str, principal: Principal) -> None:
        """End what is being done with a file; raises `NotFound`."""
        upload = await self.find(id_, principal)
        if not upload.job.state.is_final:
            await self._reader.row(
                queue.cancel_statement(upload.job.id, owner=None), Login.GATE
            )

    async def undo(self, id_: str, principal: Principal, *, request_id: str) -> None:
        """
        Have a load taken back; asked twice, it is done once.

        Raises
        ------
        NotFound
        Conflict
            It was undone already, or is an undoing itself.
        """
        load = await self.one_done(id_, principal)
        if load.undone or load.report.get("undoes"):
            raise Conflict("This load was undone already.")

        def work(connection: Connection) -> None:
            queue.one_at_a_time(connection, f"undo {load.id}")
            last = connection.execute(
                queue.latest_about(UNDO, "load", str(load.id))
            ).mappings().first()
            if last is not None and queue.job_of(last).state in {
                JobState.QUEUED, JobState.RUNNING, JobState.DONE
            }:
                return
            payload = {"load": str(load.id), "name": load.source}
            _queued(connection, UNDO, principal, payload)

        await self._editing.transact(work, principal, request_id=request_id)

    async def rows(
        self, upload: Upload, outcome: RowOutcome | None, *, first: int, most: int
    ) -> list[OutcomeRow]:
        """So many rows of the last trial, from the `first` on; none where it has kept none."""
        path = self.file(upload, ROWS)
        if path is None:
            return []
        return await asyncio.to_thread(outcome_rows, path, outcome, first=first, most=most)

    async def shapes(self, upload: Upload) -> bytes:
        """The rows of the last trial on the map, as GeoJSON; raises `NotFound`."""
        path = self.file(upload, ROWS)
        if path is None:
            raise NotFound("There is no map of this load.")
        return await asyncio.to_thread(outcome_shapes, path)

    async def drawn(self, upload: Upload) -> int:
        """How many rows of the last trial are on the map."""
        path = self.file(upload, ROWS)
        return 0 if path is None else await asyncio.to_thread(count_shapes, path)

    async def report(self, upload: Upload) -> LoadReport:
        """The whole report of the last trial, or of the load; raises `NotFound`."""
        path = self.file(upload, REPORT)
        if path is not None:
            report = LoadReport.of_json(orjson.loads(await asyncio.to_thread(path.read_bytes)))
            rows = self.file(upload, ROWS)
            if rows is not None and report.faults_found > len(report.faults):
                return replace(report, faults=OutcomeFaults(rows))
            return report
        job = upload.load or upload.trial
        if job is None or job.result is None:
            raise NotFound("There is no report of this load yet.")
        return LoadReport.of_json(job.result)

    def file(self, upload: Upload, name: str) -> Path | None:
        """What the last trial has written under a name, if it is there."""
        if upload.trial is None or upload.trial.state is not JobState.DONE:
            return None
        path = exports(self._settings) / str(upload.trial.id) / name
        return path if path.is_file() else None

    def rejects(self, upload: Upload) -> Path | None:
        """The GeoPackage with the rows that the last trial refused."""
        return self.file(upload, REJECTS)

    async def _changed(
        self, id_: str, principal: Principal, work: Callable[[Connection, Upload], _T],
        request_id: str, *, again: bool = False, gone: bool = False,
    ) -> Upload:
        """
        Change an upload that nobody else changes meanwhile; as it was before.

        Parameters
        ----------
        again
            Whether it may be asked for while a job of it runs.
        gone
            Whether its file may be gone.
        """
        _login(principal)
        found = await self.find(id_, principal)

        def held(connection: Connection) -> Upload:
            upload = store.held(connection, found.id)
            if upload is None:
                raise NotFound(f"There is no load {id_[:40]!r}.")
            if not again and upload.state.is_busy:
                raise Conflict("The file is being worked on. Wait until that has ended.")
            if upload.removed_at is not None and not gone and not again:
                raise Conflict("The file was taken away. Upload it again.")
            work(connection, upload)
            return upload

        return await self._editing.transact(held, principal, request_id=request_id)


def _login(principal: Principal) -> Login:
    """The login of who may load; to others nothing of this exists."""
    if not loads(principal.audience):
        raise NotFound("There is nothing here.")
    return Login.of(principal.audience)


def _person(principal: Principal) -> UUID | None:
    return None if principal.person_id is None else UUID(principal.person_id)


def _queued(
    connection: Connection, kind: str, principal: Principal, payload: Mapping[str, Any]
) -> Job:
    return queue.enqueue(connection, uuid4(), kind, payload, _person(principal))
