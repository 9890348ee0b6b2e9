"""A kit's way to partners: uploaded and checked as a draft, published as a version that never changes again, recalled if need be.

The zip and the files that mails and pages show are stored before the row that names them, so a version is whole or not there.
"""

import hashlib
from collections.abc import Callable, Iterable
from typing import Any

import structlog
from sqlalchemy import event
from sqlalchemy.exc import IntegrityError

from app.accounts.actor import Actor
from app.accounts.audit import record
from app.assets.store import store
from app.clock import now
from app.db import db, new_pid, scoped
from app.errors import AppError, Conflict, Invalid, Refused
from app.kits.excerpt import with_source
from app.kits.format import read_files
from app.kits.models import VERSION, Kit, KitVersion, VersionStatus
from app.kits.package import KitRefused, Package, checked, unpack
from app.kits.pieces import KitSource

__all__ = ["KitRefused", "discard", "errors", "import_version", "publish", "recall", "recheck"]

log = structlog.get_logger(__name__)

Between = Callable[[], None]


def _nothing() -> None:
    """Outside of requests nobody waits for the lock."""


def import_version(actor: Actor, data: bytes, between: Between = _nothing) -> KitVersion:
    """Read a zipped kit and keep it as a draft, with what the check found.

    A draft of the same version is replaced; a version that was published is not (Conflict). Raises KitRefused (file, line, mend)
    for a kit that can't be read, and then nothing is stored. `between` is called before what takes long, while nothing is written
    yet: a request ends its transaction there, so that nobody waits for the database meanwhile.
    """
    between()
    package = unpack(data)
    _refuse_published(actor, package.source)
    between()
    folder, media = new_pid(), {}
    archive_key = f"kits/{folder}/{package.sha256[:32]}.zip"
    try:
        store().put(archive_key, data, "application/zip")
        for path, (content, facts) in package.media.items():
            media[path] = _keep(folder, content, facts)
        version = _draft(actor, _kit(actor, package.source), package.source)
    except BaseException:
        _remove([archive_key, *(str(facts["key"]) for facts in media.values())])
        raise
    _remove_after_commit(_keys(version) if version.archive_key else [])
    version.archive_key, version.media = (
        archive_key,
        media,
    )  # before anything is read: reading may write what is new
    _fill(actor, version, package)
    db.session.flush()
    record(actor, "kit.imported", version, version=version.version, findings=len(version.findings))
    return version


def _fill(actor: Actor, version: KitVersion, package: Package) -> None:
    version.manifest, version.sha256 = package.source.to_manifest(), package.sha256
    version.summary = package.source.summary
    version.findings, version.checked_at = package.findings, now()
    version.created_by, version.created_at = actor.person.id, now()


def recheck(actor: Actor, version: KitVersion, between: Between = _nothing) -> list[dict[str, Any]]:
    """Judge a draft again by today's rules; returns and keeps the findings. Raises Conflict once it is published."""
    between()
    sha256 = version.sha256
    files = read_files(_archive(version))
    found = with_source(checked(files), files)
    db.session.refresh(version, with_for_update=True)
    if version.status is not VersionStatus.DRAFT or version.sha256 != sha256:
        raise Conflict("This version was published or replaced in the meantime. Look at it again.")
    version.findings, version.checked_at = found, now()
    record(actor, "kit.checked", version, findings=len(found))
    return found


def publish(actor: Actor, version: KitVersion, change_summary: str, between: Between = _nothing) -> None:
    """Open a draft to partners; the version before it is superseded. The check runs again: its rules may have changed.

    Raises Invalid without a summary of changes, Refused where the check finds errors (they are kept with the version) and
    for a version that is not higher than the one that is live.
    """
    text = " ".join(change_summary.split())
    if not text:
        mend = "Say in a sentence what is new. Partners read it beside the kit."
        raise Invalid(f"{version.version} is not published yet.", {"change_summary": mend})
    if version.status is VersionStatus.DRAFT:
        recheck(actor, version, between)
    if errors(version):
        raise Refused(
            f"{version.version} can’t be published yet: mend what the check found, then upload it again."
        )
    # whoever else publishes a version of this kit waits here
    kit = db.session.scalars(
        scoped(actor.organisation, Kit).where(Kit.id == version.kit_id).with_for_update()
    ).one()
    for older in _siblings(actor, version, VersionStatus.PUBLISHED):
        if number(older.version) >= number(version.version):
            raise Refused(
                f"{older.version} is live. Give kit.toml a higher version than that and upload it again."
            )
        VERSION.move(older, VersionStatus.SUPERSEDED)
    VERSION.move(version, VersionStatus.PUBLISHED)
    version.change_summary = text[:500]
    version.published_by, version.published_at = actor.person.id, now()
    kit.name = KitSource.from_manifest(version.manifest).name
    record(actor, "kit.published", version, version=version.version)


