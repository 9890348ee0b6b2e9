"""Where a numbered link leads: a stored row, never anything the request says."""

from sqlalchemy import select

from app.db import db
from app.delivery.models import Link
from app.errors import NotFound


def link_of(send_id: int, number: int) -> Link:
    """Link `number` of a send. Raises NotFound."""
    query = select(Link).where(
        Link.send_id == send_id, Link.number == number
    )  # unscoped: by a signed token's send
    link = db.session.scalars(query).one_or_none()
    if link is None:
        raise NotFound(kind="Link")
    return link
