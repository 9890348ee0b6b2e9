"""Bringing a file of contacts in: read and kept (start), confirmed with columns and consent (confirm), written in chunks (run).

A chunk of rows and the place where the next begins are one commit, so that a killed import goes on exactly there.
"""

import hashlib
import io
import shutil
import tempfile
import time
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from itertools import islice
from pathlib import PurePath
from typing import BinaryIO, TypeAlias, cast

import structlog

from app import clock
from app.accounts.actor import Actor
from app.accounts.audit import record
from app.accounts.models import Organisation
from app.assets.errors import FileGone
from app.assets.store import store
from app.audience import columns, intake, refused, table
from app.audience.bulk import measure
from app.audience.chunk import Lost, Writer
from app.audience.columns import Becomes
from app.audience.consent import Plan, Why
from app.audience.entries import Reader, read_date
from app.audience.errors import Unreadable
from app.audience.lists import list_named
from app.audience.models import IMPORT, ContactImport, ImportStatus
from app.clock import now
from app.db import db, new_pid
from app.errors import Conflict, Invalid
from app.queue import JobName, enqueue

log = structlog.get_logger(__name__)

CHUNK = 2_000  # rows in one transaction: some 40 ms on SQLite, where others wait meanwhile
LEASE = timedelta(seconds=60)
_IN_MEMORY = 4 * 1024 * 1024
_WORKBOOK_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@dataclass(frozen=True)
class Operator:
    """Someone at the command line acting for an organisation: no person of it."""

    organisation: Organisation


By: TypeAlias = Actor | Operator


def start(by: By, filename: str, data: bytes | BinaryIO, sheet: str = "") -> ContactImport:
    """Read a file from end to end and keep it for the mapping. `data` is bytes or a seekable stream; memory stays flat.

    `sheet` names the sheet of a workbook. Raises Unreadable with the line and the mend, Invalid for a sheet that isn't there;
    then nothing is stored.
    """
    source = io.BytesIO(data) if isinstance(data, bytes) else data
    with _room() as plain:
        layout = intake.take(source, plain, sheet)
        imp = ContactImport(
            pid=new_pid(),
            partner_id=by.organisation.id,
            filename=PurePath(filename.replace("\\", "/")).name[-200:] or "contacts.csv",
            fingerprint=_fingerprint(source),
            created_by=_person_id(by),
        )
        imp.key = f"imports/{imp.pid}/file.csv"
        imp.refused_key = f"imports/{imp.pid}/refused"
        _keep(imp, plain, layout)
    if len(layout.sheets) > 1:  # so that another one can be chosen
        source.seek(0)
        store().put(refused.workbook_key(imp), source, _WORKBOOK_TYPE)
    db.session.add(imp)
    db.session.flush()
    log.info("import.started", import_id=imp.id, rows=imp.rows, encoding=layout.encoding)
    return imp


def choose_sheet(imp: ContactImport, sheet: str) -> None:
    """Read another sheet of the workbook that was brought, as long as nothing is confirmed.

    Raises Unreadable or Invalid for a sheet that can't be read; then all stays as it was. Conflict once it is confirmed.
    """
    db.session.refresh(imp, with_for_update=True)
    if imp.status is not ImportStatus.MAPPING:
        raise Conflict("This import has begun: its sheet can’t change any more.")
    if sheet not in imp.layout.get("sheets", ()):
        raise Invalid("Choose one of the sheets.", {"sheet": "Choose one of the sheets."})
    if sheet == imp.layout["sheet"]:
        return
    with _room() as source, _room() as plain:
        with closing(store().open(refused.workbook_key(imp))) as stored:
            shutil.copyfileobj(stored, source)
        layout = intake.take(source, plain, sheet)
        # a file of its own: should this not be committed, the row still points to the one it describes
        imp.key = f"{refused.folder(imp)}/sheet-{layout.sheets.index(sheet)}.csv"
        _keep(imp, plain, layout)
    db.session.flush()


