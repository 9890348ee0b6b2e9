"""Posts and playbooks: plain words of a kit with the partner's own filled in, to read or to copy.

They may name the landing page's address, but no contact: nobody in particular reads them.
"""

from collections.abc import Mapping

from app.render import places, template
from app.render.context import Names, Partner, Vendor
from app.render.email import names_of
from app.render.errors import Problem, RenderError
from app.render.places import Places


def words_names(slots: Mapping[str, object]) -> Names:
    """What a post or playbook may name."""
    offered = names_of(slots, contact=False, links=("landing",))
    return Names(offered.slots, contact=False, links=("landing",), plain=(), links_in_text=True)


def render_words(
    source: str,
    slots: Mapping[str, object],
    partner: Partner,
    vendor: Vendor,
    landing_url: str,
    language: str = "en",
    *,
    mark_missing: bool = False,
) -> str:
    """The text with everything filled in. Raises RenderError as the other pieces do."""
    open_places = Places(places.make_mark([source, repr(dict(slots)), repr(partner), repr(vendor)]))
    parsed = template.parse(source, words_names(slots), open_places, markup=False, language=language)
    data = template.Data(slots, partner, vendor, {})
    gaps = template.missing_slots(parsed, data)
    if gaps and not mark_missing:
        raise RenderError(
            [Problem("slot-missing", f"{str(g)[:1].upper()}{str(g)[1:]}.", "Fill it in.") for g in gaps]
        )
    text = template.evaluate(parsed, data)
    return places.fill(text, open_places.mark, tuple(open_places.known), lambda _: landing_url)
