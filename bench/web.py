"""`make bench-web`: redirects, pixels, page views and form posts a second, as ratios to a Flask view that does nothing (or one INSERT).

The server is started as `throughline up` starts it, with one process, on a launched campaign; the drain runs beside it. Everything is
measured in turns in the same run, and the middle of the turns counts. The no-op is measured twice, in our own server process and on granian's
plain WSGI server with one blocking thread, and the faster of the two is what ours is held against. After each turn every answer
must be in the database. DB (sqlite or postgresql), LASTS (seconds a turn), TURNS, CONNECTIONS and PEOPLE come from the environment; the last line is JSON.
"""

import json
import os
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from statistics import median
from urllib.parse import urlencode

from sqlalchemy import select, text, update

from app import ROOT, tokens
from app.clock import now
from app.db import db
from app.delivery import expand
from app.delivery.compose import CLICK, OPEN
from app.delivery.models import Delivery, DeliveryState, Link
from app.errors import AppError
from app.flows.launch import start_due
from app.landing.models import PublishedPage
from app.landing.shown import form_token
from app.settings import Settings
from bench import load, stage
from bench.place import POSTGRESQL, SQLITE, Place, place, process, wait
from bench.web_entry import INSERT, NOOP
from tests.rig import postgres
from worker import web
from worker.valkey import free_port

AGENTS = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36 Edg/141.0.0.0",
    "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.6 Mobile/15E148 Safari/604.1",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.6 Safari/605.1.15",
)
KINDS = {"redirect": "click", "pixel": "open", "page": "view"}


@dataclass(frozen=True)
class Order:
    """What is asked for."""

    db: str
    seconds: float
    turns: int
    connections: int
    people: int

    @classmethod
    def from_env(cls) -> "Order":
        """Read it from the environment. Raises ValueError with what is wrong."""
        given = os.environ
        asked = cls(
            given.get("DB") or SQLITE,
            float(given.get("LASTS") or 4),
            int(given.get("TURNS") or 3),
            int(given.get("CONNECTIONS") or 32),
            int(given.get("PEOPLE") or 10_000),
        )
        if asked.db not in (SQLITE, POSTGRESQL):
            raise ValueError(f"DB is {SQLITE} or {POSTGRESQL}.")
        if asked.seconds <= 0 or asked.turns < 1 or asked.connections < 1 or asked.people < 10:
            raise ValueError("LASTS, TURNS and CONNECTIONS are above 0, PEOPLE at least 10.")
        return asked


@dataclass(frozen=True)
class Server:
    """Where something listens."""

    port: int

    @property
    def host(self) -> str:
        """Its name in the Host header."""
        return f"127.0.0.1:{self.port}"


def launched(here: Place, people: int) -> None:
    """A campaign to so many people, launched an hour ago, with every message accepted."""
    with here.app.app_context():
        set_ = stage.build()
        mine = stage.campaign(set_, stage.published(set_), stage.people(set_, people))
        stage.press(set_, mine)
        db.session.commit()
        send = start_due(mine.id)
        if send is None:
            raise RuntimeError("the campaign was not launched")
        db.session.commit()
        expand.expand(db.engine, send.id)
        moment = now() - timedelta(hours=1)
        db.session.execute(
            update(Delivery).values(
                state=DeliveryState.ACCEPTED, committed_at=moment, decided_at=moment
            )  # unscoped: a database of the benchmark's own
        )
        db.session.execute(
            text("CREATE TABLE bench_note (id INTEGER PRIMARY KEY, at TIMESTAMP, words TEXT)")
            if here.app.extensions["settings"].database.startswith("sqlite")
            else text("CREATE TABLE bench_note (id SERIAL PRIMARY KEY, at TIMESTAMPTZ, words TEXT)")
        )
        db.session.commit()
        db.engine.dispose()


def requests(here: Place, ours: Server) -> dict[str, list[bytes]]:
    """The requests of each kind: a different mail each, agents in turn, every link of the mail."""
    with here.app.app_context():
        key = tokens.token_key()
        ids = list(db.session.scalars(select(Delivery.id).order_by(Delivery.id)))
        links = [(row.number, row.kind) for row in db.session.scalars(select(Link).order_by(Link.number))]
        page = db.session.scalars(select(PublishedPage)).one()
        where = f"/p/{page.pid}"
        shown = now() - timedelta(minutes=1)
        forms = [
            urlencode(
                {
                    "form_token": form_token(page, shown),
                    "t": tokens.make(CLICK, mail, key),
                    "name": "Sanne Willems",
                    "email": f"visitor{mail}@forms.example",
                    "consent": "yes",
                }
            ).encode()
            for mail in ids
        ]
        db.session.rollback()
        db.engine.dispose()

    def each(path: Callable[[int, int], str]) -> list[bytes]:
        return [
            load.request(ours.host, path(place_, mail), AGENTS[place_ % len(AGENTS)])
            for place_, mail in enumerate(ids)
        ]

    return {
        "redirect": each(lambda i, mail: f"/c/{tokens.make(CLICK, mail, key)}/{links[i % len(links)][0]}"),
        "pixel": each(lambda _, mail: f"/o/{tokens.make(OPEN, mail, key)}.gif"),
        "page": each(lambda _, mail: f"{where}?t={tokens.make(CLICK, mail, key)}"),
        "post": [
            load.request(ours.host, where, AGENTS[i % len(AGENTS)], body) for i, body in enumerate(forms)
        ],
        "noop": [load.request(ours.host, NOOP, agent) for agent in AGENTS],
        "insert": [load.request(ours.host, INSERT, agent, b"name=Sanne") for agent in AGENTS],
    }


