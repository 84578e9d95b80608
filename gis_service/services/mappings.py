"""
Saved mappings: how a file is to be read, in a TOML file that a person can correct.

The same file loads the next delivery of the same sender. What stands on the
command line wins over what stands in the file.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gis_service.errors import InvalidInput
from gis_service.model.inspection import CollectionProposal, Inspection, LayerInspection
from gis_service.services.inspecting import InspectRequest

_TEXTS = ("collection", "network", "layer", "crs", "encoding")
_SWITCHES = ("make_ids", "accept_codes")
_TABLES = ("columns", "constants", "codes")
LARGEST_MAPPING = 1_000_000
"""Bytes of a mapping's file."""


@dataclass(frozen=True, slots=True)
class SavedMapping:
    """
    How a file is read.

    Parameters
    ----------
    columns
        Field by column of the file; an empty field leaves the column out.
    constants
        One value for all rows, by field.
    codes
        Code by value of the file, by field.
    """

    collection: str | None = None
    network: str | None = None
    layer: str | None = None
    crs: str | None = None
    encoding: str | None = None
    make_ids: bool = False
    accept_codes: bool = False
    columns: Mapping[str, str] = field(default_factory=dict)
    constants: Mapping[str, str] = field(default_factory=dict)
    codes: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


def read_mapping(path: Path) -> SavedMapping:
    """
    The mapping in a file.

    Raises
    ------
    InvalidInput
        It cannot be read, or holds what no mapping holds; the message names the key.
    """
    try:
        with path.open("rb") as file:
            content = file.read(LARGEST_MAPPING + 1)
    except OSError as error:
        raise InvalidInput(f"The mapping {path} cannot be read: {error.strerror}.") from None
    return parsed_mapping(path.name, content)


def parsed_mapping(name: str, content: bytes) -> SavedMapping:
    """
    The mapping that a file of that name holds.

    Raises
    ------
    InvalidInput
        It is none, or holds what no mapping holds; the message names the key.
    """
    if len(content) > LARGEST_MAPPING:
        raise InvalidInput(f"{name} is too large for a mapping.")
    try:
        values = tomllib.loads(content.decode("utf-8-sig"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise InvalidInput(f"The mapping {name} is no TOML: {error}.") from None
    return checked_mapping(name, values)


def checked_mapping(name: str, values: Mapping[str, Any]) -> SavedMapping:
    """
    A mapping from its keys.

    Raises
    ------
    InvalidInput
        They hold what no mapping holds; the message names the key.
    """
    known = (*_TEXTS, *_SWITCHES, *_TABLES)
    unknown = [key for key in values if key not in known]
    if unknown:
        raise InvalidInput(
            f"The mapping {name} has a key {unknown[0]!r} that none has. Keys: {', '.join(known)}."
        )
    for key in _TEXTS:
        if key in values and not isinstance(values[key], str):
            raise InvalidInput(f"The mapping {name}: {key} must be a text.")
    for key in _SWITCHES:
        if key in values and not isinstance(values[key], bool):
            raise InvalidInput(f"The mapping {name}: {key} must be true or false.")
    codes = values.get("codes", {})
    if not isinstance(codes, dict):
        raise InvalidInput(f"The mapping {name}: codes must hold a table for each field.")
    for table, content in (
        ("columns", values.get("columns", {})), ("constants", values.get("constants", {})),
        *((f"codes.{each}", content) for each, content in codes.items()),
    ):
        if not isinstance(content, dict) or not all(isinstance(v, str) for v in content.values()):
            raise InvalidInput(f"The mapping {name}: [{table}] must hold texts.")
    return SavedMapping(**values)


def mapping_of(
    request: InspectRequest,
    found: Inspection,
    layer: LayerInspection,
    proposal: CollectionProposal,
) -> SavedMapping:
    """What an inspection proposes, as a mapping; what needs a yes is left to the person."""
    return SavedMapping(
        collection=proposal.collection,
        network=request.network,
        layer=layer.layer if len(found.layers) > 1 else None,
        crs=request.crs,
        encoding=request.encoding,
        make_ids=proposal.make_ids,
        columns={each.source: each.field for each in proposal.fields},
        constants=dict(proposal.constants),
        codes={
            name: {v.value: v.code for v in proposal.values if v.field == name and v.applied}
            for name in dict.fromkeys(v.field for v in proposal.values if v.applied)
        },
    )


def mapping_text(
    mapping: SavedMapping, layer: LayerInspection, proposal: CollectionProposal
) -> str:
    """The mapping as TOML, with what was left out as comments to be taken or dropped."""
    return "\n".join(_lines(mapping, layer, proposal)) + "\n"


def _lines(
    mapping: SavedMapping, layer: LayerInspection, proposal: CollectionProposal
) -> Iterator[str]:
    yield f"# How {_comment(layer.layer)} is read; ./gis load FILE --mapping THIS"
    for key in _TEXTS:
        if (text := getattr(mapping, key)) is not None:
            yield f"{key} = {_quoted(text)}"
    for key in _SWITCHES:
        yield f"{key} = {str(getattr(mapping, key)).lower()}"
    if layer.whereabouts is not None and not layer.whereabouts.crs and mapping.crs is None:
        for each in layer.whereabouts.candidates:
            if each.crs:
                yield f"# crs = {_quoted(each.crs)}  # {_comment(each.title)}: {each.share:.0%}"
    yield from _column_lines(layer, proposal)
    yield "\n[constants]"
    for name, value in mapping.constants.items():
        yield f"{name} = {_quoted(value)}"
    for name in proposal.lacking:
        yield f"# {name} = \"\"  # needed by new items"
    yield from _code_lines(proposal)


def saved_text(mapping: SavedMapping, of: str) -> str:
    """
    A mapping as somebody has corrected it, as TOML.

    Parameters
    ----------
    of
        Name of the file that it is for.
    """
    lines = [f"# How {_comment(of)} is read; ./gis load FILE --mapping THIS"]
    for key in (*_TEXTS, *_SWITCHES):
        value = getattr(mapping, key)
        if value is not None:
            told = _quoted(value) if isinstance(value, str) else str(value).lower()
            lines.append(f"{key} = {told}")
    tables = [("columns", mapping.columns), ("constants", mapping.constants)]
    tables += [(f"codes.{name}", codes) for name, codes in mapping.codes.items()]
    for name, table in tables:
        lines.append(f"\n[{name}]")
        lines += [f"{_quoted(key)} = {_quoted(value)}" for key, value in table.items()]
    return "\n".join(lines) + "\n"


def _column_lines(layer: LayerInspection, proposal: CollectionProposal) -> Iterator[str]:
    yield "\n[columns]"
    means = {each.column: each for each in proposal.fields}
    for column in layer.columns:
        field = means.get(column.name)
        if field is not None:
            yield f"{_quoted(field.source)} = {_quoted(field.field)}  # {field.score:.0%}"
        else:
            yield f"# {_quoted(column.name)} = \"\"  # {_comment(', '.join(column.examples))}"


def _code_lines(proposal: CollectionProposal) -> Iterator[str]:
    for name in dict.fromkeys(each.field for each in proposal.values):
        yield f"\n[codes.{name}]"
        for each in proposal.values:
            if each.field == name:
                line = f"{_quoted(each.value)} = {_quoted(each.code)}  # {each.score:.0%}"
                yield line if each.applied else f"# {line}"


def _quoted(text: str) -> str:
    """A basic string of TOML: JSON's escapes are TOML's, but for DEL."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007F")


def _comment(text: str) -> str:
    return "".join(c if c.isprintable() else " " for c in text)[:80]
