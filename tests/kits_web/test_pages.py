"""What vendors and partners see of kits, and that a kit's own markup never runs on our pages."""

import io
import re
from collections.abc import Callable

import pytest
from flask.testing import FlaskClient

from app.db import db, scoped
from app.kits import publish
from app.kits.models import KitVersion, VersionStatus
from app.settings import current
from tests.kits_web.box import ingrid, published, zipped
from tests.rig.cast import Cast

Browser = Callable[..., FlaskClient]


def upload(browser: FlaskClient, data: bytes) -> object:
    return browser.post(
        "/kits", data={"kit": (io.BytesIO(data), "kit.zip")}, content_type="multipart/form-data"
    )


def only(cast: Cast) -> KitVersion:
    return db.session.scalars(scoped(cast.northwind, KitVersion)).one()


def test_a_vendor_uploads_publishes_and_recalls(as_person: Browser, cast: Cast) -> None:
    browser = as_person(cast.ingrid)
    answer = upload(browser, zipped())
    assert answer.status_code == 302  # type: ignore[attr-defined]
    version = only(cast)
    page = browser.get(answer.location).get_data(as_text=True)  # type: ignore[attr-defined]
    assert "can be published" in page
    assert (
        browser.post(
            f"/kits/versions/{version.pid}/publish", data={"change_summary": "The first."}
        ).status_code
        == 302
    )
    assert only(cast).status is VersionStatus.PUBLISHED
    refused = browser.post(f"/kits/versions/{version.pid}/recall", data={"reason": ""})
    assert (refused.status_code, only(cast).status) == (422, VersionStatus.PUBLISHED)
    browser.post(f"/kits/versions/{version.pid}/recall", data={"reason": "Wrong price"})
    assert "Wrong price" in browser.get(answer.location).get_data(as_text=True)  # type: ignore[attr-defined]


def test_an_unreadable_kit_is_answered_with_file_line_and_mend(as_person: Browser, cast: Cast) -> None:
    answer = upload(
        as_person(cast.ingrid),
        zipped({"kit.toml": b'format = 1\nname = "A"\nslug = "A b"\nversion = "1.0"\nsummary = "x"\n'}),
    )
    page = answer.get_data(as_text=True)  # type: ignore[attr-defined]
    assert answer.status_code == 422  # type: ignore[attr-defined]
    assert "nothing was kept" in page
    assert "kit.toml:3" in page
    assert not list(db.session.scalars(scoped(cast.northwind, KitVersion)))


def test_findings_stand_on_the_page_and_stop_publishing(as_person: Browser, cast: Cast) -> None:
    broken = b"<mjml><mj-body><mj-section><mj-column><mj-text>Hello {{ slot.nothing }}</mj-text></mj-column></mj-section></mj-body></mjml>"
    version = publish.import_version(ingrid(cast), zipped({"emails/invitation.mjml": broken}))
    db.session.commit()
    browser = as_person(cast.ingrid)
    page = browser.get(f"/kits/{_kit_pid(browser)}").get_data(as_text=True)
    assert "can’t be published yet" in page
    assert "emails/invitation.mjml:1" in page
    assert f"/kits/versions/{version.pid}/publish" not in page
    answer = browser.post(f"/kits/versions/{version.pid}/publish", data={})
    assert answer.status_code in (403, 409, 422)
    assert only(cast).status is VersionStatus.DRAFT


def _kit_pid(browser: FlaskClient) -> str:
    found = re.search(r'href="/kits/([\w-]{22})"', browser.get("/kits").get_data(as_text=True))
    assert found, "the list links to the kit"
    return found[1]


def test_a_vendor_gets_its_zip_back_and_nobody_else_does(as_person: Browser, cast: Cast) -> None:
    data = zipped()
    version = publish.import_version(ingrid(cast), data)
    db.session.commit()
    assert as_person(cast.walter).get(f"/kits/versions/{version.pid}/kit.zip").data == data
    assert as_person(cast.simon).get(f"/kits/versions/{version.pid}/kit.zip").status_code == 404
    assert as_person(cast.maya).get(f"/kits/versions/{version.pid}/kit.zip").status_code == 404


