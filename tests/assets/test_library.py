"""The library's pages: bringing files in, finding them, naming, replacing, deleting and putting them back."""

import io
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient

from app.accounts.actor import Actor
from app.accounts.models import Role
from app.assets import manage
from app.assets.models import Asset, BrandProfile
from app.assets.queries import Kind, Order, Wanted, find, media_url, srcset
from app.assets.upload import File, add_file, add_image, take
from app.clock import now, today
from app.db import db, scoped
from app.errors import Refused
from app.settings import current
from tests.assets.papers import plain_pdf
from tests.assets.pictures import moving, picture
from tests.rig.cast import Cast

Browser = Callable[..., FlaskClient]
JSON = {"Accept": "application/json, text/html;q=0.9"}


def maya(cast: Cast) -> Actor:
    return Actor(cast.maya, cast.harbour, Role.ADMIN)


def kept(cast: Cast) -> list[Asset]:
    return list(db.session.scalars(scoped(cast.harbour, Asset).order_by(Asset.id)))


def stored(
    cast: Cast, name: str = "team.png", color: str = "#15324b", size: tuple[int, int] = (640, 360)
) -> Asset:
    asset = add_image(maya(cast), name, picture(color=color, size=size))
    db.session.commit()
    return asset


def sent(*files: tuple[str, bytes], **fields: Any) -> dict[str, Any]:
    return {
        "data": {"file": [(io.BytesIO(data), name) for name, data in files], **fields},
        "content_type": "multipart/form-data",
    }


def text(answer: Any) -> str:
    return str(answer.get_data(as_text=True)).replace("\xa0", " ")


def test_both_sides_have_a_library_and_it_is_empty_at_first(as_person: Browser, cast: Cast) -> None:
    for person in (cast.maya, cast.ingrid):
        page = text(as_person(person).get("/library"))
        assert "No files yet" in page
        assert "Add the files" in page
        assert 'href="/library"' in page, "it stands in the navigation"


def test_a_viewer_looks_and_changes_nothing(as_person: Browser, cast: Cast) -> None:
    asset = stored(cast)
    browser = as_person(cast.noor)
    assert "team.png" in text(browser.get("/library"))
    page = text(browser.get(f"/library/{asset.pid}"))
    for action in ("Save", "Replace the file", "Delete", "Make a link", "Add the files"):
        assert f"{action}</button>" not in page
    assert browser.get(f"/library/{asset.pid}/file").status_code == 200
    for path in (
        "",
        f"/{asset.pid}",
        f"/{asset.pid}/delete",
        f"/{asset.pid}/replace",
        f"/{asset.pid}/link",
        "/uploads",
    ):
        assert browser.post(f"/library{path}").status_code == 403


def test_several_files_come_in_by_the_plain_form_each_with_its_outcome(
    as_person: Browser, cast: Cast
) -> None:
    browser = as_person(cast.maya)
    fine, bad = ("team.png", picture()), ("evil.jpg", b"<script>")
    answer = browser.post("/library", **sent(fine, bad, ("prices.pdf", plain_pdf())))
    assert answer.status_code == 200
    page = text(answer)
    assert "2 of 3 files are in the library" in page
    assert "evil.jpg:</b> This is no picture we can show" in page
    assert [asset.name for asset in kept(cast)] == ["team.png", "prices.pdf"]
    again = browser.post("/library", **sent(fine), follow_redirects=True)
    assert "team.png was in the library already" in text(again)
    assert browser.post("/library", **sent(bad)).status_code == 422
    assert "Choose a file." in text(browser.post("/library", **sent()))


