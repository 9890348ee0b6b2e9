"""A partner is told roughly how many of its people another partner is about to mail, and can't find out about one of them."""

import math
import random
from collections import Counter
from collections.abc import Callable
from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from app.audience.models import ContactList, ListMember, SuppressionReason, SuppressionScope
from app.audience.suppress import address_hash, suppress
from app.campaigns.models import Campaign, CampaignStatus
from app.clock import now
from app.db import db
from app.delivery.models import CollisionAnswer, Delivery, DeliveryState, Send
from app.flows import collisions
from app.flows.check import check
from app.flows.collisions import EPSILON, FRESH, HOLDS, Told, noise, rounded
from tests.audience.people import agreed, contact
from tests.delivery import ready
from tests.rig.cast import Cast

pytestmark = pytest.mark.both_databases

Browser = Callable[..., FlaskClient]
MINE = [f"p{n}" for n in range(40)]


@pytest.fixture
def quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    """No noise, to see what is counted."""
    monkeypatch.setattr(collisions, "noise", lambda: 0)


def rival_campaign(
    cast: Cast, mine: Campaign, locals_: list[str], status: CampaignStatus = CampaignStatus.SCHEDULED
) -> Campaign:
    """Leuvelink's campaign with the same kit, tomorrow, to these people, of whom each agreed."""
    people = ContactList(partner_id=cast.leuvelink.id, name="Everyone")
    db.session.add(people)
    db.session.flush()
    for local in locals_:
        agreed(contact(cast.leuvelink, f"{local}@people.example", people))
    row = Campaign(
        partner_id=cast.leuvelink.id, vendor_id=cast.northwind.id, kit_version_id=mine.kit_version_id, name="Theirs",
        timezone="Europe/Brussels", status=status, list_id=people.id, scheduled_at=now() + timedelta(days=1),
    )  # fmt: skip
    db.session.add(row)
    db.session.commit()
    return row


def ask(campaign: Campaign, *, fresh: bool = True) -> Told | None:
    db.session.commit()
    found = collisions.told(check(None, campaign), fresh=fresh)
    db.session.commit()
    return found


def about(campaign: Campaign) -> int | None:
    found = ask(campaign)
    assert found is not None
    assert found.again is None
    return found.about


def forget() -> None:
    """A week later."""
    for row in db.session.scalars(select(CollisionAnswer)):
        row.asked_at -= HOLDS
    db.session.commit()


@pytest.mark.usefixtures("quiet")
def test_those_whom_another_partner_mails_with_the_same_kit_are_counted(cast: Cast) -> None:
    campaign = ready.campaign(cast, MINE)
    theirs = rival_campaign(cast, campaign, [*MINE[:23], "stranger"])
    assert about(campaign) == 20
    forget()
    theirs.scheduled_at = now() + timedelta(days=40)
    assert about(campaign) is None, "it is far off"
    forget()
    theirs.scheduled_at, theirs.status = now() + timedelta(days=1), CampaignStatus.DRAFT
    assert about(campaign) is None, "nobody has said yes to it"
    forget()
    theirs.status = CampaignStatus.SCHEDULED
    for local in MINE[:10]:
        suppress(
            SuppressionScope.PARTNER,
            cast.leuvelink.id,
            address_hash(f"{local}@people.example"),
            SuppressionReason.UNSUBSCRIBE,
        )
    assert about(campaign) == 10, "who said no to the other partner hears nothing from it"


@pytest.mark.usefixtures("quiet")
def test_of_a_launched_campaign_those_count_who_have_a_message(cast: Cast) -> None:
    campaign = ready.campaign(cast, MINE)
    theirs = rival_campaign(cast, campaign, MINE[:30], CampaignStatus.FINISHED)
    theirs.launched_at = now() - timedelta(days=3)
    owners = {"partner_id": theirs.partner_id, "vendor_id": theirs.vendor_id}
    send = Send(**owners, campaign_id=theirs.id, email="invitation", list_id=theirs.list_id)
    db.session.add(send)
    db.session.flush()
    members = db.session.scalars(
        select(ListMember.contact_id).where(ListMember.list_id == theirs.list_id)
    ).all()
    for number, contact_id in enumerate(members):
        state = DeliveryState.ACCEPTED if number < 20 else DeliveryState.SUPPRESSED
        db.session.add(
            Delivery(
                send_id=send.id,
                campaign_id=theirs.id,
                partner_id=theirs.partner_id,
                contact_id=contact_id,
                rendering_id=1,
                state=state,
            )
        )
    assert about(campaign) == 20
    forget()
    theirs.launched_at = now() - timedelta(days=20)
    assert about(campaign) is None


@pytest.mark.usefixtures("quiet")
def test_of_fewer_than_twenty_people_nothing_is_said(cast: Cast) -> None:
    campaign = ready.campaign(cast, MINE[:19])
    rival_campaign(cast, campaign, MINE)
    assert ask(campaign) is None
    assert db.session.scalars(select(CollisionAnswer)).all() == []


