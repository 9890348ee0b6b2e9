"""One chunk of an import, written in one short transaction with bulk statements: contacts, list, consents, refusals, progress.

The import's own row is locked first and says whether this worker still holds it, so that no chunk is ever written twice.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import JSON, Connection, Table, case, cast, delete, func, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.dialects.postgresql import JSONB

from app.accounts.models import Organisation
from app.audience import refused
from app.audience.columns import LIMITS, TEXT_FIELDS
from app.audience.consent import Plan, controller_of, expires_on
from app.audience.entries import Entry, Refusal, merge
from app.audience.models import (
    Consent,
    ConsentBasis,
    ConsentPurpose,
    Contact,
    ContactImport,
    ImportStatus,
    ListMember,
    SuppressionReason,
    SuppressionScope,
)
from app.audience.suppress import hash_with, said_no, suppress_all
from app.clock import now
from app.db import db, is_sqlite
from app.settings import current

MAX_FINDINGS = 200
_CONTACT: Table = Contact.__table__  # type: ignore[assignment]
_MEMBER: Table = ListMember.__table__  # type: ignore[assignment]
_CONSENT: Table = Consent.__table__  # type: ignore[assignment]
_TEXTS = [str(name) for name in TEXT_FIELDS]


class Lost(Exception):
    """Another worker holds the import now, or a person stopped it."""


@dataclass
class _Counts:
    added: int = 0
    updated: int = 0
    repeated: int = 0
    said_no: int = 0


class Writer:
    """Writes the chunks of one import for one worker. The caller commits after each."""

    def __init__(
        self, import_id: int, worker: str, partner: Organisation, plan: Plan, lease: timedelta
    ) -> None:
        self._import_id = import_id
        self._worker = worker
        self._partner_id = partner.id
        self._plan = plan
        self._lease = lease
        self._controller = controller_of(partner)
        self._key = current().suppression_key.encode()

    def write(self, read: Sequence[Entry | Refusal], position: int, line: int) -> None:
        """Write what was read, and where the next chunk begins. Raises Lost; then nothing may be committed."""
        entries = [item for item in read if isinstance(item, Entry)]
        refusals = [item for item in read if isinstance(item, Refusal)]
        people: dict[str, Entry] = {}
        for entry in entries:
            people[entry.email] = merge(people[entry.email], entry) if entry.email in people else entry
        hashes = {email: hash_with(self._key, email) for email in people}

        moment = now()
        rows = [self._row(entry, hashes[email], moment) for email, entry in people.items()]

        imp = self._hold()  # from here on the database is locked for others
        counts = self._write_people(imp, people, hashes, rows, moment) if people else _Counts()
        if refusals:
            refused.put_part(imp, refusals)
            imp.refused_parts += 1
            imp.findings = [*imp.findings, *({"line": r.line, "reason": r.reason} for r in refusals)][
                :MAX_FINDINGS
            ]
        imp.read += len(read)
        imp.added += counts.added
        imp.updated += counts.updated
        imp.repeated += counts.repeated + len(entries) - len(people)
        imp.said_no += counts.said_no
        imp.refused += len(refusals)
        imp.position, imp.line = position, line
        imp.lease_until = now() + self._lease
        db.session.flush()

    def _hold(self) -> ContactImport:
        imp = db.session.get(
            ContactImport, self._import_id, with_for_update=True, populate_existing=True
        )  # unscoped: the job’s own row
        if imp is None or imp.worker != self._worker or imp.status is not ImportStatus.IMPORTING:
            raise Lost()
        return imp

    def _write_people(
        self,
        imp: ContactImport,
        people: dict[str, Entry],
        hashes: dict[str, str],
        rows: list[dict[str, Any]],
        moment: datetime,
    ) -> _Counts:
        connection = db.session.connection()
        before = self._known(connection, list(people))
        opted_out = [hashes[email] for email, entry in people.items() if entry.opted_out]
        suppress_all(SuppressionScope.PARTNER, self._partner_id, opted_out, SuppressionReason.MANUAL)
        no = said_no(self._partner_id, list(hashes.values()))
        connection.execute(_upsert(), rows)
        ids = {email: known[0] for email, known in before.items()}
        new = [email for email in people if email not in ids]
        if new:
            ids.update({email: row[0] for email, row in self._known(connection, new).items()})
        members = [
            {"list_id": imp.list_id, "contact_id": i, "partner_id": self._partner_id} for i in ids.values()
        ]
        connection.execute(_insert(_MEMBER).on_conflict_do_nothing(), members)
        again = [known[0] for known in before.values() if known[1] == imp.id]
        self._write_consents(
            connection,
            imp,
            {ids[e]: entry for e, entry in people.items() if hashes[e] not in no},
            again,
            moment,
        )
        return _counted(imp.id, people, hashes, before, no)

    def _known(self, connection: Connection, emails: list[str]) -> dict[str, tuple[int, int | None]]:
        query = select(_CONTACT.c.email, _CONTACT.c.id, _CONTACT.c.import_id)
        rows = connection.execute(
            query.where(_CONTACT.c.partner_id == self._partner_id, _CONTACT.c.email.in_(emails))
        )
        return {email: (contact_id, import_id) for email, contact_id, import_id in rows}

    def _row(self, entry: Entry, address_hash: str, moment: datetime) -> dict[str, Any]:
        return {
            **dict.fromkeys(_TEXTS, ""),
            **entry.values,
            "partner_id": self._partner_id,
            "email": entry.email,
            "address_hash": address_hash,
            "fields": entry.custom,
            "import_id": self._import_id,
            "created_at": moment,
            "updated_at": moment,
        }

    def _write_consents(
        self,
        connection: Connection,
        imp: ContactImport,
        yes: dict[int, Entry],
        again: list[int],
        moment: datetime,
    ) -> None:
        if again:  # an earlier row of this file said something else about them: the later row counts
            connection.execute(
                delete(_CONSENT).where(_CONSENT.c.import_id == imp.id, _CONSENT.c.contact_id.in_(again))
            )
        rows = []
        for contact_id, entry in yes.items():
            if entry.consent is None:
                continue
            rows.append(
                self._consent(imp, contact_id, entry, ConsentPurpose.MARKETING, entry.consent.basis, moment)
            )
            if entry.tracking:
                rows.append(
                    self._consent(
                        imp, contact_id, entry, ConsentPurpose.TRACKING, ConsentBasis.EXPRESS, moment
                    )
                )
        if rows:
            connection.execute(_CONSENT.insert(), rows)

    def _consent(
        self,
        imp: ContactImport,
        contact_id: int,
        entry: Entry,
        purpose: ConsentPurpose,
        basis: ConsentBasis,
        moment: datetime,
    ) -> dict[str, Any]:
        if entry.consent is None:
            raise ValueError("no consent to write")
        given = entry.consent
        return {
            "partner_id": self._partner_id,
            "contact_id": contact_id,
            "purpose": purpose,
            "basis": basis,
            "source": given.source,
            "wording": self._plan.wording,
            "wording_version": self._plan.wording_version[:40],
            "controller": self._controller,
            "method": "import",
            "given_on": given.given_on,
            "expires_on": expires_on(basis, given.given_on),
            "recorded_by": imp.created_by,
            "import_id": imp.id,
            "recorded_at": moment,
        }


def _counted(
    import_id: int,
    people: dict[str, Entry],
    hashes: dict[str, str],
    before: dict[str, tuple[int, int | None]],
    no: set[str],
) -> _Counts:
    """Each person under one heading: twice in the file, then said no, then new or already here."""
    counts = _Counts()
    for email in people:
        if email in before and before[email][1] == import_id:
            counts.repeated += 1
        elif hashes[email] in no:
            counts.said_no += 1
        elif email in before:
            counts.updated += 1
        else:
            counts.added += 1
    return counts


def _insert(target: Table) -> Any:
    return sqlite.insert(target) if is_sqlite() else postgresql.insert(target)


def _upsert() -> Any:
    """Insert contacts; where the partner has the address already, fields that are filled in replace what was there."""
    insert = _insert(_CONTACT)
    new, columns = insert.excluded, _CONTACT.c
    texts = {
        name: case((new[name] != "", new[name]), else_=columns[name]) for name in _TEXTS if name in LIMITS
    }
    fields: Any
    if is_sqlite():
        fields = func.json_patch(columns.fields, new.fields, type_=JSON)
    else:
        fields = cast(columns.fields, JSONB).op("||")(cast(new.fields, JSONB))
    return insert.on_conflict_do_update(
        index_elements=["partner_id", "email"],
        set_={**texts, "fields": fields, "import_id": new.import_id, "updated_at": new.updated_at},
    )
