"""A kit's way to partners: uploaded and checked as a draft, published as a version that never changes again, recalled if need be.

The zip and the files that mails and pages show are stored before the row that names them, so a version is whole or not there.
"""

import hashlib
from pathlib import PurePosixPath
from typing import Any

from sqlalchemy.exc import IntegrityError

from app.accounts.actor import Actor
from app.accounts.audit import record
from app.assets.images import clean_image
from app.assets.store import store
from app.clock import now
from app.db import db, new_pid, scoped
from app.errors import Conflict, Invalid, Refused
from app.kits.archive import KitError
from app.kits.check import check
from app.kits.format import read_kit
from app.kits.models import VERSION, Kit, KitVersion, VersionStatus
from app.kits.pieces import KitSource

DOCUMENT = "application/pdf"
_IMAGES = {"png", "jpg", "jpeg", "webp"}


def import_version(actor: Actor, data: bytes) -> KitVersion:
    """Read a zipped kit and keep it as a draft, with what the check found.

    A draft of the same version is replaced; a version that was published is not (Conflict). Raises KitError (file, line, mend)
    for a kit that can't be read, and then nothing is stored.
    """
    source = read_kit(data)
    findings = [finding.to_dict() for finding in check(source)]
    files = _media(source)
    kit = _kit(actor, source)
    version = _draft(actor, kit, source)
    version.manifest = source.to_manifest()
    version.summary = source.summary
    version.findings = findings
    version.sha256 = hashlib.sha256(data).hexdigest()
    version.archive_key = f"kits/{version.pid}/{version.sha256[:32]}.zip"
    version.media = {path: _keep(version, content, facts) for path, (content, facts) in files.items()}
    version.created_by, version.created_at = actor.person.id, now()
    store().put(version.archive_key, data, "application/zip")
    db.session.flush()
    record(actor, "kit.imported", version, version=version.version, findings=len(findings))
    return version


def publish(actor: Actor, version: KitVersion, change_summary: str = "") -> None:
    """Open a draft to partners; the version before it is superseded. Raises Refused while the check finds errors."""
    if errors(version):
        raise Refused(
            f"{version.version} can’t be published yet: mend what the check found, then upload it again."
        )
    for older in _siblings(actor, version, VersionStatus.PUBLISHED):
        VERSION.move(older, VersionStatus.SUPERSEDED)
    VERSION.move(version, VersionStatus.PUBLISHED)
    version.change_summary = change_summary.strip()[:500]
    version.published_by, version.published_at = actor.person.id, now()
    kit = db.session.scalars(scoped(actor.organisation, Kit).where(Kit.id == version.kit_id)).one()
    kit.name = KitSource.from_manifest(version.manifest).name
    record(actor, "kit.published", version, version=version.version)


def recall(actor: Actor, version: KitVersion, reason: str) -> None:
    """Withdraw a version: no campaign can be made or launched from it any more. What is already sent stays sent."""
    text = reason.strip()
    if not text:
        raise Invalid(
            "The version is not recalled yet.", {"reason": "Say why. Partners who use it read this."}
        )
    VERSION.move(version, VersionStatus.RECALLED)
    version.recall_reason = text[:500]
    version.recalled_by, version.recalled_at = actor.person.id, now()
    record(actor, "kit.recalled", version, version=version.version)


def errors(version: KitVersion) -> list[dict[str, Any]]:
    """What the check found that stops publishing."""
    return [finding for finding in version.findings if finding["severity"] == "error"]


def _kit(actor: Actor, source: KitSource) -> Kit:
    query = scoped(actor.organisation, Kit).where(Kit.slug == source.slug)
    kit = db.session.scalars(query).one_or_none()
    if kit is None:
        kit = Kit(vendor_id=actor.organisation.id, slug=source.slug, name=source.name)
        try:
            with db.session.begin_nested():
                db.session.add(kit)
        except IntegrityError:  # a colleague uploaded it at the same moment
            kit = db.session.scalars(query).one()
    return kit


def _draft(actor: Actor, kit: Kit, source: KitSource) -> KitVersion:
    query = scoped(actor.organisation, KitVersion).where(
        KitVersion.kit_id == kit.id, KitVersion.version == source.version
    )
    version = db.session.scalars(query).one_or_none()
    if version is None:
        version = KitVersion(
            pid=new_pid(),
            kit_id=kit.id,
            vendor_id=kit.vendor_id,
            version=source.version,
            status=VersionStatus.DRAFT,
        )
        db.session.add(version)
    elif version.status is not VersionStatus.DRAFT:
        raise Conflict(
            f"{source.name} {source.version} was published and never changes. Give kit.toml a higher version and upload it again."
        )
    return version


def _siblings(actor: Actor, version: KitVersion, status: VersionStatus) -> list[KitVersion]:
    query = scoped(actor.organisation, KitVersion).where(
        KitVersion.kit_id == version.kit_id, KitVersion.status == status
    )
    return [other for other in db.session.scalars(query) if other.id != version.id]


def _media(source: KitSource) -> dict[str, tuple[bytes, dict[str, Any]]]:
    """The files that may be served, drawn anew where they are pictures. Raises KitError naming the file that is not what it says."""
    found: dict[str, tuple[bytes, dict[str, Any]]] = {}
    for path, data in source.files.items():
        ending = PurePosixPath(path).suffix.lower().removeprefix(".")
        if ending in _IMAGES:
            try:
                image = clean_image(path, data)
            except Invalid as error:
                raise KitError(error.message, path, rule="picture") from None
            facts = {
                "type": image.content_type,
                "ending": image.ending,
                "width": image.width,
                "height": image.height,
            }
            found[path] = (image.data, facts)
        elif ending == "pdf":
            if not data.startswith(b"%PDF-"):
                raise KitError(
                    "This is called a PDF but is none.", path, mend="Export it as PDF again.", rule="document"
                )
            found[path] = (data, {"type": DOCUMENT, "ending": "pdf"})
    return found


def _keep(version: KitVersion, data: bytes, facts: dict[str, Any]) -> dict[str, Any]:
    digest = hashlib.sha256(data).hexdigest()
    key = f"kits/{version.pid}/{digest[:40]}.{facts['ending']}"
    store().put(key, data, str(facts["type"]))
    return {**facts, "key": key, "sha256": digest, "size": len(data)}
