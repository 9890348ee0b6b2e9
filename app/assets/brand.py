"""A partner's brands: what every piece is dressed in, and what is missing before anything may be sent.

A partner has one default brand and may have others; a campaign takes one of them.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from app.accounts.actor import Actor
from app.accounts.audit import record
from app.accounts.models import Organisation
from app.assets import brand_logo
from app.assets.brand_fields import LIMITS, cleaners
from app.assets.brand_fields import clean_social_links as clean_links
from app.assets.logo import Dressed, dress, read_logo
from app.assets.models import Asset, BrandProfile
from app.assets.queries import asset_of
from app.clock import now
from app.db import db, scoped
from app.errors import Invalid, Refused

MAX_NAME = 80
MAX_BRANDS = 20
_STATE = (*cleaners(""), "social", *brand_logo.COLUMNS)


@dataclass(frozen=True)
class Gap:
    """Something a launch needs and the brand lacks; `field` is its name on the brand page."""

    field: str
    text: str


@dataclass(frozen=True)
class BrandInput:
    """A brand as a person typed it; save() checks every field. `social` is None where the links stay as they are."""

    primary_color: str
    call_color: str
    legal_name: str = ""
    postal_address: str = ""
    phone: str = ""
    website: str = ""
    sender_name: str = ""
    reply_to: str = ""
    social: Mapping[str, str] | None = None


@dataclass(frozen=True)
class Upload:
    """A file as it came: the person's name for it, and its bytes."""

    name: str
    data: bytes


def brands(partner: Organisation, archived: bool = False) -> list[BrandProfile]:
    """The brands a partner works with, the default first, then by name; or those it has archived."""
    shelf = BrandProfile.archived_at.is_not(None) if archived else BrandProfile.archived_at.is_(None)
    query = scoped(partner, BrandProfile).where(shelf)
    order = (BrandProfile.is_default.desc(), BrandProfile.name, BrandProfile.id)
    return list(db.session.scalars(query.order_by(*order)))


def default_brand(partner: Organisation) -> BrandProfile | None:
    """The brand that the partner's campaigns take; None until somebody has saved one."""
    query = scoped(partner, BrandProfile).where(BrandProfile.is_default).order_by(BrandProfile.id)
    return db.session.scalars(query).first()


def brand_by_id(partner: Organisation, brand_id: int | None) -> BrandProfile | None:
    """One brand of the partner, an archived one too; None where there is none with this id."""
    if brand_id is None:
        return None
    return db.session.scalars(scoped(partner, BrandProfile).where(BrandProfile.id == brand_id)).one_or_none()


def logo_of(partner: Organisation, brand: BrandProfile | None) -> Asset | None:
    """The brand's logo as mails and pages show it, if there is one."""
    return asset_of(partner, brand.logo_id) if brand else None


def gaps(brand: BrandProfile | None) -> list[Gap]:
    """What the law or a mailbox asks for and the brand lacks, in the order of the page."""
    needed = (
        ("sender_name", "The sender name is missing: people see it in their inbox."),
        ("reply_to", "The address that answers go to is missing."),
        ("postal_address", "The postal address is missing. It stands in every mail: the law asks for it."),
    )
    return [Gap(name, text) for name, text in needed if not (brand and getattr(brand, name).strip())]


def brand_gaps(brand: BrandProfile | None) -> list[str]:
    """The sentences of gaps(): nothing is launched while there is one."""
    return [gap.text for gap in gaps(brand)]


def save(
    actor: Actor,
    given: BrandInput,
    logo: Upload | Dressed | None = None,
    remove_logo: bool = False,
    brand: BrandProfile | None = None,
) -> BrandProfile:
    """Store a brand (the default, made on first use, unless another is given) and remember how it was, for undo().

    Raises Invalid with a sentence for each wrong field, nothing stored. A logo that is ready() already spares the transaction
    the drawing.
    """
    cleaned, wrong = check(actor.organisation, given)
    dressed = logo if isinstance(logo, Dressed) else None
    if isinstance(logo, Upload):
        try:
            dressed = dress(read_logo(logo.name, logo.data))
        except Invalid as error:
            wrong["logo"] = error.message
    if wrong:
        raise Invalid("The brand is not saved yet: mend the marked fields.", wrong)
    if dressed is not None and isinstance(logo, Upload):
        brand_logo.put_files(actor.organisation.pid, dressed)
    social = clean_links(given.social)[0] if given.social is not None else None
    brand = brand or default_brand(actor.organisation)
    if brand is None:
        brand = BrandProfile(partner_id=actor.organisation.id, social={})
        db.session.add(brand)
    else:
        brand.previous = _state(brand)
    for name, value in cleaned.items():
        setattr(brand, name, value)
    if social is not None:
        brand.social = social
    if dressed is not None:
        brand_logo.put(actor, brand, dressed)
    elif remove_logo:
        brand_logo.remove(brand)
    brand.updated_at = now()
    db.session.flush()
    record(actor, "brand.saved", brand)
    return brand