@contextmanager
def _room() -> Iterator[BinaryIO]:
    """A file for the moment, in memory while it is small."""
    with tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY) as spooled:
        yield cast(BinaryIO, spooled)


def _keep(imp: ContactImport, plain: BinaryIO, layout: table.Layout) -> None:
    imp.layout = layout.to_json()
    imp.rows, imp.position, imp.line = layout.rows, layout.start, layout.line
    imp.mapping = columns.to_json(columns.guess(layout.header))
    plain.seek(0)
    store().put(imp.key, plain, "text/csv; charset=utf-8")


def confirm(by: By, imp: ContactImport, mapping: Sequence[Becomes], plan: Plan, list_name: str) -> None:
    """Settle what the columns become, why the people may be mailed and which list they join; the import then runs by itself.

    Raises Invalid with `fields` (mapping, why, source, wording, given_on, list_name) for what is missing.
    """
    db.session.refresh(imp, with_for_update=True)
    if len(mapping) != len(imp.layout["header"]):
        raise Conflict("Another sheet was chosen meanwhile. Load the page again.")
    wrong = problems(by.organisation, mapping, plan, list_name)
    if wrong:
        raise Invalid(next(iter(wrong.values())), wrong)
    imp.list_id = list_named(by.organisation, list_name.strip()).id
    imp.mapping = columns.to_json(mapping)
    imp.consent = plan.to_json()
    IMPORT.move(imp, ImportStatus.WAITING)
    record(
        by if isinstance(by, Actor) else None,
        "contacts.import_confirmed",
        imp,
        rows=imp.rows,
        basis=str(plan.why),
    )
    enqueue(JobName.IMPORT_CONTACTS, imp.id)


def problems(partner: Organisation, mapping: Sequence[Becomes], plan: Plan, list_name: str) -> dict[str, str]:
    """What keeps an import from starting, by field; empty when nothing does."""
    wrong: dict[str, str] = {}
    fault = columns.check(mapping)
    if fault:
        wrong["mapping"] = fault
    if not list_name.strip():
        wrong["list_name"] = "Give the list a name."
    elif len(list_name.strip()) > 120:
        wrong["list_name"] = "120 characters at most."
    if plan.why is Why.UNKNOWN:
        return wrong
    if plan.why is Why.COLUMN and Becomes.CONSENT_BASIS not in mapping:
        wrong["why"] = "Choose which column becomes “Consent: basis”."
    if not plan.source.strip() and Becomes.CONSENT_SOURCE not in mapping:
        wrong["source"] = "Write where they said yes, or were told that they can say no."
    if plan.why is Why.EXPRESS and not plan.wording.strip():
        wrong["wording"] = "Write the words they agreed to: they are the proof."
    day = read_date(plan.given_on) if plan.given_on else None
    if plan.given_on is None and Becomes.CONSENT_DATE not in mapping:
        wrong["given_on"] = "Give a date, or choose which column becomes “Consent: date”."
    elif plan.given_on and (day is None or day > clock.today(partner.timezone)):
        wrong["given_on"] = "Give a date that isn’t in the future."
    return wrong


def run(import_id: int, seconds: float = 20.0) -> bool:
    """The job: read on from the committed place for about `seconds`; True when nothing is left to do. Commits itself.

    Another worker that holds the lease, or a person who stopped it, ends this run without a trace.
    """
    imp = _claim(import_id)
    if imp is None:
        return True
    worker = imp.worker or ""
    until = time.monotonic() + seconds
    try:
        with closing(_chunks(imp, worker)) as chunks:
            for _ in chunks:
                if time.monotonic() > until:
                    _release(import_id, worker)
                    return False
    except Lost:
        db.session.rollback()
        log.info("import.lost", import_id=import_id)
        return True
    except (Unreadable, FileGone) as error:
        db.session.rollback()
        _end(import_id, worker, ImportStatus.FAILED, error.message)
        return True
    _end(import_id, worker, ImportStatus.FINISHED)
    return True