def test_a_script_sends_them_one_by_one_and_reads_each_outcome(as_person: Browser, cast: Cast) -> None:
    browser = as_person(cast.jonas)
    good = browser.post("/library", **sent(("team.png", picture())), headers=JSON)
    assert (good.status_code, good.json) == (200, {"ok": True, "message": "team.png is in the library."})
    bad = browser.post("/library", **sent(("team.png", b"<svg/>")), headers=JSON)
    assert bad.status_code == 422
    assert bad.json["ok"] is False
    assert "SVG" in bad.json["message"]
    many = browser.post("/library", **sent(*[(f"{n}.png", picture()) for n in range(21)]), headers=JSON)
    assert "20 at once" in many.json["message"]
    assert len(kept(cast)) == 1


def test_files_are_found_by_words_kind_and_tag_and_put_in_order(cast: Cast) -> None:
    me, here = maya(cast), cast.harbour
    small, large = stored(cast, "b.png", "#111111"), stored(cast, "A.png", "#222222", (1500, 900))
    paper = add_file(me, "prices 100%.pdf", plain_pdf(), listed=True)
    hidden = add_file(me, "invoice.png", picture(color="#777777"), {"image/png"})
    manage.describe(
        me, small, manage.Details("b.png", alt="Two people at a desk", tags=" Office, summer ,office")
    )
    manage.describe(
        me, large, manage.Details("A.png", credit="Photo: Ann Lee", rights_until=today(here.timezone))
    )
    db.session.flush()

    def names(**wanted: Any) -> list[str]:
        return [asset.name for asset in find(here, Wanted(**wanted)).items]

    assert hidden.name not in names()
    assert names() == ["prices 100%.pdf", "A.png", "b.png"]
    assert names(order=Order.NAME) == ["A.png", "b.png", "prices 100%.pdf"]
    assert names(order=Order.LARGEST)[0] == "A.png"
    assert names(kind=Kind.PICTURES) == ["A.png", "b.png"]
    assert names(kind=Kind.DOCUMENTS) == [paper.name]
    assert names(kind=Kind.RIGHTS) == ["A.png"]
    assert names(tag="office") == names(text="DESK people") == names(text="summ") == ["b.png"]
    assert names(text="ann") == ["A.png"]
    assert names(text="100%") == [paper.name]
    assert names(text="_") == []
    assert find(cast.leuvelink, Wanted()).total == 0


def test_the_address_of_the_list_is_read_kindly(as_person: Browser, cast: Cast) -> None:
    stored(cast)
    page = text(as_person(cast.maya).get("/library?kind=nonsense&sort=drop&page=x&q=&tag=&gone=nobody"))
    assert "team.png" in page
    assert "Nothing like this here" in text(as_person(cast.maya).get("/library?q=nothing+like+it"))


def test_what_people_write_about_a_file_is_kept_and_shown(as_person: Browser, cast: Cast) -> None:
    asset, browser = stored(cast), as_person(cast.maya)
    ends = today(cast.harbour.timezone) - timedelta(days=1)
    form = {
        "name": "Our team",
        "alt": "Five people",
        "credit": "Photo: Ann",
        "rights_until": ends.isoformat(),
        "tags": "Team, 2026",
    }
    assert browser.post(f"/library/{asset.pid}", data=form).status_code == 302
    page = text(browser.get(f"/library/{asset.pid}"))
    for words in ("Our team", "Five people", "Photo: Ann", "2026, team", "The right to use it ended on"):
        assert words in page
    assert "The right to use it has ended" in text(browser.get("/library"))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"name": " "}, "Give the file a name"),
        ({"alt": "x" * 301}, "300 characters"),
        ({"tags": ",".join(f"t{n}" for n in range(13))}, "12 tags at most"),
        ({"tags": "x" * 41}, "at most 40 characters"),
        ({"rights_until": "tomorrow"}, "year, month, day"),
    ],
)
def test_what_is_wrong_stands_beside_its_field(
    as_person: Browser, cast: Cast, change: dict[str, str], said: str
) -> None:
    asset = stored(cast)
    answer = as_person(cast.maya).post(f"/library/{asset.pid}", data={"name": "x", **change})
    assert answer.status_code == 422
    assert said in text(answer)
    assert (asset.name, asset.alt) == ("team.png", "")


