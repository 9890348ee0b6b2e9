"""The sandbox mailbox: what would have been sent is found, shown in full, and runs nothing."""

from collections.abc import Callable
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path
from typing import Any

import pytest
from bs4 import BeautifulSoup
from flask import Flask
from flask.testing import FlaskClient

from app import create_app
from app.delivery import sandbox
from app.delivery.sandbox_checks import checks
from app.errors import NotFound
from app.settings import Settings

PUBLIC = "http://127.0.0.1:8000"
WAY_OUT = f"{PUBLIC}/u/abc"
HTML = f"""<html><head><title>x</title></head><body><h1>Is home the weakest door?</h1><script>alert(1)</script>
<a href="{PUBLIC}/c/tok/1">Book <b>my</b> check</a> <a href="{WAY_OUT}">Unsubscribe</a></body></html>"""


@pytest.fixture
def box(app: Flask, settings: Settings) -> Path:
    home = settings.data_dir / "sandbox"
    for part in ("tmp", "new", "cur"):
        (home / part).mkdir(parents=True, exist_ok=True)
    for path in [*(home / "new").iterdir(), *(home / "cur").iterdir()]:
        path.unlink()
    return home


@pytest.fixture
def put(box: Path) -> Callable[..., str]:
    """Lay a message into the mailbox; returns its id."""
    count = 0

    def lay(
        to: str,
        subject: str = "Is home the weakest door?",
        campaign: bool = True,
        html: str | None = HTML,
        text: str | None = None,
    ) -> str:
        nonlocal count
        count += 1
        mail = EmailMessage(policy=SMTP)
        mail["From"], mail["To"], mail["Subject"] = "Harbour IT <hallo@harbour.example>", to, subject
        if campaign:
            mail["List-Unsubscribe"], mail["List-Unsubscribe-Post"] = (
                f"<{WAY_OUT}>",
                "List-Unsubscribe=One-Click",
            )
        mail.set_content(text if text is not None else f"Hello\nUnsubscribe: {WAY_OUT}\n")
        if html:
            mail.add_alternative(html, subtype="html")
        name = f"{1_779_170_400_000_000_000 + count * 1_000_000_000}.77_{count}.throughline"
        envelope = f"X-Envelope-From: bounce@harbour.example\r\nX-Envelope-To: {to}\r\n".encode()
        (box / "new" / name).write_bytes(envelope + mail.as_bytes())
        return name

    return lay


def test_messages_are_listed_newest_first_and_found_by_recipient(box: Path, put: Callable[..., str]) -> None:
    put("sanne@willems.example")
    put("pieter@hoekstra.example")
    newest = put("Sanne@Willems.example", subject="Reminder")
    page = sandbox.list_messages(box)
    assert [item.to for item in page.items] == [
        "Sanne@Willems.example",
        "pieter@hoekstra.example",
        "sanne@willems.example",
    ]
    found = sandbox.list_messages(box, to="WILLEMS")
    assert [item.subject for item in found.items] == ["Reminder", "Is home the weakest door?"]
    assert found.items[0].id == newest


def test_campaigns_are_told_from_our_own_mails(box: Path, put: Callable[..., str]) -> None:
    put("a@x.example")
    put("b@x.example", campaign=False)
    assert [item.to for item in sandbox.list_messages(box, kind="ours").items] == ["b@x.example"]
    assert [item.to for item in sandbox.list_messages(box, kind="campaigns").items] == ["a@x.example"]
    whole = sandbox.overview(box)
    assert (whole.total, whole.campaigns, whole.ours) == (2, 1, 1)


def test_a_long_mailbox_is_paged_without_losing_or_repeating_a_message(
    box: Path, put: Callable[..., str]
) -> None:
    laid = {put(f"p{n}@x.example") for n in range(sandbox.PAGE_SIZE * 2 + 3)}
    seen = [item.id for number in (1, 2, 3) for item in sandbox.list_messages(box, number).items]
    assert len(seen) == len(laid)
    assert set(seen) == laid
    assert sandbox.list_messages(box, 99).number == 3


def test_what_is_no_message_of_ours_is_not_found(box: Path, put: Callable[..., str]) -> None:
    put("a@x.example")
    (box / "secret").write_text("not for the web")
    for name in (
        "../secret",
        "..%2fsecret",
        "secret",
        "1.2.throughline",
        "",
        "1.77_1.throughline/../../secret",
    ):
        with pytest.raises(NotFound):
            sandbox.get(box, name)


def test_the_raw_message_is_what_the_transport_sent(client: FlaskClient, put: Callable[..., str]) -> None:
    response = client.get(f"/sandbox/{put('a@x.example')}/raw")
    assert response.mimetype == "message/rfc822"
    assert response.data.startswith(b"From: Harbour IT")
    assert b"X-Envelope" not in response.data


