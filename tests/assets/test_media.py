"""Public pictures are served for good from the origin without cookies; private ones from nowhere public."""

from flask import Flask
from flask.testing import FlaskClient

from app.accounts.actor import Actor
from app.accounts.models import Role
from app.assets.queries import media_url
from app.assets.upload import add_file, add_image
from app.db import db
from app.settings import current
from tests.assets.papers import plain_pdf
from tests.assets.pictures import picture
from tests.rig.cast import Cast


def test_a_public_picture_may_be_kept_for_good_and_runs_nothing(client: FlaskClient, cast: Cast) -> None:
    asset = add_image(Actor(cast.maya, cast.harbour, Role.ADMIN), "logo.png", picture())
    address = media_url(asset)
    assert address == f"{current().public_url}/media/{asset.pid}.png"
    answer = client.get(address)
    assert (answer.status_code, answer.content_type) == (200, "image/png")
    assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert "sandbox" in answer.headers["Content-Security-Policy"]
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "Set-Cookie" not in answer.headers
    again = client.get(address, headers={"If-None-Match": answer.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")


def test_only_its_own_address_answers(client: FlaskClient, app: Flask, cast: Cast) -> None:
    asset = add_image(Actor(cast.maya, cast.harbour, Role.ADMIN), "logo.png", picture())
    public = current().public_url
    assert client.get(f"{public}/media/{asset.pid}.html").status_code == 404
    assert client.get(f"{public}/media/{'A' * 22}.png").status_code == 404
    assert client.get(f"/media/{asset.pid}.png").status_code == 404, "media is on the public origin alone"


def test_a_private_file_is_for_its_owner_alone(client: FlaskClient, cast: Cast, as_person: object) -> None:
    asset = add_file(Actor(cast.maya, cast.harbour, Role.ADMIN), "invoice.pdf", plain_pdf())
    db.session.commit()
    assert client.get(f"{current().public_url}/media/{asset.pid}.pdf").status_code == 404
    own = as_person(cast.noor).get(f"/library/{asset.pid}/file")  # type: ignore[operator]
    assert own.data == plain_pdf()
    assert own.headers["Content-Disposition"].startswith("attachment")
    for rival in (cast.lieve, cast.vera):
        assert as_person(rival).get(f"/library/{asset.pid}/file").status_code == 404  # type: ignore[operator]
