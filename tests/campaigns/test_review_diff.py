"""What is compared in a review: words, pictures, dates and lists against the kit's own and against the round before."""

import datetime as dt
from typing import Any

from app.campaigns.prepare import Prepared
from app.campaigns.review_diff import Comparison, Part, against_kit, places_of, since, words
from app.campaigns.review_marks import Mark, marks
from app.kits.models import KitVersion
from app.kits.pieces import EmailPiece, KitSource, Slot, SlotType
from app.render.context import Partner, Vendor

_T = SlotType
KIT = KitSource(
    name="Spring", slug="spring", version="1.0",
    slots=(
        Slot("headline", _T.TEXT, "Headline", default="Half your team works from home. So do the attackers.", max_length=70),
        Slot("story", _T.RICH, "Story", default="<p>We are <b>here</b>.</p><p>Ask us.</p>"),
        Slot("until", _T.DATE, "Open until", latest=dt.date(2026, 9, 30)),
        Slot("colour", _T.COLOUR, "Ground", default="#ffffff"),
        Slot("offer", _T.CHOICE, "Offer", default="Check", choices=("Check", "Talk")),
        Slot("points", _T.LIST, "Points", default=("Laptops", "Sign-ins")),
        Slot("more", _T.URL, "More", default="https://kit.example/more"),
    ),
    emails=(
        EmailPiece("one", "The invitation", "emails/one.mjml", "{{ slot.headline }}", source="{{ slot.story }} {{ slot.more }} https://shop.example/x"),
        EmailPiece("two", "The reminder", "emails/two.mjml", "Still", source="{{ slot.headline }}"),
    ),
)  # fmt: skip


def content(test: Any = None, brand: Any = None, **slots: Any) -> dict[str, Any]:
    return {"slots": slots, "test": test, "brand": brand or {}}


def found(**slots: Any) -> Comparison:
    return against_kit(KIT, content(**slots))


def test_words_are_cut_into_what_stayed_went_and_came() -> None:
    [change] = found(headline="Half your team works from home. Who looks after the door?").changed
    assert change.was == (
        Part("same", "Half your team works from home. "),
        Part("gone", "So do the attackers."),
    )
    assert change.now == (
        Part("same", "Half your team works from home. "),
        Part("new", "Who looks after the door?"),
    )
    assert (change.note, change.about, change.places) == ("57 of 70", "slot/headline", ("all pieces",))


def test_what_is_as_the_kit_suggests_is_only_named() -> None:
    kept = found(headline="Another", points=["Laptops", "Sign-ins"], offer="Check")
    assert [change.label for change in kept.changed] == ["Headline"]
    assert kept.same == ("Story", "Open until", "Ground", "Offer", "Points", "More")


def test_each_kind_is_shown_as_people_read_it() -> None:
    picture = {
        "asset": "p" * 22,
        "ending": "jpg",
        "name": "team.jpg",
        "alt": "Two of us",
        "width": 1600,
        "height": 900,
    }
    kit = KitSource(
        name="S", slug="s", version="1", slots=(*KIT.slots, Slot("team", _T.IMAGE, "Team")), emails=KIT.emails
    )
    made = content(
        story="<p>We are <b>there</b>.</p><p>Ask us.</p>", until="2026-07-10", colour="#000000", offer="Talk",
        points=["Laptops", "Backups"], team=picture,
    )  # fmt: skip
    by_label = {change.label: change for change in against_kit(kit, made).changed}
    assert by_label["Story"].text == "We are there. Ask us."
    assert by_label["Open until"].text == "10 July 2026"
    assert by_label["Open until"].note == "The kit allows up to 30 September 2026"
    assert (by_label["Ground"].was_text, by_label["Ground"].text) == ("#ffffff", "#000000")
    assert by_label["Offer"].note == "One of 2 choices"
    assert by_label["Points"].now[-1] == Part("new", "Backups")
    shown = by_label["Team"].picture
    assert shown is not None
    assert (shown.name, shown.size, shown.alt) == ("team.jpg", "1,600 × 900", "Two of us")


def test_since_the_last_round_counts_what_changed_since_not_what_differs_from_the_kit() -> None:
    before = content(headline="Ours", offer="Talk", brand={"phone": "1", "logo_sha256": "a"})
    now = content(headline="Ours too", offer="Talk", brand={"phone": "2", "logo_sha256": "b"})
    assert [c.label for c in since(KIT, before, now).changed] == ["Headline", "Brand: Phone", "Brand: Logo"]
    back = since(KIT, before, content(offer="Talk", brand=before["brand"])).changed[0]
    assert back.text == "Half your team works from home. So do the attackers."


def test_a_test_in_the_partners_own_words_is_a_change_the_kits_own_is_not() -> None:
    kits = {"email": "one", "lines": [["{{ slot.headline }}", True], ["Other", True]]}
    own = {"email": "one", "lines": [["A line", False], ["B line", False]]}
    assert found(test=kits).changed == ()
    [change] = against_kit(KIT, content(test=own)).changed
    assert (change.text, change.places, change.about) == ("A line / B line", ("The invitation",), "test")


def test_long_texts_are_shown_whole_instead_of_compared_word_by_word() -> None:
    was, now = words("a " * 4_000, "b " * 4_000)
    assert [part.kind for part in (*was, *now)] == ["gone", "new"]
    assert places_of(KIT, "story") == ("The invitation",)
    assert places_of(KIT, "none") == ()


def judged(partner: Partner, **slots: Any) -> list[Mark]:
    made = Prepared(KIT, KitVersion(), {}, partner, Vendor("Northwind", "Northwind"), None, "en", {}, "")
    return [
        mark for mark in marks(made, content(**slots), found(**slots)) if not mark.about.startswith("email/")
    ]


def test_a_link_to_another_host_and_a_price_are_named() -> None:
    ours = Partner(
        "Harbour IT", website="https://www.harbour.example", primary_color="#15324b", call_color="#b9431a"
    )
    assert (
        judged(ours, more="https://shop.harbour.example/x", story='<a href="https://shop.example/y">See</a>')
        == []
    )
    [elsewhere] = judged(ours, more="https://elsewhere.example/x")
    assert (
        elsewhere.text == "Leads to elsewhere.example, which is neither Harbour IT’s website nor in your kit."
    )
    assert elsewhere.about == "slot/more"
    [lookalike] = judged(ours, more="https://notharbour.example/x")
    assert "notharbour.example" in lookalike.text
    [priced] = judged(ours, headline="From EUR 99, 30 % off, 2 hours")
    assert priced.text == "Names a price or a share that your words don’t: “EUR 99,”, “30 %”."


def test_colours_that_nobody_can_read_break_a_rule() -> None:
    mail = (
        '<mjml><mj-body background-color="#ffffff"><mj-section><mj-column>'
        '<mj-text color="{{ partner.call_color }}">Ask us today</mj-text></mj-column></mj-section></mj-body></mjml>'
    )
    kit = KitSource(
        name="S",
        slug="s",
        version="1",
        emails=(EmailPiece("one", "The invitation", "x", "Hello", source=mail),),
    )

    def broken(colour: str) -> list[str]:
        partner = Partner("Harbour IT", primary_color="#15324b", call_color=colour)
        made = Prepared(kit, KitVersion(), {}, partner, Vendor("Northwind", "Northwind"), None, "en", {}, "")
        return [mark.text for mark in marks(made, content(), against_kit(kit, content())) if mark.broken]

    assert broken("#b9431a") == []
    [text] = broken("#ffee88")
    assert text.startswith(
        "“The invitation”: “Ask us today” is hard to read, #ffee88 on #ffffff has 1.2 to 1"
    )