def with_logo(cast: Cast, asset: Asset) -> BrandProfile:
    row = BrandProfile(partner_id=cast.harbour.id, logo_id=asset.id)
    db.session.add(row)
    db.session.commit()
    return row


def test_what_is_in_use_says_where_and_is_not_deleted(as_person: Browser, cast: Cast) -> None:
    asset = stored(cast)
    with_logo(cast, asset)
    browser = as_person(cast.maya)
    page = text(browser.get(f"/library/{asset.pid}"))
    assert "Used in 1 place" in page
    assert "Logo of the brand" in page
    answer = browser.post(f"/library/{asset.pid}/delete")
    assert answer.status_code == 422
    assert "is in use: Logo of the brand “Main brand”" in text(answer)
    assert kept(cast)[0].deleted_at is None
    assert "In 1 place" in text(browser.get("/library"))
    with pytest.raises(Refused, match="can’t become private"):
        manage.close_up(maya(cast), asset)


def test_a_replacement_takes_over_and_the_old_file_stays_served(
    as_person: Browser, client: FlaskClient, cast: Cast
) -> None:
    was, browser = stored(cast), as_person(cast.maya)
    manage.describe(maya(cast), was, manage.Details("team.png", alt="Five people", tags="team"))
    logo = with_logo(cast, was)
    answer = browser.post(f"/library/{was.pid}/replace", **sent(("new.png", picture(color="#00aa00"))))
    assert answer.status_code == 302
    old, new = kept(cast)
    assert (logo.logo_id, new.version, new.alt, old.replaced_by_id) == (new.id, 2, "Five people", new.id)
    page = text(browser.get(answer.location))
    assert "It stands in 1 place already" in page
    assert "Version 1" in page
    assert [asset.name for asset in find(cast.harbour, Wanted()).items] == ["new.png"]
    back = browser.post(f"/library/{new.pid}/use-again/{old.pid}")
    assert back.status_code == 302
    assert (logo.logo_id, old.version, old.deleted_at) == (old.id, 3, None)
    assert client.get(media_url(old)).status_code == 200


@pytest.mark.parametrize(
    ("file", "said"),
    [
        (("team.png", picture()), "the same file"),
        (("prices.pdf", plain_pdf()), "Choose a picture"),
        (("new.png", b"<html>"), "no picture"),
        (("", b""), "Choose a file."),
    ],
)
def test_what_can_t_take_a_files_place_changes_nothing(
    as_person: Browser, cast: Cast, file: tuple[str, bytes], said: str
) -> None:
    asset = stored(cast)
    answer = as_person(cast.maya).post(f"/library/{asset.pid}/replace", **sent(file))
    assert answer.status_code == 422
    assert said in text(answer)
    (same,) = kept(cast)
    assert (same.deleted_at, same.replaced_by_id) == (None, None)


def test_a_deleted_file_is_gone_for_everybody_and_comes_back_whole(
    as_person: Browser, client: FlaskClient, cast: Cast
) -> None:
    asset, browser = stored(cast), as_person(cast.maya)
    address = media_url(asset)
    assert client.get(address).status_code == 200
    answer = browser.post(f"/library/{asset.pid}/delete")
    page = text(browser.get(answer.location))
    assert "team.png is deleted" in page
    assert "Undo" in page
    assert client.get(address).status_code == 404
    assert "Goes in 29 days" in text(browser.get("/library?kind=deleted")) or "Goes in 30 days" in text(
        browser.get("/library?kind=deleted")
    )
    assert browser.post(f"/library/{asset.pid}/delete").status_code == 409
    assert browser.post(f"/library/{asset.pid}/put-back").status_code == 302
    assert client.get(address).status_code == 200
    assert browser.post(f"/library/{asset.pid}/put-back").status_code == 409


