"""F9: a hundred clients read slowly, and a hundred ask at once for what is dear."""

from __future__ import annotations

import socket
import statistics
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import httpx

from tests.faults import work
from tests.faults.outcome import Outcome
from tests.faults.site import NODES, Site, site

ROUNDS = 1
CLIENTS = 100
POOL = 10
REFUSED_WITHIN_S = 2.0
HEALTH_P99_S = 0.3


def run(rounds: int, seed: int) -> list[Outcome]:
    """On a site of its own, whose pool is small."""
    outcome = Outcome("F9", "100 slow clients on a pool of 10")
    settings = {
        "GIS_POOL_SIZE": str(POOL), "GIS_MAX_WAITING": "20", "GIS_WORKERS": "1",
        "GIS_SNAPSHOT_MB": "0",
    }
    with site(**settings) as place:
        job = work.load(place, work.csv_of(place.home, work.LARGE))
        assert work.ended(place, job) == "done", work.state_of(place, job)
        for _ in range(rounds):
            _slow_readers(place, outcome)
            _burst(place, outcome, seed)
            outcome.rounds += 1
    return [outcome]


def _slow_readers(place: Site, outcome: Outcome) -> None:
    address, port = "127.0.0.1", place.port
    path = f"{NODES}?limit=10000"
    sockets = []
    for _ in range(CLIENTS):
        each = socket.socket()
        each.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        each.settimeout(30)
        each.connect((address, port))
        each.sendall(f"GET {path} HTTP/1.1\r\nHost: {address}:{port}\r\n\r\n".encode())
        sockets.append(each)
    stopping = threading.Event()
    reading = threading.Thread(target=_sip, args=(sockets, stopping), daemon=True)
    reading.start()
    took = []
    with httpx.Client(base_url=f"http://{address}:{port}", timeout=20) as client:
        for _ in range(150):
            began = time.monotonic()
            client.get("/health/live")
            took.append(time.monotonic() - began)
            time.sleep(0.05)
        held = _sessions_held(place)
        began = time.monotonic()
        status = client.get(NODES, params={"limit": 3}).status_code
        cheap_s = time.monotonic() - began
    p99 = statistics.quantiles(took, n=100)[98]
    stopping.set()
    reading.join(10)
    for each in sockets:
        each.close()
    outcome.forbid(p99 > HEALTH_P99_S, f"health took {p99:.2f} s (p99)")
    outcome.forbid(held > 1, f"{held} sessions are held while clients read slowly")
    outcome.forbid(status not in {200, 503} or cheap_s > 2, f"another: {status} in {cheap_s:.1f} s")
    outcome.notes.append(
        f"beside 100 slow readers: health p99 {p99 * 1000:.0f} ms, another's page {status} in "
        f"{cheap_s * 1000:.0f} ms, sessions held: {held}"
    )


def _sip(sockets: list[socket.socket], stopping: threading.Event) -> None:
    while not stopping.wait(0.2):
        for each in sockets:
            try:
                each.recv(16)
            except OSError:
                continue


def _sessions_held(place: Site) -> int:
    [(count,)] = place.rows(
        "SELECT count(*) FROM pg_stat_activity WHERE usename LIKE 'gis%public' "
        "AND state <> 'idle'"
    )
    return int(count)


def _burst(place: Site, outcome: Outcome, seed: int) -> None:
    answers: list[tuple[int | str, float]] = []

    def ask(number: int) -> None:
        began = time.monotonic()
        try:
            words = f"name <> 'x{seed}-{number}' AND CASEI(name) LIKE CASEI('%{number}%')"
            status: int | str = client.get(
                NODES, params={"limit": 10_000, "filter": words, "sortby": "-name"}
            ).status_code
        except httpx.HTTPError as error:
            status = type(error).__name__
        answers.append((status, time.monotonic() - began))

    limits = httpx.Limits(max_connections=None)
    with (
        httpx.Client(base_url=place.address, timeout=60, limits=limits) as client,
        ThreadPoolExecutor(CLIENTS) as pool,
    ):
        list(pool.map(ask, range(CLIENTS)))
    statuses = Counter(status for status, _ in answers)
    slowest = max((took for status, took in answers if status == 503), default=0.0)
    outcome.forbid(not set(statuses) <= {200, 503}, f"answers: {dict(statuses)}")
    outcome.forbid(statuses[503] == 0, "nobody was refused")
    outcome.forbid(slowest > REFUSED_WITHIN_S, f"a refusal took {slowest:.1f} s")
    outcome.notes.append(f"100 dear questions: {dict(statuses)}, refused in {slowest:.2f} s")
