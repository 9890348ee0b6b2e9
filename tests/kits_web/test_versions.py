"""Versions of a kit: told apart line by line, checked again before they open, never changed afterwards, refused whole or kept whole."""

import io
import re
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from app.accounts.actor import Actor
from app.accounts.models import Role
from app.assets.store import store
from app.campaigns.models import Campaign
from app.db import db
from app.errors import AppError, Conflict, Invalid, Refused
from app.flows import kit_news
from app.kits import package, publish
from app.kits.diff import compare
from app.kits.findings import finding
from app.kits.format import read_files
from app.kits.models import Kit, KitVersion, VersionStatus
from app.kits.package import KitRefused
from app.kits.queries import kit_source
from app.mail.models import OutgoingMail
from app.settings import Settings
from tests.assets.pictures import picture
from tests.kits_web.box import ingrid, published, zipped
from tests.rig.cast import Cast

Browser = Callable[..., FlaskClient]
BROKEN = b"<mjml>\n<mj-body>\n<mj-section><mj-column><mj-text>Hello {{ slot.nothing }}</mj-text></mj-column></mj-section>\n</mj-body>\n</mjml>"


def stored(settings: Settings) -> list[Path]:
    """Every file in the store."""
    return [path for path in (settings.data_dir / "files").rglob("*") if path.is_file()]


def rows() -> int:
    return len(db.session.scalars(select(KitVersion.id)).all()) + len(
        db.session.scalars(select(Kit.id)).all()
    )


def send(browser: FlaskClient, data: bytes, **headers: str) -> Any:
    files = {"kit": (io.BytesIO(data), "kit.zip")}
    return browser.post("/kits", data=files, content_type="multipart/form-data", headers=headers)


def link_in_zip() -> bytes:
    out = io.BytesIO(zipped())
    with zipfile.ZipFile(out, "a") as box:
        info = zipfile.ZipInfo("assets/link.png")
        info.external_attr = 0o120777 << 16
        box.writestr(info, "/etc/passwd")
    return out.getvalue()


def zip_behind_a_picture() -> bytes:
    return picture(size=(64, 36)) + zipped()


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (zipped({"../kit.toml": b"x"}), "../kit.toml"),
        (zipped({"/etc/passwd": b"x"}), "/etc/passwd"),
        (zipped({"assets/HERO.png": b"x"}), "assets/HERO.png"),
        (zipped({"assets/zeros.txt": bytes(5_000_000)}), "assets/zeros.txt"),
        (link_in_zip(), "assets/link.png"),
        (zipped()[:-200], "no zip that can be read"),
        (zipped({"assets/hero.png": b"<html><script>alert(1)</script></html>"}), "assets/hero.png"),
        (zipped({"assets/hero.png": zip_behind_a_picture()}), "assets/hero.png"),
        (zipped({"assets/hero.png": picture(size=(64, 36)) + b"<script>alert(1)</script>"}), "assets/hero.png"),
        (zipped({"assets/hero.png": b"GIF89a/*<svg onload=x>*/=1;"}), "assets/hero.png"),
        (zipped({"documents/list.pdf": b"%PDF-1.4\n<html><script>alert(1)</script>"}), "documents/list.pdf"),
    ],
    ids=["up", "absolute", "twin", "bomb", "link", "cut", "page", "zip behind", "script behind", "gif", "pdf"],
)  # fmt: skip
def test_a_bad_kit_is_refused_on_the_page_with_file_and_reason_and_nothing_is_stored(
    as_person: Browser, cast: Cast, settings: Settings, data: bytes, said: str
) -> None:
    before = stored(settings)
    answer = send(as_person(cast.ingrid), data)
    page = answer.get_data(as_text=True)
    assert answer.status_code == 422
    assert "nothing was kept" in page
    assert said in page
    assert rows() == 0
    assert stored(settings) == before


def test_everything_that_keeps_a_kit_from_being_read_is_told_at_once(cast: Cast) -> None:
    toml = b'format = 1\nname = "A"\nslug = "A b"\nversion = "1.0"\nsummary = "x"\ntypo = 1\n'
    with pytest.raises(KitRefused) as caught:
        publish.import_version(ingrid(cast), zipped({"kit.toml": toml, "assets/hero.png": b"no picture"}))
    lines = {row["line"]: row for row in caught.value.findings if row["file"] == "kit.toml"}
    assert {3, 6} <= set(lines)
    assert lines[3]["source"] == [
        [2, 'name = "A"', False],
        [3, 'slug = "A b"', True],
        [4, 'version = "1.0"', False],
    ]


