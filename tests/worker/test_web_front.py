"""The front of the web server answers as Flask does, byte for byte, and leaves to Flask whatever is unusual."""

import re
from dataclasses import dataclass, field
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select, update

from app import clock, tokens
from app.db import db
from app.delivery import expand
from app.delivery.models import Delivery, DeliveryState, Link
from app.landing import served, shown
from app.landing.models import PageStatus, PublishedPage
from app.landing.publish import compiled
from app.landing.served import draw
from app.landing.shown import FormTokens, form_token
from app.landing.submit import FORM_LIVES
from app.render.page_form import hidden_inputs
from app.tracking.answers import tracker
from app.tracking.jobs import drain_spool
from app.tracking.models import TrackedEvent
from tests.delivery import made
from tests.landing.test_pages import story
from tests.rig.cast import Cast
from tests.rig.story import Story
from worker.web_front import Front
from worker.web_rsgi import environ_of, run

__all__ = ["story"]

AGENT = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"


@dataclass
class Scope:
    """A request as granian hands it over."""

    path: str
    query_string: str = ""
    method: str = "GET"
    headers: dict[str, str] = field(
        default_factory=lambda: {"host": "127.0.0.1:8000", "user-agent": AGENT, "accept": "*/*"}
    )
    server: str = "127.0.0.1:8000"
    client: str = "127.0.0.9:50000"
    scheme: str = "http"
    http_version: str = "1.1"
    authority: str | None = None


Plain = tuple[int, list[tuple[str, str]], bytes]


def by_flask(app: Flask, scope: Scope) -> Plain:
    reply = run(app, environ_of(scope))
    assert reply.rest is None
    return (
        reply.status,
        sorted((name.lower(), value) for name, value in reply.headers),
        _without_token(reply.body),
    )


def by_front(front: Front, scope: Scope) -> Plain | None:
    answer = front(scope)
    return answer and (answer[0], sorted(answer[1]), _without_token(answer[2]))


def _without_token(body: bytes) -> bytes:
    """The form's token is another for each showing, and always of the same make."""
    return re.sub(rb'(name="form_token" value=")[\w.-]+"', rb'\1"', body)


@pytest.fixture
def mail(app: Flask, cast: Cast) -> Delivery:
    send = made.send(cast, ["anna", "bram"], tracked=["anna"])
    odd = "https://northwind.example/a?x=1&y=“ö”#part"
    owners = {"partner_id": send.partner_id, "vendor_id": send.vendor_id}
    landing = "http://127.0.0.1:8000/p/page?lang=nl#form"
    db.session.add(Link(send_id=send.id, number=7, kind="url", url=odd, **owners))
    db.session.add(Link(send_id=send.id, number=8, kind="landing", url=landing, **owners))
    db.session.commit()
    expand.expand(db.engine, send.id)
    moment = clock.now() - timedelta(hours=1)
    db.session.execute(update(Delivery).values(state=DeliveryState.ACCEPTED, decided_at=moment))
    db.session.commit()
    return made.delivery(send.id, "anna")


def paths(mail: Delivery) -> list[str]:
    untracked = tokens.make("rendering", mail.rendering_id)
    numbers = db.session.scalars(select(Link.number).where(Link.send_id == mail.send_id)).all()
    token = tokens.make("click", mail.id)
    return [
        *(f"/c/{token}/{number}" for number in numbers),
        *(f"/c/{untracked}/{number}" for number in numbers),
        f"/o/{tokens.make('open', mail.id)}.gif",
    ]


def test_links_and_pixels_are_answered_alike(app: Flask, mail: Delivery) -> None:
    front = Front(app)
    for path in paths(mail):
        slow = by_flask(app, Scope(path))
        assert slow[0] in (200, 302)
        assert by_front(front, Scope(path)) == slow
    drain_spool()
    events = db.session.scalars(select(TrackedEvent).order_by(TrackedEvent.id)).all()
    assert len(events) == 2 * len(paths(mail))
    for slow_event, fast_event in zip(events[::2], events[1::2], strict=True):
        for column in ("kind", "number", "send_id", "delivery_id", "contact_id", "method", "agent"):
            assert getattr(slow_event, column) == getattr(fast_event, column)


def test_an_address_with_a_query_and_a_part_takes_the_token_between_them(app: Flask, mail: Delivery) -> None:
    token = tokens.make("click", mail.id)
    headers = dict(by_flask(app, Scope(f"/c/{token}/8"))[1])
    assert headers["location"] == f"http://127.0.0.1:8000/p/page?lang=nl&t={token}#form"
    assert dict(by_flask(app, Scope(f"/c/{token}/7"))[1])["location"].isascii()


def test_the_page_is_answered_alike(app: Flask, story: Story, monkeypatch: pytest.MonkeyPatch) -> None:
    front, moment = Front(app), clock.now()
    monkeypatch.setattr(shown, "now", lambda: moment)  # the digits of the time make a token longer or shorter
    token = tokens.make("click", story.delivery.id)
    for query in ("", f"t={token}", f"t={'A' * 32}"):
        scope = Scope(f"/p/{story.page.pid}", query)
        slow = by_flask(app, scope)
        assert slow[0] == 200
        assert by_front(front, scope) == slow
    drain_spool()
    events = db.session.scalars(select(TrackedEvent).order_by(TrackedEvent.id)).all()
    contact = story.contact.id
    assert [event.contact_id for event in events] == [None, None, contact, contact, None, None]


