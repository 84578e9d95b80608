"""The addresses that a map's page uses."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from gis_service.model.fields import Language


@dataclass(frozen=True, slots=True)
class NavLink:
    """An entry of the page's main menu."""

    title: str
    href: str
    current: bool = False


@dataclass(frozen=True, slots=True)
class Account:
    """
    Who is logged in, for the head of a page.

    Parameters
    ----------
    client
        The name to show; None offers to log in.
    csrf_token
        What the form for logging out has to carry.
    preview_end
        Where somebody who looks as the public does gets back to the own view.
    """

    login: str
    logout: str
    client: str | None = None
    csrf_token: str = field(default="", repr=False)
    preview_end: str | None = None


@dataclass(frozen=True, slots=True)
class PageLinks:
    """
    The addresses that a page uses, absolute paths or relative to the page.

    Parameters
    ----------
    assets
        Prefix of `RenderedMap.files`, such as `/maps/assets/`.
    data
        Address of a layer's data by collection id.
    compact
        The same for all of a layer in its short form (`compact.py`); None to bring it as it is.
    languages
        The same page in each language.
    tiles
        Address below which a layer's tiles of bare shapes stand, by collection id; None
        where there are none.
    items
        Of a layer in a folder that is too large for its page, the file of its items, and
        `tiles` is the file of its shapes; None for every other.
    printed, tables
        The map on paper, and its collections as tables to take away.
    search
        Where to search by name what the page does not bring; None for nowhere.
    embedded
        Data comes by script files (`layers.data_script`) instead of `fetch`,
        and the policy stands in the page: for folders opened from `file://`.
    """

    assets: str
    data: Callable[[str], str]
    compact: Callable[[str], str] | None = None
    tiles: Callable[[str], str] | None = None
    languages: Mapping[Language, str] = field(default_factory=dict)
    home: str | None = None
    nav: tuple[NavLink, ...] = ()
    account: Account | None = None
    items: Callable[[str], str | None] = lambda _layer: None
    printed: tuple[NavLink, ...] = ()
    tables: Callable[[str], str] | None = None
    search: str | None = None
    embedded: bool = False
