"""
Map definitions: the files in `maps/` from which pages are made.

A file is read whole and every fault in it is told at once, in words that an
officer can act on.
"""

from __future__ import annotations

import math
import re
import tomllib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from itertools import pairwise
from pathlib import Path
from typing import Any

from gis_service.cartography.indicators import INDICATORS, STAFF_INDICATORS
from gis_service.cartography.styles import MOST_CLASSES, PALETTES, STYLES
from gis_service.errors import InvalidDefinition
from gis_service.model.audience import Audience, visible_collections
from gis_service.model.collections import REGISTRY
from gis_service.model.fields import LANGUAGES, Text

Extent = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class LayerDefinition:
    """
    One layer of a map, drawn above the layers before it.

    Parameters
    ----------
    collection
        What it shows; also the layer's name in addresses.
    style
        How it is drawn: a key of `styles.STYLES`.
    visible
        Whether it is shown before the reader chooses.
    indicator, breaks, palette
        What areas are coloured by, where its classes begin, in which colours.
    """

    collection: str
    style: str
    title: Text
    visible: bool = True
    indicator: str | None = None
    breaks: tuple[float, ...] = ()
    palette: str = PALETTES[0]


@dataclass(frozen=True, slots=True)
class MapDefinition:
    """
    A map that an officer has defined.

    Parameters
    ----------
    id
        The file's name without its ending; part of the map's address.
    place
        The area that the map shows, in words.
    extent
        What the map shows first: west, south, east, north in degrees (WGS84);
        None for all of its data.
    indicators
        Ids of what staff can colour the areas by besides the layer's own.
    scenarios
        In which circumstances they can see them, from `SCENARIOS`.
    """

    id: str
    title: Text
    description: Text
    place: Text
    source: Text
    audience: Audience
    extent: Extent | None
    layers: tuple[LayerDefinition, ...]
    indicators: tuple[str, ...] = ()
    scenarios: tuple[str, ...] = ()

    @property
    def indicator_layer(self) -> LayerDefinition | None:
        """The layer whose areas are coloured by an indicator, if there is one."""
        return next((layer for layer in self.layers if layer.indicator), None)


def read_definitions(folder: Path) -> dict[str, MapDefinition]:
    """
    Every definition in a folder, by id.

    Raises
    ------
    InvalidDefinition
        A file breaks the rules; the first such file is told.
    """
    return {path.stem: read_definition(path) for path in sorted(folder.glob("*.toml"))}


def read_definition(path: Path) -> MapDefinition:
    """
    Read and check one definition.

    Raises
    ------
    InvalidDefinition
        With every fault of the file.
    """
    reader = _Reader()
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InvalidDefinition(path.name, [f"it cannot be read: {error.strerror}"]) from None
    except UnicodeDecodeError:
        raise InvalidDefinition(path.name, ["it is not UTF-8 text"]) from None
    except tomllib.TOMLDecodeError as error:
        raise InvalidDefinition(path.name, [f"it is not TOML: {error}"]) from None
    definition = reader.map(path.stem, table)
    if reader.faults:
        raise InvalidDefinition(path.name, reader.faults)
    return definition


SCENARIOS = ("planned", "phases", "stored")
"""With all that is planned, at the end of each phase, in each scenario that is stored."""

_MAP_KEYS = (
    "title", "description", "place", "source", "audience", "extent", "indicators", "scenarios",
    "layers",
)
_LAYER_KEYS = ("collection", "style", "title", "visible", "indicator", "breaks", "palette")
_ID = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