def test_a_link_lends_a_private_file_until_it_expires_or_is_deleted(
    as_person: Browser, client: FlaskClient, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    asset = add_file(maya(cast), "prices.pdf", plain_pdf(), listed=True)
    browser = as_person(cast.maya)
    page = text(browser.post(f"/library/{asset.pid}/link", data={"days": "7"}))
    link = page.split("<code", 1)[1].split(">", 1)[1].split("<", 1)[0]
    answer = client.get(link, follow_redirects=True)
    assert (answer.status_code, answer.data) == (200, plain_pdf())
    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "Set-Cookie" not in answer.headers
    assert client.get(link[:-2]).status_code == 404
    assert browser.post(f"/library/{asset.pid}/link", data={"days": "365"}).status_code == 422
    week = now() + timedelta(days=7, seconds=1)
    with monkeypatch.context() as changed:
        changed.setattr("app.assets.links.now", lambda: week)
        assert client.get(link).status_code == 404
    browser.post(f"/library/{asset.pid}/delete")
    assert client.get(link).status_code == 404


def test_a_picture_is_private_or_public_as_somebody_says(
    as_person: Browser, client: FlaskClient, cast: Cast
) -> None:
    asset, browser = stored(cast), as_person(cast.maya)
    address = media_url(asset)
    assert browser.post(f"/library/{asset.pid}/close").status_code == 302
    assert client.get(address).status_code == 404
    assert browser.get(f"/library/{asset.pid}/small").content_type == "image/png"
    assert as_person(cast.lieve).get(f"/library/{asset.pid}/small").status_code == 404
    assert browser.post(f"/library/{asset.pid}/close").status_code == 422
    assert browser.post(f"/library/{asset.pid}/open").status_code == 302
    assert client.get(address).status_code == 200
    paper = add_file(maya(cast), "prices.pdf", plain_pdf())
    assert browser.post(f"/library/{paper.pid}/open").status_code == 422


def test_pages_get_the_sizes_of_a_picture_and_mails_one_of_1200(client: FlaskClient, cast: Cast) -> None:
    asset = stored(cast, "wide.png", size=(2400, 1000))
    base = f"{current().public_url}/media/{asset.pid}"
    assert media_url(asset) == f"{base}.png"
    assert (
        srcset(asset) == f"{base}/320.png 320w, {base}/640.png 640w, {base}.png 1200w, {base}/page.png 1920w"
    )
    answer = client.get(f"{base}/640.png")
    assert (answer.status_code, answer.content_type) == (200, "image/png")
    assert len(answer.data) == (asset.renderings or {})["640"]["size"]
    for wrong in ("/641.png", "/640.jpg", "/original.png", "/../secret.png"):
        assert client.get(base + wrong).status_code == 404


def test_a_part_of_a_file_is_sent_where_a_part_is_asked_for(
    client: FlaskClient, as_person: Browser, cast: Cast
) -> None:
    asset = stored(cast)
    whole = client.get(media_url(asset))
    assert whole.headers["Accept-Ranges"] == "bytes"
    part = client.get(media_url(asset), headers={"Range": "bytes=1-3"})
    assert (part.status_code, part.data) == (206, b"PNG")
    assert part.headers["Content-Range"] == f"bytes 1-3/{len(whole.data)}"
    beyond = client.get(media_url(asset), headers={"Range": f"bytes={len(whole.data)}-"})
    assert beyond.status_code == 416
    stale = {"Range": "bytes=1-3", "If-Range": '"another"'}
    assert client.get(media_url(asset), headers=stale).status_code == 200
    own = as_person(cast.maya).get(f"/library/{asset.pid}/file", headers={"Range": "bytes=-4"})
    assert own.status_code == 206


def test_a_gif_that_moves_is_served_moving_and_listed_still(cast: Cast, client: FlaskClient) -> None:
    (outcome,) = take(maya(cast), [File("move.gif", moving(frames=3))])
    assert outcome.asset
    assert outcome.asset.frames == 3
    assert b"NETSCAPE2.0" in client.get(media_url(outcome.asset)).data
    assert b"NETSCAPE2.0" not in client.get(media_url(outcome.asset, "thumb")).data