def test_a_partner_finds_a_kit_without_script(as_person: Browser, cast: Cast) -> None:
    published(cast)
    browser = as_person(cast.noor)
    assert "Secure the Hybrid Office" in browser.get("/kits?q=hybrid+northwind").get_data(as_text=True)
    none = browser.get("/kits?q=blockchain").get_data(as_text=True)
    assert "No kit fits" in none
    page = browser.get(f"/kits/{_kit_pid(browser)}").get_data(as_text=True)
    assert "What is in the box" in page
    assert "Their phone number" in page
    assert "Make it yours" not in page, "a viewer can’t start a campaign"
    assert "Make it yours" in as_person(cast.jonas).get(f"/kits/{_kit_pid(browser)}").get_data(as_text=True)


def test_a_partner_of_nobody_s_sees_an_empty_gallery(as_person: Browser, cast: Cast) -> None:
    assert "No kits yet" in as_person(cast.maya).get("/kits").get_data(as_text=True)


@pytest.mark.parametrize("key", ["email/invitation", "page/check"])
def test_a_piece_is_framed_from_the_other_origin_in_a_sandbox(
    as_person: Browser, client: FlaskClient, cast: Cast, key: str
) -> None:
    version = published(cast)
    page = as_person(cast.maya).get(f"/kits/versions/{version.pid}/pieces/{key}").get_data(as_text=True)
    frames = re.findall(r"<iframe[^>]*>", page)
    assert frames
    assert all(" sandbox" in frame and current().public_url in frame for frame in frames)
    address = re.findall(r'src="([^"]+/preview/[^"]+)"', page)[0]
    shown = client.get(address)
    assert shown.status_code == 200
    assert "sandbox" in shown.headers["Content-Security-Policy"]
    assert "script-src" not in shown.headers["Content-Security-Policy"]
    assert "Set-Cookie" not in shown.headers
    assert "the date is missing" in shown.get_data(as_text=True)
    assert client.get(address[:-3] + "abc").status_code == 404, "a forged token shows nothing"


def test_the_playbook_is_words_whatever_it_holds(as_person: Browser, cast: Cast) -> None:
    evil = b"# Say this\n\n<script>alert(1)</script> **boldly** [x](javascript:alert(1)) [ok](https://x.example)\n\n- one\n- two"
    version = published(cast, changed={"playbook.md": evil})
    page = as_person(cast.maya).get(f"/kits/versions/{version.pid}/playbook").get_data(as_text=True)
    assert "<h1>Say this</h1>" in page
    assert "<strong>boldly</strong>" in page
    assert '<a href="https://x.example"' in page
    assert "<script>alert" not in page
    assert 'href="javascript' not in page
    assert "<ul><li>one</li><li>two</li></ul>" in page


def test_kit_pictures_are_served_and_nothing_else_is(client: FlaskClient, cast: Cast) -> None:
    version = published(cast)
    base = f"{current().public_url}/media/kit/{version.pid}"
    assert client.get(f"{base}/assets/hero.png").content_type == "image/png"
    for path in (
        "kit.toml",
        "emails/invitation.mjml",
        "landing/check.html",
        "assets/../kit.toml",
        "assets/none.png",
    ):
        assert client.get(f"{base}/{path}").status_code == 404


def test_a_post_can_be_read_with_its_picture(as_person: Browser, cast: Cast) -> None:
    version = published(cast)
    browser = as_person(cast.maya)
    kit = browser.get(f"/kits/{_kit_pid(browser)}").get_data(as_text=True)
    address = re.findall(rf"/kits/versions/{version.pid}/posts/[\w-]+", kit)[0]
    page = browser.get(address).get_data(as_text=True)
    assert f"{current().public_url}/media/kit/{version.pid}/assets/post-" in page
    assert "the address of your page" in page
    assert "{{" not in page
    assert browser.get(f"/kits/versions/{version.pid}/posts/none").status_code == 404
