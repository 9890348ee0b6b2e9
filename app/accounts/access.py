"""Who may see a page: every view carries `@public` or `@member(…)`, and a view without either is refused by a test.

Anonymous people go to the sign-in, the wrong kind of organisation finds nothing, too small a role is told who may.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from functools import wraps
from typing import Any, TypeVar, cast
from urllib.parse import urlsplit

from flask import Flask, Response, redirect, request, url_for
from sqlalchemy import select
from werkzeug.wrappers import Response as BaseResponse

from app.accounts.actor import ADMINS, ANYONE, EDITORS, MONEY, Actor, Seat
from app.accounts.models import Membership, OrganisationKind, Person, Role
from app.accounts.session import signed_in
from app.db import db
from app.errors import Forbidden, NotFound

__all__ = [
    "ADMINS",
    "ANYONE",
    "EDITORS",
    "MONEY",
    "Access",
    "Actor",
    "Role",
    "Seat",
    "access_of",
    "actor",
    "member",
    "public",
    "safe_next",
    "unclassified",
]

V = TypeVar("V", bound=Callable[..., Any])


@dataclass(frozen=True)
class Access:
    """What a view asks of who comes. None for a kind of organisation: for them the page isn't there."""

    public: bool
    vendor: frozenset[Role] | None = None
    partner: frozenset[Role] | None = None

    def roles(self, kind: OrganisationKind) -> frozenset[Role] | None:
        """The roles that may come in, for this kind of organisation."""
        return self.vendor if kind is OrganisationKind.VENDOR else self.partner


def public(view: V) -> V:
    """Mark a view that needs no sign-in: prospects' pages, and the doors (sign-in, invitation, reset)."""
    view.access = Access(public=True)  # type: ignore[attr-defined]
    return view


def member(
    vendor: Collection[Role] | None = None, partner: Collection[Role] | None = None
) -> Callable[[V], V]:
    """Mark a view for signed-in people whose role at this kind of organisation is in the set.

    Not signed in: to the sign-in (401 for htmx, with the way there). Kind left out: NotFound. Role too small: Forbidden.
    """
    access = Access(False, _frozen(vendor), _frozen(partner))
    if access.vendor is None and access.partner is None:
        raise ValueError("a view for nobody: give roles for vendor, partner or both")

    def decorate(view: V) -> V:
        @wraps(view)
        def guarded(*args: Any, **kwargs: Any) -> Any:
            who = signed_in()
            if who is None:
                return _to_sign_in()
            roles = access.roles(who.organisation.kind)
            if roles is None:
                raise NotFound()
            if who.role not in roles:
                raise Forbidden(only_these(who, roles))
            return view(*args, **kwargs)

        guarded.access = access  # type: ignore[attr-defined]
        return cast(V, guarded)

    return decorate


def actor() -> Actor:
    """The actor of this request. Only for views under `@member`: elsewhere there may be none (RuntimeError)."""
    who = signed_in()
    if who is None:
        raise RuntimeError("actor() was asked for in a view that lets anonymous people in")
    return who


def access_of(view: Callable[..., Any]) -> Access | None:
    """How a view is classified; None when nobody has."""
    return getattr(view, "access", None)


def unclassified(app: Flask) -> list[str]:
    """Endpoints that nobody has classified, static files left out; sorted."""
    return sorted(
        name
        for name, view in app.view_functions.items()
        if access_of(view) is None and name.rpartition(".")[2] != "static"
    )


def safe_next(raw: str | None) -> str | None:
    """A path on this server to go on to after sign-in, or None: other hosts, schemes and odd characters are dropped."""
    if (
        not raw
        or not raw.startswith("/")
        or raw.startswith("//")
        or "\\" in raw
        or any(ord(c) <= 32 or ord(c) == 127 for c in raw)
    ):
        return None
    try:
        parts = urlsplit(raw)
    except ValueError:
        return None
    return raw if not parts.scheme and not parts.netloc else None


def only_these(who: Actor, roles: Collection[Role]) -> str:
    """The sentence that tells somebody with too small a role whom to ask, by name."""
    names = list(
        db.session.scalars(
            select(Person.name)
            .join(
                Membership, Membership.person_id == Person.id
            )  # unscoped: restricted to the actor's organisation below
            .where(Membership.organisation_id == who.organisation.id, Membership.role.in_(roles))
            .order_by(Membership.role, Person.name)
        )
    )
    if not names:
        return "Only an administrator may do this."
    shown = names if len(names) <= 3 else [*names[:2], f"{len(names) - 2} others"]
    listed = shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])} and {shown[-1]}"
    return f"Only {listed} may do this."


def _frozen(roles: Collection[Role] | None) -> frozenset[Role] | None:
    return None if roles is None else frozenset(roles)


def _to_sign_in() -> BaseResponse:
    if request.headers.get("HX-Request"):
        page = urlsplit(request.headers.get("HX-Current-URL", ""))
        return Response(
            status=401, headers={"HX-Redirect": url_for("accounts.sign_in", next=safe_next(page.path))}
        )
    wanted = request.full_path.removesuffix("?") if request.method == "GET" and request.path != "/" else None
    return redirect(url_for("accounts.sign_in", next=safe_next(wanted)), 303)