def test_findings_stand_on_the_page_in_groups_with_the_kit_s_own_line(as_person: Browser, cast: Cast) -> None:
    browser = as_person(cast.ingrid)
    page = browser.get(send(browser, zipped({"emails/invitation.mjml": BROKEN})).location).get_data(
        as_text=True
    )
    assert "emails/invitation.mjml:3" in page
    assert '<span class="at"><u>3</u>' in page
    assert "&lt;mj-section&gt;&lt;mj-column&gt;&lt;mj-text&gt;Hello {{ slot.nothing }}" in page
    errors, warnings = page.index('id="errors-found"'), page.find('id="warnings-found"')
    assert warnings == -1 or errors < warnings


def test_a_script_that_uploads_is_told_where_to_go(as_person: Browser, cast: Cast) -> None:
    browser = as_person(cast.ingrid)
    answer = send(browser, zipped(), Accept="application/json, text/html;q=0.9")
    assert answer.status_code == 200
    page = browser.get(answer.get_json()["location"]).get_data(as_text=True)
    assert "is here as a draft" in page
    assert "data-upload" in page
    refused = send(browser, b"none", Accept="application/json, text/html;q=0.9")
    assert (refused.status_code, 'id="main"' in refused.get_data(as_text=True)) == (422, True)


def test_a_folder_zipped_as_computers_do_it_is_taken_and_comes_back_byte_for_byte(
    as_person: Browser, cast: Cast
) -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(zipped())) as kit, zipfile.ZipFile(out, "w") as box:
        box.writestr("__MACOSX/._kit.toml", b"\0")
        for name in kit.namelist():
            box.writestr(f"My kit/{name}", kit.read(name))
    browser = as_person(cast.ingrid)
    assert send(browser, out.getvalue()).status_code == 302
    version = db.session.scalars(select(KitVersion)).one()
    assert browser.get(f"/kits/versions/{version.pid}/kit.zip").data == out.getvalue()


def test_partners_get_pictures_and_documents_and_not_what_mails_are_made_from(
    as_person: Browser, cast: Cast
) -> None:
    version = published(cast)
    browser = as_person(cast.maya)
    assert browser.get(f"/kits/versions/{version.pid}/kit.zip").status_code == 404
    with zipfile.ZipFile(io.BytesIO(browser.get(f"/kits/versions/{version.pid}/files.zip").data)) as box:
        assert set(box.namelist()) == set(version.media)
        assert not [name for name in box.namelist() if name.endswith((".mjml", ".toml", ".html"))]
        hero = version.media["assets/hero.png"]
        assert box.read("assets/hero.png") == store().get(hero["key"])


