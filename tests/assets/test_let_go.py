"""While a picture is drawn and stored nobody waits for the database, unless something was written before."""

from typing import Any

import pytest
from sqlalchemy import select, text, update

from app.accounts.actor import Actor
from app.accounts.models import Organisation, Role
from app.assets import upload
from app.assets.upload import add_image
from app.db import db, let_go
from tests.assets.pictures import picture
from tests.rig.cast import Cast

pytestmark = pytest.mark.both_databases


def read(cast: Cast) -> None:
    db.session.scalars(select(Organisation)).all()


def test_what_was_only_read_is_let_go_and_read_again_when_it_is_used(cast: Cast) -> None:
    read(cast)
    assert let_go()
    assert not db.session().in_transaction()
    assert cast.harbour.name == "Harbour IT"


@pytest.mark.parametrize("how", ["add", "flush", "update", "text", "lock", "savepoint"])
def test_what_was_written_or_locked_is_held(cast: Cast, how: str) -> None:
    read(cast)
    if how in ("add", "flush", "savepoint"):
        cast.harbour.name = "Harbour"
    if how == "flush":
        db.session.flush()
    elif how == "savepoint":
        with db.session.begin_nested():
            pass
    elif how == "update":
        db.session.execute(update(Organisation).values(country="BE"))
    elif how == "text":
        db.session.execute(text("UPDATE organisation SET country = 'BE'"))
    elif how == "lock":
        db.session.refresh(cast.harbour, with_for_update=True)
    assert not let_go()
    assert db.session().in_transaction() or how == "add"


def test_a_picture_is_drawn_and_stored_outside_of_a_transaction(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    held: list[bool] = []

    def watch(real: Any) -> Any:
        def watched(*args: Any, **kwargs: Any) -> Any:
            held.append(db.session().in_transaction())
            return real(*args, **kwargs)

        return watched

    for name in ("clean_image", "put_sizes"):
        monkeypatch.setattr(upload, name, watch(getattr(upload, name)))
    actor = Actor(cast.maya, cast.harbour, Role.ADMIN)
    db.session.commit()
    read(cast)
    add_image(actor, "team.png", picture())
    assert held == [False, False]
    add_image(actor, "desk.png", picture(color="#00aa00"))
    assert held == [False, False, True, True], "the first one's row is not lost for the second"
    db.session.commit()