@contextmanager
def servers(here: Place, ours: Server, plain: Server) -> Iterator[None]:
    """The product's server and its drain, and granian's plain WSGI server with the bare application."""
    settings = Settings.from_env(here.environ)
    product = web.command(settings, "bench.web_entry:application")
    bare = [
        *(sys.executable, "-m", "granian", "--interface", "wsgi", "--factory", "--host", "127.0.0.1"),
        *("--port", str(plain.port), "--workers", "1", "--blocking-threads", "1", "--no-ws"),
        *("--log-level", "warning", "bench.web_entry:bare"),
    ]
    environ = here.environ
    with (
        process(product, environ, here.log("web")),
        process(bare, environ, here.log("bare")),
        here.running("spool"),
    ):
        for server in (ours, plain):
            if not wait(partial(_answers, server), 60):
                raise RuntimeError(f"no server: {here.log('web').read_text()[-2000:]}")
        yield


def _answers(server: Server) -> bool:
    try:
        with urllib.request.urlopen(f"http://{server.host}{NOOP}", timeout=3) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False


class Bench:
    """The turns, and what each brought."""

    def __init__(self, order: Order, here: Place, ours: Server, plain: Server) -> None:
        self.order, self.here, self.ours, self.plain = order, here, ours, plain
        self.rates: dict[str, list[float]] = {}
        self.lost = 0
        self._files = {
            name: load.write(here.home / f"{name}.requests", all_)
            for name, all_ in requests(here, ours).items()
        }

    def turn(self, name: str, server: Server, requests_: str) -> load.Run:
        """One turn against one address."""
        words = [server.host.partition(":")[0], server.port, self.order.seconds, self.order.connections]
        line = [sys.executable, "-m", "bench.load", *map(str, words), str(self._files[requests_])]
        said = subprocess.run(line, cwd=ROOT, capture_output=True, text=True, check=True).stdout
        done = load.Run(**json.loads(said))
        if done.other:
            raise RuntimeError(f"{name}: {done.other} answers were errors")
        self.rates.setdefault(name, []).append(done.per_s)
        print(
            f"{name:>12}: {done.per_s:8,.0f} a second, p99 {done.p99_ms:.1f} ms, slowest {done.slowest_ms:.0f} ms",
            flush=True,
        )
        return done

    def recorded(self, name: str) -> None:
        """One turn of events, each of which must be a row once the spool is drained."""
        kind = KINDS[name]
        before = self._count(kind)
        done = self.turn(name, self.ours, name)
        wait(lambda: self._count(kind) >= before + done.answered, 60 + done.answered / 500)
        missing = before + done.answered - self._count(kind)
        self.lost += abs(missing)
        print(f"{'':>12}  {done.answered:,} answered, lost = {missing}", flush=True)

    def posts(self) -> None:
        """One turn of forms; each of them is another person's, and a row when it is answered."""
        self.turn("insert", self.ours, "insert")
        self.turn("plain insert", self.plain, "insert")
        done = self.turn("post", self.ours, "post")
        stored = int(str(self.here.peek("SELECT count(*) FROM submission")[0]))
        self.lost += max(0, min(done.answered, self.order.people) - stored)

    def _count(self, kind: str) -> int:
        return int(str(self.here.peek(f"SELECT count(*) FROM tracked_event WHERE kind = '{kind}'")[0]))

    def result(self) -> dict[str, float]:
        """The contract's figures."""
        middle = {name: median(rates) for name, rates in self.rates.items()}
        noop = max(middle["noop"], middle["plain noop"])
        ratios = {name: round(middle[name] / noop, 3) for name in KINDS}
        insert = max(middle["insert"], middle["plain insert"])
        return {**ratios, "post": round(middle["post"] / insert, 3), "noop_per_s": round(noop)}


def main() -> int:
    """Run the benchmark; returns the exit code."""
    try:
        order = Order.from_env()
        ours, plain = Server(free_port()), Server(free_port())
        settings = {
            "LISTEN": ours.host,
            "PUBLIC_URL": f"http://{ours.host}",
            "APP_URL": f"http://localhost:{ours.port}",
            "WEB_WORKERS": "1",
            "LOG_LEVEL": "error",
        }
        with place(order.db, **settings) as here:
            launched(here, order.people)
            with servers(here, ours, plain):
                bench = Bench(order, here, ours, plain)
                for _ in range(order.turns):
                    bench.turn("noop", ours, "noop")
                    bench.turn("plain noop", plain, "noop")
                    for name in KINDS:
                        bench.recorded(name)
                bench.posts()
    except (ValueError, AppError, postgres.Missing) as error:
        print(error, file=sys.stderr)
        return 2
    print(f"lost = {bench.lost}")
    print(json.dumps(bench.result()))
    return 1 if bench.lost else 0


if __name__ == "__main__":
    sys.exit(main())