def recall(actor: Actor, version: KitVersion, reason: str) -> None:
    """Withdraw a version: no campaign can be made or launched from it any more. What is already sent stays sent.

    What is scheduled or being sent from it is stopped by app.flows.withdraw, which people use.
    """
    text = " ".join(reason.split())
    if not text:
        raise Invalid(
            "The version is not recalled yet.", {"reason": "Say why. Partners who use it read this."}
        )
    VERSION.move(version, VersionStatus.RECALLED)
    version.recall_reason = text[:500]
    version.recalled_by, version.recalled_at = actor.person.id, now()
    record(actor, "kit.recalled", version, version=version.version)


def discard(actor: Actor, version: KitVersion) -> bool:
    """Throw a draft away, with its files; True when the kit went with it, having no other version. Raises Refused once published."""
    db.session.refresh(version, with_for_update=True)
    if version.status is not VersionStatus.DRAFT:
        raise Refused("Only drafts are thrown away. A version that was published stays on record.")
    kit = db.session.scalars(scoped(actor.organisation, Kit).where(Kit.id == version.kit_id)).one()
    record(actor, "kit.discarded", version, version=version.version)
    _remove_after_commit(_keys(version))
    db.session.delete(version)
    db.session.flush()
    query = scoped(actor.organisation, KitVersion).where(KitVersion.kit_id == kit.id)
    if db.session.scalars(query).first() is not None:
        return False
    db.session.delete(kit)
    return True


def errors(version: KitVersion) -> list[dict[str, Any]]:
    """What the check found that stops publishing."""
    return [finding for finding in version.findings if finding["severity"] == "error"]


def number(version: str) -> tuple[int, ...]:
    """A version as it is compared: 2.10 is higher than 2.9, 2 is the same as 2.0."""
    parts = [int(part) for part in version.split(".") if part.isdigit()]
    return tuple([*parts, 0, 0, 0][:3])


def _archive(version: KitVersion) -> bytes:
    data = store().get(version.archive_key)
    if hashlib.sha256(data).hexdigest() != version.sha256:
        raise Refused("The stored zip is not the one that was uploaded. Upload it again.")
    return data


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


def _refuse_published(actor: Actor, source: KitSource) -> None:
    query = (
        scoped(actor.organisation, KitVersion)
        .join(Kit, Kit.id == KitVersion.kit_id)
        .where(
            Kit.slug == source.slug,
            KitVersion.version == source.version,
            KitVersion.status != VersionStatus.DRAFT,
        )
    )
    if db.session.scalars(query).first() is not None:
        raise _never_changes(source)


def _never_changes(source: KitSource) -> Conflict:
    return Conflict(
        f"{source.name} {source.version} was published and never changes. Give kit.toml a higher version and upload it again."
    )


def _draft(actor: Actor, kit: Kit, source: KitSource) -> KitVersion:
    query = scoped(actor.organisation, KitVersion).where(
        KitVersion.kit_id == kit.id, KitVersion.version == source.version
    )
    version = db.session.scalars(query.with_for_update()).one_or_none()
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
        raise _never_changes(source)
    return version


def _siblings(actor: Actor, version: KitVersion, status: VersionStatus) -> list[KitVersion]:
    query = scoped(actor.organisation, KitVersion).where(
        KitVersion.kit_id == version.kit_id, KitVersion.status == status
    )
    return [other for other in db.session.scalars(query.with_for_update()) if other.id != version.id]


def _keep(folder: str, data: bytes, facts: dict[str, Any]) -> dict[str, Any]:
    digest = hashlib.sha256(data).hexdigest()
    key = f"kits/{folder}/{digest[:40]}.{facts['ending']}"
    store().put(key, data, str(facts["type"]))
    return {**facts, "key": key, "sha256": digest, "size": len(data)}


def _keys(version: KitVersion) -> list[str]:
    return [version.archive_key, *(str(facts["key"]) for facts in (version.media or {}).values())]


def _remove(keys: Iterable[str]) -> None:
    try:
        for key in keys:
            store().delete(key)
    except AppError as error:  # a file too many harms nobody
        log.warning("kit.files_left", error=type(error).__name__)


def _remove_after_commit(keys: list[str]) -> None:
    """Files of a draft that is gone: only once that is certain."""
    if keys:
        event.listen(db.session(), "after_commit", lambda _: _remove(keys), once=True)
