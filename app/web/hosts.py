"""Two origins on one server: signed-in pages on one host, everything a prospect meets on another.

No cookie is read or set on the public host, so nothing that runs there can reach a session.
"""

from typing import Any, Literal
from urllib.parse import quote, unquote, urlencode, urlsplit

from flask import Blueprint, Flask, Request, Response, abort, current_app, g, request
from flask.sessions import SecureCookieSession, SecureCookieSessionInterface
from werkzeug.routing import MapAdapter

from app.errors import NotFound
from app.settings import Settings, current

Origin = Literal["app", "public"]
_STANDARD = {"http": ":80", "https": ":443"}


def public(blueprint: Blueprint) -> Blueprint:
    """Serve this blueprint on the public origin only; returns it."""
    blueprint.public_origin = True  # type: ignore[attr-defined]
    return blueprint


def both(blueprint: Blueprint) -> Blueprint:
    """Serve this blueprint on both origins (health checks); returns it."""
    blueprint.both_origins = True  # type: ignore[attr-defined]
    return blueprint


def origin() -> Origin | None:
    """The origin this request came to; None for a host that isn't ours."""
    found: Origin | None = current_app.extensions["origins"].get(request.host)
    return found


def public_url_for(endpoint: str, **values: Any) -> str:
    """An absolute link on the public origin; works outside a request too. `_anchor` is kept, None values are dropped."""
    return _absolute(current().public_url, endpoint, values)


def app_url_for(endpoint: str, **values: Any) -> str:
    """An absolute link on the signed-in origin; works outside a request too. `_anchor` is kept, None values are dropped."""
    return _absolute(current().app_url, endpoint, values)


def route_of(url: str) -> tuple[str, dict[str, Any]]:
    """The page of our own that an absolute address leads to: its endpoint and values. Raises werkzeug's HTTPException for none."""
    parts = urlsplit(url)
    endpoint, values = _adapter(f"{parts.scheme}://{parts.netloc}").match(unquote(parts.path), method="GET")
    return str(endpoint), dict(values)


def static_url(origin_url: str, name: str) -> str:
    """An absolute link to a static file, for mails and documents that are read elsewhere."""
    return f"{origin_url}/static/{quote(name)}"


def _absolute(base: str, endpoint: str, values: dict[str, Any]) -> str:
    anchor = values.pop("_anchor", None)
    url: str = _adapter(base).build(
        endpoint, {k: v for k, v in values.items() if v is not None}, force_external=True
    )
    return f"{url}#{quote(anchor)}" if anchor else url


def _adapter(base: str) -> MapAdapter:
    adapters: dict[str, MapAdapter] = current_app.extensions.setdefault("url_adapters", {})
    if base not in adapters:
        parts = urlsplit(base)
        adapters[base] = current_app.url_map.bind(parts.netloc, "/", url_scheme=parts.scheme)
    return adapters[base]


class AppOnlySessions(SecureCookieSessionInterface):
    """Flask's signed cookie, on the signed-in origin alone; elsewhere the session is empty and can't be written."""

    def open_session(self, app: Flask, request: Request) -> SecureCookieSession | None:
        """The session of a signed-in page; None (an unwritable one) on any other host."""
        if app.extensions["origins"].get(request.host) != "app":
            return None
        return super().open_session(app, request)


def register(app: Flask) -> None:
    """Hold every request to its origin."""
    settings: Settings = app.extensions["settings"]
    app.extensions["origins"] = {_host(settings.app_url): "app", _host(settings.public_url): "public"}
    app.session_interface = AppOnlySessions()
    app.before_request(_check)
    app.jinja_env.globals.update(public_url_for=public_url_for, app_url_for=app_url_for, query=_query)


def _host(url: str) -> str:
    parts = urlsplit(url)
    return parts.netloc.lower().removesuffix(_STANDARD[parts.scheme])


def _check() -> Response | None:
    here = origin()
    g.origin = here
    if here is None:
        abort(400, "This host name isn’t ours.")
    name = request.blueprint
    if name is None:  # static files, and addresses that lead nowhere
        return None
    blueprint = current_app.blueprints[name]
    if getattr(blueprint, "both_origins", False):
        return None
    if getattr(blueprint, "public_origin", False) != (here == "public"):
        raise NotFound()
    return None


def _query(**changes: Any) -> str:
    """This page's query string with some values replaced (None takes one out): for paging, sorting and filters."""
    values = {**request.args.to_dict(flat=False), **{key: [value] for key, value in changes.items()}}
    pairs = [
        (key, value) for key, items in values.items() for value in items if value is not None and value != ""
    ]
    return f"?{urlencode(pairs)}" if pairs else request.path
