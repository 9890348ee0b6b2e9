"""Finding kits: a vendor's own in every state, and what is open to a partner.

A partner sees published versions of the vendors it works with now, where app/kits/visibility.py finds no reason against it.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, TypeVar

from sqlalchemy import select

from app.accounts.models import Organisation, OrganisationKind
from app.clock import today
from app.db import db, get_or_404, scoped
from app.errors import NotFound
from app.kits.models import Kit, KitVersion, VersionStatus
from app.kits.pieces import KitSource
from app.kits.visibility import why_not
from app.programs.models import Partnership, PartnershipStatus
from app.web.hosts import public_url_for

R = TypeVar("R", Kit, KitVersion)


@dataclass(frozen=True)
class OpenKit:
    """A kit that a partner may make its own, in its published version."""

    kit: Kit
    version: KitVersion
    vendor: Organisation
    source: KitSource


def kit_source(version: KitVersion) -> KitSource:
    """The kit of a version with every piece's source; the bytes of its files stay in the store."""
    return KitSource.from_manifest(version.manifest)


def media_url(version: KitVersion, path: str) -> str:
    """The public address of one of the kit's pictures or documents."""
    return public_url_for("media.kit", pid=version.pid, path=path)


def media_urls(version: KitVersion) -> dict[str, str]:
    """The public address of every picture and document of a version, by its path inside the kit."""
    return {path: media_url(version, path) for path in version.media}


def media_file(pid: str, path: str) -> dict[str, Any]:
    """What the store needs to serve one file of the version with this public id (which is as good as unguessable): key,
    type, sha256. Raises NotFound.
    """
    query = select(KitVersion.media).where(
        KitVersion.pid == pid
    )  # unscoped: what mails and pages show is open to all
    found: dict[str, Any] | None = (db.session.scalars(query).one_or_none() or {}).get(path)
    if found is None:
        raise NotFound()
    return found


def cover_url(version: KitVersion) -> str | None:
    """The picture that stands for the kit: a file called cover, else its first picture; None if it has none."""
    pictures = [
        path for path, facts in sorted(version.media.items()) if str(facts["type"]).startswith("image/")
    ]
    named = [path for path in pictures if path.rsplit("/", 1)[-1].startswith("cover.")]
    return media_url(version, (named or pictures)[0]) if pictures else None


def kits_of(vendor: Organisation) -> list[Kit]:
    """A vendor's kits by name."""
    return list(db.session.scalars(scoped(vendor, Kit).order_by(Kit.name)))


def versions_of(vendor: Organisation, kits: Iterable[Kit] | None = None) -> list[KitVersion]:
    """Versions of these kits (of all, if not given), newest first."""
    query = scoped(vendor, KitVersion).order_by(KitVersion.id.desc())
    if kits is not None:
        query = query.where(KitVersion.kit_id.in_([kit.id for kit in kits]))
    return list(db.session.scalars(query))


def version_for(organisation: Organisation, pid: str) -> KitVersion:
    """A version by its public id: a vendor's own in any state, for a partner one that is open to it. Raises NotFound."""
    if organisation.kind is OrganisationKind.VENDOR:
        return get_or_404(organisation, KitVersion, pid)
    for found in open_kits(organisation):
        if found.version.pid == pid:
            return found.version
    raise NotFound(kind="KitVersion")


def open_kits(partner: Organisation) -> list[OpenKit]:
    """What this partner may make its own today: by vendor's name, then kit's name."""
    query = (
        select(
            Kit, KitVersion, Organisation, Partnership
        )  # unscoped: bound to the partner's own active partnerships
        .join(KitVersion, KitVersion.kit_id == Kit.id)
        .join(Organisation, Organisation.id == Kit.vendor_id)
        .join(Partnership, Partnership.vendor_id == Kit.vendor_id)
        .where(
            Partnership.partner_id == partner.id,
            Partnership.status == PartnershipStatus.ACTIVE,
            KitVersion.status == VersionStatus.PUBLISHED,
        )
        .order_by(Organisation.name, Kit.name)
    )
    day = today(partner.timezone)
    found = [
        (OpenKit(kit, version, vendor, kit_source(version)), terms)
        for kit, version, vendor, terms in db.session.execute(query)
    ]
    return [item for item, terms in found if why_not(item.source, terms, day) is None]


def open_versions(partner: Organisation) -> list[tuple[Kit, KitVersion, Organisation]]:
    """open_kits() as plain tuples."""
    return [(item.kit, item.version, item.vendor) for item in open_kits(partner)]


def open_kit(partner: Organisation, pid: str) -> OpenKit:
    """One kit that is open to the partner, by the kit's public id. Raises NotFound."""
    for item in open_kits(partner):
        if item.kit.pid == pid:
            return item
    raise NotFound(kind="Kit")


def version_by_id(version_id: int) -> KitVersion:
    """The version that a row of ours points to; whoever asks has checked that the row is theirs."""
    return _found(db.session.get(KitVersion, version_id))  # unscoped: by the asker's own row


def kit_by_id(kit_id: int) -> Kit:
    """The kit that a row of ours points to; whoever asks has checked that the row is theirs."""
    return _found(db.session.get(Kit, kit_id))  # unscoped: by the asker's own row


def _found(row: R | None) -> R:
    if row is None:
        raise NotFound()
    return row
