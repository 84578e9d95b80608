"""What a command needs, decided by its name alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

_HELP = {"-h", "--help", "help", "--version"}
_WITHOUT_DATABASE = {"check", "down", "settings"}
_WITH_PAGES = {"up", "serve", "maps", "test", "deploy"}
_FOR_DEVELOPERS = {"test", "check"}


@dataclass(frozen=True)
class Needs:
    """What has to be there, beside the virtual environment with the runtime's packages."""

    database: bool = False
    browser: bool = False
    development: bool = False
    assets: bool = False
    clients: bool = False
    peers: bool = False
    only_help: bool = False


def needs_of(arguments: Sequence[str], settings: Mapping[str, str]) -> Needs:
    """
    What the command line `arguments` needs.

    Parameters
    ----------
    arguments
        Those after `gis`.
    settings
        Variables of the environment and `.env`. One that names a database or the
        server's programs means that no PostgreSQL has to be installed.
    """
    command = arguments[0] if arguments else "--help"
    # the arguments of `test` are pytest's
    if command in _HELP or (command != "test" and _HELP & {"-h", "--help"} & set(arguments)):
        return Needs(only_help=True)
    elsewhere = bool(settings.get("GIS_PG_BIN"))
    if command != "test":
        elsewhere = elsewhere or bool(settings.get("GIS_DATABASE_URL"))
    return Needs(
        database=command not in _WITHOUT_DATABASE and not elsewhere,
        browser=command == "test",
        development=command in _FOR_DEVELOPERS,
        assets=command in _WITH_PAGES,
        clients=command == "test",
        peers=command == "test",
    )


def read_settings(environment: Mapping[str, str], folder: Path) -> dict[str, str]:
    """Variables of `folder`'s `.env`, and over them those of the environment."""
    try:
        text = (folder / ".env").read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):  # the settings tell what is wrong with it
        text = ""
    return {**dict(_variables(text)), **environment}


def _variables(text: str) -> list[tuple[str, str]]:
    lines = (line.strip().removeprefix("export ") for line in text.splitlines())
    pairs = (line.partition("=") for line in lines if "=" in line and not line.startswith("#"))
    return [(name.strip(), value.strip().strip("'\"")) for name, _, value in pairs]
