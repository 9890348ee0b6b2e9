"""Locked is locked: a partner's words go into the kit's slots, within their limits, and stay words."""

from html.parser import HTMLParser
from typing import Any

import pytest

from app.accounts.actor import Actor
from app.accounts.models import Role
from app.assets.upload import add_file, add_image
from app.campaigns import prepare, words
from app.campaigns.models import CampaignStatus
from app.campaigns.queries import campaign_for
from app.db import db
from app.errors import Refused
from app.kits.queries import kit_source, version_by_id
from app.render.context import ImageValue, Missing
from app.render.email import preview_html, preview_line, preview_text
from app.settings import current
from tests.assets.pictures import picture
from tests.campaigns.made import FILLED, draft, maya
from tests.rig.cast import Cast

pytestmark = pytest.mark.both_databases


class Reader(HTMLParser):
    """Reads a document as a browser does and keeps what could run."""

    def __init__(self) -> None:
        super().__init__()
        self.live: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "script" or any(
            name.startswith("on") or ("alert" in (value or "") and name != "aria-label")
            for name, value in attrs
        ):
            self.live.append(self.get_starttag_text() or tag)


def live_markup(html: str) -> list[str]:
    """Tags that would run something."""
    reader = Reader()
    reader.feed(html)
    return reader.live


def kit_of(campaign: Any) -> Any:
    return kit_source(version_by_id(campaign.kit_version_id))


def test_only_what_differs_from_the_kit_is_stored(cast: Cast) -> None:
    campaign = draft(cast)
    kit = kit_of(campaign)
    default = kit.slot("headline").default
    assert words.save(maya(cast), campaign, {"headline": default, "person": "  Jonas   Bakker "}) == {}
    assert campaign.slot_values == {"person": "Jonas Bakker"}
    read = words.values(campaign, kit)
    assert read["headline"] == default
    assert isinstance(read["until"], Missing)
    assert [slot.name for slot in words.missing_slots(campaign, kit)] == ["until", "phone"]


def test_words_survive_the_database(cast: Cast) -> None:
    campaign = draft(cast, **FILLED)
    db.session.expire_all()
    assert campaign.slot_values == FILLED
    assert words.values(campaign, kit_of(campaign))["until"].isoformat() == "2026-12-24"


def test_an_emptied_field_goes_back_to_the_kit(cast: Cast) -> None:
    campaign = draft(cast, headline="Mine", **FILLED)
    assert words.save(maya(cast), campaign, {"headline": " ", "phone": ""}) == {}
    assert "headline" not in campaign.slot_values
    assert isinstance(words.values(campaign, kit_of(campaign))["phone"], Missing)


@pytest.mark.parametrize(
    ("slot", "raw", "said"),
    [
        ("headline", "x" * 71, "70 or fewer"),
        ("button", "Click me", "Choose one of"),
        ("until", "soon", "Give a date"),
        ("nonsense", "x", "no such field"),
        ("partner_id", "7", "no such field"),
        ("picture", {"asset": "A" * 22, "alt": "x"}, "isn’t in your library"),
        ("headline", ["a"], "as text"),
    ],
)
def test_what_does_not_fit_is_refused_and_the_rest_is_kept(
    cast: Cast, slot: str, raw: Any, said: str
) -> None:
    campaign = draft(cast, headline="Before")
    errors = words.save(maya(cast), campaign, {slot: raw, "person": "Jonas"})
    assert set(errors) == {slot}
    assert said in errors[slot]
    assert campaign.slot_values == {"headline": "Before", "person": "Jonas"}


