"""The boundary of a request: the one place where the web application commits.

What a view has written is committed with an answer below 400, before it leaves. Every other answer leaves nothing behind: no row, no
job, no mail and no message that tells of them, whether an error left the view or the view itself answered that it will not do it.
"""

from flask import Flask, Response, g, session

from app.db import db


def discard() -> None:
    """Take back all this request has written, and the messages that would have told of it."""
    g.discarded = True
    if db.session.registry.has():
        db.session.rollback()
    if "_flashes" in session:
        session.pop("_flashes")


def _close(response: Response) -> Response:
    if g.get("discarded") or not db.session.registry.has():
        return response
    if response.status_code < 400:
        db.session.commit()
    else:
        discard()
    return response


def register(app: Flask) -> None:
    """Commit or roll back when a view has answered."""
    app.after_request(_close)
