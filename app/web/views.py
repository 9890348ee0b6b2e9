"""The two addresses that machines ask: does the process live, and is it ready for people.

They answer on both origins, without a session.
"""

from flask import Blueprint, Response, jsonify

from app.accounts.access import public
from app.web import hosts
from app.web.health import readiness

bp = hosts.both(Blueprint("web", __name__))


@bp.get("/healthz")
@public
def healthz() -> Response:
    """The process answers."""
    return jsonify(status="ok")


@bp.get("/readyz")
@public
def readyz() -> tuple[Response, int]:
    """Database, migrations and queue, each by name; 503 unless all are well."""
    parts = readiness()
    ready = all(state == "ok" for state in parts.values())
    return jsonify(status="ok" if ready else "not ready", parts=parts), 200 if ready else 503


blueprints = [bp]
