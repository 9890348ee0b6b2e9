"""A made-up partner, vendor and filled slots, with which the check and the command render a kit as somebody would use it."""

import datetime as dt

from app.kits.pieces import KitSource, Slot, SlotType
from app.kits.slots import filled
from app.render.context import Partner, Vendor

PARTNER = Partner(
    name="Harbour IT", legal_name="Harbour IT B.V.", postal_address="Wilhelminakade 88, 3072 AR Rotterdam",
    phone="010 555 01 40", website="https://harbour-it.example", email="hello@harbour-it.example",
    primary_color="#15324b", call_color="#b9431a", sender_name="Harbour IT",
)  # fmt: skip
VENDOR = Vendor(
    name="Northwind Cloud",
    legal_name="Northwind Cloud Ltd",
    city="Dublin",
    website="https://northwind.example",
)
WHY = "You get this because you agreed to mails from Harbour IT on 6 November 2025."
CONTACT = {
    "first_name": "Sanne", "last_name": "Willems", "company": "Van Dijk Logistiek", "job_title": "Office manager",
    "email": "s.willems@vandijk-logistiek.example",
}  # fmt: skip


_LIKELY = (("phone", "010 555 01 48"), ("person", "Jonas Bakker"))


def sample_slots(kit: KitSource, *, pictures: bool = True) -> dict[str, object]:
    """Typed values for every slot: its default, else something of its type; optional pictures only if asked for."""
    wanted = [
        s for s in kit.slots if s.default is None and (pictures or s.required or s.type is not SlotType.IMAGE)
    ]
    return filled(kit, {slot.name: _sample(slot) for slot in wanted})


def _sample(slot: Slot) -> object:
    if slot.type is SlotType.IMAGE:
        return _picture(slot)
    if slot.type is SlotType.DATE:
        return (slot.earliest or slot.latest or dt.date(2026, 6, 12)).isoformat()
    label = next((words for hint, words in _LIKELY if hint in slot.name), slot.label or slot.name)
    words = (label * (slot.max_length // max(len(label), 1) + 1))[: min(slot.max_length, max(len(label), 12))]
    return {
        SlotType.TEXT: label[: slot.max_length],
        SlotType.RICH: f"<p>{words}</p>",
        SlotType.URL: "https://harbour-it.example/",
        SlotType.COLOUR: "#15324b",
        SlotType.CHOICE: slot.choices[0] if slot.choices else "",
        SlotType.LIST: [words, words],
    }[slot.type]


def _picture(slot: Slot) -> dict[str, object]:
    across, down = (int(n) for n in (slot.ratio or "16:9").split(":"))
    width = max(slot.min_width, 1200, slot.min_height * across // down + 1)
    return {
        "url": "https://harbour-it.example/picture.jpg", "alt": slot.label or "A picture",
        "width": width, "height": max(slot.min_height, width * down // across),
    }  # fmt: skip
