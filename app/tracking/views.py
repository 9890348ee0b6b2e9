"""The addresses inside a mail: numbered links and the pixel. Each is noted before it is answered; targets are stored rows, never the request's.

Most requests never come here: the web server's front answers them by the same functions, out of memory.
"""

from flask import Blueprint, Response, request

from app.accounts.access import public
from app.errors import NotFound
from app.tracking.answers import Answer, Visit, tracker
from app.tracking.jobs import note_surely
from app.web import hosts

bp = hosts.public(Blueprint("tracking", __name__))
blueprints = [bp]


@bp.get("/c/<token>/<int:number>")
@public
def click(token: str, number: int) -> Response:
    """On to where the link leads."""
    asked = tracker()
    asked.load_click(token, number)
    return _response(asked.click(token, number, visit(), note_surely))


@bp.get("/o/<token>.gif")
@public
def pixel(token: str) -> Response:
    """One transparent point."""
    asked = tracker()
    asked.load_pixel(token)
    return _response(asked.pixel(token, visit(), note_surely))


def visit() -> Visit:
    """This request as the rules look at it."""
    return Visit(request.method, request.user_agent.string)


def _response(answer: Answer | None) -> Response:
    if answer is None:
        raise NotFound(kind="Link")
    return Response(answer.body, answer.status, headers=list(answer.headers))
