"""Answering with a stored file: what a browser has is not sent again, a part is sent where a part was asked for, and nothing in it runs."""

from flask import Response, request
from werkzeug.exceptions import RequestedRangeNotSatisfiable
from werkzeug.wsgi import wrap_file

from app.assets.store import attachment, store

YEAR = 31_536_000
_ALONE = "default-src 'none'; style-src 'unsafe-inline'; sandbox"


def public_file(key: str, content_type: str, etag: str) -> Response:
    """A file for everybody. Its address changes with its content, so browsers and mail proxies may keep it for good."""
    response = _file(key, content_type, etag)
    response.headers["Cache-Control"] = f"public, max-age={YEAR}, immutable"
    response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    return response


def private_file(key: str, content_type: str, etag: str, download: str | None = None) -> Response:
    """A file for whoever may have it, as a download under that name, or shown in a page of ours."""
    response = _file(key, content_type, etag)
    response.headers["Cache-Control"] = "private, no-store"
    if download is not None:
        response.headers["Content-Disposition"] = attachment(download)
    return response


def _file(key: str, content_type: str, etag: str) -> Response:
    size = store().find(key).size
    if etag in request.if_none_match:
        response = Response(status=304)
    else:
        file = store().open(key)
        response = Response(
            wrap_file(request.environ, file), content_type=content_type, direct_passthrough=True
        )
        response.content_length = size
    response.set_etag(etag)
    response.headers["Content-Security-Policy"] = _ALONE
    response.headers["X-Content-Type-Options"] = "nosniff"
    try:
        response.make_conditional(request.environ, accept_ranges=True, complete_length=size)
    except RequestedRangeNotSatisfiable:
        response.close()
        raise
    return response