def test_an_answer_stays_as_it_is_though_the_list_and_the_truth_change(cast: Cast) -> None:
    campaign = ready.campaign(cast, MINE)
    rival_campaign(cast, campaign, MINE)
    first = ask(campaign)
    for _ in range(5):
        last = db.session.scalars(select(ListMember).where(ListMember.list_id == campaign.list_id)).first()
        db.session.delete(last)
        assert ask(campaign) == first
    assert len(db.session.scalars(select(CollisionAnswer)).all()) == 1


def test_only_so_many_answers_are_given_in_a_week_whatever_lists_and_campaigns_are_made(cast: Cast) -> None:
    campaign = ready.campaign(cast, MINE)
    answers = []
    for number in range(FRESH + 2):
        copied = ContactList(partner_id=cast.harbour.id, name=f"Probe {number}")
        db.session.add(copied)
        db.session.flush()
        members = db.session.scalars(
            select(ListMember.contact_id).where(ListMember.list_id == campaign.list_id)
        ).all()
        db.session.add_all(
            [ListMember(list_id=copied.id, contact_id=each, partner_id=cast.harbour.id) for each in members]
        )
        campaign.list_id = copied.id
        answers.append(ask(campaign))
    told = [answer for answer in answers if answer is not None]
    assert [answer.again is None for answer in told] == [True] * FRESH + [False] * 2
    again = told[-1].again
    assert again is not None
    assert again > now() + HOLDS - timedelta(minutes=5)


def test_a_page_that_is_refused_draws_no_answer_that_would_be_forgotten(
    cast: Cast, as_person: Browser
) -> None:
    campaign = ready.campaign(cast, MINE)
    client = as_person(cast.maya)
    pid = campaign.pid
    assert client.post(f"/campaigns/{pid}/launch", data={"people": "3", "when": "now"}).status_code >= 400
    assert db.session.scalars(select(CollisionAnswer)).all() == []
    assert client.get(f"/campaigns/{pid}/launch").status_code == 200
    assert client.get(f"/campaigns/{pid}/launch").status_code == 200
    assert len(db.session.scalars(select(CollisionAnswer)).all()) == 1


@pytest.mark.usefixtures("quiet")
def test_the_launch_page_says_it_without_naming_anybody(cast: Cast, as_person: Browser) -> None:
    campaign = ready.campaign(cast, MINE)
    rival_campaign(cast, campaign, MINE[:23])
    cast.northwind_harbour.manager_id = cast.ingrid.id
    db.session.commit()
    client, pid = as_person(cast.maya), campaign.pid
    page = client.get(f"/campaigns/{pid}/launch").text
    assert "About 20 of them" in page
    assert "ask Ingrid Solberg at Northwind Cloud" in " ".join(page.split())
    assert "Leuvelink" not in page
    forget()
    db.session.delete(db.session.scalars(select(Campaign).where(Campaign.name == "Theirs")).one())
    db.session.commit()
    assert "Fewer than 10 of them" in client.get(f"/campaigns/{pid}/launch").text


def spread(count: int, most: int = 1_000) -> dict[int | None, float]:
    """The chance of each answer for this count, worked out exactly."""
    a = math.exp(-EPSILON)
    found: Counter[int | None] = Counter()
    for shift in range(-200, 201):
        found[rounded(count + shift, most)] += (1 - a) / (1 + a) * a ** abs(shift)  # type: ignore[assignment]
    return dict(found)


@pytest.mark.parametrize("count", [*range(45), 94, 95, 104, 105, 994, 995])
def test_adding_one_person_moves_the_odds_of_no_answer_by_more_than_promised(count: int) -> None:
    """The attack: ask for a list, ask for the same list with one person more, and compare."""
    before, after = spread(count), spread(count + 1)
    for answer in before:
        if before[answer] > 1e-9 and after.get(answer, 0) > 1e-9:
            assert abs(math.log(before[answer] / after[answer])) <= EPSILON + 1e-6


def test_an_attacker_with_a_week_s_answers_hardly_does_better_than_a_coin() -> None:
    """Whoever uses every answer of a week on lists that hold the person, right at a boundary, guesses little better than by chance."""
    drawn = random.Random(7)
    right, games = 0, 4_000
    for _ in range(games):
        member = drawn.random() < 0.5
        seen = [rounded(9 + member + noise(drawn.random), 100) for _ in range(FRESH)]
        guess = sum(answer is not None for answer in seen) * 2 > FRESH
        right += guess == member
    most = 1 / (1 + math.exp(-FRESH * EPSILON))
    assert right / games < min(most, 0.66), f"right in {right / games:.0%} of the games"


def test_the_noise_is_what_the_promise_is_worked_out_from() -> None:
    drawn = random.Random(11)
    a, many = math.exp(-EPSILON), 40_000
    seen = Counter(noise(drawn.random) for _ in range(many))
    for shift in range(-6, 7):
        expected = (1 - a) / (1 + a) * a ** abs(shift)
        assert abs(seen[shift] / many - expected) < 0.01


@pytest.mark.parametrize(
    ("count", "said"),
    [
        (0, None),
        (9, None),
        (10, 10),
        (14, 10),
        (15, 20),
        (87, 90),
        (444, 440),
        (1_234, 1_200),
        (9_990, 1_000),
    ],
)
def test_a_count_is_rounded(count: int, said: int | None) -> None:
    assert rounded(count, 1_005 if count == 9_990 else 100_000) == said