class _Reader:
    """Turns a parsed file into a definition and collects what is wrong with it."""

    def __init__(self) -> None:
        self.faults: list[str] = []

    def map(self, id_: str, table: dict[str, Any]) -> MapDefinition:
        if not _ID.fullmatch(id_):
            self.faults.append(
                f"the file's name {id_!r} becomes part of an address: use small letters, "
                "digits and hyphens"
            )
        self._known_keys(table, _MAP_KEYS, "")
        audience = self._audience(table)
        layers = self._layers(table.get("layers"), audience)
        for_staff = {
            key: self._words(table, key, known)
            for key, known in (("indicators", list(STAFF_INDICATORS)), ("scenarios", SCENARIOS))
        }
        if any(for_staff.values()) and not any(layer.indicator for layer in layers):
            self.faults.append(
                'indicators and scenarios need a layer with style = "indicator", and there is none'
            )
        if for_staff["scenarios"] and not for_staff["indicators"]:
            self.faults.append("scenarios go with indicators, and there are none")
        return MapDefinition(
            id=id_,
            title=self._text(table, "title", required=True),
            description=self._text(table, "description"),
            place=self._text(table, "place"),
            source=self._text(table, "source"),
            audience=audience,
            extent=self._extent(table.get("extent")),
            layers=layers,
            **for_staff,
        )

    def _known_keys(self, table: dict[str, Any], known: Sequence[str], where: str) -> None:
        for key in table:
            if key not in known:
                self.faults.append(f"{where}unknown key {_suggesting(key, known)}")

    def _text(
        self, table: dict[str, Any], key: str, *, where: str = "", required: bool = False
    ) -> Text:
        value = table.get(key)
        if value is None and not required:
            return Text("", "")
        example = ", ".join(f'{language} = "..."' for language in LANGUAGES)
        if not isinstance(value, dict):
            self.faults.append(f"{where}{key} is missing: write {key} = {{ {example} }}")
            return Text("", "")
        self._known_keys(value, LANGUAGES, f"{where}{key}: ")
        for language in LANGUAGES:
            if not isinstance(value.get(language), str) or not value[language].strip():
                self.faults.append(f"{where}{key} is missing in {_LANGUAGE_NAMES[language]} "
                                   f"({language})")
        return Text(str(value.get("en", "")), str(value.get("sw", "")))

    def _audience(self, table: dict[str, Any]) -> Audience:
        value = table.get("audience", Audience.PUBLIC.value)
        try:
            return Audience(value)
        except ValueError:
            known = [audience.value for audience in Audience]
            self.faults.append(f"audience: unknown reader {_suggesting(value, known)}")
            return Audience.PUBLIC

    def _words(
        self, table: dict[str, Any], key: str, known: Sequence[str]
    ) -> tuple[str, ...]:
        value = table.get(key, [])
        if not isinstance(value, list):
            self.faults.append(f"{key} is a list of words, like [\"{known[0]}\", \"{known[1]}\"]")
            return ()
        for each in value:
            if each not in known:
                self.faults.append(f"{key}: unknown word {_suggesting(each, known)}")
        self._only_once(map(str, value), f"{key}: {{}} is named twice")
        return tuple(each for each in value if each in known)

    def _extent(self, value: Any) -> Extent | None:
        if value is None:
            return None
        if not isinstance(value, list) or len(value) != 4 or not all(map(_is_number, value)):
            self.faults.append(
                "extent is four numbers in degrees: [west, south, east, north]"
            )
            return None
        west, south, east, north = (float(v) for v in value)
        if not (-180 <= west < east <= 180 and -85 <= south < north <= 85):
            self.faults.append(
                f"extent {value} is not west, south, east, north in degrees with west < east "
                "within ±180 and south < north within ±85"
            )
        return (west, south, east, north)

    def _layers(self, value: Any, audience: Audience) -> tuple[LayerDefinition, ...]:
        if not isinstance(value, list) or not value or not all(isinstance(v, dict) for v in value):
            self.faults.append("there is no layer: add one with [[layers]]")
            return ()
        layers = tuple(
            self._layer(table, audience, where=f"layer {number}: ")
            for number, table in enumerate(value, 1)
        )
        self._only_once((layer.collection for layer in layers), "collection {} is shown twice")
        coloured = [layer.collection for layer in layers if layer.indicator]
        if len(coloured) > 1:
            self.faults.append(
                f"{' and '.join(coloured)} both have an indicator; a map can have one"
            )
        return layers

    def _layer(self, table: dict[str, Any], audience: Audience, *, where: str) -> LayerDefinition:
        self._known_keys(table, _LAYER_KEYS, where)
        collection = self._choice(table, "collection", list(REGISTRY), where)
        if collection and REGISTRY[collection] not in visible_collections(audience):
            self.faults.append(f"{where}{collection} may not be seen by {audience.value} readers")
        style = self._choice(table, "style", list(STYLES), where)
        if collection and style:
            fault = STYLES[style].fault_with(REGISTRY[collection])
            if fault:
                self.faults.append(where + fault)
        visible = table.get("visible", True)
        if not isinstance(visible, bool):
            self.faults.append(f"{where}visible is true or false, not {visible!r}")
        title = self._text(table, "title", where=where)
        if collection and not title.en:
            title = REGISTRY[collection].title
        indicator, breaks, palette = self._indicator(table, style, where)
        return LayerDefinition(
            collection, style, title, visible is True, indicator, breaks, palette
        )

    def _indicator(
        self, table: dict[str, Any], style: str, where: str
    ) -> tuple[str | None, tuple[float, ...], str]:
        if style != "indicator":
            for key in ("indicator", "breaks", "palette"):
                if key in table:
                    self.faults.append(f"{where}{key} goes with style = \"indicator\" only")
            return None, (), PALETTES[0]
        indicator = self._choice(table, "indicator", list(INDICATORS), where)
        palette = PALETTES[0]
        if "palette" in table:
            palette = self._choice(table, "palette", PALETTES, where)
        return indicator or None, self._breaks(table.get("breaks"), indicator, where), palette

    def _breaks(self, value: Any, indicator: str, where: str) -> tuple[float, ...]:
        if not isinstance(value, list) or not value or not all(map(_is_number, value)):
            self.faults.append(
                f"{where}breaks is a list of numbers where classes begin, like [20, 40, 60, 80]"
            )
            return ()
        breaks = tuple(float(v) for v in value)
        if len(breaks) >= MOST_CLASSES:
            self.faults.append(
                f"{where}{len(breaks)} breaks make {len(breaks) + 1} classes; "
                f"at most {MOST_CLASSES} can be told apart"
            )
        if any(a >= b for a, b in pairwise(breaks)):
            self.faults.append(f"{where}breaks must ascend, and {value} do not")
        if indicator:
            low, high = INDICATORS[indicator].bounds
            outside = [v for v in value if not low < v < high]
            if outside:
                self.faults.append(
                    f"{where}breaks {outside} lie outside what {indicator} can be "
                    f"({low:g} to {high:g})"
                )
        return breaks

    def _choice(
        self, table: dict[str, Any], key: str, known: Sequence[str], where: str
    ) -> str:
        value = table.get(key)
        if value is None:
            self.faults.append(f"{where}{key} is missing; choose from {', '.join(known)}")
            return ""
        if value not in known:
            self.faults.append(f"{where}unknown {key} {_suggesting(value, known)}")
            return ""
        return str(value)

    def _only_once(self, names: Iterable[str], fault: str) -> None:
        seen: set[str] = set()
        for name in names:
            if name and name in seen:
                self.faults.append(fault.format(name))
            seen.add(name)


_LANGUAGE_NAMES = {"en": "English", "sw": "Kiswahili"}


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _suggesting(value: Any, known: Sequence[str]) -> str:
    near = get_close_matches(str(value), known, n=1, cutoff=0.5)
    hint = f"did you mean {near[0]!r}?" if near else f"known: {', '.join(known)}"
    return f"{value!r}; {hint}"
