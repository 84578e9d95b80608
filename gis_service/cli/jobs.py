"""`gis jobs`: follow and cancel long work; `gis loads`: what was loaded."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import datetime
from typing import Any
from uuid import UUID

import click
from rich.console import Console
from rich.markup import escape
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from gis_service.cli.process import ServiceProcess
from gis_service.cli.progress import say
from gis_service.cli.reports import print_report, printable
from gis_service.errors import NotFound
from gis_service.installation import open_database
from gis_service.model.collections import REGISTRY
from gis_service.model.jobs import Job, JobState, LoadRecord
from gis_service.model.reports import LoadReport
from gis_service.services.jobs import KINDS, cancel_job, find_job, list_jobs
from gis_service.services.load_groups import group_record, listed_loads
from gis_service.services.undoing import undo_group, undo_load
from gis_service.services.upload_jobs import INSPECT, LOAD, TRY, UNDO
from gis_service.settings import read_settings
from gis_service.store.database import Database
from gis_service.store.load_groups import parts_of
from gis_service.store.loads import find_load
from gis_service.store.roles import Login

EXIT = {JobState.DONE: 0, JobState.FAILED: 1, JobState.CANCELLED: 3}
"""Status with which `gis jobs wait` ends; 2 is click's for a wrong command line."""
_LOOK_EVERY_S = 0.5
_JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


@click.group()
def jobs() -> None:
    """Long work: see, follow and cancel it."""


@jobs.command("list")
@click.option("--state", type=click.Choice([state.value for state in JobState]),
              help="Only jobs in this state.")
@click.option("--limit", type=click.IntRange(1, 10_000), default=50, show_default=True,
              help="At most so many, the newest first.")
@_JSON
def list_(state: str | None, limit: int, as_json: bool) -> None:
    """
    List the newest jobs.

    \b
      ./gis jobs list --state failed
    """
    with _database() as database:
        found = list_jobs(database, state=JobState(state) if state else None, limit=limit)
    if as_json:
        say(json.dumps([_plain(job) for job in found], ensure_ascii=False, indent=2))
        return
    for job in found:
        source = printable(str(job.payload.get("name") or ""))
        say(f"{job.id}  {_time(job.created_at)}  {job.state.value:<9}  {job.kind:<9}  "
            f"{source:<24}  {_done(job)}".rstrip())


@jobs.command()
@click.argument("id_", metavar="ID", type=click.UUID)
@_JSON
def show(id_: UUID, as_json: bool) -> None:
    """
    Show one job and its result.

    \b
      ./gis jobs show 5f0c1a52-...
      ./gis jobs show 5f0c1a52-... --json     with every faulty row
    """
    with _database() as database:
        job = find_job(database, id_)
    if as_json:
        say(json.dumps(_plain(job), ensure_ascii=False, indent=2))
    else:
        _print(job)


@jobs.command()
@click.argument("id_", metavar="ID", type=click.UUID)
def cancel(id_: UUID) -> None:
    """
    Cancel a job; what it has done so far is rolled back.

    \b
      ./gis jobs cancel 5f0c1a52-...
    """
    with _database() as database:
        job = cancel_job(database, id_)
    if job.state is JobState.RUNNING:
        say("It is being ended; ./gis jobs wait tells when.")
    elif job.state is JobState.CANCELLED:
        say("Cancelled.")
    else:
        say(f"It had ended already: {job.state.value}.")


@jobs.command()
@click.argument("id_", metavar="ID", type=click.UUID)
def wait(id_: UUID) -> None:
    """
    Wait until a job has ended; exit with 0 when it is done, 1 failed, 3 cancelled.

    \b
      ./gis jobs wait 5f0c1a52-... && ./gis maps build
    """
    settings = read_settings()
    with _database() as database, _bar() as (bar, task):
        job = find_job(database, id_)
        if job.state is JobState.QUEUED and settings.database_url is None \
                and ServiceProcess(settings).state() is None:
            say("It is queued, and no service runs to do it: start one with ./gis up.")
        while not job.state.is_final:
            bar.update(task, completed=job.done, total=job.total, visible=True,
                       description=escape(job.message or job.state.value))
            time.sleep(_LOOK_EVERY_S)
            job = find_job(database, id_)
    _print(job)
    sys.exit(EXIT[job.state])


@click.group()
def loads() -> None:
    """Loads that changed the database: what came from which file, and when."""


@loads.command("list")
@click.option("--collection", type=click.Choice(list(REGISTRY)), help="Only loads into this one.")
@click.option("--limit", type=click.IntRange(1, 10_000), default=50, show_default=True,
              help="At most so many, the newest first.")