def test_publishing_asks_what_is_new_and_checks_again(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    version = publish.import_version(ingrid(cast), zipped())
    db.session.commit()
    with pytest.raises(Invalid, match="not published yet"):
        publish.publish(ingrid(cast), version, " \n ")
    stricter = finding("no-why", "emails/invitation.mjml", 1, 0, "A rule of today.", "Mend it.")
    monkeypatch.setattr(package, "_checked", type(package._checked)())
    strict = [type(stricter)(**{**stricter.__dict__, "severity": type(stricter.severity).ERROR})]
    monkeypatch.setattr(package, "check_files", lambda files: (None, strict))
    with pytest.raises(Refused, match="mend what the check found"):
        publish.publish(ingrid(cast), version, "New.")
    assert [row["message"] for row in version.findings] == ["A rule of today."], "and it is kept, to be shown"
    assert (version.status, version.checked_at is not None) == (VersionStatus.DRAFT, True)


def test_today_s_findings_stay_on_the_page_after_publishing_was_refused(
    as_person: Browser, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    version = publish.import_version(ingrid(cast), zipped())
    db.session.commit()
    monkeypatch.setattr(package, "_checked", type(package._checked)())
    error = finding("alt-text", "emails/invitation.mjml", 1, 0, "A rule of today.", "Mend it.")
    monkeypatch.setattr(package, "check_files", lambda files: (None, [error]))
    browser = as_person(cast.ingrid)
    answer = browser.post(f"/kits/versions/{version.pid}/publish", data={"change_summary": "New."})
    page = browser.get(answer.location).get_data(as_text=True)
    assert "A rule of today." in page
    assert f"/kits/versions/{version.pid}/publish" not in page
    monkeypatch.undo()
    monkeypatch.setattr(package, "_checked", type(package._checked)())
    answer = browser.post(f"/kits/versions/{version.pid}/check")
    assert "Nothing stops publishing it" in browser.get(answer.location).get_data(as_text=True)


def test_a_lower_version_than_the_live_one_is_not_published(cast: Cast) -> None:
    published(cast, "2.10")
    older = publish.import_version(ingrid(cast), zipped(version="2.9"))
    with pytest.raises(Refused, match=r"2\.10 is live"):
        publish.publish(ingrid(cast), older, "Old.")


def test_nothing_of_a_published_version_can_be_changed_by_any_code(cast: Cast) -> None:
    version = published(cast)
    for column in ("manifest", "media", "sha256", "archive_key", "summary", "change_summary", "version"):
        old = getattr(version, column)
        setattr(version, column, {"name": "Other"} if isinstance(old, dict) else "other")
        with pytest.raises(RuntimeError, match="never changes"):
            db.session.flush()
        db.session.rollback()
        assert getattr(version, column) == old


def test_a_published_version_stays_what_it_was_through_upload_check_and_discard(cast: Cast) -> None:
    version = published(cast)
    data, manifest = store().get(version.archive_key), dict(version.manifest)
    for attempt in (
        lambda: publish.import_version(ingrid(cast), zipped(summary='"Other"')),
        lambda: publish.recheck(ingrid(cast), version),
        lambda: publish.discard(ingrid(cast), version),
        lambda: publish.publish(ingrid(cast), version, "Again."),
    ):
        with pytest.raises(AppError):
            attempt()
        db.session.rollback()
    assert (store().get(version.archive_key), version.manifest) == (data, manifest)


def test_a_draft_takes_its_files_with_it(cast: Cast, settings: Settings) -> None:
    before = stored(settings)
    publish.import_version(ingrid(cast), zipped())
    db.session.commit()
    first = stored(settings)
    again = publish.import_version(ingrid(cast), zipped(summary='"Another"'))
    assert set(first) <= set(stored(settings)), "until it is certain"
    db.session.commit()
    assert len(stored(settings)) == len(first)
    assert publish.discard(ingrid(cast), again) is True
    db.session.commit()
    assert (stored(settings), rows()) == (before, 0)


def test_a_kit_outlives_a_draft_beside_its_versions(cast: Cast, as_person: Browser) -> None:
    live = published(cast)
    draft = publish.import_version(ingrid(cast), zipped(version="1.1"))
    db.session.commit()
    assert as_person(cast.walter).post(f"/kits/versions/{draft.pid}/discard").status_code == 403
    as_person(cast.ingrid).post(f"/kits/versions/{draft.pid}/discard")
    assert [row.id for row in db.session.scalars(select(KitVersion))] == [live.id]


def test_a_version_that_is_published_twice_at_once_is_published_once(cast: Cast) -> None:
    version = publish.import_version(ingrid(cast), zipped())
    db.session.commit()

    def colleague() -> None:
        if version.status is VersionStatus.DRAFT:
            version.status = VersionStatus.PUBLISHED
            db.session.commit()

    with pytest.raises(Conflict, match="in the meantime"):
        publish.publish(ingrid(cast), version, "New.", colleague)


def test_the_difference_names_files_lines_slots_and_limits(cast: Cast) -> None:
    toml = read_files(zipped())["kit.toml"].decode()
    slots = toml.split("[[slots]]")
    changed = toml.replace("max_length = 60", "max_length = 40", 1)
    changed = changed.replace("[[slots]]" + slots[-1].partition("[[")[0], "", 1)
    changed += '\n[[slots]]\nname = "extra"\ntype = "url"\nlabel = "Extra"\n'
    new = zipped(
        {
            "kit.toml": changed.encode(),
            "assets/more.png": picture(),
            "playbook.md": b"# Say\n\nOther words\n",
        },
        "1.1",
    )
    one, two = (package.unpack(data) for data in (zipped(), new))
    found = compare(one.source, two.source, read_files(zipped()), read_files(new))
    kinds = {change.name: change.kind for change in found.slots}
    assert kinds["extra"] == "added"
    assert "removed" in kinds.values()
    limits = [c for change in found.slots if change.kind == "changed" for c in change.changes]
    assert ("longest, in characters", "60", "40") in [(c.what, c.was, c.now) for c in limits]
    files = {change.path: change for change in found.files}
    assert files["assets/more.png"].kind == "added"
    assert files["playbook.md"].hunks[0][-1][1:] == ("Other words", "add")
    assert compare(one.source, one.source, read_files(zipped()), read_files(zipped())).is_empty


def test_the_page_of_changes_shows_was_and_is_and_partners_don_t_get_it(
    as_person: Browser, cast: Cast
) -> None:
    published(cast)
    newer = published(cast, "1.1", summary='"<b>Other</b> words"')
    page = as_person(cast.walter).get(f"/kits/versions/{newer.pid}/changes").get_data(as_text=True)
    assert "Against 1.0" in page
    assert "&lt;b&gt;Other&lt;/b&gt; words" in page
    assert re.search(r'<span class="add"><u>\d+</u>\+ version = &#34;1.1&#34;', page)
    assert as_person(cast.maya).get(f"/kits/versions/{newer.pid}/changes").status_code == 404
    assert as_person(cast.simon).get(f"/kits/versions/{newer.pid}/changes").status_code == 404


def test_partners_who_use_the_kit_are_mailed_once_unless_they_turned_it_off(app: Flask, cast: Cast) -> None:
    first = published(cast)
    for partner in (cast.harbour, cast.leuvelink):
        campaign = Campaign(
            partner_id=partner.id, vendor_id=first.vendor_id, kit_version_id=first.id, name="A", timezone="Europe/Oslo"
        )  # fmt: skip
        db.session.add(campaign)
    kit_news.set_quiet(Actor(cast.jonas, cast.harbour, Role.MARKETER), True)
    second = publish.import_version(ingrid(cast), zipped(version="1.1", tiers='["gold"]'))
    db.session.commit()
    assert kit_news.publish(ingrid(cast), second, "A question as headline.") == 1, "Leuvelink doesn’t see it"
    for _ in range(2):
        kit_news.tell(second.id)
    mails = db.session.scalars(select(OutgoingMail).where(OutgoingMail.template == "kit_published")).all()
    assert [mail.recipient for mail in mails] == [cast.maya.email]
    assert mails[0].subject == "Northwind Cloud published “Secure the Hybrid Office” 1.1"
    assert "A question as headline." in mails[0].text
    assert "/kits/news" in mails[0].text


def test_mails_about_kits_are_turned_off_and_on(as_person: Browser, cast: Cast) -> None:
    browser = as_person(cast.noor)
    assert "You get them" in browser.get("/kits/news").get_data(as_text=True)
    browser.post("/kits/news", data={"quiet": "yes"})
    browser.post("/kits/news", data={"quiet": "yes"})
    assert "You get none" in browser.get("/kits/news").get_data(as_text=True)
    browser.post("/kits/news", data={"quiet": "no"})
    assert "You get them" in browser.get("/kits/news").get_data(as_text=True)


def test_the_vendor_reads_who_would_see_a_draft_before_publishing(as_person: Browser, cast: Cast) -> None:
    published(cast)
    draft = publish.import_version(ingrid(cast), zipped(version="1.1", tiers='["gold"]'))
    db.session.commit()
    kit = db.session.scalars(select(Kit.pid)).one()
    page = (
        as_person(cast.ingrid)
        .get(f"/kits/{kit}?version={draft.pid}")
        .get_data(as_text=True)
        .replace("\xa0", " ")
    )
    assert "1 partner sees it from then on" in page
    assert "Silver tier; the kit is for Gold" in page
    for tab in ("pieces", "slots", "tests", "versions", "use", "nonsense"):
        assert as_person(cast.walter).get(f"/kits/{kit}?tab={tab}").status_code == 200
    assert kit_source(draft).tiers == ("gold",)