def test_a_page_drawn_when_it_was_published_is_the_page_that_the_form_draws_again(
    app: Flask, story: Story
) -> None:
    row, made_ = story.page, compiled(story.page)
    drawn = draw(row, made_)
    hidden = {"form_token": "x.y.z", "t": "token", "utm_source": "a&b"}
    again = made_.render(
        f"http://127.0.0.1:8000/p/{row.pid}", hidden=hidden, stylesheets=served.stylesheets(row)
    )
    assert drawn["before"] + hidden_inputs(hidden) + drawn["after"] == again


def test_a_page_keeps_the_words_it_was_published_with(app: Flask, story: Story) -> None:
    row = db.session.get_one(PublishedPage, story.page.id)
    row.served = {"origin": "http://127.0.0.1:8000", "before": "<p>as published", "after": "</p>"}
    db.session.commit()
    assert by_flask(app, Scope(f"/p/{row.pid}"))[2].startswith(b"<p>as published")


def test_a_page_published_for_another_address_is_drawn_for_this_one(app: Flask, story: Story) -> None:
    row = db.session.get_one(PublishedPage, story.page.id)
    row.served = {"origin": "https://old.example", "before": "<p>old", "after": "</p>"}
    db.session.commit()
    assert b'action="http://127.0.0.1:8000/p/' in by_flask(app, Scope(f"/p/{row.pid}"))[2]


def test_a_closed_page_is_closed_within_two_seconds(
    app: Flask, story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    front, scope = Front(app), Scope(f"/p/{story.page.pid}")
    by_flask(app, scope)
    assert front(scope) is not None
    db.session.get_one(PublishedPage, story.page.id).status = PageStatus.CLOSED
    db.session.commit()
    really = served.time.monotonic
    monkeypatch.setattr(served.time, "monotonic", lambda: really() + served.FRESH + 0.01)
    assert front(scope) is None
    assert by_flask(app, scope)[0] == 410
    monkeypatch.undo()
    assert front(scope) is None


def test_one_visitor_looks_whether_the_page_is_still_open_and_the_others_are_served(
    app: Flask, story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    front, scope = Front(app), Scope(f"/p/{story.page.pid}")
    by_flask(app, scope)
    really = served.time.monotonic
    monkeypatch.setattr(served.time, "monotonic", lambda: really() + served.FRESH + 0.01)
    assert [front(scope) is None for _ in range(3)] == [True, False, False]


@pytest.mark.parametrize(
    "changes",
    [
        {"method": "HEAD"},
        {"method": "POST"},
        {"headers": {"user-agent": AGENT, "host": "localhost:8000"}},
        {"headers": {"user-agent": AGENT, "host": "evil.example"}},
        {"headers": {"user-agent": AGENT}},
    ],
)
def test_whatever_is_unusual_is_left_to_flask(app: Flask, mail: Delivery, changes: dict[str, object]) -> None:
    front, path = Front(app), paths(mail)[0]
    by_flask(app, Scope(path))
    assert front(Scope(path)) is not None
    assert front(Scope(path, **changes)) is None  # type: ignore[arg-type]


def test_forged_tokens_other_purposes_and_odd_addresses_are_left_to_flask(app: Flask, mail: Delivery) -> None:
    front = Front(app)
    for path in paths(mail):
        by_flask(app, Scope(path))
    click, unsubscribe = tokens.make("click", mail.id), tokens.make("unsubscribe", mail.id)
    odd = [
        f"/c/{'A' * 32}/1",
        f"/c/{unsubscribe}/1",
        f"/c/{click}/99",
        f"/c/{click}/1/",
        f"/c/{click}/-1",
        f"/c/{click}",
        f"/o/{click}.gif",
        f"/o/{tokens.make('open', mail.id)}.png",
        f"/o/{tokens.make('open', mail.id + 10**9)}.gif",
        "/p/unknown",
        "/p/",
        "/c/",
        "/",
    ]
    for path in odd:
        assert front(Scope(path)) is None, path
        assert by_flask(app, Scope(path))[0] in (404, 302), path  # "/" sends people to where they sign in
    assert drain_spool() == len(paths(mail))


def test_nothing_is_answered_that_could_not_be_noted(
    app: Flask, mail: Delivery, monkeypatch: pytest.MonkeyPatch
) -> None:
    front, path = Front(app), paths(mail)[0]
    by_flask(app, Scope(path))

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(tracker().spool, "append", full)
    with pytest.raises(OSError, match="space"):
        front(Scope(path))


def test_memory_has_a_limit_and_the_oldest_goes_first(
    app: Flask, mail: Delivery, monkeypatch: pytest.MonkeyPatch
) -> None:
    from app.tracking import known as memory

    monkeypatch.setattr(memory, "_TARGETS", 2)
    known = memory.Known()
    for number in (1, 7, 8):
        assert known.load_target(mail.send_id, number)
    assert [bool(known.target(mail.send_id, number)) for number in (1, 7, 8)] == [False, True, True]


def test_a_fast_form_token_is_one_of_ours(app: Flask, story: Story) -> None:
    made_ = FormTokens(app.extensions["settings"].secret_key).make(story.page.id)
    facts = tokens.read_timed("form", made_, FORM_LIVES)
    assert facts["p"] == story.page.id
    assert abs(facts["at"] - clock.now().timestamp()) < 5
    assert set(facts) == set(tokens.read_timed("form", form_token(story.page), FORM_LIVES))
