"""The write-ahead commit of a round, in as few steps as each database allows: this is what every single message waits for.

Outcomes of the last round and claimed → committing for this one are one transaction; only rows that it returns may be handed over.
"""

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Protocol

from sqlalchemy import ColumnElement, Engine, select

from app import clock
from app.delivery.models import Delivery, SendStatus
from app.delivery.outcomes import Decided

_MOVE = """
UPDATE delivery SET state = 'committing', committed_at = {moment}, attempts = attempts + 1, lease_until = NULL
WHERE id IN ({ids}) AND state = 'claimed' AND worker = {worker}
  AND EXISTS (SELECT 1 FROM send WHERE send.id = {send} AND send.status = '{sending}')
  AND NOT ({blocked})
RETURNING id, epoch"""


_NOTE_AND_MOVE = """
WITH noted AS (
  UPDATE delivery SET state = 'accepted', reason = NULL, reply = v.reply, not_before = NULL, decided_at = clock_timestamp()
  FROM unnest(%(done)s::bigint[], %(epochs)s::int[], %(replies)s::text[]) AS v(id, epoch, reply)
  WHERE delivery.id = v.id AND delivery.epoch = v.epoch AND delivery.worker = %(worker)s
    AND delivery.state IN ('committing', 'uncertain')
), moved AS ({move})
SELECT id, epoch FROM moved"""


class Rounds(Protocol):
    """One slice's commits."""

    def commit(self, ids: Sequence[int], accepted: Sequence[Decided]) -> dict[int, int]:
        """Note accepted messages, move rows claimed → committing; the ids that moved, with their epochs."""

    def close(self) -> None:
        """Let the connection go."""


def rounds(engine: Engine, send_id: int, worker: str, blocked: ColumnElement[bool]) -> Rounds:
    """The commits of one worker's slice; `blocked` is an EXISTS on a delivery whose person may not be mailed."""
    if engine.dialect.name == "sqlite":
        return _SqliteRounds(engine, send_id, worker, _sql(engine, blocked))
    return _PostgresRounds(engine, send_id, worker, _sql(engine, blocked))


def _sql(engine: Engine, condition: ColumnElement[bool]) -> str:
    # Compiled around a delivery: alone its subqueries would list that table again instead of meaning the row at hand.
    around = select(Delivery.id).where(condition)  # unscoped: only its condition is used, in a job
    text = str(around.compile(dialect=engine.dialect, compile_kwargs={"literal_binds": True}))
    return text.split("WHERE", 1)[1]


class _SqliteRounds:
    """On the driver's own connection: two statements between BEGIN IMMEDIATE and COMMIT."""

    def __init__(self, engine: Engine, send_id: int, worker: str, blocked: str) -> None:
        self._pooled = engine.raw_connection()
        self._cursor = self._pooled.cursor()
        self._worker = worker
        self._send = send_id
        self._move = _MOVE.format(
            moment="?",
            ids="SELECT value FROM json_each(?)",
            worker="?",
            send="?",
            sending=SendStatus.SENDING,
            blocked=blocked,
        )
        # A late answer also settles a row that was called uncertain while this worker slept.
        self._accept = """
UPDATE delivery SET state = 'accepted', reason = NULL, reply = ?, not_before = NULL, decided_at = ?
WHERE id = ? AND epoch = ? AND worker = ? AND state IN ('committing', 'uncertain')"""

    def commit(self, ids: Sequence[int], accepted: Sequence[Decided]) -> dict[int, int]:
        """See Rounds."""
        moment = _text(clock.now())
        worker = self._worker
        self._cursor.execute("BEGIN IMMEDIATE")
        try:
            if accepted:
                values = [
                    (d.outcome.reply[:200] or None, moment, d.row.id, d.row.epoch, worker) for d in accepted
                ]
                self._cursor.executemany(self._accept, values)
            moved: Sequence[Any] = ()
            if ids:
                self._cursor.execute(self._move, (moment, json.dumps(ids), worker, self._send))
                moved = self._cursor.fetchall()
            self._cursor.execute("COMMIT")
        except BaseException:
            self._pooled.rollback()
            raise
        return dict(moved)

    def close(self) -> None:
        """See Rounds."""
        self._pooled.close()


class _PostgresRounds:
    """One statement that is its own transaction: one way there and back, one synchronous commit."""

    def __init__(self, engine: Engine, send_id: int, worker: str, blocked: str) -> None:
        self._connection = engine.connect().execution_options(isolation_level="AUTOCOMMIT")
        self._constants = {"send": send_id, "worker": worker}
        move = _MOVE.format(
            moment="clock_timestamp()",
            ids="SELECT unnest(%(ids)s::bigint[])",
            worker="%(worker)s",
            send="%(send)s",
            sending=SendStatus.SENDING,
            blocked=blocked,
        )
        self._statement = _NOTE_AND_MOVE.format(move=move)

    def commit(self, ids: Sequence[int], accepted: Sequence[Decided]) -> dict[int, int]:
        """See Rounds."""
        values = {
            **self._constants,
            "ids": list(ids),
            "done": [d.row.id for d in accepted],
            "epochs": [d.row.epoch for d in accepted],
            "replies": [d.outcome.reply[:200] or None for d in accepted],
        }
        result = self._connection.exec_driver_sql(self._statement, values)
        return {row[0]: row[1] for row in result}

    def close(self) -> None:
        """See Rounds."""
        self._connection.close()


def _text(moment: datetime) -> str:
    """As SQLAlchemy's DateTime writes it on SQLite, in UTC."""
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(sep=" ", timespec="microseconds")
