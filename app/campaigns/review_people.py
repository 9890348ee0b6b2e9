"""Who may answer a review, who has it, and who is told: a vendor's admins and marketers, without those who belong to the partner."""

from collections.abc import Collection

from sqlalchemy import select

from app.accounts.actor import ADMINS, EDITORS, Actor
from app.accounts.models import Membership, Organisation, Person, Role
from app.campaigns.models import Campaign
from app.campaigns.review_models import ReviewRound
from app.db import db
from app.errors import Forbidden, Refused
from app.kits.queries import version_by_id
from app.programs.queries import partnership_between


def with_roles(organisation_id: int, roles: Collection[Role]) -> list[Person]:
    """The people of an organisation with one of these roles, the longest there first."""
    query = (
        select(Person)  # unscoped: bound to the organisation below
        .join(Membership, Membership.person_id == Person.id)
        .where(Membership.organisation_id == organisation_id, Membership.role.in_(roles))
        .order_by(Membership.id)
    )
    return list(db.session.scalars(query))


def reviewers(campaign: Campaign, roles: Collection[Role] = EDITORS) -> list[Person]:
    """Who may answer at the vendor: nobody who has a seat at the partner too."""
    own = {person.id for person in with_roles(campaign.partner_id, frozenset(Role))}
    return [person for person in with_roles(campaign.vendor_id, roles) if person.id not in own]


def admins(campaign: Campaign) -> list[Person]:
    """The vendor's admins among them."""
    return reviewers(campaign, ADMINS)


def first_choice(campaign: Campaign) -> Person | None:
    """Who gets a new review: whoever looks after the partner, else who published the kit; None, so everybody, where neither may answer."""
    ship = partnership_between(campaign.vendor_id, campaign.partner_id)
    wanted = (ship.manager_id if ship else None, version_by_id(campaign.kit_version_id).published_by)
    may = {person.id: person for person in reviewers(campaign)}
    return next((may[person_id] for person_id in wanted if person_id in may), None)


def holders(row: ReviewRound, campaign: Campaign) -> list[Person]:
    """Who has the round now: one person, or everybody who may answer it where the one has gone or there was none."""
    may = reviewers(campaign)
    return [person for person in may if person.id == row.reviewer_id] or may


def in_words(row: ReviewRound, campaign: Campaign) -> str:
    """Who has it, as a sentence names them: `Ingrid Solberg`, or `Northwind Cloud` where several may answer."""
    found = holders(row, campaign)
    if len(found) == 1:
        return found[0].name
    return db.session.get_one(Organisation, row.vendor_id).name


def own(row: ReviewRound, actor: Actor) -> bool:
    """Whether it is a campaign of this person's own: they asked, or they have a seat at the partner."""
    query = select(Membership.id).where(  # unscoped: the one seat of this person at the partner
        Membership.person_id == actor.person.id, Membership.organisation_id == row.partner_id
    )
    return actor.person.id == row.asked_by or db.session.scalar(query) is not None


def must_answer(row: ReviewRound, actor: Actor) -> None:
    """Raises Forbidden unless the actor is an admin or marketer of the vendor, Refused for a campaign of their own."""
    if actor.organisation.id != row.vendor_id or not actor.may_edit:
        raise Forbidden("Admins and marketers of the vendor answer reviews.")
    if own(row, actor):
        partner = db.session.get_one(Organisation, row.partner_id).name
        raise Refused(
            f"You belong to {partner} too, so a colleague answers this. Nobody approves a campaign of their own."
        )


def must_be_partner(campaign: Campaign, actor: Actor) -> None:
    """Raises Forbidden unless the actor is an admin or marketer of the campaign's partner."""
    if actor.organisation.id != campaign.partner_id or not actor.may_edit:
        raise Forbidden("Admins and marketers of the partner ask for a review.")


def name_of(person_id: int | None) -> str:
    """A person's name; `Somebody` where it isn't known."""
    person = db.session.get(Person, person_id) if person_id else None
    return person.name if person else "Somebody"
