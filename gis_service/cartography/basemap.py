"""What lies beneath a map's own layers, when settings name anything."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from gis_service.errors import ConfigurationError


@dataclass(frozen=True, slots=True)
class OnlineBasemap:
    """
    Tiles of an online provider, used only when settings name one.

    Parameters
    ----------
    url
        Template with {z}, {x} and {y}, and {s} where there are subdomains.
    attribution
        The credit that the provider asks for, as plain text.
    """

    url: str
    attribution: str

    @property
    def origins(self) -> tuple[str, ...]:
        """What the policy's img-src must allow."""
        found = re.match(r"(https?://)([A-Za-z0-9.{}:\[\]-]+)/", self.url)
        if found is None or not all(part in self.url for part in ("{z}", "{x}", "{y}")):
            raise ConfigurationError(
                f"The basemap's address {self.url!r} is not like https://host/{{z}}/{{x}}/{{y}}.png"
            )
        return (found[1] + re.sub(r"^\{s\}", "*", found[2]),)

    @property
    def options(self) -> dict[str, Any]:
        """How Leaflet asks for its tiles."""
        return {}


@dataclass(frozen=True, slots=True)
class OwnBasemap:
    """
    Tiles that our own service gives from a file.

    Parameters
    ----------
    url
        Template of a path with {z}, {x} and {y}.
    bounds
        West, south, east, north in degrees; nothing is asked for outside.
    zooms
        Lowest and highest zoom that there is; between and beyond, tiles are scaled.
    """

    url: str
    attribution: str
    bounds: tuple[float, float, float, float]
    zooms: tuple[int, int]

    @property
    def origins(self) -> tuple[str, ...]:
        return ()

    @property
    def options(self) -> dict[str, Any]:
        """How Leaflet asks for its tiles."""
        west, south, east, north = self.bounds
        lowest, highest = self.zooms
        return {
            "min_zoom": max(0, lowest - 2), "min_native_zoom": lowest,
            "max_native_zoom": highest, "bounds": [[south, west], [north, east]],
        }


@dataclass(frozen=True, slots=True)
class VectorBasemap:
    """
    Vector tiles that our own service gives from a file, and the page draws.

    Parameters
    ----------
    url
        Template of a path with {z}, {x} and {y}.
    zooms
        Lowest and highest zoom that there is; beyond, parts of the highest are drawn.
    layers
        Names of the layers in its tiles: where none is of a known scheme, shapes are drawn bare.
    """

    url: str
    attribution: str
    bounds: tuple[float, float, float, float]
    zooms: tuple[int, int]
    layers: tuple[str, ...] = ()

    @property
    def origins(self) -> tuple[str, ...]:
        return ()

    @property
    def config(self) -> dict[str, Any]:
        """What the page's script needs to know of it."""
        return {
            "tiles": self.url, "bounds": self.bounds, "zooms": self.zooms, "layers": self.layers,
        }


Basemap = OnlineBasemap | OwnBasemap | VectorBasemap
