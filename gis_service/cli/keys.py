"""`gis keys`: who may see more than the public."""

from __future__ import annotations

import sys
from datetime import datetime

import click

from gis_service.cli.process import ServiceProcess
from gis_service.cli.progress import say, say_table
from gis_service.installation import open_database
from gis_service.model.audience import Audience
from gis_service.model.keys import IssuedKey, KeyRecord, KeyState
from gis_service.services import keys as service
from gis_service.settings import Settings, read_settings

_FRAME = ("╔═╗", "║", "╚═╝")
_PLAIN_FRAME = ("+-+", "|", "+-+")

_EXPIRES = click.option(
    "--expires", metavar="DAY|90d", help="Last day (2027-01-31), or days from now (90d)."
)


@click.group()
def keys() -> None:
    """Keys of staff: make, list, change, revoke."""


@keys.command()
@click.option("--role", type=click.Choice([a.value for a in Audience if a.is_staff]),
              required=True, help="What the key opens.")
@click.option("--name", required=True, help="Whose key it is.")
@click.option("--client", help="Device or program that will hold it.  [default: the name]")
@click.option("--contact", help="How to reach the person.")
@click.option("--ward", metavar="CODE", help="Code of the ward that it is meant for.")
@click.option("--scope", metavar="NAME",
              help="Scope that it is held to.  [default: the whole installation]")
@_EXPIRES
def create(  # noqa: PLR0917 - click passes them by name
    role: str,
    name: str,
    client: str | None,
    contact: str | None,
    ward: str | None,
    scope: str | None,
    expires: str | None,
) -> None:
    """
    Make a key and show it, once.

    \b
      ./gis keys create --role planner --name "Jane Moraa"
      ./gis keys create --role technician --name "Jane Moraa" --client ipad-3 --expires 90d
      ./gis keys create --role planner --name "Jane Moraa" --scope kisii
    """
    settings = read_settings()
    expires_at = None if expires is None else service.parse_expiry(expires)
    with open_database(settings) as database:
        issued = service.create_key(
            database,
            role=Audience(role),
            name=name,
            client=client,
            contact=contact,
            ward=ward,
            scope=scope,
            expires_at=expires_at,
        )
    click.echo(key_notice(issued, settings), nl=False)


@keys.command("list")
def list_keys() -> None:
    """
    List every key: whose, for what, when last used; never its secret.

    \b
      ./gis keys list
    """
    with open_database(read_settings()) as database:
        records = service.list_keys(database)
    if not records:
        say("There is no key yet. ./gis keys create makes one.")
        return
    say_table(
        ("prefix", "state", "role", "client", "person", "ward", "scope", "made", "last used",
         "expires"),
        [
            (key.prefix, _state(key), key.role.value, key.client, _person(key), key.ward or "",
             key.scope or "", _day(key.created_at), _moment(key.last_used_at) or "never",
             _moment(key.expires_at) or "never")
            for key in records
        ],
    )


@keys.command()
@click.argument("client_or_prefix")
@_EXPIRES
def rotate(client_or_prefix: str, expires: str | None) -> None:
    """
    Make a second key for a client; the old one works until it is revoked.

    \b
      ./gis keys rotate ipad-3
    """
    settings = read_settings()
    expires_at = None if expires is None else service.parse_expiry(expires)
    with open_database(settings) as database:
        issued, old = service.rotate_key(database, client_or_prefix, expires_at=expires_at)
    click.echo(key_notice(issued, settings), nl=False)
    say(f"The old key {old.prefix} works until you run: ./gis keys revoke {old.prefix}")


@keys.command()
@click.argument("prefix")
def revoke(prefix: str) -> None:
    """
    Refuse a key from now on, everywhere within 5 seconds, and end its sessions.

    PREFIX is what stands between `gis_` and the next `_`; the rest of the key
    does not belong on a command line, which others on this machine can see.

    \b
      ./gis keys revoke k7m2p9qx
    """
    with open_database(read_settings()) as database:
        key = service.revoke_key(database, prefix)
    if key.state is KeyState.REVOKED:
        say(f"The key {key.prefix} of {key.client} was revoked already.")
    else:
        say(f"Revoked the key {key.prefix} of {key.client}. It is refused within 5 seconds.")


def key_notice(issued: IssuedKey, settings: Settings, *, first: bool = False) -> str:
    """A new key in a frame that is not missed."""
    key = issued.record
    ends = f", until {_moment(key.expires_at)}" if key.expires_at else ""
    head = "The first key: it opens everything." if first else "A new key."
    return _framed(
        [
            f"{head} It is shown this once.",
            "",
            issued.text.shown(),
            "",
            f"For {_person(key)} ({key.client}), role {key.role}{ends}.",
            "Keep it where passwords are kept. Only its hash is stored, so",
            "nobody can look it up again; if it is lost, make another.",
            f"Log in with it at {ServiceProcess(settings).address}/login",
        ]
    )


def _framed(lines: list[str]) -> str:
    width = max(len(line) for line in lines)
    top, side, bottom = _FRAME if _can_print("".join(_FRAME)) else _PLAIN_FRAME
    framed = [
        "",
        f"  {top[0]}{top[1] * (width + 2)}{top[2]}",
        *(f"  {side} {line:<{width}} {side}" for line in lines),
        f"  {bottom[0]}{bottom[1] * (width + 2)}{bottom[2]}",
        "",
    ]
    return "".join(f"{line}\n" for line in framed)


def _can_print(text: str) -> bool:
    try:
        text.encode(sys.stdout.encoding or "ascii")
    except UnicodeEncodeError:
        return False
    return True


def _person(key: KeyRecord) -> str:
    return key.person or f"(erased) {key.person_id}"


def _state(key: KeyRecord) -> str:
    if key.state is KeyState.LIVE:
        return "live"
    return f"revoked {_day(key.revoked_at)}" if key.revoked_at else key.state.value


def _day(moment: datetime | None) -> str:
    return moment.astimezone().strftime("%Y-%m-%d") if moment else ""


def _moment(moment: datetime | None) -> str:
    return moment.astimezone().strftime("%Y-%m-%d %H:%M") if moment else ""
