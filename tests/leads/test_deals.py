"""Deals: registered from a lead with everything tied to it, decided by the vendor, moved on, won or lost."""

import pytest

from app.accounts.actor import Actor
from app.accounts.models import Role
from app.errors import Conflict, Invalid
from app.leads import answer, capture, deals, queries
from app.leads.models import Deal, DealStage, DealStatus, Lead, LeadStatus
from app.money import Money
from tests.rig import story as stories
from tests.rig.cast import Cast

pytestmark = pytest.mark.both_databases


def accepted(cast: Cast) -> Lead:
    lead = capture.capture(stories.submission(stories.campaign(cast.northwind, cast.harbour)))
    assert lead is not None
    answer.accept(maya(cast), lead)
    return lead


def maya(cast: Cast) -> Actor:
    return Actor(cast.maya, cast.harbour, Role.ADMIN)


def ingrid(cast: Cast) -> Actor:
    return Actor(cast.ingrid, cast.northwind, Role.MARKETER)


def registered(cast: Cast) -> Deal:
    return deals.register(
        maya(cast), deals.NewDeal("Van Dijk Logistiek", "40 seats", Money(21_400_00), None), accepted(cast)
    )


def test_a_deal_takes_campaign_and_contact_from_its_lead_and_shares_it(cast: Cast) -> None:
    lead = accepted(cast)
    deal = deals.register(maya(cast), deals.NewDeal("Van Dijk", "40 seats", Money(21_400_00), None), lead)
    assert (deal.campaign_id, deal.contact_id, deal.vendor_id) == (
        lead.campaign_id,
        lead.contact_id,
        cast.northwind.id,
    )
    assert lead.status is LeadStatus.DEAL
    assert lead.shared_at is not None


def test_a_lead_becomes_one_deal_only(cast: Cast) -> None:
    deal = registered(cast)
    lead = queries.lead_of(deal)
    assert lead is not None
    with pytest.raises(Conflict):
        deals.register(maya(cast), deals.NewDeal("Again", "again", Money(1_00), None), lead)


def test_a_deal_of_nothing_is_refused_and_the_lead_stays(cast: Cast) -> None:
    lead = accepted(cast)
    with pytest.raises(Invalid):
        deals.register(maya(cast), deals.NewDeal("Van Dijk", "nothing", Money(0), None), lead)
    assert lead.status is LeadStatus.ACCEPTED


def test_the_vendors_yes_protects_the_deal_for_ninety_days(cast: Cast) -> None:
    deal = registered(cast)
    deals.approve(ingrid(cast), deal)
    assert deal.status is DealStatus.APPROVED
    assert deal.protected_until is not None
    assert deal.decided_by == cast.ingrid.id


def test_a_no_needs_a_reason_that_the_partner_reads(cast: Cast) -> None:
    deal = registered(cast)
    with pytest.raises(Invalid):
        deals.deny(ingrid(cast), deal, "")
    deals.deny(ingrid(cast), deal, "Our direct customer since March")
    assert (deal.status, deal.reason) == (DealStatus.DENIED, "Our direct customer since March")


def test_a_deal_moves_through_its_stages_after_the_yes_and_not_before(cast: Cast) -> None:
    deal = registered(cast)
    with pytest.raises(Conflict):
        deals.advance(maya(cast), deal)
    deals.approve(ingrid(cast), deal)
    deals.advance(maya(cast), deal)
    assert (deal.status, deal.stage) == (DealStatus.OPEN, DealStage.QUOTE)
    deals.advance(maya(cast), deal)
    with pytest.raises(Conflict):
        deals.advance(maya(cast), deal)


def test_a_deal_is_won_once(cast: Cast) -> None:
    deal = registered(cast)
    deals.approve(ingrid(cast), deal)
    deals.close_won(maya(cast), deal)
    with pytest.raises(Conflict):
        deals.close_won(maya(cast), deal)


def test_the_board_holds_open_deals_by_stage_and_sums_are_by_currency(cast: Cast) -> None:
    deal = registered(cast)
    rows = queries.deals(cast.harbour)
    columns = queries.board(rows)
    assert [len(c.rows) for c in columns] == [1, 0, 0, 0]
    assert queries.sum_of(rows) == [Money(21_400_00)]
    assert queries.deals(cast.leuvelink) == []
    assert [r.deal.id for r in queries.deals(cast.northwind)] == [deal.id]
