"""F14: hours of mixed work, with a fault every ten minutes; nothing is lost, memory stays."""

from __future__ import annotations

import random
import time
from pathlib import Path

import numpy as np

from tests.faults import f02_backend
from tests.faults.books import settle
from tests.faults.outcome import Outcome
from tests.faults.proxy import Proxy
from tests.faults.site import Site, site
from tests.faults.traffic import Ledger, Traffic

FAULT_EVERY_S = 600.0
LOOK_EVERY_S = 10.0
MOST_PER_HOUR = 0.01
"""By which part the memory of the processes that answer may grow in an hour."""


def run(hours: float, seed: int) -> list[Outcome]:
    """So many hours; answers are lost on the way by turns, and sessions killed."""
    outcome = Outcome("F14", f"{hours:g} hours of mixed work")
    dice = random.Random(seed)
    with site() as place:
        proxy = Proxy(place.port, seed=seed, chance=0.1)
        ledger = Ledger(place.home / "f14.acked")
        traffic = Traffic(
            place, ledger, seed=seed, address=f"http://127.0.0.1:{proxy.port}", retry=True,
            pause_s=0.1,
        )
        seen: list[tuple[float, int]] = []
        began = time.monotonic()
        with proxy.listening(), traffic.flowing():
            fault_at = began + min(FAULT_EVERY_S, hours * 1200)
            while (now := time.monotonic()) < began + hours * 3600:
                seen.append((now - began, _resident(place)))
                if now >= fault_at:
                    fault_at += FAULT_EVERY_S
                    outcome.rounds += 1
                    _disturb(place, proxy, dice)
                time.sleep(LOOK_EVERY_S)
            proxy.mode = "pass"
            time.sleep(2)
        settle(place, ledger, outcome)
    half = np.array(seen[len(seen) // 2 :], dtype=float)
    slope, _ = np.polyfit(half[:, 0] / 3600, half[:, 1], 1) if len(half) > 2 else (0.0, 0.0)
    grows = float(slope / half[:, 1].mean())
    if hours >= 1:  # of less, a slope says nothing
        outcome.forbid(grows > MOST_PER_HOUR, f"memory grows by {grows:.1%} an hour")
    outcome.notes.append(
        f"memory {half[0, 1] / 1e6:.0f} to {half[-1, 1] / 1e6:.0f} MB in the second half"
    )
    return [outcome]


def _disturb(place: Site, proxy: Proxy, dice: random.Random) -> None:
    if dice.random() < 0.5:
        proxy.mode = "cut" if proxy.mode == "pass" else "pass"
        return
    f02_backend.strike(place, dice.choice(("tile", "edit")))
    place.until_accepting()
    place.until_ready()


def _resident(place: Site) -> int:
    """Bytes of memory that the processes which answer hold."""
    held = 0
    for pid in place.children("spawn_main"):
        try:
            pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
        except (OSError, IndexError):
            continue
        held += pages * 4096
    return held
