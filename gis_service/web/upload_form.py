"""The form by which a person says how an uploaded file is read: what it offers, what it says."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from gis_service.errors import InvalidInput
from gis_service.model.audience import Audience
from gis_service.model.collections import REGISTRY
from gis_service.model.fields import Collection, Field, FieldType, Language
from gis_service.model.parts import Heights, Parts
from gis_service.model.reports import REASONS
from gis_service.model.rights import Operation, rights
from gis_service.validation.columns import KEPT, POSITIONS, loadable_fields, plan_columns
from gis_service.validation.topology import SNAP_M

MOST_FIELDS = 1_000
"""Of the form; a file may have many columns and values."""
MOST_COLUMNS = 300
LOADABLE = tuple(
    c for c in REGISTRY.values() if Operation.CREATE in rights(c, Audience.PLANNER)
)
LINKS = "fibre_links"
Json = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Option:
    """One choice of several."""

    value: str
    title: str
    chosen: bool = False


@dataclass(frozen=True, slots=True)
class ColumnChoice:
    """
    A column of the file and what it may mean.

    Parameters
    ----------
    why
        What speaks for the proposal; empty where nothing is proposed.
    share
        How sure the proposal is, from 0 to 1.
    """

    place: int
    name: str
    type: str
    filled: float
    examples: str
    options: tuple[Option, ...]
    why: str
    share: float


@dataclass(frozen=True, slots=True)
class Constant:
    """A field that gets one value for all rows; `options` where it is one of a list."""

    name: str
    title: str
    needed: bool
    value: str
    options: tuple[Option, ...]


@dataclass(frozen=True, slots=True)
class ValueChoice:
    """
    A value of the file and the code that it may mean.

    Parameters
    ----------
    code, title
        What is proposed; empty where it resembles no code.
    applied
        Whether it is read so without a yes.
    chosen
        Whether somebody has said yes.
    """

    place: int
    field: str
    value: str
    rows: int
    code: str
    title: str
    share: float
    applied: bool
    chosen: bool
    options: tuple[Option, ...]


@dataclass(frozen=True, slots=True)
class LoadForm:
    """All that is asked before a layer is tried."""

    collection: Collection
    columns: tuple[ColumnChoice, ...]
    constants: tuple[Constant, ...]
    values: tuple[ValueChoice, ...]
    crs_needed: bool
    crs: str
    multi: str
    heights: str
    snap_m: float
    links: bool
    create_nodes: bool
    make_ids: bool
    can_sync: bool
    sync: bool
    network: str


def form_of(
    layer: Json, proposal: Json, said: Json | None, language: Language
) -> LoadForm:
    """
    The form for a layer.

    Parameters
    ----------
    layer, proposal
        As the inspection tells them.
    said
        What was tried last, to be corrected; None for the proposals.
    """
    collection = REGISTRY[proposal["collection"]]
    if said is not None and said.get("collection") != collection.id:
        said = None
    where = layer["whereabouts"]
    status = collection.by_name.get("status")
    columns = tuple(_columns(layer, proposal, collection, said, language))
    return LoadForm(
        collection=collection,
        columns=columns,
        constants=tuple(_constants(proposal, collection, said, language)),
        values=tuple(_values(proposal, collection, said, language)),
        crs_needed=where is not None and where["stated_by"] != "the file",
        crs=str((said or {}).get("crs") or ""),
        multi=str((said or {}).get("multi") or Parts.MERGE.value),
        heights=str((said or {}).get("heights") or Heights.DROP.value),
        snap_m=float((said or {}).get("snap_m", SNAP_M)),
        links=collection.id == LINKS,
        create_nodes=bool((said or {}).get("create_nodes")),
        make_ids=bool((said or proposal)["make_ids"]),
        can_sync=collection.networked and status is not None,
        sync=bool((said or {}).get("sync")),
        network=str((said or {}).get("network") or ""),
    )


def said_by(
    fields: Mapping[str, str], layer: Json, layers: Sequence[str], proposal: Json,
    encoding: str | None,
) -> dict[str, Any]:
    """
    What a filled form says, in the words of `services.upload_choices.loading`.

    Raises
    ------
    InvalidInput
        A number in it is none.
    """
    collection = REGISTRY[proposal["collection"]]
    mapping: dict[str, str] = {}
    sources = {each["column"]: each for each in proposal["fields"]}
    for place, column in enumerate(layer["columns"][:MOST_COLUMNS]):
        means = fields.get(f"column.{place}")
        if means is None or means == _BY_ITSELF:
            continue
        proposed = sources.get(column["name"])
        is_part = proposed is not None and proposed["part"] and means == proposed["field"]
        name = f"{column['name']}.{proposed['part']}" if is_part and proposed else column["name"]
        mapping[name] = "" if means == _LEFT_OUT else means
    constants = {
        name.removeprefix("set."): value for name, value in fields.items()
        if name.startswith("set.") and value.strip()
    }
    codes: dict[str, dict[str, str]] = {}
    for place, value in enumerate(proposal["values"]):
        code = value["code"] if value["applied"] else fields.get(f"value.{place}", "")
        if code:
            codes.setdefault(value["field"], {})[value["value"]] = code
    crs = fields.get("crs", "").strip() or None
    other = fields.get("crs_other", "").strip()
    if crs == _OTHER:
        crs = f"EPSG:{other}" if other.isdigit() else other or None
    try:
        snap_m = float(fields.get("snap_m") or SNAP_M)
    except ValueError:
        raise InvalidInput("The distance for joining ends to nodes must be a number.") from None
    return {
        "collection": collection.id,
        "network": fields.get("network") or None,
        "layer": layer["layer"] if len(layers) > 1 else None,
        "columns": mapping,
        "constants": constants,
        "codes": codes,
        "crs": crs,
        "encoding": encoding,
        "make_ids": fields.get("make_ids") == "yes",
        "multi": fields.get("multi") or Parts.MERGE.value,
        "heights": fields.get("heights") or Heights.DROP.value,
        "snap_m": snap_m,
        "create_nodes": fields.get("create_nodes") == "yes",
        "sync": fields.get("sync") == "yes",
    }


_LEFT_OUT, _BY_ITSELF, _OTHER = "-", "auto", "other"
"""Values of the form: a column is not loaded, is found by the loader; a CRS is typed."""


def _columns(
    layer: Json, proposal: Json, collection: Collection, said: Json | None, language: Language
) -> Iterator[ColumnChoice]:
    fields = loadable_fields(collection)
    proposed = {each["column"]: each for each in proposal["fields"]}
    mapping = None if said is None else said["mapping"]
    ours = _filled_by_us([each["name"] for each in layer["columns"]], collection)
    no_geometry = collection.geometry is not None and layer["extent"] is None
    for place, column in enumerate(layer["columns"][:MOST_COLUMNS]):
        name = column["name"]
        found = proposed.get(name)
        if name in ours:
            chosen = _BY_ITSELF
        elif mapping is not None:
            source = f"{name}.{found['part']}" if found and found["part"] else name
            means = mapping.get(source, mapping.get(name, _BY_ITSELF))
            chosen = means or _LEFT_OUT
        else:
            chosen = found["field"] if found else KEPT
        others = POSITIONS if no_geometry else ()
        yield ColumnChoice(
            place, name, column["type"], column["filled"], ", ".join(column["examples"]),
            (
                *(Option(each, each, chosen == each) for each in (_LEFT_OUT, KEPT, *others)),
                *((Option(_BY_ITSELF, _BY_ITSELF, True),) if chosen == _BY_ITSELF else ()),
                *(Option(f.name, f.title[language], chosen == f.name) for f in fields.values()),
            ),
            found["why"] if found else "",
            found["score"] if found else 0.0,
        )


def _filled_by_us(names: Sequence[str], collection: Collection) -> set[str]:
    """Columns that a load passes over by itself: reasons of an earlier one, our own export's."""
    try:
        refilled = plan_columns(names, collection, mapping={}, constants={}).refilled
    except InvalidInput:
        refilled = ()
    return {name for name in names if name in REASONS} | set(refilled)