def test_json_leads_through_all_pages(client: FlaskClient, put: Callable[..., str]) -> None:
    for n in range(sandbox.FEED_SIZE + 1):
        put(f"p{n}@x.example")
    put("else@y.example")
    answer = client.get("/sandbox?q=x.example", headers={"Accept": "application/json"}).json
    assert answer["total"] == sandbox.FEED_SIZE + 1
    rest = client.get(answer["next_url"], headers={"Accept": "application/json"}).json
    assert [item["to"] for item in rest["messages"]] == ["p0@x.example"]
    assert rest["next_url"] is None
    whole = client.get(rest["messages"][0]["url"], headers={"Accept": "application/json"}).json
    assert whole["envelope"] == {"from": "bounce@harbour.example", "to": ["p0@x.example"]}
    assert {"text": "Book my check", "url": f"{PUBLIC}/c/tok/1"} in whole["links"]


def test_the_mail_is_framed_from_the_public_origin_where_no_script_runs(
    client: FlaskClient, put: Callable[..., str]
) -> None:
    name = put("a@x.example")
    page = BeautifulSoup(client.get(f"/sandbox/{name}").text, "html.parser")
    frame = page.select_one("iframe")
    assert frame["src"] == f"{PUBLIC}/sandbox/{name}/html"
    assert "allow-scripts" not in frame["sandbox"]
    assert client.get(f"/sandbox/{name}/html").status_code == 404
    framed = client.get(frame["src"])
    policy = framed.headers["Content-Security-Policy"]
    assert "script-src" not in policy
    assert "default-src 'none'" in policy
    assert "sandbox allow-popups" in policy
    assert "allow-scripts" not in policy
    assert '<head><base target="_blank">' in framed.text
    assert client.get(f"{PUBLIC}/sandbox").status_code == 404


@pytest.mark.parametrize("part", ["mail", "text", "headers", "source", "links", "nonsense"])
def test_every_tab_shows_its_part_and_escapes_it(
    client: FlaskClient, put: Callable[..., str], part: str
) -> None:
    name = put("a@x.example", subject="<script>alert(2)</script>")
    response = client.get(f"/sandbox/{name}?part={part}")
    assert response.status_code == 200
    page = BeautifulSoup(response.text, "html.parser")
    assert page.h1.text == "<script>alert(2)</script>"
    assert "alert" not in "".join(script.text for script in page.find_all("script"))
    shown = page.select_one(".tl-subnav [aria-current=page]").text
    assert shown.startswith({"nonsense": "Mail"}.get(part, part.capitalize()))


def test_a_mail_without_html_opens_with_its_text(client: FlaskClient, put: Callable[..., str]) -> None:
    page = BeautifulSoup(
        client.get(f"/sandbox/{put('a@x.example', html=None, text='Only words')}").text, "html.parser"
    )
    assert page.select_one("pre").text.strip() == "Only words"
    assert page.select_one("iframe") is None


def _states(box: Path, settings: Settings, name: str) -> dict[str, str]:
    return {check.title: check.state for check in checks(sandbox.get(box, name), settings)}


def test_the_checks_of_a_good_campaign_mail_are_met(
    box: Path, put: Callable[..., str], settings: Settings
) -> None:
    found = _states(box, settings, put("a@x.example"))
    assert found.pop("Links point to 127.0.0.1") == "warn"
    assert set(found.values()) == {"met"}
    assert "One-click unsubscribe" in found


def test_the_checks_name_what_is_missing(box: Path, put: Callable[..., str], settings: Settings) -> None:
    hidden = _states(box, settings, put("a@x.example", text="no way out here"))
    assert hidden["No visible way out"] == "broken"
    heavy = _states(box, settings, put("a@x.example", html=HTML + "<p>word</p>\n" * 10_000))
    assert [state for title, state in heavy.items() if title.endswith("bytes") and title[0].isdigit()] == [
        "broken"
    ]


def test_an_empty_mailbox_says_so_and_emptying_empties(
    client: FlaskClient, box: Path, put: Callable[..., str]
) -> None:
    put("a@x.example")
    answer = client.post("/sandbox/empty")
    assert answer.status_code == 303
    assert sandbox.overview(box).total == 0
    assert "No messages yet" in client.get("/sandbox").text


def test_unknown_character_sets_and_bytes_are_shown_somehow(
    box: Path, client: FlaskClient, put: Callable[..., str]
) -> None:
    name = put("a@x.example")
    raw = b"X-Envelope-To: a@x.example\r\nFrom: a@b.example\r\nSubject: =?x-none?q?=E9?=\r\nContent-Type: text/html; charset=x-none\r\n\r\n<p>caf\xe9</p>"
    (box / "new" / name).write_bytes(raw)
    assert client.get(f"/sandbox/{name}").status_code == 200
    assert "<p>caf" in client.get(f"{PUBLIC}/sandbox/{name}/html").text


def test_with_a_real_transport_there_is_no_sandbox(settings: Settings) -> None:
    values: dict[str, Any] = {
        **vars(settings),
        "mail_transport": "smtp://127.0.0.1:2525",
        "mail_allow": ("@x.example",),
    }
    app = create_app(Settings(**values))
    assert not [rule for rule in app.url_map.iter_rules() if rule.rule.startswith("/sandbox")]
