"""Addresses of a map's page, its files and its data: where it is served, and in a folder."""

from __future__ import annotations

from collections.abc import Mapping

from gis_service.cartography.definition import MapDefinition
from gis_service.cartography.rendering import NavLink, PageLinks
from gis_service.model.audience import Audience
from gis_service.model.fields import LANGUAGES, Language
from gis_service.model.processes import visible_processes
from gis_service.services.layer_archives import LayerArchives


def process_addresses(prefix: str, audience: Audience) -> dict[str, str]:
    """Where each process that a reader may call is asked."""
    return {
        each.id: f"{prefix}/processes/{each.id}/execution" for each in visible_processes(audience)
    }


def served_links(
    prefix: str, definition: MapDefinition, language: Language, *, compact: bool
) -> PageLinks:
    """Addresses of a map's page that the service serves, its data in the short form if asked."""
    here = f"{prefix}/maps/{definition.id}"
    return PageLinks(
        assets=f"{here}/files/",
        data=lambda layer: f"{here}/data/{layer}.geojson?lang={language}",
        compact=(lambda layer: f"{here}/data/{layer}.json") if compact else None,
        tiles=lambda layer: f"{here}/tiles/{layer}",
        languages={each: f"{here}?lang={each}" for each in LANGUAGES},
        home=f"{prefix}/?lang={language}",
        printed=tuple(
            NavLink(suffix.upper(), f"{here}/print.{suffix}?lang={language}")
            for suffix in ("pdf", "png")
        ),
        search=f"{prefix}/search",
        tables=lambda layer: f"{prefix}/collections/{layer}/items?lang={language}",
    )


def folder_links(
    language: Language,
    above: str | None,
    data: Mapping[str, str],
    archives: Mapping[str, LayerArchives],
) -> PageLinks:
    """
    Addresses of a map's page in a folder.

    Parameters
    ----------
    above
        Where its home page lies; None for none.
    data
        Names of the files of data, by layer.
    archives
        Those of the layers that are too large for a page.
    """
    return PageLinks(
        home=None if above is None else above + page_name(language),
        assets="assets/",
        data=lambda layer: f"data/{data[layer]}",
        tiles=(lambda layer: _archive(archives, layer, "shapes") or "") if archives else None,
        items=lambda layer: _archive(archives, layer, "items"),
        languages={each: page_name(each) for each in LANGUAGES},
        embedded=True,
    )


def _archive(archives: Mapping[str, LayerArchives], layer: str, kind: str) -> str | None:
    found = archives.get(layer)
    return None if found is None else f"data/{getattr(found, kind)}"


def page_name(language: Language) -> str:
    """The file of a page of a folder, in a language."""
    return "index.html" if language == LANGUAGES[0] else f"{language}.html"
