"""From a domain that was named to one in use, and out of use again when its records go missing."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import func, select, update

from app.clock import now
from app.db import db
from app.domains import check, keys, manage
from app.domains.jobs import wake_domains
from app.domains.models import DkimKey, DomainStatus, SenderDomain
from app.domains.sender import sender_for
from app.mail.models import OutgoingMail
from app.settings import current
from tests.domains.zone import NAME, lieve, looked_up, maya, named, publish, records, verified
from tests.rig.cast import Cast
from tests.rig.nameserver import NameServer

pytestmark = pytest.mark.both_databases
S = DomainStatus


def aged(domain: SenderDomain, **by: timedelta) -> None:
    """Time has passed."""
    moves = {name: getattr(domain, name) - span for name, span in by.items()}
    db.session.execute(update(SenderDomain).where(SenderDomain.id == domain.id).values(**moves))
    db.session.commit()
    db.session.refresh(domain)


def mails(template: str = "sender_domain") -> list[str]:
    return list(db.session.scalars(select(OutgoingMail.subject).where(OutgoingMail.template == template)))


def test_with_all_records_it_is_in_use_and_its_admin_is_told(cast: Cast, dns: NameServer) -> None:
    domain = named(maya(cast))
    assert sender_for(cast.harbour, current()).domain is None, "named is not proved"
    found = verified_from(domain, dns)
    assert {key: finding["state"] for key, finding in found.findings.items()} == dict.fromkeys(
        ("owner", "dkim", "dmarc", "return", "spf"), "found"
    )
    assert found.has_return_path
    assert sender_for(cast.harbour, current()).address == f"hello@{NAME}"
    assert sender_for(cast.leuvelink, current()).domain is None
    assert mails() == [f"{NAME} is in use"]


def verified_from(domain: SenderDomain, dns: NameServer) -> SenderDomain:
    publish(dns, domain)
    found = looked_up(domain)
    assert found.status is S.VERIFIED
    return found


@pytest.mark.parametrize("missing", ["owner", "dkim", "dmarc"])
def test_without_one_of_the_three_it_stays_pending(cast: Cast, dns: NameServer, missing: str) -> None:
    domain = named(maya(cast))
    publish(dns, domain, *({"owner", "dkim", "dmarc"} - {missing}))
    found = looked_up(domain)
    assert found.status is S.PENDING
    assert found.findings[missing]["state"] == "missing"
    assert sender_for(cast.harbour, current()).domain is None


def test_the_return_path_is_not_needed(cast: Cast, dns: NameServer) -> None:
    domain = named(maya(cast))
    publish(dns, domain, "owner", "dkim", "dmarc")
    found = looked_up(domain)
    assert found.status is S.VERIFIED
    assert not found.has_return_path


def test_two_partners_never_hold_the_same_domain(cast: Cast, dns: NameServer) -> None:
    verified(dns, maya(cast))
    other = named(lieve(cast))
    mine = records(manage.of(cast.harbour))  # type: ignore[arg-type]
    theirs = records(other)
    dns.txt(mine["owner"].name, mine["owner"].value, theirs["owner"].value)
    publish(dns, other, "dkim")
    found = looked_up(other)
    assert found.status is S.PENDING
    assert found.findings["owner"]["text"] == check.TAKEN
    assert sender_for(cast.leuvelink, current()).domain is None
    manage.remove(maya(cast))
    db.session.commit()
    assert looked_up(found).status is S.VERIFIED, "free once the other took it out"


def test_a_missing_key_has_a_grace_then_the_platform_sends(cast: Cast, dns: NameServer) -> None:
    domain = verified(dns, maya(cast))
    dns.txt(records(domain)["dkim"].name)
    found = looked_up(domain)
    assert found.status is S.FAILING
    assert sender_for(cast.harbour, current()).domain == NAME, "the grace"
    looked_up(found)
    assert len(mails()) == 2, "told once that it is in use, once that it is missing"
    aged(found, failing_since=check.GRACE)
    found = looked_up(found)
    assert found.status is S.LAPSED
    assert found.held_name is None
    assert sender_for(cast.harbour, current()).domain is None
    assert mails()[-1] == f"{NAME} is not used any more"
    publish(dns, found)
    assert looked_up(found).status is S.VERIFIED, "it comes back by itself"


def test_a_key_that_comes_back_in_time_changes_nothing(cast: Cast, dns: NameServer) -> None:
    domain = verified(dns, maya(cast))
    dns.txt(records(domain)["dkim"].name)
    found = looked_up(domain)
    publish(dns, found)
    found = looked_up(found)
    assert found.status is S.VERIFIED
    assert found.failing_since is None


def test_a_dns_that_fails_for_an_hour_alarms_nobody(cast: Cast, dns: NameServer) -> None:
    domain = verified(dns, maya(cast))
    dns.mood(records(domain)["dkim"].name, "servfail")
    found = looked_up(domain)
    assert found.status is S.VERIFIED
    assert found.findings["dkim"]["state"] == "unknown"
    aged(found, seen_at=timedelta(days=1))
    assert looked_up(found).status is S.FAILING, "after a day it counts as missing"


def test_a_new_key_signs_once_its_record_is_seen(cast: Cast, dns: NameServer) -> None:
    domain = verified(dns, maya(cast))
    old, _ = keys.of(domain)
    made = manage.change_key(maya(cast))
    db.session.commit()
    looked_up(domain)
    assert keys.of(domain)[0] is old, "the old one signs until the new one is seen"
    publish(dns, domain)
    found = looked_up(domain)
    used, waiting = keys.of(found)
    assert (used and used.selector, waiting) == (made.selector, None)
    assert "dkim-new" not in found.findings
    gone = db.session.scalars(select(DkimKey).where(DkimKey.retired_at.is_not(None))).one()
    assert gone.sealed is None, "a key out of use is kept nowhere"
    assert found.status is S.VERIFIED


def test_a_key_that_can_t_be_opened_ends_the_use_until_a_new_one_is_seen(cast: Cast, dns: NameServer) -> None:
    domain = verified(dns, maya(cast))
    db.session.execute(update(DkimKey).values(sealed=b"under another SECRET_KEY"))
    db.session.commit()
    db.session.expire_all()
    assert sender_for(cast.harbour, current()).domain is None, "at once, without a look at the DNS"
    found = looked_up(domain)
    assert found.status is S.LAPSED
    assert looked_up(found).status is S.LAPSED, "its record alone is of no use"
    manage.change_key(maya(cast))
    db.session.commit()
    publish(dns, found)
    assert looked_up(found).status is S.VERIFIED
    assert sender_for(cast.harbour, current()).domain == NAME


def test_two_that_prove_it_at_the_same_moment_end_with_one_holder(
    app: Flask, cast: Cast, dns: NameServer
) -> None:
    mine, theirs = named(maya(cast)), named(lieve(cast))
    publish(dns, mine)
    publish(dns, theirs, "dkim")
    dns.txt(f"_throughline.{NAME}", records(mine)["owner"].value, records(theirs)["owner"].value)
    ids = (mine.id, theirs.id)
    db.session.rollback()
    db.session.remove()

    def look(domain_id: int) -> None:
        with app.app_context():
            check.check(domain_id)
            db.session.commit()

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(look, ids))
    statuses = sorted(db.session.scalars(select(SenderDomain.status).where(SenderDomain.id.in_(ids))))
    assert statuses == [S.PENDING, S.VERIFIED]


def test_the_beat_rings_for_what_is_due_and_only_once(
    app: Flask, cast: Cast, dns: NameServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    rung: list[tuple[str, tuple[int, ...]]] = []
    monkeypatch.setattr("app.domains.jobs.ring", lambda _, jobs: rung.extend(jobs))
    domain = named(maya(cast))
    assert wake_domains(app) == 1
    assert wake_domains(app) == 0
    assert rung == [("check_domain", (domain.id,))]


def test_verified_domains_are_looked_up_daily(cast: Cast, dns: NameServer) -> None:
    domain = verified(dns, maya(cast))
    assert timedelta(hours=23) < domain.next_check_at - now() <= timedelta(days=1)
    assert db.session.scalar(select(func.count(SenderDomain.id))) == 1
