"""Every route of the application with what it asks of who comes, read from the URL map."""

import tempfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from flask import Flask
from werkzeug.routing import AnyConverter, IntegerConverter, Rule

from app import create_app
from app.accounts.access import Access, access_of
from app.settings import Settings


@dataclass(frozen=True)
class Route:
    """One way in: an endpoint with one method."""

    endpoint: str
    method: str
    arguments: tuple[str, ...]
    access: Access | None
    on_public_origin: bool
    on_both_origins: bool

    def __str__(self) -> str:
        return f"{self.method} {self.endpoint}"


@cache
def routes() -> tuple[Route, ...]:
    """All of them, static files left out, in the order of their names."""
    app = application()
    found = [
        _route(app, rule, method)
        for rule in app.url_map.iter_rules()
        if rule.endpoint.rpartition(".")[2] != "static"
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"})
    ]
    return tuple(sorted(set(found), key=str))


@cache
def application() -> Flask:
    """An application only to read the map from; nothing is asked of it."""
    return create_app(
        Settings(
            "s" * 32,
            "t" * 32,
            environment="test",
            data_dir=Path(tempfile.gettempdir()),
            database_url="sqlite://",
            log_level="error",
        )
    )


def nonsense(route: Route) -> dict[str, Any]:
    """Values for a route's arguments that belong to nobody."""
    app = application()
    rule = next(
        rule for rule in app.url_map.iter_rules(route.endpoint) if set(route.arguments) == rule.arguments
    )
    return {name: _nonsense(rule._converters.get(name)) for name in route.arguments}


def _nonsense(converter: object) -> Any:
    if isinstance(converter, IntegerConverter):
        return 1
    if isinstance(converter, AnyConverter):
        return sorted(converter.items)[0]
    return "x" * 22


def address(app: Flask, route: Route, values: dict[str, Any]) -> str:
    """The path of a route with these values."""
    adapter = app.url_map.bind("localhost:8000")
    return adapter.build(route.endpoint, values, method=route.method)


def _route(app: Flask, rule: Rule, method: str) -> Route:
    name = rule.endpoint.rpartition(".")[0]
    blueprint = app.blueprints.get(name)
    return Route(
        rule.endpoint,
        method,
        tuple(sorted(rule.arguments)),
        access_of(app.view_functions[rule.endpoint]),
        bool(getattr(blueprint, "public_origin", False)),
        bool(getattr(blueprint, "both_origins", False)),
    )
