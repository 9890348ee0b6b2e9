"""The spool and its drain: nothing that was noted is lost or counted twice, whatever dies and whenever."""

import os
import signal
import subprocess
import sys
import zlib
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select, update

from app import tokens
from app.db import db
from app.delivery import expand
from app.delivery.models import Delivery, DeliveryState
from app.errors import Conflict
from app.settings import Settings
from app.tracking import drain, jobs, spool
from app.tracking.jobs import drain_spool
from app.tracking.models import SpoolPosition, TrackedEvent
from app.tracking.spool import Noted, Spool
from tests.delivery import made
from tests.rig.cast import Cast

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"
ROOT = Path(__file__).resolve().parents[2]


def noted(delivery: int = 1, **changes: object) -> Noted:
    return Noted("click", delivery, 0, 1, "GET", FIREFOX, 1_780_000_000.25)._replace(**changes)


@pytest.fixture
def home(settings: Settings) -> Path:
    return spool.folder(settings.data_dir)


@pytest.fixture
def mail(app: Flask, cast: Cast) -> Delivery:
    """Anna's mail; she agreed to be noted."""
    send = made.send(cast, ["anna"], tracked=["anna"])
    expand.expand(db.engine, send.id)
    db.session.execute(update(Delivery).values(state=DeliveryState.ACCEPTED))
    db.session.commit()
    return made.delivery(send.id, "anna")


def stored() -> int:
    db.session.rollback()
    return db.session.scalar(select(func.count()).select_from(TrackedEvent)) or 0


def test_a_line_says_what_was_noted_whatever_the_agent_holds() -> None:
    for agent in (FIREFOX, "", "Grüße\n\r\0 “x”", "\ud800", "日本"):
        line = spool.to_line(noted(agent=agent))
        assert line.count(b"\n") == 1
        assert spool.from_line(line[:-1]) == noted(agent=agent)


@pytest.mark.parametrize(
    "harm", [lambda x: x[:-3], lambda x: x.replace(b"click", b"clack"), lambda x: b"", lambda x: b"zz"]
)
def test_a_damaged_line_is_noticed(harm) -> None:
    assert spool.from_line(harm(spool.to_line(noted())[:-1])) is None


def test_a_line_of_another_shape_is_damaged_even_if_its_checksum_holds() -> None:
    text = b'["click",1]'
    assert spool.from_line(b"%08x %s" % (zlib.crc32(text), text)) is None


def test_what_is_half_written_is_no_line_yet(tmp_path: Path) -> None:
    path = tmp_path / "1-1-x.events"
    whole, half = spool.to_line(noted(1)), spool.to_line(noted(2))
    path.write_bytes(whole + half[:20])
    assert [line.noted for line in spool.lines(path, 0, 10)] == [noted(1)]
    path.write_bytes(whole + half)
    assert [line.noted for line in spool.lines(path, len(whole), 10)] == [noted(2)]


def test_a_process_holds_its_file_until_it_lets_go(tmp_path: Path) -> None:
    writer = Spool(tmp_path)
    writer.append(noted())
    [path] = spool.files(tmp_path)
    assert not spool.is_abandoned(path)
    writer.close()
    assert spool.is_abandoned(path)


def test_a_full_file_is_followed_by_another(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spool, "_FULL", 500)
    writer = Spool(tmp_path)
    for number in range(20):
        writer.append(noted(number))
    found = [line.noted.delivery for path in spool.files(tmp_path) for line in spool.lines(path, 0, 99)]
    assert found == list(range(20))
    assert len(spool.files(tmp_path)) > 2


def test_a_line_cut_short_by_a_full_disk_is_an_error_and_spoils_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    writer = Spool(tmp_path)
    writer.append(noted(1))
    really = os.write
    with monkeypatch.context() as full:
        full.setattr(spool.os, "write", lambda file, data: really(file, data[:10]))
        with pytest.raises(OSError, match="short"):
            writer.append(noted(2))
    writer.append(noted(3))
    found = [line.noted for path in spool.files(tmp_path) for line in spool.lines(path, 0, 99)]
    assert found == [noted(1), noted(3)]


def test_a_folder_that_is_taken_away_is_made_anew(tmp_path: Path) -> None:
    writer = Spool(tmp_path / "spool")
    writer.append(noted(1))
    [path] = spool.files(tmp_path / "spool")
    path.unlink()
    (tmp_path / "spool").rmdir()
    writer.append(noted(2))
    [path] = spool.files(tmp_path / "spool")
    assert [line.noted for line in spool.lines(path, 0, 9)] == [noted(2)]


def test_a_killed_process_leaves_every_line_it_answered_for(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from app.tracking.spool import Noted, Spool\n"
        "writer = Spool(Path(sys.argv[1]))\n"
        "for i in range(1, 10**9):\n"
        "    writer.append(Noted('click', i, 0, 1, 'GET', 'x' * 200, 1.0)); print(i, flush=True)\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path)], stdout=subprocess.PIPE, cwd=ROOT, text=True
    ) as process:
        assert process.stdout is not None
        for _ in range(500):
            process.stdout.readline()
        process.send_signal(signal.SIGKILL)
        answered = 500 + len(process.stdout.read().split())
    found = [line.noted for path in spool.files(tmp_path) for line in spool.lines(path, 0, 10**9)]
    assert [line.delivery for line in found if line][:answered] == list(range(1, answered + 1))
    assert all(spool.is_abandoned(path) for path in spool.files(tmp_path))


