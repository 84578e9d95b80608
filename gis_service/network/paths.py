"""Links in the order in which light meets them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from gis_service.errors import InvalidParameter
from gis_service.model.plant import PlantLink


@dataclass(frozen=True, slots=True)
class Leg:
    """A link as a path runs along it; `forward` from its start node to its end node."""

    link: PlantLink
    forward: bool

    @property
    def first_node(self) -> str:
        return self.link.start_node if self.forward else self.link.end_node

    @property
    def last_node(self) -> str:
        return self.link.end_node if self.forward else self.link.start_node


def path_of(links: Sequence[PlantLink], *, start: str | None = None) -> tuple[Leg, ...]:
    """
    The legs of a path.

    Parameters
    ----------
    links
        In the order of the path, one or more.
    start
        Id of the node at which it begins. None for the start of a lone link, and
        of several for the end of the first that the second does not touch.

    Raises
    ------
    InvalidParameter
        A link does not begin where the one before it ends.
    """
    at = start or _beginning(links)
    legs: list[Leg] = []
    for link in links:
        if at not in (link.start_node, link.end_node):
            where = "start at the node given" if not legs else "begin where the one before ends"
            raise InvalidParameter("links", link.id, f"this link does not {where}")
        leg = Leg(link, forward=at == link.start_node)
        legs.append(leg)
        at = leg.last_node
    return tuple(legs)


def _beginning(links: Sequence[PlantLink]) -> str:
    first = links[0]
    if len(links) > 1 and first.start_node in (links[1].start_node, links[1].end_node):
        # A second link beside the first one says nothing: then it is the first's own start.
        both = {first.start_node, first.end_node} == {links[1].start_node, links[1].end_node}
        return first.start_node if both else first.end_node
    return first.start_node