def test_a_picture_comes_from_the_partners_own_library_alone(cast: Cast) -> None:
    campaign = draft(cast)
    mine = add_image(maya(cast), "team.jpg", picture("JPEG", (1600, 900)))
    private = add_file(maya(cast), "invoice.png", picture(size=(1600, 900)), {"image/png"})
    theirs = add_image(
        Actor(cast.lieve, cast.leuvelink, Role.ADMIN),
        "team.jpg",
        picture("JPEG", (1600, 900), color="#ff0000"),
    )
    for asset in (theirs, private):
        assert (
            "library"
            in words.save(maya(cast), campaign, {"picture": {"asset": asset.pid, "alt": "Four engineers"}})[
                "picture"
            ]
        )
    given = {
        "asset": mine.pid,
        "alt": "Four engineers",
        "url": "https://evil.example/x.png",
        "width": 9,
        "height": 9,
    }
    assert words.save(maya(cast), campaign, {"picture": given}) == {}
    db.session.commit()
    value = words.values(campaign, kit_of(campaign))["picture"]
    assert value == ImageValue(f"{current().public_url}/media/{mine.pid}.jpg", "Four engineers", 1600, 900)


@pytest.mark.parametrize(
    ("size", "alt", "said"),
    [
        ((800, 450), "Team", "It needs 1200"),
        ((1600, 1600), "Team", "16:9"),
        ((1600, 900), "  ", "Describe the picture"),
    ],
)
def test_a_picture_keeps_the_kits_limits(cast: Cast, size: tuple[int, int], alt: str, said: str) -> None:
    campaign = draft(cast)
    asset = add_image(maya(cast), "team.png", picture(size=size))
    assert said in words.save(maya(cast), campaign, {"picture": {"asset": asset.pid, "alt": alt}})["picture"]
    assert campaign.slot_values == {}


@pytest.mark.parametrize(
    "hostile",
    [
        "{{7*7}}",
        "{{ partner.postal_address }}",
        "{% for x in y %}",
        "{# hidden #}",
        "<script>alert(1)</script>",
        '"><img src=x onerror=alert(1)>',
        "</mj-text><mj-raw>x",
    ],
)
def test_what_looks_like_a_placeholder_or_markup_stays_words(cast: Cast, hostile: str) -> None:
    campaign = draft(cast, headline=hostile, subject=hostile[:60], **FILLED)
    made = prepare.source(campaign)
    compiled = prepare.email(made, made.kit.emails[0])
    html, person = preview_html(compiled, {"first_name": "Sanne"}), {"first_name": "{{7*7}}"}
    assert "49" not in preview_text(compiled, {}).split("Hello")[0]
    assert not live_markup(html), "markup that somebody typed came alive"
    assert " ".join(hostile.split()) in " ".join(preview_text(compiled, {}).split())
    assert preview_line(compiled, {})[0] == hostile[:60]
    assert "Hello {{7*7}}," in preview_text(compiled, person)


@pytest.mark.parametrize(
    "status",
    [CampaignStatus.IN_REVIEW, CampaignStatus.SCHEDULED, CampaignStatus.SENDING, CampaignStatus.FINISHED],
)
def test_nothing_changes_once_the_campaign_is_past_its_draft(cast: Cast, status: CampaignStatus) -> None:
    campaign = draft(cast, person="Jonas")
    campaign.status = status
    db.session.commit()
    for change in (
        lambda: words.save(maya(cast), campaign, {"person": "Femke"}),
        lambda: words.undo(maya(cast), campaign),
        lambda: words.to_kit(maya(cast), campaign),
        lambda: words.choose_brand(maya(cast), campaign, "A" * 22),
    ):
        with pytest.raises(Refused, match="past its draft"):
            change()
    assert campaign.slot_values == {"person": "Jonas"}


def test_a_change_takes_an_approval_back_and_looking_does_not(cast: Cast) -> None:
    campaign = draft(cast, person="Jonas")
    campaign.status = CampaignStatus.APPROVED
    db.session.commit()
    assert words.save(maya(cast), campaign, {"person": "Jonas"}) == {}
    assert campaign.status is CampaignStatus.APPROVED
    assert words.save(maya(cast), campaign, {"person": "Femke"}) == {}
    assert campaign_for(cast.harbour, campaign.pid).status is CampaignStatus.DRAFT
