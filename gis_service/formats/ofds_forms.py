"""A package in any form as plain objects: what the confined process does with a file of OFDS."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from gis_service.errors import UnreadableFile
from gis_service.formats.archives import DAMAGED
from gis_service.formats.limits import ReadLimits
from gis_service.formats.ofds_csv import read_csv_package
from gis_service.formats.ofds_geojson import read_geojson_package
from gis_service.formats.ofds_gpkg import read_gpkg_package
from gis_service.formats.ofds_json import parse_package
from gis_service.formats.ofds_package import Json
from gis_service.formats.ofds_sniffing import Form, required_form
from gis_service.formats.ofds_writing import dumped
from gis_service.formats.ofds_xlsx import read_xlsx_package


def package_in(path: Path, limits: ReadLimits) -> dict[str, Any]:
    """
    The document of a package, its form, and notes.

    Raises
    ------
    UnreadableFile
        It is no package, or a broken one.
    """
    form = required_form(path)
    if form is Form.JSON:
        document, said = parse_package(path.read_bytes())
        return {"document": document, "form": said, "notes": []}
    try:
        document = _READERS[form](path, limits)
    except DAMAGED as error:
        raise UnreadableFile(f"The zip archive is damaged or encrypted: {error}.") from None
    document, _ = parse_package(dumped(document).encode())
    return {"document": document, "form": form.value, "notes": []}


_READERS: dict[Form, Callable[[Path, ReadLimits], Json]] = {
    Form.CSV: read_csv_package,
    Form.GEOJSON: read_geojson_package,
    Form.XLSX: read_xlsx_package,
    Form.GEOPACKAGE: read_gpkg_package,
}
