"""Taking files from people into the library: pictures drawn anew at several sizes, documents checked by their content.

The same bytes are kept once per organisation; the name a person gave is only a label. What is refused leaves no row and no file.
"""

import base64
import hashlib
import hmac
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from pathlib import PurePath

from sqlalchemy import or_
from sqlalchemy.exc import IntegrityError

from app.accounts.actor import Actor
from app.assets.documents import check_pdf
from app.assets.errors import StoreFailed
from app.assets.images import CleanImage, clean_image
from app.assets.models import Asset
from app.assets.places import original_key, rendering_key, thumb_key
from app.assets.sizes import sizes_of, thumb_of
from app.assets.store import store
from app.db import db, let_go, scoped
from app.errors import Invalid
from app.tokens import token_key

MAX_FILE_BYTES = 20 * 1024 * 1024
PDF = "application/pdf"
_IMAGES = {"image/png", "image/jpeg", "image/webp", "image/gif"}

Facts = dict[str, dict[str, int]]
"""Of each size of a public picture: width, height and bytes."""


@dataclass(frozen=True)
class File:
    """A file as it came: the person's name for it, and its bytes."""

    name: str
    data: bytes


@dataclass(frozen=True)
class Outcome:
    """What became of one file: in the library (`asset`; `known` where it was there already), or the reason why not."""

    name: str
    asset: Asset | None = None
    known: bool = False
    reason: str = ""


@dataclass(frozen=True)
class Checked:
    """A file that may be kept, with all that is stored of it."""

    name: str
    data: bytes
    ending: str
    content_type: str
    source_sha256: str
    image: CleanImage | None = None
    pages: int | None = None
    sha256: str = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "sha256", hashlib.sha256(self.data).hexdigest())


@dataclass(frozen=True)
class _Owner:
    """Whose file it will be, known without asking the database."""

    id: int
    pid: str
    person_id: int


def add_image(actor: Actor, name: str, data: bytes, public: bool = True, listed: bool = True) -> Asset:
    """Store a picture drawn anew; `public` ones may stand in mails and pages, the library shows `listed` ones. Raises Invalid with the mend."""
    owner = _owner(actor)
    let_go()
    return _keep(owner, actor, _picture(name, data, for_library=False), public, listed)[0]


def add_file(
    actor: Actor, name: str, data: bytes, allowed: Collection[str] = frozenset({PDF}), listed: bool = False
) -> Asset:
    """Store a private file of an allowed content type: a PDF as it is, a picture drawn anew. Raises Invalid with the mend."""
    owner = _owner(actor)
    let_go()
    found = check_file(name, data, allowed)
    return _keep(owner, actor, found, public=False, listed=listed)[0]


def take(actor: Actor, files: Sequence[File]) -> list[Outcome]:
    """Put files into the library, each with its own outcome, in their order. Pictures may be shown in mails and pages, documents stay private.

    Call it before anything is written: the transaction ends here, so that nobody waits while files are checked and stored.
    """
    owner, known = _owner(actor), _known_sources(actor, files)
    db.session.rollback()
    made = [_prepare(owner, file, known) for file in files]
    found = []
    for file, one in zip(files, made, strict=True):
        if isinstance(one, str):
            found.append(Outcome(label(file.name), reason=one))
        else:
            checked, facts = one
            asset, was_there = _enter(owner, actor, checked, checked.image is not None, True, facts)
            found.append(Outcome(label(file.name), asset, was_there))
    return found


def check_file(
    name: str, data: bytes, allowed: Collection[str] = frozenset({PDF, *_IMAGES}), for_library: bool = False
) -> Checked:
    """A file of one of the `allowed` content types, checked and drawn anew, not stored. Raises Invalid with the mend."""
    if not data:
        raise Invalid("This file is empty. Choose another.")
    if len(data) > MAX_FILE_BYTES:
        raise Invalid(f"This file has {len(data) / 1024 / 1024:.1f} MB; 20 MB is the most.")
    named_pdf = PurePath(name).suffix.lower() == ".pdf"
    if PDF in allowed and data.startswith(b"%PDF-") and named_pdf:
        return Checked(label(name), data, "pdf", PDF, _digest(data), pages=check_pdf(data))
    if named_pdf and PDF in allowed:
        raise Invalid("This file is called .pdf but is none. Export it as PDF again.")
    if _IMAGES.intersection(allowed) and not data.startswith(b"%PDF-"):
        found = _picture(name, data, for_library)
        if found.content_type in allowed:
            return found
    raise Invalid(f"This file can’t be taken. Choose a {_choices(allowed)}.")


def put_sizes(pid: str, image: CleanImage) -> Facts:
    """Store a public picture at every size; returns what a row keeps of them."""
    facts = {}
    for name, made in sizes_of(image).items():
        store().put(rendering_key(pid, name, image.ending), made.data, made.content_type)
        facts[name] = {"width": made.width, "height": made.height, "size": len(made.data)}
    return facts


def label(name: str) -> str:
    """The file's own name without folders and control characters, short enough for a list."""
    plain = "".join(c for c in name.replace("\\", "/").rsplit("/", 1)[-1] if c.isprintable()).strip()
    return plain[-200:] or "file"


