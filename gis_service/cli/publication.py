"""What the terminal says of the publication that is written out."""

from __future__ import annotations

import click

from gis_service.cli.progress import say
from gis_service.model.days import day_of
from gis_service.model.publications import Publication


def tell_publication(publication: Publication | None) -> None:
    """Name the last publication; warn where the public sees something else by now."""
    if publication is None:
        _warn(
            "nobody has published anything yet. This holds what the public sees now; "
            "planners publish at /publish."
        )
        return
    named = f"publication {publication.number} of {day_of(publication.published_at)}"
    if publication.moved_on:
        _warn(
            f"what the public sees has changed since {named}, and the changes are in here. "
            "Planners look at them at /publish."
        )
    else:
        say(f"It holds {named}.")


def _warn(words: str) -> None:
    click.echo(f"{click.style('Warning:', fg='yellow', bold=True)} {words}", err=True)