def write(home: Path, *lines: Noted) -> Path:
    writer = Spool(home)
    for line in lines:
        writer.append(line)
    writer.close()
    return spool.files(home)[-1]


@pytest.mark.both_databases
def test_a_drained_file_goes_with_its_position(mail: Delivery, home: Path) -> None:
    write(home, *[noted(mail.id, at=1_780_000_000.0 + i) for i in range(5)])
    assert drain_spool() == 5
    assert stored() == 5
    assert spool.files(home) == []
    assert db.session.scalar(select(func.count()).select_from(SpoolPosition)) == 0


@pytest.mark.both_databases
def test_a_drain_that_dies_before_its_commit_loses_nothing(mail: Delivery, home: Path) -> None:
    path = write(home, *[noted(mail.id, at=1_780_000_000.0 + i) for i in range(5)])
    drain.batch(path, 3)
    db.session.rollback()
    assert stored() == 0
    assert (drain_spool(), stored()) == (5, 5)


@pytest.mark.both_databases
def test_a_drain_that_dies_between_commit_and_removal_doubles_nothing(mail: Delivery, home: Path) -> None:
    path = write(home, *[noted(mail.id, at=1_780_000_000.0 + i) for i in range(5)])
    drain.batch(path, 3)
    db.session.commit()
    drain.batch(path, 99)
    db.session.commit()
    assert path.exists()
    assert (drain_spool(), stored(), path.exists()) == (0, 5, False)


def test_a_file_that_is_still_written_to_stays(mail: Delivery, home: Path) -> None:
    writer = Spool(home)
    writer.append(noted(mail.id))
    drain_spool()
    [path] = spool.files(home)
    writer.append(noted(mail.id, at=1_780_000_100.0))
    assert (drain_spool(), stored(), path.exists()) == (1, 2, True)
    writer.close()


def test_two_drains_at_once_count_no_line_twice(
    mail: Delivery, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(home, *[noted(mail.id, at=1_780_000_000.0 + i) for i in range(4)])
    drain.batch(path, 2)
    db.session.commit()
    before = drain._position(path)
    drain.batch(path, 1)
    db.session.commit()
    monkeypatch.setattr(drain, "_position", lambda _: before)
    with pytest.raises(Conflict):
        drain.batch(path, 1)
    assert stored() == 3


def test_a_busy_file_does_not_keep_another_one_waiting(
    mail: Delivery, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs, "_STEPS", 1)
    monkeypatch.setattr(jobs._step, "__defaults__", (3,))
    write(home, *[noted(mail.id, at=1_780_000_000.0 + i) for i in range(10)])
    write(home, noted(mail.id, at=1_780_000_500.0))
    assert drain_spool() == 4
    while drain_spool():
        pass
    assert (stored(), spool.files(home)) == (11, [])


def test_only_one_process_of_a_machine_drains(tmp_path: Path) -> None:
    with drain.alone(tmp_path) as first, drain.alone(tmp_path) as second:
        assert (first, second) == (True, False)
    with drain.alone(tmp_path) as later:
        assert later


@pytest.mark.both_databases
def test_a_line_that_the_database_refuses_is_put_aside_and_its_neighbours_go_in(
    mail: Delivery, home: Path
) -> None:
    stranger = Noted("view", 0, 0, 0, "GET", FIREFOX, 1_780_000_000.0, 999_999, 999_999, 999_999)
    write(
        home,
        *[noted(mail.id, at=1_780_000_000.0 + i) for i in range(6)],
        stranger,
        noted(mail.id, at=1_780_000_999.0),
    )
    assert drain_spool() == 8
    assert stored() == 7
    [refused] = (home / "refused.lines").read_bytes().splitlines()
    assert spool.from_line(refused) == stranger


def test_damaged_lines_and_mails_that_are_gone_are_passed_over(mail: Delivery, home: Path) -> None:
    path = write(home, noted(mail.id), noted(999_999), noted(mail.id, at=1_780_000_100.0))
    path.write_bytes(path.read_bytes().replace(b"1780000100", b"1780000101"))
    assert (drain_spool(), stored()) == (3, 1)


@pytest.mark.both_databases
def test_what_no_column_can_hold_is_cut_to_what_it_can(mail: Delivery, home: Path) -> None:
    write(home, noted(mail.id, agent="Mozilla/5.0 \0 \ud800" + "x" * 500, method="PROPFINDING"))
    drain_spool()
    event = db.session.scalars(select(TrackedEvent)).one()
    assert (len(event.agent), event.method) == (300, "PROPFIND")
    assert "\0" not in event.agent


def test_where_the_spool_cannot_be_written_the_database_is(
    client: FlaskClient, mail: Delivery, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Spool, "append", full)
    answer = client.get(
        f"/c/{tokens.make('click', mail.id)}/1",
        base_url="http://127.0.0.1:8000",
        headers={"User-Agent": FIREFOX},
    )
    assert answer.status_code == 302
    assert stored() == 1


def test_a_draft_that_a_dead_process_left_is_cleared_away(tmp_path: Path) -> None:
    draft = tmp_path / "1-1-x.new"
    draft.touch()
    spool.remove_drafts(tmp_path)
    assert draft.exists()
    os.utime(draft, (1, 1))
    spool.remove_drafts(tmp_path)
    assert not draft.exists()
