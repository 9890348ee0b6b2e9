"""Who is acting: one person, at one organisation, in one role.

Views take it from the request, operations take it as their first argument; nothing else says who did what.
"""

from collections.abc import Collection
from dataclasses import dataclass

from app.accounts.models import Organisation, OrganisationKind, Person, Role

ANYONE: frozenset[Role] = frozenset(Role)
EDITORS: frozenset[Role] = frozenset({Role.ADMIN, Role.MARKETER})
ADMINS: frozenset[Role] = frozenset({Role.ADMIN})
MONEY: frozenset[Role] = frozenset({Role.ADMIN, Role.APPROVER})


@dataclass(frozen=True)
class Actor:
    """A signed-in person in the organisation they are working for now."""

    person: Person
    organisation: Organisation
    role: Role

    @property
    def is_vendor(self) -> bool:
        """Whether they act for a vendor."""
        return self.organisation.kind is OrganisationKind.VENDOR

    @property
    def is_partner(self) -> bool:
        """Whether they act for a partner."""
        return self.organisation.kind is OrganisationKind.PARTNER

    def may(self, roles: Collection[Role]) -> bool:
        """Whether their role is one of `roles`."""
        return self.role in roles

    @property
    def may_edit(self) -> bool:
        """Whether they may change things: templates leave actions out for the others."""
        return self.role in EDITORS

    @property
    def may_administer(self) -> bool:
        """Whether they may change people and settings."""
        return self.role in ADMINS

    @property
    def may_decide_money(self) -> bool:
        """Whether they may decide on funds."""
        return self.role in MONEY


@dataclass(frozen=True)
class Seat:
    """One place a person may work at, for the organisation switcher."""

    organisation: Organisation
    role: Role
    current: bool
