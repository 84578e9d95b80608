"""`gis joins`: nodes of two networks that are one place."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypeVar

import click

from gis_service.bootstrap import Services, open_services
from gis_service.cli.reports import printable
from gis_service.installation import addresses_of, open_database
from gis_service.model.audience import Audience, Principal
from gis_service.model.joins import MOST_WITHIN_M, USUAL_WITHIN_M, Decision
from gis_service.model.processes.joins import DECIDE_JOIN, UNDECIDED
from gis_service.ogc.process_inputs import parse_inputs
from gis_service.services.join_processes import pair_document
from gis_service.settings import read_settings

T = TypeVar("T")
OWNER = Principal(Audience.ADMIN)


@click.group()
def joins() -> None:
    """Nodes of two networks that are one place, so that traffic passes between them."""


@joins.command()
@click.option("--within", "within_m", type=click.FloatRange(1, MOST_WITHIN_M),
              default=USUAL_WITHIN_M, show_default=True, metavar="METRES",
              help="How far apart they may lie.")
@click.option("--network", help="Only pairs with a node of this network.")
@click.option("--rejected", is_flag=True, help="Also pairs that were rejected.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def propose(within_m: float, network: str | None, *, rejected: bool, as_json: bool) -> None:
    """
    List nodes that may be one place, the most probable first.

    \b
    Examples:
      ./gis joins propose
      ./gis joins propose --within 2000 --network nofbi
    """
    found = _ask(lambda services: services.joins.proposed(
        OWNER, within_m=within_m, network=network, rejected=rejected, most=None
    ))
    _tell(list(map(pair_document, found.pairs)), as_json=as_json)
    if not as_json:
        click.echo(
            f"{len(found.pairs)} proposed; {found.left_out} more lie as near and are too unlike."
        )


@joins.command(name="list")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def list_(*, as_json: bool) -> None:
    """
    List the pairs of which somebody decided, the latest first.

    \b
    Examples:
      ./gis joins list
      ./gis joins list --json
    """
    decided = _ask(lambda services: services.joins.decided(OWNER))
    _tell(list(map(pair_document, decided)), as_json=as_json)


@joins.command()
@click.argument("node")
@click.argument("other")
@click.option("--note", help="Why.")
def confirm(node: str, other: str, note: str | None) -> None:
    """
    Say that two nodes are one place: traffic passes between them from now on.

    Nodes are named by their id, their identifier in files, or their name.

    \b
    Examples:
      ./gis joins confirm KSI-N-002 "Kisii Metro" --note "same rack"
    """
    _decide(node, other, Decision.CONFIRMED, note)


@joins.command()
@click.argument("node")
@click.argument("other")
@click.option("--note", help="Why.")
def reject(node: str, other: str, note: str | None) -> None:
    """
    Say that two nodes are two places: they are not proposed again.

    \b
    Examples:
      ./gis joins reject KSI-N-002 "Kisii Metro"
    """
    _decide(node, other, Decision.REJECTED, note)


@joins.command(name="take-back")
@click.argument("node")
@click.argument("other")
def take_back(node: str, other: str) -> None:
    """
    Take back what was decided of two nodes.

    \b
    Examples:
      ./gis joins take-back KSI-N-002 "Kisii Metro"
    """
    _decide(node, other, UNDECIDED, None)


def _decide(node: str, other: str, decision: str, note: str | None) -> None:
    """By the process, which knows nodes by what people call them."""
    inputs = parse_inputs(DECIDE_JOIN, {
        "node_a": node, "node_b": other, "decision": decision,
        **({} if note is None else {"note": note}),
    })
    pair = _ask(lambda services: services.analyses.run(DECIDE_JOIN, inputs, OWNER, "en"))
    _tell([pair])


def _ask(question: Callable[[Services], Awaitable[T]]) -> T:
    settings = read_settings()

    async def run() -> T:
        async with open_services(settings, addresses_of(settings)) as services:
            return await question(services)

    with open_database(settings):
        return asyncio.run(run())


def _tell(pairs: Sequence[dict[str, Any]], *, as_json: bool = False) -> None:
    if as_json:
        click.echo(json.dumps(pairs, ensure_ascii=False))
        return
    for pair in pairs:
        decided = f"  {pair['decision']}" if pair["decision"] else ""
        click.echo(f"{pair['score']:.2f}  {pair['distance_m']:,.0f} m{decided}")
        for side in ("a", "b"):
            name, network = (printable(pair[f"{each}_{side}"]) for each in ("name", "network"))
            click.echo(f"  {pair[f'node_{side}']}  {name} ({network})")
