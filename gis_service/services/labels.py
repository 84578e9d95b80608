"""Labels of a ward's things, as sheets to be printed."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import orjson

from gis_service.errors import InvalidParameter, NotFound
from gis_service.model.audience import Principal
from gis_service.model.collections import LABELLED, REGISTRY
from gis_service.model.days import today
from gis_service.model.fields import Language
from gis_service.printing.labels import Label, LabelSize, label_pages
from gis_service.printing.typesetting import set_pages
from gis_service.services.printing import Press
from gis_service.services.ward_packages import NAMES, WardPackages, rows_of
from gis_service.settings import Settings

MOST = 1000
_TAGS = ("asset_tag", "external_id")
_KINDS = ("category", "office_type", "infrastructure", "structure_type")
_PLACES = {"node": "network_nodes", "office": "offices"}

Row = dict[str, Any]


class Labels:
    """Sets sheets of labels, one after the other."""

    def __init__(self, packages: WardPackages, settings: Settings) -> None:
        self._packages = packages
        self._municipality = settings.municipality
        self._base = settings.public_base_url
        self._press = Press()

    async def sheets(
        self,
        principal: Principal,
        language: Language,
        *,
        ward: str | None,
        collection: str,
        size: LabelSize,
    ) -> bytes:
        """
        The labels of a ward's things of one collection, as PDF.

        Parameters
        ----------
        ward
            Its code; None for all things, wherever they are.

        Raises
        ------
        InvalidParameter
            Things of this collection get no labels, or there are too many.
        NotFound
            There is no such ward, or nothing of that collection in it.
        Busy, PrintFailed
            Too many wait for theirs; or it takes too long.
        """
        if collection not in LABELLED:
            raise InvalidParameter("collection", collection, f"one of {', '.join(LABELLED)}")
        if ward is None:
            package = await self._packages.everywhere(LABELLED, principal)
        else:
            package = orjson.loads((await self._packages.package(ward, principal)).content)
        labels = self._labels(package, collection, language)
        place = package.get("name", "any place")
        if not labels:
            raise NotFound(f"There is nothing of {collection} in {place}.")
        if len(labels) > MOST:
            rule = f"{place} has {len(labels):,} things of {collection}; {MOST:,} are the most"
            raise InvalidParameter("ward", ward or "", rule)

        def work() -> bytes:
            return set_pages(label_pages(
                labels, size, language, municipality=self._municipality, as_of=today()
            ))

        return await self._press.run(work)

    def _labels(self, package: Row, collection: str, language: Language) -> list[Label]:
        tables = {each: rows_of(package[NAMES.get(each, each)]) for each in LABELLED}
        names = {
            row["id"]: row.get("name") for each in _PLACES.values() for row in tables[each]
        }
        labels = []
        for row in tables[collection]:
            tag = next(str(row[name]) for name in _TAGS if row.get(name))
            place = next((names.get(row[n]) for n in _PLACES if row.get(n)), None)
            labels.append(Label(
                tag, str(row.get("name") or place or ""), _kind(row, collection, language),
                f"{self._base}/a/{quote(tag, safe='')}",
            ))
        return sorted(labels, key=lambda each: each.tag)


def _kind(row: Row, collection: str, language: Language) -> str:
    about = REGISTRY[collection]
    for name in _KINDS:
        field = about.by_name.get(name)
        if field is not None and field.codelist is not None and row.get(name):
            return field.codelist.title(str(row[name]), language)
    return about.title[language]
