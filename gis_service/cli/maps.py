"""`gis maps`: maps as files for any web host."""

from __future__ import annotations

import asyncio
from pathlib import Path

import click

from gis_service.bootstrap import open_public_export
from gis_service.cli.progress import say
from gis_service.cli.publication import tell_publication
from gis_service.installation import addresses_of, databases_of, open_database
from gis_service.model.audience import Audience, Principal
from gis_service.model.publications import Publication
from gis_service.services.maps import Maps
from gis_service.services.public_export import WrittenSite, check_ours
from gis_service.services.site_targets import target_of
from gis_service.services.site_upload import PAGES_S, upload_site
from gis_service.settings import Settings, read_settings


@click.group()
def maps() -> None:
    """Maps that files in maps/ define."""


@maps.command("list")
@click.option("--audience", type=click.Choice(list(Audience)), default=Audience.PUBLIC,
              help="Whose maps.", show_default=True)
def list_maps(audience: Audience) -> None:
    """
    List the maps.

    \b
      ./gis maps list --audience planner
    """
    settings = read_settings()
    for definition in _maps(settings).definitions(Principal(Audience(audience))):
        say(f"{definition.id:<24} {definition.title.en}")


@maps.command()
@click.argument("names", nargs=-1)
@click.option("--audience", type=click.Choice(list(Audience)), default=Audience.PUBLIC,
              help="Who may see what is written.", show_default=True)
@click.option("--out", type=click.Path(file_okay=False, path_type=Path),
              help="Folder to write to.  [default: maps/built, below it public]")
def build(names: tuple[str, ...], audience: Audience, out: Path | None) -> None:
    """
    Write what the public sees as a site of files, or single maps as folders.

    Any web host serves them, and they open from a disk. The site holds pages in
    both languages, the public maps, the data, its tiles and its catalogue; a
    folder that holds anything else is left as it is. It names the last publication,
    and a warning says when the public sees something else by now.

    \b
      ./gis maps build                         the site, to maps/built/public/
      ./gis maps build --out /srv/www/network
      ./gis maps build coverage --out /srv/www/maps
      ./gis maps build --audience planner --out plans    every map that planners see
    """
    settings = read_settings()
    audience = Audience(audience)
    built = settings.maps / "built"
    if not names and not audience.is_staff:
        out = (out or built / "public").absolute()
        check_ours(out)
        with open_database(settings):
            written, publication = asyncio.run(_write_site(settings, out))
        say(f"{out / 'index.html'}: {written.files} files, {written.size / 1000:,.0f} kB")
        tell_publication(publication)
        return
    with open_database(settings):
        service = _maps(settings)
        wanted = names or [d.id for d in service.definitions(Principal(audience))]
        for name in wanted:
            folder = service.build(name, audience, out or built)
            say(f"{name}: {folder / 'index.html'}")


@maps.command()
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--to", required=True,
              help="A folder, or remote:path as rclone's configuration names it.")
@click.option("--wait-s", type=click.FloatRange(0, 3600), default=PAGES_S, show_default=True,
              help="Seconds before what only older pages name is removed.")
@click.option("--dry-run", is_flag=True, help="Only say what would be done.")
def upload(folder: Path, to: str, wait_s: float, dry_run: bool) -> None:
    """
    Bring the site that `gis maps build` wrote to where it is served.

    Only what changed is sent: what pages need before the pages, the manifest last.
    What the site no longer has is removed; files of others at that place stay.
    Cut short, the same command goes on. rclone reaches S3 and its like, SFTP and more.

    \b
      ./gis maps upload maps/built/public --to /srv/www/network
      ./gis maps upload maps/built/public --to county:map --dry-run
    """
    plan = upload_site(
        folder, target_of(to), wait_s=wait_s, dry_run=dry_run, tell=lambda step: say(f"  {step}")
    )
    done = ("would be sent", "would be removed") if dry_run else ("sent", "removed")
    say(
        f"{len(plan.sent)} files {done[0]}, {plan.size / 1000:,.0f} kB; {plan.same} were there; "
        f"{len(plan.removed)} {done[1]}"
    )


async def _write_site(settings: Settings, out: Path) -> tuple[WrittenSite, Publication | None]:
    async with open_public_export(settings) as export:
        return await export.write(out, lambda step: say(f"  {step}")), export.publication


def _maps(settings: Settings) -> Maps:
    return Maps(databases_of(addresses_of(settings).logins), settings)
