"""Messages of the loader as pages tell them: without the options of the command line."""

from __future__ import annotations

import re

_ASIDE = re.compile(r" ?\((?:or |in QGIS )?--[^()]*\)")
_VALUED = re.compile(r"--(?:crs|encoding|layer|collection|network) (?=[A-Za-z0-9])")
_OPTION = re.compile(r"--[a-z][a-z-]*")
_NAMES = {
    "--map": "what the column means",
    "--set": "one value for all rows",
    "--crs": "where on earth the coordinates are",
    "--encoding": "the encoding of text",
    "--network": "the network",
    "--layer": "the layer",
    "--collection": "what the rows are",
    "--make-ids": "identifiers made from each row",
    "--accept-codes": "a yes to the value",
    "--accept-partial": "the good rows alone",
    "--snap": "the distance for joining",
    "--create-nodes": "nodes made where links end",
    "--sync": "marking what the file lacks",
    "--yes": "a yes",
    "--multi": "the choice for shapes of several parts",
}


def spoken(message: object) -> str:
    """A message in which what stands on the page takes the place of the command's options."""
    text = _VALUED.sub("", _ASIDE.sub("", str(message)))
    return _OPTION.sub(lambda found: _NAMES.get(found[0], found[0]), text)
