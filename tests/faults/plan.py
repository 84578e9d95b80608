"""Which faults there are, in what order they are tried, and on what."""

from __future__ import annotations

import random
import sys
import time
import traceback
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import click

from tests.faults import (
    f01_power,
    f02_backend,
    f03_processes,
    f04_stopped,
    f05_full,
    f08_network,
    f08_versions,
    f09_slow,
    f10_loads,
    f11_clocks,
    f12_geometry,
    f14_soak,
)
from tests.faults.outcome import Outcome, as_json, table
from tests.faults.site import Site, site

OnSite = Callable[[Site, int, int], Iterable[Outcome]]
"""Tries a fault on a site so many times by a seed."""
Alone = Callable[[int, int], Iterable[Outcome]]
"""The same with a site of its own making."""


@dataclass(frozen=True)
class Fault:
    """
    One of the plan.

    Parameters
    ----------
    rounds
        How often it is tried.
    on_site
        Parts that are tried on one site, negative controls among them.
    alone
        Parts that need a site of another kind.
    """

    name: str
    rounds: int
    on_site: tuple[OnSite, ...] = ()
    alone: tuple[Alone, ...] = ()

    def parts(self, rounds: int, seed: int) -> Iterator[Callable[[], Iterable[Outcome]]]:
        for run in self.on_site:
            yield partial(_on_a_site, run, rounds, seed)
        for each in self.alone:
            yield partial(each, rounds, seed)


PLAN = (
    Fault("F1", f01_power.ROUNDS, (f01_power.run, f01_power.blind)),
    Fault("F2", f02_backend.ROUNDS, (f02_backend.run,)),
    Fault("F3", f03_processes.ROUNDS, (f03_processes.run,)),
    Fault("F4", f04_stopped.ROUNDS, (f04_stopped.run,)),
    Fault("F5", 1, (), (f05_full.data,)),
    Fault("F6", 1, (), (f05_full.log,)),
    Fault("F7", 1, (), (f05_full.received,)),
    Fault(
        "F8", f08_network.ROUNDS,
        (f08_network.before, f08_network.blind, f08_versions.run, f08_versions.blind),
        (f08_network.behind,),
    ),
    Fault("F9", f09_slow.ROUNDS, (), (f09_slow.run,)),
    Fault("F10", f10_loads.ROUNDS, (f10_loads.run, f10_loads.blind)),
    Fault("F11", f11_clocks.ROUNDS, (f11_clocks.run,)),
    Fault("F12", f12_geometry.ROUNDS, (f12_geometry.run,)),
)


def _on_a_site(run: OnSite, rounds: int, seed: int) -> Iterator[Outcome]:
    with site() as place:
        yield from run(place, rounds, seed)


def carried_out(
    plan: tuple[Fault, ...], *, rounds: int | None, seed: int
) -> Iterator[Outcome]:
    """The outcomes of faults and of their negative controls, on a site for each fault."""
    for fault in plan:
        for part in fault.parts(rounds or fault.rounds, seed):
            began = time.monotonic()
            try:
                for outcome in part():
                    outcome.seconds, began = time.monotonic() - began, time.monotonic()
                    yield outcome
            except Exception as error:  # a rig that breaks has proved nothing
                traceback.print_exc()
                said = f"the trial broke off: {error!r}"
                yield Outcome(fault.name, "", violations=[said])


@click.command()
@click.option("--faults", "names", is_flag=False, flag_value="", default="",
              help="Which, with commas between; else all.")
@click.option("--rounds", type=click.IntRange(1), help="Rounds of each; else the plan's.")
@click.option("--seed", type=int, help="Of the moments; else a new one, which is printed.")
@click.option("--hours", type=click.FloatRange(min=0.01), default=1.0, show_default=True,
              help="How long F14 lasts, which is tried only when it is named.")
@click.option("--json", "out", type=click.Path(path_type=Path), help="Where the figures go.")
def main(
    names: str, rounds: int | None, seed: int | None, hours: float, out: Path | None
) -> None:
    """Try the faults of the plan on a scratch service, and tell what became of them."""
    wanted = {name.strip().upper() for name in names.split(",") if name.strip()}
    soak = Fault("F14", 1, (), (lambda rounds, seed: f14_soak.run(hours, seed),))
    unknown = wanted - {fault.name for fault in (*PLAN, soak)}
    if unknown:
        raise click.BadParameter(
            f"{', '.join(sorted(unknown))}: there is {', '.join(f.name for f in (*PLAN, soak))}",
            param_hint="--faults",
        )
    seed = random.randrange(2**31) if seed is None else seed
    click.echo(f"Seed {seed}")
    outcomes = []
    plan = tuple(fault for fault in PLAN if not wanted or fault.name in wanted)
    plan += (soak,) if soak.name in wanted else ()
    for outcome in carried_out(plan, rounds=rounds, seed=seed):
        outcomes.append(outcome)
        click.echo(f"{outcome.fault} {outcome.title}: {outcome.verdict} ({outcome.seconds:.0f} s)")
    click.echo("\n" + table(outcomes))
    if out is not None:
        out.write_bytes(as_json(outcomes, seed=seed))
    sys.exit(0 if all(outcome.good for outcome in outcomes) else 1)