def ready(actor: Actor, chosen: Upload | str | None) -> Dressed | None:
    """A logo drawn and stored, for save(): a file, or the token of one that was found. Raises Invalid with a sentence for `logo`.

    Call it before anything is written: the transaction ends here, so that nobody waits while the logo is drawn.
    """
    if chosen is None:
        return None
    partner_pid = actor.organisation.pid
    db.session.rollback()
    try:
        logo = (
            read_logo(chosen.name, chosen.data)
            if isinstance(chosen, Upload)
            else brand_logo.held(partner_pid, chosen)
        )
    except Invalid as error:
        raise Invalid("This logo can’t be taken.", {"logo": error.message}) from None
    if logo is None:
        raise Invalid(
            "Read once more.", {"website": "It is long since we read your website. Read it once more."}
        )
    dressed = dress(logo)
    brand_logo.put_files(partner_pid, dressed)
    return dressed


def check(partner: Organisation, given: BrandInput) -> tuple[dict[str, str], dict[str, str]]:
    """The fields as they would be stored, and a sentence for each one that is wrong, by its name."""
    cleaned: dict[str, str] = {}
    wrong = clean_links(given.social)[1] if given.social is not None else {}
    for name, clean in cleaners(partner.country or "").items():
        try:
            cleaned[name] = clean(getattr(given, name))
            if len(cleaned[name]) > LIMITS.get(name, 300):
                raise Invalid(f"At most {LIMITS[name]} characters.")
        except Invalid as error:
            wrong[name] = error.message
    return cleaned, wrong


def undo(actor: Actor, brand: BrandProfile) -> None:
    """Take the last save back; once more brings it again. Raises Refused where nothing was saved over."""
    if brand.previous is None:
        raise Refused("There is nothing to take back: this brand was saved only once.")
    before, brand.previous = dict(brand.previous), _state(brand)
    if not brand_logo.is_kept(actor.organisation, before):
        before = {name: value for name, value in before.items() if name not in brand_logo.COLUMNS}
    for name in _STATE:
        if name in before:
            setattr(brand, name, before[name])
    brand.updated_at = now()
    record(actor, "brand.undone", brand)


def make(actor: Actor, name: str) -> BrandProfile:
    """Another brand beside the default: who writes is taken over from it, logo and colours are chosen anew. Raises Invalid."""
    first = default_brand(actor.organisation)
    if first is None:
        raise Refused("Save your first brand before you make another.")
    if len(brands(actor.organisation)) >= MAX_BRANDS:
        raise Refused(f"{MAX_BRANDS} brands is the most. Archive one that you no longer use.")
    made = BrandProfile(
        partner_id=actor.organisation.id, is_default=False, name=_free_name(actor, name), social={}
    )
    for field in ("legal_name", "postal_address", "phone", "website", "sender_name", "reply_to"):
        setattr(made, field, getattr(first, field))
    db.session.add(made)
    db.session.flush()
    record(actor, "brand.made", made)
    return made


def rename(actor: Actor, brand: BrandProfile, name: str) -> None:
    """Give a brand another name; only colleagues see it. Raises Invalid."""
    brand.name = _free_name(actor, name, brand)
    record(actor, "brand.renamed", brand)


def choose_default(actor: Actor, brand: BrandProfile) -> None:
    """New campaigns take this brand from now on; those that exist keep theirs. Raises Refused for an archived one."""
    if brand.archived_at is not None:
        raise Refused("This brand is archived. Bring it back first.")
    for other in db.session.scalars(scoped(actor.organisation, BrandProfile).where(BrandProfile.is_default)):
        other.is_default = False
    brand.is_default = True
    record(actor, "brand.chosen", brand)


def archive(actor: Actor, brand: BrandProfile) -> None:
    """Offer the brand nowhere any more; what was made with it stays as it is. app.flows.brands asks first who uses it."""
    if brand.is_default:
        raise Refused("This is the brand that new campaigns take. Choose another for that first.")
    if brand.archived_at is None:
        brand.archived_at = now()
        record(actor, "brand.archived", brand)


def bring_back(actor: Actor, brand: BrandProfile) -> None:
    """Take an archived brand into use again."""
    if brand.archived_at is not None:
        brand.archived_at = None
        record(actor, "brand.brought_back", brand)


def _state(brand: BrandProfile) -> dict[str, object]:
    return {name: getattr(brand, name) for name in _STATE}


def _free_name(actor: Actor, raw: str, own: BrandProfile | None = None) -> str:
    text = " ".join(raw.split())
    if not text or len(text) > MAX_NAME or not text.isprintable():
        raise Invalid("The brand needs a name.", {"name": f"Write a name of 1 to {MAX_NAME} characters."})
    query = scoped(actor.organisation, BrandProfile)
    if any(b is not own and b.name.casefold() == text.casefold() for b in db.session.scalars(query)):
        raise Invalid(
            "The name is taken.", {"name": f"You have a brand called {text} already. Choose another name."}
        )
    return text
