"""What a web process remembers to answer links without the database: which send a mail belongs to, and where its numbered links lead.

All of it is fixed at launch, so nothing remembered here can become untrue; what is not here is read once and then is.
"""

import threading
from dataclasses import dataclass
from html import escape
from typing import TypeVar
from urllib.parse import urlsplit, urlunsplit

from sqlalchemy import select
from werkzeug.urls import iri_to_uri

from app.db import db
from app.delivery.models import Delivery, Link, Rendering

_BLOCK = 512  # neighbouring mails are of the same send, so they are read and kept together
_BLOCKS, _TARGETS, _RENDERINGS = 8_192, 20_000, 20_000
_MARK = "\0"

K = TypeVar("K")
V = TypeVar("V")


@dataclass(frozen=True)
class Target:
    """Where a link leads, around the place where the token goes; `takes_token` for our own landing pages."""

    before: str
    after: str
    takes_token: bool

    def address(self, token: str) -> str:
        """The address for whoever came with this token."""
        return f"{self.before}{token}{self.after}" if self.takes_token else self.before


def target_of(url: str, kind: str) -> Target:
    """The target behind a stored link, as it may stand in a header."""
    if kind != "landing":
        return Target(iri_to_uri(url), "", False)
    parts = urlsplit(iri_to_uri(url))
    query = "&".join(part for part in (parts.query, f"t={_MARK}") if part)
    before, _, after = urlunsplit(parts._replace(query=query)).partition(_MARK)
    return Target(before, after, True)


def redirect_body(address: str) -> bytes:
    """What stands in a redirect for whoever does not follow it."""
    link = escape(address)
    return f'<!doctype html>\n<html lang="en">\n<title>On to the page</title>\n<p><a href="{link}">{link}</a></p>\n'.encode()


class Known:
    """The memory of one process, of bounded size: the oldest entries go first."""

    def __init__(self) -> None:
        self._blocks: dict[int, list[tuple[int, int, int]]] = {}
        self._targets: dict[tuple[int, int], Target] = {}
        self._renderings: dict[int, int] = {}
        self._lock = threading.Lock()

    def send_of(self, delivery_id: int) -> int | None:
        """The send of a mail; None where it is not remembered."""
        for first, last, send_id in self._blocks.get(delivery_id // _BLOCK, ()):
            if first <= delivery_id <= last:
                return send_id
        return None

    def send_of_rendering(self, rendering_id: int) -> int | None:
        """The send of a rendering; None where it is not remembered."""
        return self._renderings.get(rendering_id)

    def target(self, send_id: int, number: int) -> Target | None:
        """Where a link leads; None where it is not remembered."""
        return self._targets.get((send_id, number))

    def load_delivery(self, delivery_id: int) -> int | None:
        """Read the send of a mail and of its neighbours; None where there is no such mail."""
        block = delivery_id // _BLOCK
        query = select(Delivery.id, Delivery.send_id).where(  # unscoped: by a signed token
            Delivery.id.between(block * _BLOCK, block * _BLOCK + _BLOCK - 1)
        )
        runs: list[tuple[int, int, int]] = []
        for found, send_id in db.session.execute(query.order_by(Delivery.id)):
            if runs and runs[-1][1:] == (found - 1, send_id):
                runs[-1] = (runs[-1][0], found, send_id)
            else:
                runs.append((found, found, send_id))
        self._keep(self._blocks, block, runs, _BLOCKS)
        return self.send_of(delivery_id)

    def load_rendering(self, rendering_id: int) -> int | None:
        """Read the send of a rendering; None where there is no such rendering."""
        query = select(Rendering.send_id).where(Rendering.id == rendering_id)  # unscoped: by a signed token
        send_id = db.session.scalar(query)
        if send_id is not None:
            self._keep(self._renderings, rendering_id, send_id, _RENDERINGS)
        return send_id

    def load_target(self, send_id: int, number: int) -> Target | None:
        """Read where a link leads; None where the send has no such link."""
        query = select(Link.url, Link.kind).where(  # unscoped: by a signed token's send
            Link.send_id == send_id, Link.number == number
        )
        row = db.session.execute(query).one_or_none()
        if row is None:
            return None
        target = target_of(row.url, row.kind)
        self._keep(self._targets, (send_id, number), target, _TARGETS)
        return target

    def _keep(self, memory: dict[K, V], key: K, value: V, limit: int) -> None:
        with self._lock:
            if len(memory) >= limit and key not in memory:
                del memory[next(iter(memory))]
            memory[key] = value
