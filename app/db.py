"""The database: one session, one way to scope a query to a tenant, and the column types all rooms share.

SQLite runs in WAL mode with BEGIN IMMEDIATE for writers; PostgreSQL runs as it is.
"""

import secrets
import time
from binascii import b2a_base64
from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from flask import g, has_request_context, request
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import (
    JSON,
    BigInteger,
    Connection,
    DateTime,
    Dialect,
    Engine,
    Integer,
    MetaData,
    Select,
    String,
    TypeDecorator,
    event,
    select,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import (
    DeclarativeBase,
    Mapped,
    ORMExecuteState,
    Session,
    SessionTransaction,
    mapped_column,
)

from app.errors import NotFound

if TYPE_CHECKING:
    from app.accounts.models import Organisation

M = TypeVar("M", bound="Base")
E = TypeVar("E", bound=StrEnum)

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


class TenantError(RuntimeError):
    """A query asked for rows that this kind of organisation must never see: a fault in the code, not in the request."""


class Base(DeclarativeBase):
    """Base of all tables. `__tenant__` names, per kind of organisation, the column that owns the row."""

    metadata = MetaData(naming_convention=NAMING)
    __tenant__: ClassVar[dict[str, str]] = {}


_WROTE = "throughline_wrote"
_URL_SAFE = bytes.maketrans(b"+/", b"-_")
db = SQLAlchemy(model_class=Base, session_options={"expire_on_commit": False})


class UtcDateTime(TypeDecorator[datetime]):
    """Aware UTC in Python on both databases; SQLite keeps no zone, so it is put back on reading."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Refuse naive datetimes, store UTC."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a naive datetime can't be stored")
        moment = value.astimezone(UTC)
        return moment.replace(tzinfo=None) if dialect.name == "sqlite" else moment

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Give UTC back."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def sqlite_text(moment: datetime) -> str:
    """A moment as UtcDateTime keeps it on SQLite, for statements that go to the driver as they are."""
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(sep=" ", timespec="microseconds")


class StrEnumType(TypeDecorator[E]):
    """A StrEnum stored as its short text, so that a new member needs no change of schema."""

    impl = String(32)
    cache_ok = True

    def __init__(self, enum: type[E]) -> None:
        super().__init__()
        self.enum = enum

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:
        """Accept members and their texts, nothing else."""
        return None if value is None else str(self.enum(value))

    def process_result_value(self, value: str | None, dialect: Dialect) -> E | None:
        """Give the member back."""
        return None if value is None else self.enum(value)


JSONType = JSON().with_variant(JSONB(), "postgresql")
BigInt = BigInteger().with_variant(Integer(), "sqlite")  # SQLite counts up only INTEGER primary keys


def new_pid() -> str:
    """An opaque id for URLs, 22 characters: 40 bits of time in hundredths of a second, then 88 random bits.

    What is written together stands together in the index: a million contacts come in twice as fast as with ids at random.
    """
    return new_pids(1)[0]


def new_pids(count: int) -> list[str]:
    """Several of them, for rows that are written together."""
    began, dice = int(time.time() * 100).to_bytes(5, "big"), secrets.token_bytes(11 * count)
    return [
        b2a_base64(began + dice[at : at + 11], newline=False)[:22].translate(_URL_SAFE).decode()
        for at in range(0, 11 * count, 11)
    ]


class Id:
    """A plain primary key."""

    id: Mapped[int] = mapped_column(BigInt, primary_key=True, sort_order=-10)


class PublicId(Id):
    """A primary key, and an opaque id that may stand in a URL."""

    pid: Mapped[str] = mapped_column(String(22), unique=True, default=new_pid, sort_order=-9)


def scoped(organisation: "Organisation", model: type[M]) -> Select[M]:
    """Rows of `model` that belong to `organisation`: the blessed start of every tenant query.

    Raises TenantError where this kind of organisation must never see the table (a vendor asking for contacts).
    """
    column = model.__tenant__.get(organisation.kind)
    if column is None:
        raise TenantError(f"{model.__name__} is not for a {organisation.kind}")
    return select(model).where(getattr(model, column) == organisation.id)


def get_or_404(organisation: "Organisation", model: type[M], pid: str) -> M:
    """The organisation's row with this public id. Raises NotFound for another's row and for none alike."""
    row = db.session.scalars(scoped(organisation, model).where(model.pid == pid)).one_or_none()  # type: ignore[attr-defined]
    if row is None:
        raise NotFound(kind=model.__name__)
    return row


def is_sqlite() -> bool:
    """Whether the session's database is SQLite."""
    return db.engine.dialect.name == "sqlite"


@event.listens_for(Engine, "connect")
def _sqlite_pragmas(connection: Any, _record: Any) -> None:
    if type(connection).__module__.startswith("sqlite3"):
        connection.isolation_level = None  # transactions are begun by _begin_immediate, not by the driver
        cursor = connection.cursor()
        for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "foreign_keys=ON", "busy_timeout=15000"):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()


def begin_writing() -> None:
    """In a GET that must write after all: end what was only read, and begin as a writer from here on."""
    db.session.rollback()
    g.writes = True


def let_go() -> bool:
    """Before long work that needs no database: end a transaction in which nothing was written or locked, so that nobody waits for it.

    Whether it ended; what was read is read afresh when it is used again. Where something was written all stays as it is.
    """
    session = db.session()
    if (
        session.info.get(_WROTE)
        or session.in_nested_transaction()
        or session.new
        or session.dirty
        or session.deleted
    ):
        return False
    session.rollback()
    return True


@event.listens_for(Session, "after_begin")
def _nothing_written(session: Session, transaction: SessionTransaction, _connection: Connection) -> None:
    if not transaction.nested:
        session.info.pop(_WROTE, None)


@event.listens_for(Session, "after_flush")
def _flushed(session: Session, _context: Any) -> None:
    session.info[_WROTE] = True


@event.listens_for(Session, "do_orm_execute")
def _executed(state: ORMExecuteState) -> None:
    if not state.is_select or getattr(state.statement, "_for_update_arg", None) is not None:
        state.session.info[_WROTE] = True


def begin_reading() -> None:
    """In a POST that has written all it will: keep that, and only read from here on, so that others can write while it answers."""
    db.session.commit()
    g.only_reads = True


def _only_reads() -> bool:
    if not has_request_context():
        return False
    return bool(g.get("only_reads") or (request.method in ("GET", "HEAD") and not g.get("writes")))


@event.listens_for(Engine, "begin")
def _begin_immediate(connection: Any) -> None:
    # A deferred transaction that turns writer can fail at once on a stale snapshot; an immediate one waits its turn.
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("BEGIN" if _only_reads() else "BEGIN IMMEDIATE")
