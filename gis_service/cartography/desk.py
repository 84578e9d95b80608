"""What staff have on a map beside what everybody has: what they can ask and choose."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from gis_service.cartography.definition import LayerDefinition, MapDefinition
from gis_service.cartography.indicators import STAFF_INDICATORS
from gis_service.cartography.toolbox import Toolbox, toolbox_config
from gis_service.cartography.wording import wording
from gis_service.model import codelists
from gis_service.model.fields import Language
from gis_service.model.indicators import Indicator
from gis_service.model.locales import medium_date

_PHRASES = ("desk_", "class_")
"""What the phrases begin with that go to the script of the tools."""


@dataclass(frozen=True, slots=True)
class Phase:
    """A phase of the plan and the day on which it ends."""

    name: str
    ends_on: date


@dataclass(frozen=True, slots=True)
class Desk:
    """
    What staff can ask and choose on a map.

    Parameters
    ----------
    processes
        Addresses of the processes that the reader may ask, by id.
    phases
        The phases of the plan, in the order in which they end.
    scenarios
        Names of the scenarios by id.
    toolbox
        What the tools for listing, drawing and measuring may do.
    """

    processes: Mapping[str, str]
    phases: Sequence[Phase] = ()
    scenarios: Mapping[str, str] | None = None
    toolbox: Toolbox = field(default_factory=Toolbox)


@dataclass(frozen=True, slots=True)
class Choice:
    """An option of a list: its value in the address and what it is called."""

    value: str
    title: str


@dataclass(frozen=True, slots=True)
class Choices:
    """What can be chosen to colour the areas by, in the reader's language."""

    indicators: tuple[Choice, ...]
    themes: tuple[Choice, ...]
    circumstances: tuple[tuple[str, tuple[Choice, ...]], ...]


def choices(definition: MapDefinition, desk: Desk, language: Language) -> Choices | None:
    """What staff can colour the areas by; None where the map offers nothing."""
    shown = staff_indicators(definition)
    if not shown or "coverage" not in desk.processes:
        return None
    words = wording(language)
    phases = tuple(
        Choice(phase.ends_on.isoformat(), f"{phase.name} ({medium_date(phase.ends_on, language)})")
        for phase in desk.phases
    )
    scenarios = tuple(Choice(id_, name) for id_, name in (desk.scenarios or {}).items())
    groups = {
        "planned": ("", (Choice("planned", words["at_planned"]),)),
        "phases": (words["at_phases"], phases),
        "stored": (words["at_scenarios"], scenarios),
    }
    return Choices(
        tuple(Choice(each.id, each.title[language]) for each in shown),
        tuple(Choice(code.code, code.title[language]) for code in codelists.THEME),
        tuple(groups[word] for word in definition.scenarios if groups[word][1]),
    )


def staff_indicators(definition: MapDefinition) -> tuple[Indicator, ...]:
    """The layer's own indicator and those that staff may choose, in their order."""
    layer = definition.indicator_layer
    if layer is None or not definition.indicators:
        return ()
    ids = dict.fromkeys((layer.indicator or "", *definition.indicators))
    return tuple(STAFF_INDICATORS[id_] for id_ in ids)


def desk_config(
    definition: MapDefinition,
    layers: Sequence[LayerDefinition],
    desk: Desk,
    language: Language,
    *,
    tools: Mapping[str, str],
) -> dict[str, Any]:
    """
    What the script of the tools is told; it depends on no data.

    Parameters
    ----------
    tools
        Addresses of the files that are fetched when a tool is first used.
    """
    words = wording(language)
    return {
        "processes": dict(desk.processes),
        "tools": toolbox_config(layers, desk.toolbox, tools),
        "words": {key: text for key, text in words.items() if key.startswith(_PHRASES)},
        "certification": {c.code: c.title[language] for c in codelists.CERTIFICATION},
        "categories": {c.code: c.title[language] for c in codelists.EQUIPMENT_CATEGORY},
        "themes": {code.code: code.title[language] for code in codelists.THEME},
        "breaks": {layer.indicator: layer.breaks for layer in layers if layer.indicator},
        "indicators": {
            each.id: {
                "title": each.title[language],
                "definition": each.description[language],
                "unit": each.unit,
            }
            for each in staff_indicators(definition)
        },
    }
