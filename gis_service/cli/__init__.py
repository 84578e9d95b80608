"""The command line: every command is a thin call into the services."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from typing import Any

import click

from gis_service import __version__
from gis_service.cli.analyse import analyse
from gis_service.cli.develop import check, test
from gis_service.cli.export import export
from gis_service.cli.history import history
from gis_service.cli.jobs import jobs, loads
from gis_service.cli.keys import keys
from gis_service.cli.load import load
from gis_service.cli.maps import maps
from gis_service.cli.people import people
from gis_service.cli.report import report
from gis_service.cli.settings import settings
from gis_service.cli.tiles import tiles
from gis_service.cli.up import down, serve, up
from gis_service.cli.worker import worker
from gis_service.errors import GisError


class Commands(click.Group):
    """Lists commands in the order in which people need them; tells errors in plain words."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.commands)

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """One example of every command, the first of its own help."""
        with formatter.section("Examples"):
            formatter.write_dl(
                [(example(c), c.get_short_help_str(300)) for c in all_commands(self)]
            )

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except GisError as error:
            click.echo(f"{click.style('Error:', fg='red', bold=True)} {error}", err=True)
            sys.exit(1)


def all_commands(group: click.Group) -> Iterator[click.Command]:
    """Every command that does something, those of groups included."""
    for command in group.commands.values():
        if isinstance(command, click.Group):
            yield from all_commands(command)
        elif not command.hidden:
            yield command


def example(command: click.Command) -> str:
    """The first example in a command's help."""
    found = re.search(r"^\s*((?:[A-Z_]+=\S+ )*\./gis .*?)(?: {2,}.*)?$", command.help or "", re.M)
    return found[1] if found else ""


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="gis")
def cli() -> None:
    """
    The map of a municipality's network.

    `./gis COMMAND --help` tells all of a command.
    """


for command in (
    up, down, load, loads, jobs, export, tiles, maps, analyse, report, history, keys, people,
    settings, serve, worker, test, check,
):
    cli.add_command(command)


def main() -> None:
    """Run the command line."""
    cli(prog_name="gis")
