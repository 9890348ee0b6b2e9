"""One chunk of an import, written in one short transaction with bulk statements: contacts, list, consents, refusals, progress.

The import's own row is locked first and says whether this worker still holds it, so that no chunk is ever written twice.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import Table, delete

from app.accounts.models import Organisation
from app.audience import refused
from app.audience.bulk import Known, Person, bulk
from app.audience.consent import Plan, controller_of, expires_on
from app.audience.entries import Entry, Given, Refusal, merge
from app.audience.models import (
    Consent,
    ConsentBasis,
    ConsentPurpose,
    ContactImport,
    ImportStatus,
    SuppressionReason,
    SuppressionScope,
)
from app.audience.suppress import hash_with, said_no, suppress_all
from app.audience.table import Place
from app.clock import now
from app.db import db, new_pids
from app.settings import current

_CONSENT: Table = Consent.__table__  # type: ignore[assignment]
_MARKETING, _TRACKING = str(ConsentPurpose.MARKETING), str(ConsentPurpose.TRACKING)
_EXPRESS = str(ConsentBasis.EXPRESS)
_REMEMBERED = 10_000  # different consents of one file
MAX_FINDINGS = 200


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
        self._known: dict[Given, tuple[str, str, str | None]] = {}

    def write(self, read: Sequence[Entry | Refusal], place: Place) -> None:
        """Write what was read, and where the next chunk begins. Raises Lost; then nothing may be committed."""
        refusals = [item for item in read if isinstance(item, Refusal)]
        people: dict[str, Entry] = {}
        for item in read:
            if isinstance(item, Entry):
                known = people.get(item.email)
                people[item.email] = item if known is None else merge(known, item)
        key = self._key
        hashes = {email: hash_with(key, email) for email in people}

        imp = self._hold()  # from here on the database is locked for others
        counts = self._write_people(imp, people, hashes) if people else _Counts()
        if refusals:
            refused.put_part(imp, refusals)
            imp.refused_parts += 1
            if len(imp.findings) < MAX_FINDINGS:
                found = [{"line": r.line, "reason": r.reason} for r in refusals]
                imp.findings = [*imp.findings, *found][:MAX_FINDINGS]
        imp.read += len(read)
        imp.added += counts.added
        imp.updated += counts.updated
        imp.repeated += counts.repeated + len(read) - len(refusals) - len(people)
        imp.said_no += counts.said_no
        imp.refused += len(refusals)
        imp.position, imp.line = place
        imp.lease_until = now() + self._lease
        db.session.flush()

    def _hold(self) -> ContactImport:
        imp = db.session.get(
            ContactImport, self._import_id, with_for_update=True, populate_existing=True
        )  # unscoped: the job’s own row
        if imp is None or imp.worker != self._worker or imp.status is not ImportStatus.IMPORTING:
            raise Lost()
        return imp

    def _write_people(self, imp: ContactImport, people: dict[str, Entry], hashes: dict[str, str]) -> _Counts:
        connection, moment = db.session.connection(), now()
        rows = bulk(connection, self._partner_id)
        before = rows.known(list(people))
        opted_out = [hashes[email] for email, entry in people.items() if entry.opted_out]
        suppress_all(SuppressionScope.PARTNER, self._partner_id, opted_out, SuppressionReason.MANUAL)
        no = said_no(self._partner_id, list(hashes.values()))
        pids = new_pids(len(people))
        written = [
            Person(email, hashes[email], entry.texts, entry.custom, pid)
            for (email, entry), pid in zip(people.items(), pids, strict=True)
        ]
        ids = rows.write(written, before, imp.id, moment)
        rows.join(self._list_of(imp), list(ids.values()))
        again = [known.id for known in before.values() if known.import_id == imp.id]
        if again:  # an earlier row of this file said something else about them: the later row counts
            connection.execute(
                delete(_CONSENT).where(_CONSENT.c.import_id == imp.id, _CONSENT.c.contact_id.in_(again))
            )
        yes = [
            (ids[email], entry)
            for email, entry in people.items()
            if entry.consent is not None and hashes[email] not in no
        ]
        if yes:
            rows.consents(self._consents(imp, yes, rows.moment(moment)))
        return _counted(imp.id, people, hashes, before, no)

    @staticmethod
    def _list_of(imp: ContactImport) -> int:
        if imp.list_id is None:
            raise ValueError("an import that runs has a list")
        return imp.list_id

    def _consents(
        self, imp: ContactImport, yes: Sequence[tuple[int, Entry]], moment: str
    ) -> list[Sequence[str | int | None]]:
        """Values of CONSENT_COLUMNS: what is the same for many is made once."""
        plan, partner = self._plan, self._partner_id
        words = (plan.wording, plan.wording_version[:40], self._controller, "import")
        behind = (imp.created_by, imp.id, moment)
        made: list[Sequence[str | int | None]] = []
        for contact_id, entry in yes:
            given = entry.consent
            if given is None:
                continue
            basis, began, ends = self._times(given)
            made.append((partner, contact_id, _MARKETING, basis, given.source, *words, began, ends, *behind))
            if entry.tracking:
                made.append(
                    (partner, contact_id, _TRACKING, _EXPRESS, given.source, *words, began, None, *behind)
                )
        return made

    def _times(self, given: Given) -> tuple[str, str, str | None]:
        """The basis, its first and its last day as texts."""
        known = self._known.get(given)
        if known is None:
            ends = expires_on(given.basis, given.given_on)
            known = (str(given.basis), given.given_on.isoformat(), ends.isoformat() if ends else None)
            if len(self._known) < _REMEMBERED:
                self._known[given] = known
        return known


def _counted(
    import_id: int,
    people: dict[str, Entry],
    hashes: dict[str, str],
    before: Mapping[str, Known],
    no: set[str],
) -> _Counts:
    """Each person under one heading: twice in the file, then said no, then new or already here."""
    counts = _Counts()
    for email in people:
        if email in before and before[email].import_id == import_id:
            counts.repeated += 1
        elif hashes[email] in no:
            counts.said_no += 1
        elif email in before:
            counts.updated += 1
        else:
            counts.added += 1
    return counts