def stop(actor: Actor, imp: ContactImport) -> None:
    """End an import here, on a person's word: what is in stays, the rest doesn't come. Raises Conflict when it has ended."""
    IMPORT.move(imp, ImportStatus.CANCELLED)
    imp.finished_at = now()
    imp.worker = imp.lease_until = None
    record(actor, "contacts.import_stopped", imp, read=imp.read)


def reader_of(
    imp: ContactImport,
    partner: Organisation,
    mapping: Sequence[Becomes] | None = None,
    plan: Plan | None = None,
) -> Reader:
    """What turns this import's rows into people; mapping and plan as stored unless given."""
    layout = table.Layout.from_json(imp.layout)
    return Reader(
        layout.header,
        mapping or columns.from_json(imp.mapping, len(layout.header)),
        plan or Plan.from_json(imp.consent),
        clock.today(partner.timezone),
        month_first=partner.country == "US",
    )


def _claim(import_id: int) -> ContactImport | None:
    imp = db.session.get(
        ContactImport, import_id, with_for_update=True, populate_existing=True
    )  # unscoped: a job has an id, no tenant
    held = imp is not None and imp.lease_until is not None and imp.lease_until > now()
    if imp is None or held or imp.status not in (ImportStatus.WAITING, ImportStatus.IMPORTING):
        db.session.rollback()
        return None
    if imp.status is ImportStatus.WAITING:
        IMPORT.move(imp, ImportStatus.IMPORTING)
    imp.worker = new_pid()
    imp.lease_until = now() + LEASE
    db.session.commit()
    return imp


def _chunks(imp: ContactImport, worker: str) -> Generator[None, None, None]:
    """Write chunk after chunk, each committed when it is yielded."""
    partner = db.session.get_one(Organisation, imp.partner_id)
    reader = reader_of(imp, partner)
    writer = Writer(imp.id, worker, partner, Plan.from_json(imp.consent), LEASE)
    layout = table.Layout.from_json(imp.layout)
    db.session.commit()  # rows are read and checked outside any transaction
    with closing(store().open(imp.key, imp.position)) as stream:
        rows = table.Rows(stream, layout.delimiter, imp.position, imp.line)
        walk = iter(rows)
        while read := [reader.read(row) for row in islice(walk, CHUNK)]:
            writer.write(read, rows.place())
            db.session.commit()
            yield


def _release(import_id: int, worker: str) -> None:
    row = db.session.get_one(
        ContactImport, import_id, with_for_update=True, populate_existing=True
    )  # unscoped: the job’s own row
    if row.worker == worker:
        row.lease_until = None
        enqueue(JobName.IMPORT_CONTACTS, import_id)
    db.session.commit()


def _end(import_id: int, worker: str, status: ImportStatus, reason: str | None = None) -> None:
    row = db.session.get_one(
        ContactImport, import_id, with_for_update=True, populate_existing=True
    )  # unscoped: the job’s own row
    if row.worker != worker or row.status is not ImportStatus.IMPORTING:
        db.session.rollback()
        return
    IMPORT.move(row, status)
    row.reason = reason[:300] if reason else None
    row.finished_at = now()
    row.worker = row.lease_until = None
    facts = {"added": row.added, "updated": row.updated, "refused": row.refused}
    measure()
    record(None, f"contacts.import_{status}", row, added=row.added, updated=row.updated, refused=row.refused)
    db.session.commit()
    log.info("import.ended", import_id=import_id, status=str(status), **facts)


def _fingerprint(source: BinaryIO) -> str:
    source.seek(0)
    digest = hashlib.sha256()
    while data := source.read(256 * 1024):
        digest.update(data)
    return digest.hexdigest()


def _person_id(by: By) -> int | None:
    return by.person.id if isinstance(by, Actor) else None