def _prepare(owner: _Owner, file: File, known: Collection[str]) -> tuple[Checked, Facts | None] | str:
    """A file checked and stored, with what is known of its sizes (None: it was stored before); or the reason why not."""
    try:
        checked = check_file(file.name, file.data, for_library=True)
        if checked.source_sha256 in known:
            return checked, None
        return checked, _put(owner, checked, checked.image is not None)
    except (Invalid, StoreFailed) as error:
        return error.message


def _picture(name: str, data: bytes, for_library: bool) -> Checked:
    image = clean_image(name, data, for_library=for_library)
    shown = label(name)
    if image.ending not in (PurePath(shown).suffix.lower().removeprefix("."), "jpg"):
        shown = f"{PurePath(shown).stem}.{image.ending}"
    elif image.ending == "jpg" and PurePath(shown).suffix.lower() not in (".jpg", ".jpeg"):
        shown = f"{PurePath(shown).stem}.jpg"
    return Checked(shown, image.data, image.ending, image.content_type, _digest(data), image)


def _keep(owner: _Owner, actor: Actor, found: Checked, public: bool, listed: bool) -> tuple[Asset, bool]:
    known = _same(actor, found)
    let_go()
    facts = _put(owner, found, public) if known is None else None
    return _enter(owner, actor, found, public, listed, facts)


def _put(owner: _Owner, found: Checked, public: bool) -> Facts:
    """The files themselves, before the row that names them. Twice the same is the same: keys follow from the bytes."""
    store().put(original_key(owner.pid, found.sha256, found.ending), found.data, found.content_type)
    if found.image is None:
        return {}
    if public:
        return put_sizes(_pid(owner, found.sha256), found.image)
    small = thumb_of(found.image)
    store().put(thumb_key(owner.pid, found.sha256, found.ending), small.data, small.content_type)
    return {}


def _enter(
    owner: _Owner, actor: Actor, found: Checked, public: bool, listed: bool, facts: Facts | None
) -> tuple[Asset, bool]:
    """The row of a stored file, and whether it was there already."""
    known = _same(actor, found)
    if known is None:
        facts = _put(owner, found, public) if facts is None else facts  # it went away meanwhile
        asset = _row(owner, found, public, listed, facts)
        try:
            with db.session.begin_nested():
                db.session.add(asset)
            return asset, False
        except IntegrityError:  # a colleague stored the same bytes at the same moment
            known = _same(actor, found)
            if known is None:
                raise
    was_there = known.listed and known.deleted_at is None
    _take_up_again(known, found, public, listed)
    return known, was_there


def _row(owner: _Owner, found: Checked, public: bool, listed: bool, facts: Facts) -> Asset:
    image = found.image
    return Asset(
        pid=_pid(owner, found.sha256),
        organisation_id=owner.id,
        name=found.name,
        key=original_key(owner.pid, found.sha256, found.ending),
        sha256=found.sha256,
        source_sha256=found.source_sha256,
        content_type=found.content_type,
        size=len(found.data),
        width=image.width if image else None,
        height=image.height if image else None,
        frames=image.frames if image else 1,
        pages=found.pages,
        is_public=public,
        renderings=facts or None,
        listed=listed,
        created_by=owner.person_id,
    )


def _take_up_again(known: Asset, found: Checked, public: bool, listed: bool) -> None:
    """The same bytes came once more: a private picture may become public, a deleted or replaced one is current again."""
    if public and found.image and (not known.is_public or known.renderings is None):
        known.renderings = put_sizes(known.pid, found.image)
        known.is_public = True
    known.listed = known.listed or listed
    known.source_sha256 = known.source_sha256 or found.source_sha256
    known.deleted_at = known.deleted_by = known.kept_at = known.replaced_by_id = None


def _same(actor: Actor, found: Checked) -> Asset | None:
    """The organisation's file with these bytes, or with these bytes as they came: another release draws the same picture otherwise."""
    query = scoped(actor.organisation, Asset).where(
        or_(Asset.sha256 == found.sha256, Asset.source_sha256 == found.source_sha256)
    )
    return db.session.scalars(query.order_by((Asset.sha256 == found.sha256).desc(), Asset.id)).first()


def _known_sources(actor: Actor, files: Sequence[File]) -> set[str]:
    """Which of these files are in the library as they are, sizes and all: nothing of them has to be stored."""
    query = scoped(actor.organisation, Asset).where(
        Asset.source_sha256.in_([_digest(file.data) for file in files])
    )
    return {
        str(asset.source_sha256)
        for asset in db.session.scalars(query)
        if asset.width is None or asset.renderings is not None
    }


def _pid(owner: _Owner, digest: str) -> str:
    """The public id that these bytes get at this organisation: two uploads at once write the same files, and nobody outside can guess it."""
    mac = hmac.digest(token_key(), f"asset {owner.pid} {digest}".encode(), "sha256")
    return base64.urlsafe_b64encode(mac[:16]).rstrip(b"=").decode()


def _owner(actor: Actor) -> _Owner:
    return _Owner(actor.organisation.id, actor.organisation.pid, actor.person.id)


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _choices(allowed: Collection[str]) -> str:
    names = {PDF: "PDF", "image/png": "PNG", "image/jpeg": "JPEG", "image/webp": "WebP", "image/gif": "GIF"}
    return " or ".join(names.get(kind, kind) for kind in sorted(allowed))
