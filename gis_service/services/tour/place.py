"""Where the tour is walked: the sample network, a folder, and what is asked of both."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from geoalchemy2 import Geography
from sqlalchemy import RowMapping, Select, cast, func, select

from gis_service.errors import GisError
from gis_service.model.collections import REGISTRY
from gis_service.services.sample import NETWORK
from gis_service.store.database import Database
from gis_service.store.tables import table

ANSWER = "answer.toml"


class NotTheSample(GisError):
    """The tour is for learning: what is done on it must not touch a real network."""


class NoAnswer(GisError):
    """What is handed in is not there, or cannot be read."""


@dataclass(frozen=True)
class Place:
    """
    What checks look at.

    Parameters
    ----------
    folder
        That of the task.
    ask
        Answers a process by its id and inputs, as `./gis analyse` does.
    other
        Opens the database of another GIS_HOME, or of an address.
    """

    database: Database
    folder: Path
    ask: Callable[[str, Mapping[str, str]], Mapping[str, Any]]
    other: Callable[[str], AbstractContextManager[Database]]
    missing: list[str] = field(default_factory=list)

    def expect(self, holds: object, otherwise: str) -> bool:
        """Write down what is missing unless something holds; whether it does."""
        if not holds:
            self.missing.append(otherwise)
        return bool(holds)

    def answer(self) -> dict[str, Any]:
        """
        What was written into the task's `answer.toml`.

        Raises
        ------
        NoAnswer
            There is none, or it is not TOML.
        """
        path = self.folder / ANSWER
        try:
            return tomllib.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            raise NoAnswer(f"{path} is not there. Make it with ./gis tour start.") from None
        except (OSError, ValueError) as error:
            raise NoAnswer(f"{path} cannot be read: {error}") from None

    def file(self, name: str) -> Path:
        """A file of the task's folder; raises `NoAnswer` where it is not."""
        path = self.folder / name
        if not path.is_file():
            raise NoAnswer(f"{path} is not there yet.")
        return path

    def rows(self, statement: Select[Any]) -> list[RowMapping]:
        """What a statement finds."""
        with self.database.begin() as connection:
            return list(connection.execute(statement).mappings())

    def item(self, collection: str, external_id: str) -> RowMapping | None:
        """An item by its identifier in files, with its position as `lon` and `lat`."""
        return item_of(self.database, collection, external_id)

    def names(self, collection: str, ids: Iterable[str]) -> dict[str, set[str]]:
        """By id of an item: all by which a person may call it, folded."""
        source = table(REGISTRY[collection])
        found = self.rows(
            select(source.c.id, source.c.external_id, source.c.name)
            .where(source.c.id.in_(list(ids)))
        )
        return {
            str(row["id"]): {folded(row[key]) for key in ("id", "external_id", "name") if row[key]}
            for row in found
        }


def folded(text: object) -> str:
    """A name without its case, its dashes' lengths and its spaces."""
    return "".join(str(text).replace("\N{EN DASH}", "-").casefold().split())


def item_of(database: Database, collection: str, external_id: str) -> RowMapping | None:
    """An item of a database by its identifier in files; None where there is none."""
    source = table(REGISTRY[collection])
    columns = [*source.c]
    if REGISTRY[collection].geometry is not None:
        middle = func.ST_PointOnSurface(source.c.geom)
        columns += [func.ST_X(middle).label("lon"), func.ST_Y(middle).label("lat")]
    with database.begin() as connection:
        return connection.execute(
            select(*columns).where(source.c.external_id == external_id)
        ).mappings().first()


def distance_m(source: Any, lon: float, lat: float) -> Any:
    """Metres along the ground from a point, as an expression of SQL."""
    point = func.ST_SetSRID(func.ST_MakePoint(lon, lat), 4326)
    return func.ST_Distance(cast(source.c.geom, Geography), cast(point, Geography))


def ensure_sample(database: Database) -> None:
    """
    See that nothing but the sample network is here.

    Raises
    ------
    NotTheSample
        There is a network that is not synthetic, or no sample.
    """
    networks = table(REGISTRY["networks"])
    with database.begin() as connection:
        found = connection.execute(
            select(networks.c.external_id, networks.c.name, networks.c.synthetic)
        ).mappings().all()
    for row in found:
        if not row["synthetic"]:
            raise NotTheSample(
                f"{row['name']!r} is a real network: the tour is not for it. Take a place of its "
                "own, with the sample: GIS_HOME=~/tour GIS_PORT=8001 ./gis up"
            )
    if NETWORK not in {row["external_id"] for row in found}:
        raise NotTheSample("The sample network is not here. ./gis up loads it where nothing is.")
