"""Every route against everyone who might try it: nobody, too small a role, a rival partner, a rival vendor, the owner."""

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app.accounts.access import unclassified
from app.accounts.models import OrganisationKind, Role
from tests.access.examples import SEEN_BY, example_for
from tests.access.routes import Route, address, nonsense, routes
from tests.rig.cast import Cast

Browser = Callable[..., FlaskClient]
KINDS = OrganisationKind.VENDOR, OrganisationKind.PARTNER
DOORS = {
    "accounts.sign_in",
    "accounts.sign_out",
    "accounts.forgotten",
    "accounts.reset",
    "accounts.invitation",
}
MACHINES = {"web.healthz", "web.readyz"}


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    chosen = {
        "route": lambda r: not r.access or not r.access.public,
        "aimed": lambda r: r.arguments and r.access and not r.access.public,
    }
    for name, wanted in chosen.items():
        if name in metafunc.fixturenames:
            metafunc.parametrize(name, [route for route in routes() if wanted(route)], ids=str)


def ask(client: FlaskClient, app: Flask, route: Route, values: dict[str, Any]) -> TestResponse:
    return client.open(address(app, route, values), method=route.method)


def people(cast: Cast) -> dict[OrganisationKind, dict[Role, Any]]:
    return {
        OrganisationKind.VENDOR: {
            Role.ADMIN: cast.vera,
            Role.MARKETER: cast.ingrid,
            Role.APPROVER: cast.tomas,
            Role.VIEWER: cast.walter,
        },
        OrganisationKind.PARTNER: {Role.ADMIN: cast.maya, Role.MARKETER: cast.jonas, Role.VIEWER: cast.noor},
    }


def test_every_route_says_who_may_come_in(app: Flask) -> None:
    found = unclassified(app)
    assert not found, (
        f"Decorate with @public or @member(vendor=…, partner=…) from app.accounts.access: {', '.join(found)}"
    )


def test_only_the_doors_are_open_on_the_signed_in_origin() -> None:
    opened = {r.endpoint for r in routes() if r.access and r.access.public and not r.on_public_origin}
    assert opened <= DOORS | MACHINES | {name for name in opened if name.startswith("sandbox.")}


def test_nobody_is_asked_to_sign_in_on_the_public_origin() -> None:
    assert not [str(r) for r in routes() if r.on_public_origin and not (r.access and r.access.public)]


def test_a_get_route_for_people_changes_nothing_by_name() -> None:
    """What changes something is asked for by POST, so that no link and no scanner sets it off."""
    verbs = {
        "delete",
        "remove",
        "revoke",
        "launch",
        "approve",
        "cancel",
        "resend",
        "pay",
        "publish",
        "recall",
    }
    assert not [
        str(r)
        for r in routes()
        if r.method == "GET" and r.endpoint.rpartition(".")[2] in verbs and _posts(r.endpoint) is False
    ]


def _posts(endpoint: str) -> bool:
    return any(r.endpoint == endpoint and r.method == "POST" for r in routes())


def test_nobody_gets_in_without_signing_in(client: FlaskClient, app: Flask, route: Route) -> None:
    answer = ask(client, app, route, nonsense(route))
    assert answer.status_code in (303, 401), f"{route} answers {answer.status_code} to an anonymous request"
    if answer.status_code == 303:
        assert answer.location.startswith("/sign-in"), (
            f"{route} sends an anonymous request to {answer.location}"
        )


def test_too_small_a_role_is_refused_and_the_other_kind_finds_nothing(
    app: Flask, as_person: Browser, cast: Cast, route: Route
) -> None:
    assert route.access
    for kind, roles in people(cast).items():
        allowed = route.access.roles(kind)
        for role, person in roles.items():
            if allowed is not None and role in allowed:
                continue
            wanted = 404 if allowed is None else 403
            answer = ask(as_person(person), app, route, nonsense(route))
            assert answer.status_code == wanted, (
                f"{route} answers {answer.status_code} to a {kind}’s {role}, not {wanted}"
            )


def test_a_rival_finds_nothing_and_the_owner_does(
    app: Flask, as_person: Browser, cast: Cast, aimed: Route
) -> None:
    example = example_for(aimed.endpoint)
    assert example, (
        f"{aimed.endpoint} takes {', '.join(aimed.arguments)} and has no example: add a function to tests/access/examples.py that "
        "makes such an object of Harbour IT or Northwind Cloud and gives the route’s values, and its line in EXAMPLES."
    )
    values = example(cast)
    assert set(aimed.arguments) <= set(values), (
        f"{aimed.endpoint} takes {aimed.arguments}, the example gives {set(values)}"
    )
    may_see = SEEN_BY.get(aimed.endpoint, (frozenset(), ""))[0]
    for name, person in (("lieve", cast.lieve), ("simon", cast.simon)):
        answer = ask(as_person(person), app, aimed, values)
        if name in may_see:
            assert answer.status_code < 500, f"{aimed} breaks for {name}"
        else:
            assert answer.status_code == 404, (
                f"{aimed} answers {answer.status_code} to a rival ({name}), not 404"
            )
    found = [ask(as_person(person), app, aimed, values).status_code for person in (cast.vera, cast.maya)]
    assert max(found) < 500, f"{aimed} breaks for its owner: {found}"
    assert set(found) != {404}, f"{aimed}: the example is nobody’s, its owner finds nothing either"