def _constants(
    proposal: Json, collection: Collection, said: Json | None, language: Language
) -> Iterator[Constant]:
    given = dict(proposal["constants"] if said is None else said["constants"])
    fields = loadable_fields(collection)
    lacking = [n for n in proposal["lacking"] if n in fields]
    names = dict.fromkeys((*lacking, *proposal["constants"], *given, "visibility"))
    for name in names:
        value = given.get(name, "")
        yield Constant(
            name, fields[name].title[language], name in lacking, value,
            tuple(_options(fields[name], value, language)),
        )


def _options(field: Field, chosen: str, language: Language) -> Iterator[Option]:
    if field.codelist is not None and field.type is FieldType.CODE:
        for code in field.codelist:
            yield Option(code.code, code.title[language], code.code == chosen)


def _values(
    proposal: Json, collection: Collection, said: Json | None, language: Language
) -> Iterator[ValueChoice]:
    told = {} if said is None else said["codes"]
    for place, each in enumerate(proposal["values"]):
        field = collection.by_name[each["field"]]
        codelist = field.codelist
        chosen = told.get(field.name, {}).get(each["value"], "")
        if said is not None and said.get("accept_codes"):
            chosen = chosen or each["code"]
        yield ValueChoice(
            place, field.title[language], each["value"], each["rows"], each["code"],
            codelist.title(each["code"], language) if codelist and each["code"] else "",
            each["score"], each["applied"], bool(chosen),
            tuple(
                Option(code.code, code.title[language], code.code == chosen)
                for code in codelist or ()
            ),
        )
