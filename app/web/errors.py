"""Where errors become answers: pages in plain words, and small ones for htmx and JSON.

Operations raise; only here do they meet status codes. Each answer carries a reference that stands in the log.
"""

import secrets
from dataclasses import dataclass

import structlog
from flask import Flask, Response, g, jsonify, make_response, render_template, request
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import HTTPException

from app import clock
from app.errors import AppError, Conflict, External, Forbidden, Invalid, NotFound, Refused, TooMany
from app.web.boundary import discard

log = structlog.get_logger(__name__)

_STATUS: dict[type[AppError], int] = {
    NotFound: 404,
    Forbidden: 403,
    Invalid: 422,
    Refused: 422,
    Conflict: 409,
    TooMany: 429,
    External: 502,
}
_TITLE = {
    400: "This request can’t be read",
    401: "You’re not signed in",
    403: "This isn’t yours to do",
    404: "This page isn’t here, or isn’t yours",
    405: "This address takes no such request",
    409: "This has moved on",
    410: "This is no longer here",
    413: "This file is too large",
    415: "This kind of file isn’t taken",
    422: "This can’t be done as it is",
    429: "Too many tries",
    502: "Another system doesn’t answer",
}
_TEXT = {
    400: "Something in the address or the form is not as we expect it. Go back and try once more.",
    401: "Sign in, and you come back to where you were.",
    403: "Your role doesn’t include this. An administrator of your organisation may do it.",
    404: "This page isn’t here, or isn’t yours.",
    405: "The page you came from should not have sent you here. Go back and try once more.",
    409: "Somebody, or you in another tab, changed it meanwhile. Look at it as it is now.",
    410: "It was closed, and nothing takes its place.",
    413: "Send a smaller one, or split it into parts.",
    415: "Look beside the field which kinds are taken.",
    422: "Go back, look at what you filled in, and try once more.",
    429: "Wait a minute, then try once more.",
    502: "Nothing is lost. Try again in a few minutes.",
}
_STALE_FORM = "This page was open for too long, or you signed in again meanwhile. Load it again and repeat what you did."


@dataclass(frozen=True)
class Problem:
    """What an error page says. `code` is the short name that JSON answers carry."""

    status: int
    title: str
    text: str
    code: str
    reference: str
    fields: dict[str, str]


def register(app: Flask) -> None:
    """Answer every error that leaves a view."""
    app.register_error_handler(AppError, _known)
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(Exception, _unknown)


def status_of(error: AppError) -> int:
    """The status code that an error of the product becomes; 500 for a kind that has none."""
    return next((status for kind, status in _STATUS.items() if isinstance(error, kind)), 500)


def _known(error: AppError) -> Response:
    discard()
    status = status_of(error)
    if status == 500:
        return _unknown(error)
    problem = _problem(
        status, error.message, code=_code(type(error).__name__), fields=dict(getattr(error, "fields", {}))
    )
    log.info(
        "request.refused",
        reference=problem.reference,
        status=status,
        kind=type(error).__name__,
        endpoint=request.endpoint,
    )
    return _answer(problem)


def _http(error: HTTPException) -> Response:
    if error.response is not None or (error.code or 500) < 400:
        return make_response(error.get_response(request.environ))
    discard()
    status = error.code or 500
    if status >= 500 and status != 502:
        return _unknown(error)
    text = _STALE_FORM if isinstance(error, CSRFError) else _TEXT.get(status, "Go back and try once more.")
    problem = _problem(status, text)
    log.info(
        "request.refused",
        reference=problem.reference,
        status=status,
        kind=type(error).__name__,
        endpoint=request.endpoint,
    )
    response = _answer(problem)
    for name in ("Allow", "Retry-After"):
        for key, value in error.get_headers(request.environ):
            if key == name:
                response.headers[name] = value
    return response


def _unknown(error: Exception) -> Response:
    discard()
    problem = _problem(
        500, "Nothing of what you just did was kept: no message went out by it and no money moved."
    )
    log.error(
        "request.failed",
        reference=problem.reference,
        endpoint=request.endpoint,
        method=request.method,
        exc_info=error,
    )
    return _answer(problem)


def _problem(
    status: int, text: str, code: str | None = None, fields: dict[str, str] | None = None
) -> Problem:
    title = _TITLE.get(status, "Something broke on our side" if status >= 500 else "This didn’t work")
    raw = secrets.token_hex(4)
    return Problem(
        status,
        title,
        text,
        code or _code(HTTP_NAMES.get(status, "error")),
        f"{raw[:4]}-{raw[4:]}",
        fields or {},
    )


HTTP_NAMES = {
    400: "BadRequest",
    401: "NotSignedIn",
    403: "Forbidden",
    404: "NotFound",
    405: "MethodNotAllowed",
    409: "Conflict",
} | {
    410: "Gone",
    413: "TooLarge",
    415: "UnsupportedMediaType",
    422: "Invalid",
    429: "TooMany",
    500: "Failed",
    502: "External",
}


def _code(name: str) -> str:
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name).lstrip("_")


def _answer(problem: Problem) -> Response:
    if _wants_json():
        body: dict[str, object] = {
            "code": problem.code,
            "message": problem.text,
            "reference": problem.reference,
        }
        if problem.fields:
            body["fields"] = problem.fields
        response = jsonify(error=body)
    elif request.headers.get("HX-Request"):
        response = make_response(render_template("errors/fragment.html", problem=problem))
    else:
        response = make_response(_page(problem))
    response.status_code = problem.status
    return response


def _page(problem: Problem) -> str:
    where = {"app": "errors/page.html", "public": "errors/public.html"}.get(g.get("origin") or "")
    if where is None:  # an unknown host: no links, since they would lead to a host that isn't ours
        return f"{problem.title}. {problem.text}\n"
    retry = request.full_path.removesuffix("?") if request.method in ("GET", "HEAD") else None
    return render_template(where, problem=problem, retry=retry, happened=clock.now())


def _wants_json() -> bool:
    if request.is_json:
        return True
    return (
        request.accept_mimetypes.best_match(["text/html", "application/json"], "text/html")
        == "application/json"
    )
