"""The engine's view of the database: claims, the write-ahead commit of a round, and outcomes, each one short transaction.

Every statement checks the row's state and worker, so that a worker that lost a row can never move it.
"""

from collections.abc import Collection, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from itertools import groupby

from sqlalchemy import ColumnElement, Connection, Engine, and_, exists, or_, select, update
from sqlalchemy.exc import SQLAlchemyError

from app.delivery.blocked import blocked, reason
from app.delivery.claims import ALONE_AFTER, MAX_CRASHES, claims
from app.delivery.models import Delivery, DeliveryState, Rendering, Send, SendStatus
from app.delivery.outcomes import Claimed, Decided, Retries, final_values, later_values, outcome_update
from app.delivery.presence import LEASE, Presence, database_now
from app.delivery.rounds import rounds
from app.delivery.wire import Verdict


class Store:
    """All that one slice of one send reads and writes. Use as a context."""

    def __init__(self, engine: Engine, presence: Presence, retries: Retries) -> None:
        self.engine = engine
        self.presence = presence
        self.send_id = presence.send_id
        self.retries = retries
        self._floor = 0  # the last row claimed: what lies below was taken, or put off
        with engine.begin() as connection:
            send = connection.execute(
                select(Send.partner_id, Send.vendor_id, Send.campaign_id, Send.topic_id).where(
                    Send.id == self.send_id
                )  # unscoped: a job
            ).one()
        self._blocked = blocked(send.partner_id, send.vendor_id, send.campaign_id, send.topic_id)
        self._reason = reason(send.campaign_id)
        self._rows: Sequence[Claimed] = ()  # those of the round that is being committed
        self._connect()

    def _connect(self) -> None:
        self._asked = False  # a claim has been asked for and not been read
        self._rounds = rounds(self.engine, self.send_id, self.presence.id, self._blocked)
        try:
            self._claims = claims(self.engine, self.send_id, self.presence.id)
        except BaseException:
            self._rounds.close()
            raise

    def __enter__(self) -> "Store":
        return self

    def __exit__(self, *_: object) -> None:
        self._rounds.close()
        self._claims.close()

    def reopen(self) -> None:
        """Begin anew on fresh connections, after the database was away."""
        for connection in (self._rounds, self._claims):
            with suppress(SQLAlchemyError):
                connection.close()
        self._connect()

    def never_left(self, ids: Sequence[int]) -> None:
        """Rows of a round whose commit got no answer go back, whether it was made or not: nothing of them was handed over."""
        values = {"state": DeliveryState.READY, "worker": None, "lease_until": None}
        mine = and_(Delivery.id.in_(ids), Delivery.worker == self.presence.id)
        held = or_(Delivery.state == DeliveryState.CLAIMED, Delivery.state == DeliveryState.COMMITTING)
        with self.engine.begin() as connection:
            connection.execute(update(Delivery).where(mine, held).values(**values))

    def rendering(self, rendering_id: int) -> bytes:
        """The compiled segments of a rendering."""
        with self.engine.begin() as connection:
            query = select(Rendering.segments).where(
                Rendering.id == rendering_id
            )  # unscoped: a job, by the row's own id
            segments: bytes = connection.execute(query).scalar_one()
            return segments

    def ask_ahead(self, limit: int) -> None:
        """Have the next claim made already: `claim` returns it."""
        if not self._asked:
            self._claims.ask(limit, self._floor, ALONE_AFTER)
            self._asked = True

    def claim(self, limit: int) -> list[Claimed]:
        """Up to `limit` due rows, now ours for a lease, in the order of their ids. A row that killed workers before comes alone."""
        rows = self._claimed_ahead() or self._take(limit, self._floor, ALONE_AFTER)
        if not rows and self._floor:
            rows = self._take(limit, 0, ALONE_AFTER)
        rows = rows or self._take(1, 0, MAX_CRASHES)
        self._floor = rows[-1].id if rows else 0
        return rows

    def _claimed_ahead(self) -> list[Claimed]:
        asked, self._asked = self._asked, False
        return self._claims.rows() if asked else []

    def _take(self, limit: int, floor: int, crashes: int) -> list[Claimed]:
        self._claims.ask(limit, floor, crashes)
        return self._claims.rows()

    def begin_round(self, rows: Sequence[Claimed], decided: Sequence[Decided]) -> None:
        """Begin the write-ahead commit: outcomes of the last round, and claimed → committing for this one. `end_round` ends it.

        Moves a row only if it is still ours, the send is sending and the person has not said no; what a no stopped is suppressed.
        """
        accepted = [d for d in decided if d.outcome.verdict is Verdict.ACCEPTED]
        if len(accepted) < len(decided):
            self._record([d for d in decided if d.outcome.verdict is not Verdict.ACCEPTED])
        self._rows = rows
        self._rounds.begin([row.id for row in rows], accepted)

    def end_round(self, wait: bool = True) -> frozenset[int] | None:
        """The ids of the rows that moved; None where the commit isn't durable yet, unless told to wait."""
        moved = self._rounds.moved(wait)
        if moved is None:
            return None
        rows, self._rows = self._rows, ()
        for row in rows:
            row.epoch = moved.get(row.id, row.epoch)
        if len(moved) < len(rows):
            self._suppress([row.id for row in rows if row.id not in moved])
        return frozenset(moved)

    def round_fileno(self) -> int | None:
        """Readable when a round may have ended; None where it ends at once."""
        return self._rounds.fileno()

    def record(self, decided: Sequence[Decided]) -> None:
        """Note outcomes outside a round."""
        self.begin_round([], decided)
        self.end_round()

    def is_stopped(self) -> bool:
        """Whether the send is no longer sending: paused, cancelled or over."""
        with self.engine.begin() as connection:
            return bool(connection.execute(select(~_is_sending(self.send_id))).scalar_one())

    def _suppress(self, ids: Sequence[int]) -> None:
        with self.engine.begin() as connection:
            values = {
                "state": DeliveryState.SUPPRESSED,
                "reason": self._reason,
                "decided_at": database_now(connection),
                "lease_until": None,
            }
            connection.execute(update(Delivery).where(self._held(ids), self._blocked).values(**values))

    def _record(self, decided: Sequence[Decided]) -> None:
        with self.engine.begin() as connection:
            self._write(connection, database_now(connection), decided)

    def _write(self, connection: Connection, moment: datetime, decided: Sequence[Decided]) -> None:
        final = [d for d in decided if d.outcome.verdict is not Verdict.LATER]
        later = [d for d in decided if d.outcome.verdict is Verdict.LATER]
        if final:
            # A late answer also settles a row that was called uncertain while this worker slept.
            states = (DeliveryState.COMMITTING, DeliveryState.UNCERTAIN)
            connection.execute(
                outcome_update(self.presence.id, states), [final_values(d, moment) for d in final]
            )
        if later:
            connection.execute(
                outcome_update(self.presence.id, (DeliveryState.COMMITTING,)),
                [later_values(d, moment, self.retries) for d in later],
            )
            exhausted = [
                d.row.id for d in later if d.outcome.is_fault and d.row.attempts + 1 >= self.retries.attempts
            ]
            if exhausted:
                failed = and_(Delivery.id.in_(exhausted), Delivery.state == DeliveryState.READY)
                connection.execute(
                    update(Delivery)
                    .where(failed)
                    .values(state=DeliveryState.FAILED, not_before=None, decided_at=moment)
                )

    def _held(self, ids: Collection[int]) -> ColumnElement[bool]:
        return and_(
            Delivery.id.in_(ids),
            Delivery.state == DeliveryState.CLAIMED,
            Delivery.worker == self.presence.id,
        )

    def set_aside(self, row: Claimed, state: DeliveryState, reason: str) -> None:
        """A claimed row that can't or mustn't be sent: failed or suppressed, with the reason."""
        with self.engine.begin() as connection:
            moment = database_now(connection)
            values = {"state": state, "reason": reason[:80], "decided_at": moment, "lease_until": None}
            connection.execute(update(Delivery).where(self._held([row.id])).values(**values))

    def put_off(self, rows: Sequence[tuple[Claimed, timedelta]]) -> None:
        """Claimed rows go back to ready, each not before its time has passed; no try is counted."""
        with self.engine.begin() as connection:
            moment = database_now(connection)
            for seconds, group in groupby(
                sorted((round(w.total_seconds()), row.id) for row, w in rows), lambda x: x[0]
            ):
                values = {
                    "state": DeliveryState.READY,
                    "worker": None,
                    "lease_until": None,
                    "not_before": moment + timedelta(seconds=max(1, seconds)),
                }
                held = self._held([row_id for _, row_id in group])
                connection.execute(update(Delivery).where(held).values(**values))

    def beat(self) -> None:
        """Heartbeat, and a longer lease on what is still claimed."""
        with self.engine.begin() as connection:
            moment = database_now(connection)
            self.presence.beat(connection, moment)
            mine = and_(
                Delivery.send_id == self.send_id,
                Delivery.state == DeliveryState.CLAIMED,
                Delivery.worker == self.presence.id,
            )
            connection.execute(update(Delivery).where(mine).values(lease_until=moment + LEASE))

    def release(self, pause: timedelta | None = None) -> None:
        """Give back everything still claimed, at once or after a pause."""
        self._claimed_ahead()
        with self.engine.begin() as connection:
            not_before = None if pause is None else database_now(connection) + pause
            mine = and_(
                Delivery.send_id == self.send_id,
                Delivery.state == DeliveryState.CLAIMED,
                Delivery.worker == self.presence.id,
            )
            values = {
                "state": DeliveryState.READY,
                "worker": None,
                "lease_until": None,
                "not_before": not_before,
            }
            connection.execute(update(Delivery).where(mine).values(**values))

    def trouble(self, words: str | None) -> None:
        """Note on the send why nothing goes out just now; None takes it back."""
        with self.engine.begin() as connection:
            told = and_(Send.id == self.send_id, Send.trouble.is_distinct_from(words))
            connection.execute(update(Send).where(told).values(trouble=words))


def _is_sending(send_id: int) -> ColumnElement[bool]:
    return exists(
        select(Send.id).where(Send.id == send_id, Send.status == SendStatus.SENDING)
    )  # unscoped: a job
