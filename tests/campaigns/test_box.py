"""The whole co-branded box as a zip, and the pages from which its pieces are taken one by one."""

import io
import re
import zipfile
from collections.abc import Callable
from datetime import timedelta
from email import message_from_bytes, policy

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from app.assets.brand import BrandInput, Upload, save
from app.campaigns import box_files, make, words
from app.campaigns.models import Campaign, CampaignStatus
from app.campaigns.prepare import source
from app.campaigns.records import BoxState, CampaignBox
from app.clock import now
from app.db import db
from app.flows import box, box_job
from app.kits.models import KitVersion
from app.landing import networks, publish
from app.landing.models import Submission
from tests.campaigns.made import FILLED, draft, maya
from tests.campaigns.marks import logo
from tests.kits_web.box import files, published
from tests.rig.cast import Cast

As = Callable[..., FlaskClient]
EVERYTHING = [
    "READ-ME.txt", "documents/thirty-points.pdf", "emails/1-invitation.eml", "emails/1-invitation.html",
    "emails/1-invitation.txt", "pages/brand.css", "pages/check-thanks.html", "pages/check.html", "pages/landing.css",
    "playbook.html", "playbook.pdf",
    *(f"posts/{post}/{name}" for post in ("open_door", "thirty_points") for name in (
        "description.txt", "facebook.png", "facebook.txt", "instagram.png", "instagram.txt", "linkedin.png", "linkedin.txt",
        "x.png", "x.txt",
    )),
]  # fmt: skip


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pictures and PDFs cost most of the time, and are looked at where they are made: here they are a few bytes."""
    monkeypatch.setattr("app.campaigns.posts_picture.compose", lambda *_: b"picture")
    monkeypatch.setattr("app.campaigns.dress.document", lambda *_: b"document")
    monkeypatch.setattr("app.campaigns.playbook.to_pdf", lambda *_: b"playbook")


@pytest.fixture
def version(cast: Cast) -> KitVersion:
    return published(cast)


BRAND = BrandInput(
    "#15324b", "#b9431a", postal_address="Wilhelminakade 88, 3072 AR Rotterdam", sender_name="Harbour IT",
    reply_to="hallo@harbour-it.example",
)  # fmt: skip


@pytest.fixture
def campaign(cast: Cast, version: KitVersion) -> Campaign:
    save(maya(cast), BRAND)
    return draft(cast, version, **FILLED)


def launch(campaign: Campaign) -> None:
    publish.publish(campaign, source(campaign))
    campaign.status, campaign.launched_at = CampaignStatus.SENDING, now()
    db.session.commit()


def made(cast: Cast, campaign: Campaign) -> CampaignBox:
    """The box after the worker has been."""
    box.ask(maya(cast), box.of(campaign))
    db.session.commit()
    row = db.session.scalars(select(CampaignBox).where(CampaignBox.campaign_id == campaign.id)).one()
    box_job.make_box(row.id)
    db.session.expire_all()
    return row


def posts_picture_of(campaign: Campaign) -> bytes:
    found = next(f for f in box_files.files(box.of(campaign)) if f.path == "posts/open_door/x.png")
    return found.make()


def zipped(campaign: Campaign) -> bytes:
    found, out = box.of(campaign), io.BytesIO()
    box_job.write(found, box_files.files(found), out)
    return out.getvalue()


def opened(client: FlaskClient, campaign: Campaign) -> zipfile.ZipFile:
    answer = client.get(f"/campaigns/{campaign.pid}/box.zip")
    assert answer.status_code == 200, answer.text
    return zipfile.ZipFile(io.BytesIO(answer.data))


def test_everything_is_in_it_in_the_partners_words(cast: Cast, campaign: Campaign, as_person: As) -> None:
    before = posts_picture_of(campaign)
    save(maya(cast), BRAND, Upload("logo.png", logo()))
    launch(campaign)
    row = made(cast, campaign)
    assert (row.state, row.done, row.total) == (BoxState.DONE, len(EVERYTHING), len(EVERYTHING))
    client = as_person(cast.maya)
    assert client.get(f"/campaigns/{campaign.pid}/box.zip").data == zipped(campaign), (
        "the same pieces, the same bytes"
    )
    with opened(client, campaign) as archive:
        assert sorted(archive.namelist()) == EVERYTHING
        assert archive.testzip() is None
        assert archive.read("posts/open_door/x.png") != before, "the picture wears the logo"
        texts = {
            name: archive.read(name).decode() for name in EVERYTHING if not name.endswith((".png", ".pdf"))
        }
    page = publish.pages_of(campaign)[0]
    assert "DRAFT" not in texts["READ-ME.txt"]
    assert f"/p/{page.pid}" in texts["READ-ME.txt"]
    assert f"/p/{page.pid}?utm_source=x&utm_medium=social" in texts["posts/open_door/x.txt"]
    assert "Jonas Bakker" in texts["emails/1-invitation.html"]
    assert f"/p/{page.pid}" in texts["emails/1-invitation.html"]
    mail = message_from_bytes(texts["emails/1-invitation.eml"].encode(), policy=policy.default)
    assert mail["From"] is not None
    assert "Harbour IT" in mail["From"]
    assert "Jonas Bakker" in mail.get_body(("plain",)).get_content()  # type: ignore[union-attr]
    assert "Jonas" in texts["playbook.html"]
    assert "{{" not in "".join(texts[name] for name in texts if not name.endswith(".css"))
    for path in EVERYTHING[1:]:
        assert path in texts["READ-ME.txt"]


def test_another_word_gives_other_bytes_and_no_contact_is_in_them(
    quick: None, cast: Cast, campaign: Campaign
) -> None:
    first = zipped(campaign)
    words.save(maya(cast), campaign, {"phone": "010 555 99 99"})
    assert first != zipped(campaign)
    with zipfile.ZipFile(io.BytesIO(first)) as archive:
        whole = "".join(archive.read(name).decode("latin-1") for name in archive.namelist())
    sender = box_files.message_headers(source(campaign)).from_address
    found = set(re.findall(r"[\w.+-]+@[\w-]+\.[\w.]+\w", whole))
    assert found == {"reader@example.com", "hallo@harbour-it.example", sender} & found
    assert "reader@example.com" in found


def test_a_draft_says_so_and_a_missing_word_is_named_with_the_way_to_it(
    quick: None, cast: Cast, campaign: Campaign, as_person: As
) -> None:
    client = as_person(cast.maya)
    row = made(cast, campaign)
    answer = client.get(f"/campaigns/{campaign.pid}/box.zip")
    assert "-DRAFT.zip" in answer.headers["Content-Disposition"]
    with zipfile.ZipFile(io.BytesIO(answer.data)) as archive:
        assert b"DRAFT" in archive.read("READ-ME.txt")
        assert "[the address of your page]" in archive.read("posts/open_door/x.txt").decode()
    words.save(maya(cast), campaign, {"phone": ""})
    db.session.commit()
    page = client.get(f"/campaigns/{campaign.pid}/pieces").text
    assert "1\u00a0field is still empty" in page
    assert f"/campaigns/{campaign.pid}/words#slot-phone" in page
    assert client.post(f"/campaigns/{campaign.pid}/box", headers={"HX-Request": "true"}).status_code == 200
    assert db.session.scalars(select(CampaignBox)).one().id == row.id
    assert "Their phone number" in client.get(f"/campaigns/{campaign.pid}/pieces").text
    refused = client.get(f"/campaigns/{campaign.pid}/box.zip")
    assert refused.status_code == 303, "a zip of words that have changed since is not handed out"


def test_a_box_is_made_once_for_the_same_pieces_and_the_old_file_goes(
    quick: None, cast: Cast, campaign: Campaign
) -> None:
    row = made(cast, campaign)
    first, attempt = row.key, row.attempts
    again = made(cast, campaign)
    assert (again.key, again.attempts) == (first, attempt)
    words.save(maya(cast), campaign, {"phone": "010 555 99 99"})
    fresh = made(cast, campaign)
    assert fresh.state is BoxState.DONE
    assert fresh.key != first
    assert not box_job.store().exists(str(first))
    assert box_job.store().exists(str(fresh.key))


def test_a_word_that_changes_while_it_is_made_ends_it_and_a_dead_worker_is_noticed(
    quick: None, cast: Cast, campaign: Campaign
) -> None:
    box.ask(maya(cast), box.of(campaign))
    words.save(maya(cast), campaign, {"phone": "010 555 99 99"})
    db.session.commit()
    row = db.session.scalars(select(CampaignBox)).one()
    box_job.make_box(row.id)
    db.session.expire_all()
    assert row.state is BoxState.FAILED
    assert "Make it again" in row.failure
    box.ask(maya(cast), box.of(campaign))
    db.session.commit()
    assert box.claim(row.id) is not None
    db.session.commit()
    assert box.claim(row.id) is None, "one worker has it"
    assert box.to_ring() == []
    row.started_at = now() - timedelta(minutes=4)
    db.session.commit()
    assert box.to_ring() == [row.id]
    row.asked_at = row.started_at = now() - timedelta(minutes=20)
    row.state = BoxState.RUNNING
    db.session.commit()
    assert box.to_ring() == []
    db.session.expire_all()
    assert row.state is BoxState.FAILED


def test_an_old_box_goes_and_so_does_that_of_a_deleted_draft(
    quick: None, app: Flask, cast: Cast, campaign: Campaign
) -> None:
    row = made(cast, campaign)
    key = str(row.key)
    db.session.commit()
    assert box_job.purge_boxes(app) == 0
    row.finished_at = now() - timedelta(days=31)
    db.session.commit()
    assert box_job.purge_boxes(app) == 1
    assert not box_job.store().exists(key)
    db.session.expire_all()
    key = str(made(cast, campaign).key)
    assert box_job.store().exists(key)
    make.delete(maya(cast), campaign)
    db.session.commit()
    assert not box_job.store().exists(key)
    assert db.session.scalars(select(CampaignBox)).all() == []


def test_it_is_the_partners_own(quick: None, cast: Cast, campaign: Campaign, as_person: As) -> None:
    made(cast, campaign)
    address = f"/campaigns/{campaign.pid}/box.zip"
    assert as_person(cast.noor).get(address).status_code == 200, "a colleague who may only look may download"
    assert as_person(cast.lieve).get(address).status_code == 404
    assert as_person(cast.ingrid).get(address).status_code == 404
    assert as_person(cast.noor).post(f"/campaigns/{campaign.pid}/box").status_code == 403


def test_the_pages_of_the_pieces(cast: Cast, campaign: Campaign, as_person: As) -> None:
    client = as_person(cast.maya)
    base = f"/campaigns/{campaign.pid}/pieces"
    listed = client.get(base).text
    for words_ in (
        "Email 1: the invitation",
        "The door nobody watches",
        "The 30-point checklist",
        "Playbook",
        "Make the zip",
    ):
        assert words_ in listed
    post = client.get(f"{base}/posts/open_door").text
    for network in ("LinkedIn", "X", "Facebook", "Instagram"):
        assert f"Copy the words for {network}" in post
    assert "of 280 characters" in post
    assert "<textarea" in post
    png = client.get(f"{base}/posts/open_door/x.png")
    assert (png.content_type, png.data[:8]) == ("image/png", b"\x89PNG\r\n\x1a\n")
    assert (
        client.get(
            f"{base}/posts/open_door/x.png", headers={"If-None-Match": png.headers["ETag"]}
        ).status_code
        == 304
    )
    saved = client.get(f"{base}/posts/open_door/x.png?download=1")
    assert saved.headers["Content-Disposition"] == "attachment; filename=open_door-x.png"
    assert "Northwind Cloud pays half" in client.get(f"{base}/posts/open_door/x.txt").text
    assert client.get(f"{base}/posts/open_door/mastodon.png").status_code == 404
    assert client.get(f"{base}/posts/none").status_code == 404
    pdf = client.get(f"{base}/documents/thirty_points.pdf")
    assert (pdf.content_type, pdf.data[:5]) == ("application/pdf", b"%PDF-")
    book = client.get(f"{base}/playbook").text
    assert '<a href="#part-1">' in book
    assert "Jonas should call" in book
    assert client.get(f"{base}/playbook.pdf").data[:5] == b"%PDF-"


def test_forms_after_a_post_are_counted_by_network_and_robots_are_not(
    cast: Cast, campaign: Campaign, as_person: As
) -> None:
    launch(campaign)
    page = publish.pages_of(campaign)[0]

    def form(number: int, held: str | None = None, **source_: str) -> None:
        db.session.add(Submission(partner_id=campaign.partner_id, campaign_id=campaign.id, page_id=page.id, form_token=f"t{number}", email=f"p{number}@example.com", fields={}, source=source_, held_reason=held))  # fmt: skip

    social = {"utm_medium": "social", "utm_content": "open_door"}
    form(1, utm_source="linkedin", **social)
    form(2, utm_source="linkedin", **social)
    form(3, "too fast", utm_source="linkedin", **social)
    form(4, utm_source="linkedin", utm_medium="cpc", utm_content="open_door")
    form(5)
    db.session.commit()
    assert networks.forms_by_post(campaign) == {("open_door", "linkedin"): 2}
    post = as_person(cast.maya).get(f"/campaigns/{campaign.pid}/pieces/posts/open_door").text
    assert "<b>2\u00a0people</b> left their details after this post" in post


def test_a_kit_without_posts_says_so(cast: Cast, as_person: As) -> None:
    kit = files()
    toml = kit["kit.toml"].decode()
    bare = re.sub(r"\n\[\[posts\]\].*?(?=\n\[\[tests\]\])", "\n", toml, flags=re.DOTALL)
    gone = {
        name: None for name in kit if name.startswith(("social/", "documents/", "playbook", "assets/post"))
    }
    campaign = draft(cast, published(cast, changed={"kit.toml": bare.encode(), **gone}))
    page = as_person(cast.maya).get(f"/campaigns/{campaign.pid}/pieces").text
    assert "put no posts, documents or playbook into this kit" in page


def test_file_names_never_leave_the_folder() -> None:
    for name in ("../../etc/passwd", "a/b\\c:d", "..", "", "con\n", "Łódź & Söhne"):
        made_safe = box_files.safe(name)
        assert re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9._-]*", made_safe), name
        assert ".." not in made_safe.split("-")
