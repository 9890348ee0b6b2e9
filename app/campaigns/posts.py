"""Social posts of a campaign: the words each network gets, with the campaign's own page linked and the network named in the link.

A form that is filled in after such a link carries the network in its source, so a partner sees which post brought whom.
"""

from dataclasses import dataclass
from urllib.parse import urlencode, urlsplit, urlunsplit

from app.campaigns.prepare import Prepared
from app.kits.pieces import Network, Post
from app.kits.social import LIMITS, length
from app.render.post import render_words
from app.web.hosts import public_url_for

NO_LINK = "[the address of your page]"
"""What stands in a post for the address of a page that isn't published yet."""


@dataclass(frozen=True)
class Shared:
    """A post as one network gets it. `used` of `most` characters; `size` of its picture in pixels."""

    network: Network
    label: str
    text: str
    used: int
    most: int
    size: tuple[int, int]
    links: bool

    @property
    def over(self) -> int:
        """How many characters too many; 0 where it fits."""
        return max(self.used - self.most, 0)


def shared(made: Prepared, post: Post, page_url: str | None) -> list[Shared]:
    """The post for each of its networks. `page_url` is the published page's; None: not published yet. Marks stand where words are missing.

    Raises RenderError for a template that can't be rendered at all.
    """
    return [_one(made, post, network, page_url) for network in post.networks]


def _one(made: Prepared, post: Post, network: Network, page_url: str | None) -> Shared:
    limit = LIMITS[network]
    link = tracked(page_url, network, made.kit.slug, post.name) if page_url else NO_LINK
    text = _words(made, post, link)
    # counted with an address of the length that it will have
    full = text if page_url else _words(made, post, tracked(_stand_in(), network, made.kit.slug, post.name))
    return Shared(network, limit.label, text, length(full, network), limit.most, limit.size, limit.links)


def _words(made: Prepared, post: Post, link: str) -> str:
    return render_words(
        post.source, made.slots, made.partner, made.vendor, link, made.language, mark_missing=True
    ).strip()


def tracked(url: str, network: Network, campaign: str, content: str) -> str:
    """The address with the network named in it, in the parameters that every analytics program knows."""
    named = {
        "utm_source": network.value, "utm_medium": "social", "utm_campaign": campaign, "utm_content": content,
    }  # fmt: skip
    parts = urlsplit(url)
    return urlunsplit(parts._replace(query="&".join(p for p in (parts.query, urlencode(named)) if p)))


def _stand_in() -> str:
    return public_url_for("landing.page", pid="A" * 22)
