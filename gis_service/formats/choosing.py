"""Which of a file's layers is read."""

from __future__ import annotations

from gis_service.errors import UnreadableFile


def choose_layer(asked: str | None, layers: tuple[str, ...]) -> str:
    """
    The layer to read.

    Raises
    ------
    UnreadableFile
        There are none, none of that name, or several and none was named.
    """
    if not layers:
        raise UnreadableFile("The file has no layers.")
    if asked is not None:
        if asked not in layers:
            raise UnreadableFile(f"There is no layer {asked!r}. Layers: {', '.join(layers)}.")
        return asked
    if len(layers) > 1:
        raise UnreadableFile(
            f"The file has {len(layers)} layers; name one with --layer: {', '.join(layers)}."
        )
    return layers[0]
