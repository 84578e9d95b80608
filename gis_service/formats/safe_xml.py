"""
XML from strangers, part by part.

A document type is refused, so that there are no entities to expand; nesting
and attributes are bounded, and nothing is fetched.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from xml.parsers import expat

from gis_service.errors import UnreadableFile

DEPTH = 100
_NAMESPACE = " "


@dataclass(slots=True)
class Element:
    """
    An element by its local name, with the text directly in it.

    Parameters
    ----------
    children
        Without those that a callback has taken.
    """

    name: str
    attributes: dict[str, str]
    children: list[Element] = field(default_factory=list)
    text: str = ""

    def child(self, name: str) -> Element | None:
        """The first child of a name."""
        return next((child for child in self.children if child.name == name), None)

    def said(self, name: str) -> str:
        """The text of the first child of a name; empty when there is none."""
        found = self.child(name)
        return found.text.strip() if found is not None else ""

    def everywhere(self, name: str) -> Iterator[Element]:
        """All elements of a name inside of this one, in the document's order."""
        for child in self.children:
            if child.name == name:
                yield child
            yield from child.everywhere(name)


Taken = Callable[[Element, Sequence[Element]], bool]
"""Gets a finished element and those around it; says whether it may be forgotten."""


def parse_xml(content: bytes, taken: Taken) -> Element:
    """
    Read a document; `taken` sees each element as it ends.

    Returns
    -------
    Element
        The root, with what was not taken.

    Raises
    ------
    UnreadableFile
        It is no whole XML, declares a document type, or nests too deeply.
    """
    parser = expat.ParserCreate(namespace_separator=_NAMESPACE)
    builder = _Builder(taken)
    parser.buffer_text = True
    parser.StartElementHandler = builder.start
    parser.EndElementHandler = builder.end
    parser.CharacterDataHandler = builder.words
    parser.StartDoctypeDeclHandler = _refuse_doctype
    try:
        parser.Parse(content, True)
    except expat.ExpatError as error:
        raise UnreadableFile(
            f"The file is not whole XML: {expat.ErrorString(error.code)} at line {error.lineno}. "
            "It may have been cut short."
        ) from None
    except (LookupError, ValueError) as error:
        raise UnreadableFile(f"The XML states an encoding that is not known: {error}.") from None
    return builder.root


def _refuse_doctype(*_: object) -> None:
    raise UnreadableFile("The file declares a document type (DOCTYPE), which is not read.")


class _Builder:
    def __init__(self, taken: Taken) -> None:
        self.root = Element("", {})
        self._open: list[Element] = [self.root]
        self._texts: list[list[str]] = [[]]
        self._taken = taken

    def start(self, name: str, attributes: dict[str, str]) -> None:
        if len(self._open) > DEPTH:
            raise UnreadableFile(f"The XML nests more than {DEPTH} deep.")
        plain = {_local(key): value for key, value in attributes.items()}
        self._open.append(Element(_local(name), plain))
        self._texts.append([])

    def words(self, text: str) -> None:
        self._texts[-1].append(text)

    def end(self, _: str) -> None:
        element = self._open.pop()
        element.text = "".join(self._texts.pop())
        if not self._taken(element, self._open):
            self._open[-1].children.append(element)


def _local(name: str) -> str:
    return name.rpartition(_NAMESPACE)[2]
