"""`gis tour`: twelve tasks on the sample network, one a week."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from gis_service.cli.progress import say
from gis_service.installation import addresses_of, open_database
from gis_service.model.audience import Audience, Principal
from gis_service.model.processes import PROCESSES
from gis_service.settings import Settings, read_settings
from gis_service.store.database import Database, parse_url
from gis_service.web.manual import sections_of

CHAPTER = "tour"
NUMBER = click.IntRange(1, 12)
FOLDER = click.option(
    "--folder", type=click.Path(path_type=Path, file_okay=False), default=Path("tour"),
    show_default=True, help="Where the tasks' files are, each in a folder of its own.",
)


@click.group(invoke_without_command=True)
@click.pass_context
def tour(ctx: click.Context) -> None:
    """
    Twelve tasks on the sample network, one a week: list, show, start, check.

    \b
    Examples:
      ./gis tour
      ./gis tour show 1
      ./gis tour start 2 --folder ~/tour
    """
    if ctx.invoked_subcommand is None:
        for title, _ in tasks():
            say(title)
        say("./gis tour show N tells of one, ./gis tour start N makes what it begins with.")


@tour.command()
@click.argument("number", type=NUMBER)
def show(number: int) -> None:
    """
    Tell why a task is done, what to do, and what to hand in.

    \b
      ./gis tour show 3
    """
    title, text = tasks()[number - 1]
    say(f"{title}\n\n{text.strip()}")


@tour.command()
@click.argument("number", type=NUMBER)
@FOLDER
def start(number: int, folder: Path) -> None:
    """
    Make the files that a task begins with; what is there already stays.

    Refuses where there is any network but synthetic ones.

    \b
      ./gis tour start 2 --folder ~/tour
    """
    from gis_service.services.tour import files  # noqa: PLC0415 - slow
    from gis_service.services.tour.place import ensure_sample  # noqa: PLC0415 - slow

    with open_database(read_settings()) as database:
        ensure_sample(database)
    made = files.start(folder, number)
    say(f"{tasks()[number - 1][0]}: {files.folder_of(folder, number)}")
    for path in made:
        say(f"  {path.name}")
    say(f"./gis tour show {number} tells what to do.")


@tour.command()
@click.argument("number", type=NUMBER)
@FOLDER
def check(number: int, folder: Path) -> None:
    """
    Look whether a task is done, and say what is missing.

    The status is 0 when it is done, 1 while something is missing. It changes
    nothing, and refuses where there is any network but synthetic ones.

    \b
      ./gis tour check 2 --folder ~/tour
    """
    from gis_service.services.tour.checks import check as look  # noqa: PLC0415 - slow
    from gis_service.services.tour.files import folder_of  # noqa: PLC0415 - slow
    from gis_service.services.tour.place import Place, ensure_sample  # noqa: PLC0415 - slow

    settings = read_settings()

    def ask(process: str, inputs: Mapping[str, str]) -> Mapping[str, Any]:
        return asyncio.run(_asked(settings, process, inputs))

    @contextmanager
    def other(where: str) -> Iterator[Database]:
        if where.startswith("postgresql"):
            yield Database.at(parse_url(where))
            return
        elsewhere = {"home": Path(where).expanduser(), "database_url": None}
        with open_database(settings.model_copy(update=elsewhere)) as found:
            yield found

    with open_database(settings) as database:
        ensure_sample(database)
        missing = look(number, Place(database, folder_of(folder, number), ask, other))
    for line in missing:
        say(f"  missing  {line}")
    if missing:
        sys.exit(1)
    say(f"Done: {tasks()[number - 1][0]}")


def tasks() -> list[tuple[str, str]]:
    """Title and text of each task, as the manual has them."""
    return [
        (title, text) for title, text in sections_of(CHAPTER, "en") if title[0].isdigit()
    ]


async def _asked(
    settings: Settings, process: str, inputs: Mapping[str, str]
) -> Mapping[str, Any]:
    from gis_service.bootstrap import open_services  # noqa: PLC0415 - slow
    from gis_service.ogc.process_inputs import parse_inputs  # noqa: PLC0415 - slow

    described = PROCESSES[process]
    async with open_services(settings, addresses_of(settings)) as services:
        return await services.analyses.run(
            described, parse_inputs(described, dict(inputs)), Principal(Audience.ADMIN), "en"
        )
