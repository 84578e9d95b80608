"""`gis doctor`: everything a careful person would look at, and what to do."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Iterator

import click

from gis_service.cli.process import ServiceProcess
from gis_service.cli.progress import say
from gis_service.errors import ConfigurationError, GisError
from gis_service.installation import checkup_database
from gis_service.model.audience import Audience
from gis_service.model.fields import LANGUAGES, Language
from gis_service.model.findings import Finding, State, worst
from gis_service.services.doctor import database, machine
from gis_service.services.doctor.upkeep import upkeep
from gis_service.services.doctor.wording import found, phrase, to_do
from gis_service.settings import Settings, read_settings
from gis_service.store.checkup import network_items
from gis_service.store.database import Database

_COLOURS = {State.OK: "green", State.WARNING: "yellow", State.BAD: "red"}


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option("--lang", "language", type=click.Choice(LANGUAGES), default="en",
              show_default=True, help="Language of the sentences.")
def doctor(as_json: bool, language: Language) -> None:
    """
    Look at everything that a careful person would, and say what to do.

    Nothing is changed. Ends with status 0 when all is well, 1 when something is to be
    looked at, 2 when something is to be mended now.

    \b
      ./gis doctor
      ./gis doctor --lang sw
      ./gis doctor --json      for monitoring
    """
    findings = list(_examine())
    state = worst(findings)
    if as_json:
        say(json.dumps({"state": state, "checks": [_plain(each, language) for each in findings]},
                       ensure_ascii=False, indent=2))
    else:
        for each in findings:
            _say(each, language)
        say(phrase("all_well" if state is State.OK else "not_well", language))
    sys.exit(state.status)


def _examine() -> Iterator[Finding]:
    try:
        settings = read_settings()
    except ConfigurationError as error:
        yield Finding("settings", State.BAD, "settings_wrong", {"why": str(error)})
        return
    yield from machine.settings_fit(settings)
    yield from _service(settings)
    yield from _database(settings)
    yield from upkeep(settings)


def _service(settings: Settings) -> Iterator[Finding]:
    process = ServiceProcess(settings)
    if process.state() is None:
        yield Finding("service", State.WARNING, "service_down")
    elif not process.answers():
        yield Finding("service", State.BAD, "service_silent")
    else:
        yield Finding("service", State.OK, "service_ok")


def _database(settings: Settings) -> Iterator[Finding]:
    try:
        with checkup_database(settings) as examined:
            if examined is None:
                values = {"place": str(settings.home)}
                yield Finding("database", State.BAD, "database_none", values)
                return
            findings = list(database.in_database(examined, settings))
            yield from findings
            if any(each.words == "schema_ok" for each in findings):
                yield from _quality(examined, settings)
    except GisError as error:
        yield database.refusal(error)


def _quality(examined: Database, settings: Settings) -> Iterator[Finding]:
    """Of the networks, as the service itself reads them."""
    # They import what reads and writes packages, which is slow.
    from gis_service.bootstrap import open_network_exports  # noqa: PLC0415
    from gis_service.services.doctor.network_quality import network_quality  # noqa: PLC0415

    async def checked(items: int) -> Finding | None:
        async with open_network_exports(settings, Audience.PLANNER) as exports:
            return await network_quality(exports, settings, items)

    try:
        with examined.reading() as connection:
            items = network_items(connection)
        finding = asyncio.run(checked(items))
    except GisError as error:
        values: dict[str, int | str] = {"why": str(error)}
        yield Finding("quality", State.WARNING, "quality_not_told", values)
        return
    if finding is not None:
        yield finding


def _say(finding: Finding, language: Language) -> None:
    mark = click.style(
        f"{phrase(finding.state, language):<8}", fg=_COLOURS[finding.state],
        bold=finding.state is not State.OK,
    )
    say(f"{mark}{found(finding, language)}")
    if (advice := to_do(finding, language)) is not None:
        say(f"        -> {advice}")


def _plain(finding: Finding, language: Language) -> dict[str, object]:
    return {
        "check": finding.check, "state": finding.state, "found": found(finding, language),
        "to_do": to_do(finding, language), "values": dict(finding.values),
    }
