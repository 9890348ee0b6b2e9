"""Whatever comes in, nothing raises, and nobody but the holder of the token is ever suppressed."""

import random
from pathlib import Path

import pytest

from app.audience.models import Suppression
from app.clock import now
from app.db import db
from app.delivery.records import Source
from app.delivery.returned import incoming, ses_events
from app.delivery.returned.folder import read_folder
from tests.returned import mails
from tests.returned.conftest import Sent
from tests.returned.state import kept, noes


def mutated(raw: bytes, dice: random.Random) -> bytes:
    """Some bytes changed, cut out, doubled or moved."""
    data = bytearray(raw)
    for _ in range(dice.randint(1, 12)):
        at, length = dice.randrange(len(data) + 1), dice.choice((1, 2, 8, 64, 400))
        match dice.randrange(4):
            case 0:
                data[at : at + length] = dice.randbytes(length)
            case 1:
                del data[at : at + length]
            case 2:
                data[at:at] = data[at : at + length]
            case _:
                data[at:at] = dice.choice(
                    (b"\0", b"\r\n\r\n", b"\xff", b"--B\r\n", b"=?utf-8?b?", b"@", b"<>")
                )
    return bytes(data)


def _hear(row_ids: list[int], raw: bytes) -> None:
    incoming.store(db.engine, row_ids, Source.SMTP, raw, now())


@pytest.mark.parametrize("seed", range(2))
def test_random_bytes_and_mutated_mails_to_one_person_never_touch_another(sent: Sent, seed: int) -> None:
    dice = random.Random(seed)
    whole = [mails.report(sent.to_sanne), mails.complaint(sent.to_sanne), mails.autoreply(sent.to_sanne)]
    for number in range(60):
        raw = dice.randbytes(dice.randrange(2_000)) if number % 3 == 0 else mutated(dice.choice(whole), dice)
        _hear([sent.to_sanne.id], raw)
    db.session.rollback()
    assert incoming.hear_incoming(60) == 60, "each was heard, none was set aside"
    assert noes(sent.gert) == set()
    assert {row.delivery_id for row in kept()} <= {sent.to_sanne.id}
    assert all("@" not in row.words for row in kept())


def test_mutated_mails_in_a_folder_belong_to_their_message_or_to_nobody(sent: Sent, tmp_path: Path) -> None:
    dice = random.Random(3)
    for number in range(80):
        raw = mutated(mails.report(sent.to_sanne), dice)
        (tmp_path / f"{number:03}.eml").write_bytes(raw or b"x")
    heard = read_folder(tmp_path)
    assert heard.read == 80
    assert noes(sent.gert) == set()
    assert {row.delivery_id for row in kept()} <= {None, sent.to_sanne.id}


def test_mutated_real_mails_never_raise(sent: Sent, shared: Path, tmp_path: Path) -> None:
    found = shared / "data" / "bounces"
    if not found.is_dir():
        pytest.skip("the shared material is not beside this checkout")
    dice = random.Random(4)
    for path in sorted(found.glob("*.eml")):
        (tmp_path / path.name).write_bytes(mutated(path.read_bytes(), dice) or b"x")
    assert read_folder(tmp_path).read > 200
    assert db.session.query(Suppression).count() == 0  # type: ignore[no-untyped-call]


@pytest.mark.parametrize("text", ["", "{", "[]", "null", "1", '{"eventType":"Bounce"}', '{"eventType":"Bounce","bounce":7,"mail":[]}', "[" * 5_000,
    '{"notificationType":"Complaint","complaint":{"complaintFeedbackType":[1]},"mail":{"tags":{"delivery":{"a":1}}}}',
    '{"eventType":"Bounce","bounce":{"bounceType":"Permanent","bouncedRecipients":[1,{"status":{"a":1},"diagnosticCode":["x"]}]},"mail":{"destination":[1,null]}}'])  # fmt: skip
def test_events_of_any_shape_never_raise(sent: Sent, text: str) -> None:
    assert ses_events.hear_event(text, "m") in ("ignored", "unmatched")
    db.session.commit()
    assert noes(sent.sanne) == set()
