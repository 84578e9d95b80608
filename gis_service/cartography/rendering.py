"""
Pages from definitions: Folium draws, our own template frames.

Folium's header, body and script are rendered apart, so that the page holds no
inline code and passes a strict Content-Security-Policy. The files of a page
hold no data: they depend on the definition, the language and the fields that
the reader may see. Data travels by address.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import folium
from branca.element import CssLink, Figure, JavascriptLink, MacroElement
from jinja2 import Template as JinjaTemplate
from markupsafe import Markup

from gis_service.cartography.assets import (
    BASE_SCRIPT,
    BASE_WORKER,
    DESK_SCRIPTS,
    LEAFLET_CSS,
    LEAFLET_JS,
    MAP_SCRIPTS,
    UnmappedAddress,
    hashed_name,
    icon_path,
    kept_script,
    large_scripts,
    own_file,
    packed_file,
    vendored,
    without_controls,
)
from gis_service.cartography.basemap import Basemap, OnlineBasemap, OwnBasemap, VectorBasemap
from gis_service.cartography.definition import LayerDefinition, MapDefinition
from gis_service.cartography.desk import Desk, choices
from gis_service.cartography.figures import figures
from gis_service.cartography.indicators import INDICATORS
from gis_service.cartography.legend import legend
from gis_service.cartography.links import Account, NavLink, PageLinks
from gis_service.cartography.policy import content_security_policy
from gis_service.cartography.script import script_config
from gis_service.cartography.templates import template
from gis_service.cartography.toolbox import toolbox_files
from gis_service.cartography.wording import wording
from gis_service.model.coverage import CoverageTable
from gis_service.model.fields import Field, Language
from gis_service.model.locales import long_date, number

__all__ = [
    "Account", "NavLink", "OnlineBasemap", "OwnBasemap", "PageLinks", "RenderedMap",
    "VectorBasemap", "content_security_policy", "render_map",
]

DEFAULT_EXTENT = (33.9, -4.7, 41.9, 5.5)
"""Kenya: where a map without extent begins before its data arrives."""


@dataclass(frozen=True, slots=True)
class RenderedMap:
    """
    A page and the files that it needs.

    Parameters
    ----------
    html
        The whole page.
    files
        Content by name; names change with content, so they cache for ever.
    image_origins
        Origins besides our own that the page loads images from.
    """

    html: str
    files: Mapping[str, bytes]
    image_origins: tuple[str, ...] = ()

    @property
    def content_security_policy(self) -> str:
        return content_security_policy(self.image_origins)


def render_map(
    definition: MapDefinition,
    *,
    language: Language,
    fields: Mapping[str, Sequence[Field]],
    links: PageLinks,
    municipality: str = "",
    summary: CoverageTable | None = None,
    as_of: date | None = None,
    synthetic: bool = False,
    approximate: bool = False,
    publication: str = "",
    basemap: Basemap | None = None,
    desk: Desk | None = None,
) -> RenderedMap:
    """
    Make a map's page.

    Parameters
    ----------
    fields
        Per collection, the fields that this reader may see; a layer whose
        collection is not there is left out.
    municipality
        Name at the page's head.
    summary
        The numbers beside the map.
    as_of
        The day on which the data was true.
    synthetic, approximate
        Say that the data is made up, or that ward outlines are drawn roughly.
    publication
        What is said of the publication whose data the page shows.
    basemap
        What lies beneath the layers; None for our own wards and roads alone.
    desk
        What staff can ask and choose; None for everybody's page.

    Returns
    -------
    RenderedMap
        Same arguments, same bytes.

    Raises
    ------
    UnmappedAddress
        Folium asks for something that is not among our own files.
    ConfigurationError
        The libraries are not installed, or the basemap's address is not one.
    """
    layers = [layer for layer in definition.layers if layer.collection in fields]
    tools = toolbox_files(layers, fields, desk.toolbox, language) if desk else {}
    config = script_config(
        definition, layers, language, fields, links, basemap=basemap, desk=desk,
        tools={tool: links.assets + name for tool, (name, _) in tools.items()},
    )
    parts = _folium_parts(definition, config, basemap, with_desk=desk is not None)
    parts.files.update(tools.values())
    indicator_layer = next((layer for layer in layers if layer.indicator), None)
    origins = basemap.origins if basemap else ()
    html = template("map.html").render(
        language=language,
        t=wording(language),
        home=links.home,
        nav=links.nav,
        printed=links.printed,
        tables=[NavLink(layer.title[language], links.tables(layer.collection)) for layer in layers]
        if links.tables else [],
        account=links.account,
        languages=links.languages,
        policy=content_security_policy(origins, in_page=True) if links.embedded else None,
        municipality=municipality,
        definition=definition,
        legend=legend(layers, fields, language),
        layers=layers,
        desk=desk,
        choices=choices(definition, desk, language) if desk else None,
        figures=figures(summary, indicator_layer, language) if summary else None,
        indicator=INDICATORS[indicator_layer.indicator or ""] if indicator_layer else None,
        palette=indicator_layer.palette if indicator_layer else "",
        as_of=long_date(as_of, language) if as_of else None,
        as_of_iso=as_of.isoformat() if as_of else None,
        synthetic=synthetic,
        approximate=approximate,
        publication=publication,
        credit=basemap.attribution if basemap else "",
        number=lambda value: number(value, language),
        icon=icon_path,
        folium_html=Markup(parts.html),  # noqa: S704  # nosec B704 # an empty element
        icon_href=links.assets + parts.icon,
        stylesheets=[links.assets + parts.style],
        preloads=[links.compact(layer.collection) for layer in layers if layer.visible]
        if links.compact else [],
        scripts=[*_data_scripts(layers, links), *(links.assets + name for name in parts.scripts)],
    )
    return RenderedMap(html, parts.files, origins)


@dataclass(frozen=True, slots=True)
class _Parts:
    """What Folium made, apart."""

    html: str
    icon: str
    style: str
    scripts: tuple[str, ...]
    files: dict[str, bytes]


_ADDRESS = re.compile(r"""(?<![\w:/])(?:https?:)?//[\w-]+(?:\.[\w-]+)+[^\s"'`<>)\\]*""")


