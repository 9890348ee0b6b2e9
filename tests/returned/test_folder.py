"""A folder of returned mails: each finds its message by what carries a MAC of ours, or is told as unmatched; files move on."""

import base64
import json
import shutil
from email import message_from_bytes
from pathlib import Path

import pytest

from app import tokens
from app.db import db
from app.delivery.models import Delivery
from app.delivery.records import Came, Source
from app.delivery.returned import folder
from app.delivery.returned.find import delivery_in
from app.delivery.returned.folder import read_folder
from app.errors import Invalid
from app.settings import current
from tests.returned import mails
from tests.returned.conftest import Sent
from tests.returned.state import kept, noes, nothing_changed
from tests.rig.cast import Cast

ELSEWHERE = "postmaster@throughline.example"


def put(home: Path, **files: bytes) -> None:
    for name, raw in files.items():
        (home / f"{name}.eml").write_bytes(raw)


@pytest.mark.parametrize(
    "how",
    ["to", "header", "message-id", "quoted-printable", "return-path", "base64"],
)
def test_the_message_is_found_by_whatever_carries_our_token(sent: Sent, how: str) -> None:
    row = sent.to_sanne
    known_as = f"Message-ID: <{mails.token(row)}@throughline.example>\r\nSubject: x\r\n"
    back = f"Return-Path: <{mails.address(row)}>\r\nSubject: x\r\n"
    raw = {
        "to": mails.report(row, original="Subject: nothing\r\n"),
        "header": mails.report(row, to=ELSEWHERE),
        "message-id": mails.report(row, to=ELSEWHERE, original=known_as),
        "return-path": mails.report(row, to=ELSEWHERE, original=back),
        "quoted-printable": mails.report(
            row,
            to=ELSEWHERE,
            original=f"X-Throughline-Delivery: {mails.token(row)[:20]}=\r\n{mails.token(row)[20:]}\r\n",
        ),
        "base64": _in_base64(row),
    }[how]
    assert delivery_in(raw, current().mail_from) == row.id


def _in_base64(row: Delivery) -> bytes:
    raw = mails.report(row, to=ELSEWHERE, original="HERE\r\n")
    head = f"X-Throughline-Delivery: {mails.token(row)}\nSubject: x\n"
    coded = base64.b64encode(head.encode())
    return raw.replace(
        b"Content-Type: text/rfc822-headers\r\n\r\nHERE",
        b"Content-Type: text/rfc822-headers\r\nContent-Transfer-Encoding: base64\r\n\r\n" + coded,
    )


def test_forged_foreign_and_ambiguous_ones_belong_to_nobody(sent: Sent) -> None:
    row = sent.to_sanne
    foreign = tokens.make("delivery", row.id, b"another installation's key")
    both = f"X-Throughline-Delivery: {mails.token(row)}\r\nX-Throughline-Delivery: {mails.token(sent.to_gert)}\r\n"
    for original in ("Subject: x\r\n", f"X-Throughline-Delivery: {foreign}\r\n", both):
        raw = mails.report(row, to=ELSEWHERE, original=original)
        assert delivery_in(raw, current().mail_from) is None


def test_a_folder_is_heard_and_its_files_move_on(sent: Sent, tmp_path: Path) -> None:
    put(
        tmp_path,
        a=mails.report(sent.to_sanne),
        b=mails.complaint(sent.to_gert),
        c=mails.report(sent.to_sanne, to=ELSEWHERE, original="Subject: x\r\n", message_id="other@mx.example"),
        d=b"",
    )
    (tmp_path / "new").mkdir()
    (tmp_path / "new" / "e").write_bytes(mails.autoreply(sent.to_sanne))
    (tmp_path / "link").symlink_to("/etc/hostname")
    heard = read_folder(tmp_path)
    assert heard.as_json() == {
        "read": 4,
        "again": 0,
        "autoreply": 1,
        "complaint": 1,
        "hard": 2,
        "unmatched": ["c.eml"],
        "refused": {"d.eml": "It is empty.", "link": "It is no plain file."},
    }
    assert sorted(p.name for p in (tmp_path / "done").iterdir()) == ["a.eml", "b.eml", "c.eml", "e"]
    assert json.loads((tmp_path / "refused" / "d.eml.reason").read_text())["reason"] == "It is empty."
    assert (noes(sent.sanne), len(noes(sent.gert))) == ({("partner", "bounce")}, 2)
    assert {row.source for row in kept()} == {Source.FOLDER}
    assert [row.delivery_id for row in kept() if row.partner_id is None] == [None]
    assert read_folder(tmp_path).read == 0


def test_a_file_that_is_read_twice_does_nothing_twice(
    sent: Sent, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(tmp_path, a=mails.report(sent.to_sanne))

    def killed(path: Path, into: Path) -> Path:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(folder, "_move", killed)
        with pytest.raises(KeyboardInterrupt):
            read_folder(tmp_path)
    db.session.rollback()
    assert len(kept()) == 1
    heard = read_folder(tmp_path)
    assert (heard.read, heard.again) == (1, 1)
    assert len(kept()) == 1


def test_what_is_still_being_written_waits(sent: Sent, tmp_path: Path) -> None:
    put(tmp_path, a=mails.report(sent.to_sanne))
    assert read_folder(tmp_path, settled=60).read == 0
    assert (tmp_path / "a.eml").exists()
    with pytest.raises(Invalid):
        read_folder(tmp_path / "nowhere")


def test_real_mails_about_messages_of_nobody_here_stop_nobody_and_no_autoreply_is_a_bounce(
    cast: Cast, sent: Sent, shared: Path, tmp_path: Path
) -> None:
    found = shared / "data" / "bounces"
    if not found.is_dir():
        pytest.skip("the shared material is not beside this checkout")
    names = sorted(path.name for path in found.glob("*.eml"))
    for name in names:
        shutil.copy(found / name, tmp_path)
    heard = read_folder(tmp_path)
    assert heard.read == len(names) > 200
    assert sorted(heard.unmatched) == names
    assert noes(sent.sanne) == noes(sent.gert) == set()
    assert not [row for row in kept() if row.partner_id is not None]


def test_an_autoreply_of_the_field_is_never_counted(sent: Sent, shared: Path, tmp_path: Path) -> None:
    found = shared / "data" / "bounces"
    if not found.is_dir():
        pytest.skip("the shared material is not beside this checkout")
    replies = sorted(found.glob("rfc3834-*.eml"))
    assert replies
    for path in replies:
        mail = message_from_bytes(path.read_bytes())
        del mail["To"]
        mail["To"] = mails.address(sent.to_sanne)
        (tmp_path / path.name).write_bytes(mail.as_bytes())
    heard = read_folder(tmp_path)
    assert heard.unmatched == []
    assert not {Came.HARD, Came.SOFT} & set(heard.kinds)
    assert noes(sent.sanne) == set()


def test_an_empty_folder_changes_nothing(cast: Cast, tmp_path: Path) -> None:
    assert read_folder(tmp_path).as_json() == {"read": 0, "again": 0, "unmatched": [], "refused": {}}
    assert nothing_changed()