@_JSON
def list_of_loads(collection: str | None, limit: int, as_json: bool) -> None:
    """
    List the newest loads; the parts of one file are one.

    \b
      ./gis loads list --collection offices
    """
    with _database() as database, database.begin() as connection:
        found = listed_loads(connection, collection=collection, limit=limit)
    if as_json:
        say(json.dumps([asdict(load) for load in found], default=str, ensure_ascii=False,
                       indent=2))
        return
    for load in found:
        counts = _counts(load)
        if removed := load.report.get("removed"):
            counts += f", {removed:,} removed"
        if load.group_id is not None:
            counts += f" ({load.report['notes'][0].rstrip('.')})"
        say(f"{load.id}  {_time(load.loaded_at)}  {load.collection:<14}  "
            f"{printable(load.source):<24}  {counts}")


@loads.command("show")
@click.argument("id_", metavar="ID", type=click.UUID)
@_JSON
def show_load(id_: UUID, as_json: bool) -> None:
    """
    Show one load; its id is also the request id of the changes that history keeps.

    \b
      ./gis loads show 5f0c1a52-...
    """
    with _database() as database, database.begin() as connection:
        load = find_load(connection, id_) or group_record(connection, id_)
        parts = parts_of(connection, id_, faults=False)
    if load is None:
        raise NotFound(f"There is no load {id_}. ./gis loads list shows the newest.")
    if as_json:
        say(json.dumps(asdict(load), default=str, ensure_ascii=False, indent=2))
        return
    say(f"Load {load.id}, {_time(load.loaded_at)}")
    say(f"  person     {load.person_id or 'command line'}")
    say(f"  sha256     {load.sha256}")
    print_report(LoadReport.of_json(load.report), rejected=False, written=None)
    for part in parts:
        say(f"  part {part.place:<5} {part.id}  {_time(part.loaded_at)}  {_counts(part)}")


@loads.command()
@click.argument("id_", metavar="ID", type=click.UUID)
@click.option("--yes", is_flag=True, help="Do not ask.")
@_JSON
def undo(id_: UUID, yes: bool, as_json: bool) -> None:
    """
    Bring back what stood before a load, as long as nothing later touched it.

    It is done in one transaction, and recorded as a load of its own. Of a file that
    was loaded by parts each is, the last first.

    \b
      ./gis loads undo 5f0c1a52-...
    """
    with _database() as database:
        with database.begin() as connection:
            load = find_load(connection, id_)
            group = group_record(connection, id_, faults=False) if load is None else None
            load = load or group
        if load is not None and not yes:
            names = ("inserted", "updated", "decommissioned")
            counts = ", ".join(f"{load.report.get(n, 0):,} {n}" for n in names)
            click.confirm(f"Undo {printable(load.source)} ({counts})?", abort=True, err=True)
        report = undo_load(database, id_) if group is None else undo_group(database, id_)
    if as_json:
        say(json.dumps(report.as_json(), ensure_ascii=False, indent=2))
    else:
        print_report(report, rejected=False, written=None)


def _counts(load: LoadRecord) -> str:
    return ", ".join(
        f"{load.report.get(name) or 0:,} {name}"
        for name in ("inserted", "updated", "rejected", "decommissioned")
        if load.report.get(name) or name != "decommissioned"
    )


@contextmanager
def _database() -> Iterator[Database]:
    with open_database(read_settings(), Login.LOADER) as database:
        yield database


@contextmanager
def _bar() -> Iterator[tuple[Progress, TaskID]]:
    console = Console(stderr=True)
    columns = (
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as b:
        yield b, b.add_task("", total=None, visible=False)


def _print(job: Job) -> None:
    kind = KINDS.get(job.kind)
    say(f"Job {job.id}: {kind.title.en if kind else job.kind}")
    say(f"  state      {job.state.value}{', being cancelled' if _ending(job) else ''}")
    if job.message:
        say(f"  message    {printable(job.message)}")
    if not job.state.is_final:
        say(f"  done       {_done(job)}")
    say(f"  created    {_time(job.created_at)}")
    if job.finished_at is not None:
        say(f"  finished   {_time(job.finished_at)}")
    if job.result is None or job.kind == INSPECT:
        return
    if job.kind in {LOAD, TRY, UNDO}:
        rejected = job.state is JobState.FAILED
        print_report(LoadReport.of_json(job.result), rejected=rejected, written=None)
    else:
        for name, value in job.result.items():
            say(f"  {name:<10} {value}")


def _plain(job: Job) -> dict[str, Any]:
    values = {k: v for k, v in asdict(job).items() if k not in {"payload", "worker", "scope_id"}}
    values["source"] = job.payload.get("name")
    return {k: str(v) if isinstance(v, UUID | datetime) else v for k, v in values.items()}


def _ending(job: Job) -> bool:
    return job.cancel_requested and job.state is JobState.RUNNING


def _done(job: Job) -> str:
    if job.total is None:
        return f"{job.done:,}" if job.done else ""
    return f"{job.done:,} of {job.total:,}"


def _time(at: datetime) -> str:
    return at.astimezone().strftime("%Y-%m-%d %H:%M:%S")
