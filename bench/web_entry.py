"""What the benchmark's web servers run: the product as it is, and beside it a bare Flask application to compare with.

The bare views are mounted here and nowhere in the product.
"""

import os
from typing import Any

from flask import Flask
from sqlalchemy import create_engine, event, text

from worker import environment, lifeline, web
from worker.web_rsgi import Server

NOOP, INSERT = "/bench/noop", "/bench/insert"


def bare() -> Flask:
    """A Flask application with nothing of ours: a view that does nothing, and one that inserts a row and commits."""
    lifeline.hold()
    app = Flask("bare")
    engine = create_engine(environment.load(os.environ).database)
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _like_the_product)

    @app.get(NOOP)
    def noop() -> str:
        return "ok"

    @app.post(INSERT)
    def insert() -> str:
        with engine.begin() as connection:
            connection.execute(
                text("INSERT INTO bench_note (at, words) VALUES (CURRENT_TIMESTAMP, 'a form was sent')")
            )
        return "ok"

    return app


def _like_the_product(connection: Any, _record: Any) -> None:
    cursor = connection.cursor()
    for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "busy_timeout=15000"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


class Both:
    """The product's server, and the bare application in the same process through the same adapter."""

    def __init__(self) -> None:
        self.product = web.application()
        self.bare = Server(bare(), lambda _scope: None, self.product.cap)

    async def __rsgi__(self, scope: Any, proto: Any) -> None:
        server = self.bare if scope.path.startswith("/bench/") else self.product
        await server.__rsgi__(scope, proto)


def application() -> Both:
    """The factory for granian."""
    return Both()
