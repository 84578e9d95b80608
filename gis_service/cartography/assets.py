"""
Scripts, styles and icons of the pages, all from this package.

Folium names its libraries by addresses on the internet. Here every such
address must have a file of our own; one without is an error, so no page can
load anything from elsewhere.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from gis_service.cartography.vendor import MANIFEST, VENDOR, integrity
from gis_service.errors import ConfigurationError

WEB = Path(__file__).resolve().parent.parent / "web"
STATIC = WEB / "static"

LEAFLET_JS = "npm:leaflet/leaflet.js"
LEAFLET_CSS = "npm:leaflet/leaflet.css"

MAP_SCRIPTS = (
    "canvas", "symbols", "labels", "names", "details", "search", "legend", "panel",
    "compact", "layer", "app", "start",
)
"""Files of `static/map/`, in the order in which they need each other."""
LARGE_SCRIPTS = ("map/tiles.js", "map/large.js")
"""Those that only a layer with very many items needs; the first of them brings them."""
TILES_WORKER = ("map/protobuf.js", "map/tiles_worker.js")
"""What draws tiles beside the page, as a script of its own."""
FOLDER_SCRIPTS = ("map/archive.js", "map/archive_items.js", *LARGE_SCRIPTS)
FOLDER_WORKER = ("map/archive.js", *TILES_WORKER)
"""The same where tiles and items lie in files beside the page."""
BASE_SCRIPT = ("map/base.js",)
BASE_WORKER = ("map/protobuf.js", "map/base_worker.js")
"""What lays vector tiles beneath a map, and draws them beside the page."""
DESK_SCRIPTS = (
    "desk", "ask", "findings", "question", "impact", "path", "cost", "weak", "certified", "joined",
    "ramp", "figures", "view", "tables", "tools", "shown",
)
"""Files of `static/map/desk/`, which come after the map's own and before its start, for staff."""


class UnmappedAddress(LookupError):
    """Folium asked for a library that is not among our own files."""

    def __init__(self, address: str) -> None:
        self.address = address
        super().__init__(
            f"A map asks for {address}, which is not among the vendored libraries: "
            "add its package to package.json and to WANTED in cartography/vendor.py."
        )


@cache
def vendored(address: str) -> tuple[str, bytes]:
    """
    The file behind `npm:<package>/<file>`: its content-hashed name and its bytes.

    Raises
    ------
    UnmappedAddress
        The address is not of that form or names no vendored file.
    ConfigurationError
        The file is missing or differs from what was installed.
    """
    kept = vendored_path(address)
    try:
        content = (VENDOR / kept).read_bytes()
    except OSError:
        raise _not_installed() from None
    if integrity(content) != _manifest()[kept]:
        raise ConfigurationError(f"{kept} differs from what was installed. {_REMEDY}")
    return hashed_name(kept.rpartition("/")[2], content), content


@cache
def vendored_path(address: str) -> str:
    """
    Where the file behind `npm:<package>/<file>` stands in the folder of vendored files.

    Raises
    ------
    UnmappedAddress
        The address is not of that form or names no vendored file.
    ConfigurationError
        The browser libraries are not installed.
    """
    package, _, name = address.removeprefix("npm:").rpartition("/")
    pattern = re.compile(rf"{re.escape(package)}@[^/]+/{re.escape(name)}")
    kept = [key for key in _manifest() if pattern.fullmatch(key)]
    if not address.startswith("npm:") or not kept:
        raise UnmappedAddress(address)
    return kept[0]


@cache
def own_file(*names: str) -> bytes:
    """Bytes of one of our static files, or of several one after the other."""
    return b"\n".join((STATIC / name).read_bytes() for name in names)


@cache
def packed_file(*names: str) -> bytes:
    """The same of scripts and styles, without indents and the comments that fill lines."""
    text = own_file(*names).decode()
    return _SPARED.sub("", text).strip().encode() + b"\n"


def kept_script(name: str, files: Sequence[str]) -> tuple[str, bytes]:
    """Name and bytes of a script that a page brings when it needs it."""
    content = packed_file(*files)
    return hashed_name(name, content), content


def large_scripts(*, in_files: bool) -> tuple[tuple[str, bytes], tuple[str, bytes]]:
    """What draws tiles beside the page, and what a page brings for a layer with many items."""
    worker, page = (
        (FOLDER_WORKER, FOLDER_SCRIPTS) if in_files else (TILES_WORKER, LARGE_SCRIPTS)
    )
    return kept_script("tiles.js", worker), kept_script("large.js", page)


def without_controls(rules: str) -> str:
    """Leaflet's styles without those for its controls and markers, of which no map has any."""
    return re.sub(
        r"([^{}]+)\{[^{}]*\}",
        lambda rule: "" if all(map(_UNUSED.search, rule[1].split(","))) else rule[0],
        re.sub(r"/\*.*?\*/", "", rules, flags=re.DOTALL),
    )


_UNUSED = re.compile(r"\.leaflet-(?:control-|bar|marker|div-icon|touch|default-icon|oldie|vml)")
_SPARED = re.compile(r"(?m)^[ \t]*/\*(?:(?!\*/).)*\*/[ \t]*(?:\n|\Z)|^[ \t]+|^\n", re.DOTALL)
"""What a line begins with that no browser needs; no text of ours goes over several lines."""


@cache
def icon_path(name: str) -> str:
    """The drawing of an icon, as SVG path data on a 24 x 24 grid."""
    text = (STATIC / "icons" / f"{name}.svg").read_text(encoding="utf-8")
    found = re.search(r' d="([^"]+)"', text)
    if found is None:
        raise ValueError(f"icon {name} has no path")
    return found[1]


HASHED = re.compile(r"-[0-9a-f]{12}\.\w+\Z")
"""How a name ends that `hashed_name` made."""


def hashed_name(name: str, content: bytes) -> str:
    """`name` with a part that changes when the content does, so that it caches for ever."""
    path = Path(name)
    return f"{path.stem}-{hashlib.sha256(content).hexdigest()[:12]}{path.suffix}"


_REMEDY = "Run `python -m gis_service.cartography.vendor`."


def _not_installed() -> ConfigurationError:
    return ConfigurationError(f"The browser libraries are not installed. {_REMEDY}")


@cache
def _manifest() -> dict[str, str]:
    try:
        manifest: dict[str, str] = json.loads((VENDOR / MANIFEST).read_bytes())
    except OSError:
        raise _not_installed() from None
    return manifest