class _Start(MacroElement):
    """Hands the map to our own script, with what it needs to know and no data."""

    _template = JinjaTemplate(
        "{% macro script(this, kwargs) %}"
        "gisMap.start({{ this._parent.get_name() }}, {{ this.config }});"
        "{% endmacro %}"
    )

    def __init__(self, config: Mapping[str, Any]) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._name = "Start"
        self._id = "gis"
        self.config = json.dumps(config, ensure_ascii=True, sort_keys=True)


def _folium_parts(
    definition: MapDefinition,
    config: Mapping[str, Any],
    basemap: Basemap | None,
    *,
    with_desk: bool,
) -> _Parts:
    leaflet_map = _folium_map(definition)
    if basemap is not None and not isinstance(basemap, VectorBasemap):
        tiles = folium.TileLayer(
            basemap.url, attr=" ", max_zoom=19, overlay=True, control=False, pane="tilePane",
            **basemap.options,
        )
        tiles._id = "basemap"
        leaflet_map.add_child(tiles)
    start = _Start(config)
    leaflet_map.add_child(start)
    root = leaflet_map.get_root()
    assert isinstance(root, Figure)  # noqa: S101 - Folium puts every map in one
    root.render()
    _refuse_addresses(root, ours=start.get_name(), known=basemap.url if basemap else "")
    return _taken_apart(
        definition.id, root, with_desk=with_desk, with_tiles="worker" in config,
        with_base="base" in config, in_files=config["embedded"],
    )


def _refuse_addresses(root: Figure, *, ours: str, known: str) -> None:
    """
    Raise `UnmappedAddress` for an address in Folium's own text, as of tiles or fonts.

    What we hand to our script, called `ours`, may name addresses, in titles say; nothing is
    loaded from there. `known` is the address of the basemap.
    """
    texts = [root.html.render()]
    for part in (root.header, root.script):
        texts += [
            each.render() for name, each in part._children.items()
            if not (isinstance(each, JavascriptLink | CssLink) or name == ours)
        ]
    for text in texts:
        for address in _ADDRESS.findall(text):
            if not known.startswith(address):
                raise UnmappedAddress(address)


def _folium_map(definition: MapDefinition) -> folium.Map:
    west, south, east, north = definition.extent or DEFAULT_EXTENT
    leaflet_map = folium.Map(
        location=[(south + north) / 2, (west + east) / 2],
        zoom_start=9,
        tiles=None,
        zoom_control=False,
        prefer_canvas=True,
        attributionControl=False,
        maxZoom=19,
        minZoom=5,
        zoomSnap=0.25,
        zoomDelta=1,
        wheelPxPerZoomLevel=90,
    )
    leaflet_map._id = definition.id.replace("-", "_")
    leaflet_map.default_js = [("leaflet", LEAFLET_JS)]
    leaflet_map.default_css = [("leaflet_css", LEAFLET_CSS)]
    return leaflet_map


def _taken_apart(
    id_: str, root: Figure, *, with_desk: bool, with_tiles: bool, with_base: bool, in_files: bool
) -> _Parts:
    files: dict[str, bytes] = {}

    def add(name: str, content: bytes) -> str:
        kept = hashed_name(name, content)
        files[kept] = content
        return kept

    scripts: list[str] = []
    code: list[str] = []
    rules: list[str] = []
    for child in root.header._children.values():
        if isinstance(child, JavascriptLink | CssLink):
            name, content = vendored(child.url)
            if isinstance(child, CssLink):
                rules.append(without_controls(content.decode()))
                continue
            files[name] = content
            scripts.append(name)
        else:
            text = child.render()
            code += re.findall(r"<script>(.*?)</script>", text, re.DOTALL)
            rules += re.findall(r"<style>(.*?)</style>", text, re.DOTALL)
    own = [
        "gis.css", "map.css", *(["desk.css"] if with_desk else []),
        *(["base.css"] if with_base else []),
    ]
    style = add(f"{id_}.css", _packed(rules) + packed_file(*own))
    scripts.append(add("map.js", packed_file(*(f"map/{name}.js" for name in MAP_SCRIPTS))))
    if with_desk:
        scripts.append(
            add("desk.js", packed_file(*(f"map/desk/{name}.js" for name in DESK_SCRIPTS)))
        )
    scripts.append(add(f"{id_}.js", _packed([*code, root.script.render()])))
    if with_tiles:
        files.update(large_scripts(in_files=in_files))
    if with_base:
        files.update([
            kept_script("base.js", BASE_SCRIPT), kept_script("base_worker.js", BASE_WORKER)
        ])
    icon = add("icon.svg", own_file("icon.svg"))
    return _Parts(root.html.render().strip(), icon, style, tuple(scripts), files)


def _data_scripts(layers: Sequence[LayerDefinition], links: PageLinks) -> list[str]:
    return [links.data(layer.collection) for layer in layers] if links.embedded else []


def _packed(texts: Sequence[str]) -> bytes:
    lines = (line.strip() for text in texts for line in text.splitlines())
    return ("\n".join(line for line in lines if line) + "\n").encode()
