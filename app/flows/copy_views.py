"""The public side of tests and copies: their links, their unsubscribe page, and the question whether an address wants copies.

Reading any of these changes nothing: scanners follow every link.
"""

from flask import Blueprint, Response, g, redirect, render_template
from werkzeug.wrappers import Response as BaseResponse

from app.accounts.access import public
from app.campaigns import seeds
from app.flows import copies as held
from app.render.page import brand_css
from app.web import hosts

copies = hosts.public(Blueprint("copies", __name__))
blueprints = [copies]

Answer = str | BaseResponse


@copies.get("/c/test.<token>/<int:number>")
@public
def trial_link(token: str, number: int) -> BaseResponse:
    """On to where a link of a test leads."""
    return _on(held.trial_target(token, number))


@copies.get("/c/seed.<token>/<int:number>")
@public
def copy_link(token: str, number: int) -> BaseResponse:
    """On to where a link of a copy leads."""
    return _on(held.copy_target(token, number))


def _on(target: str) -> BaseResponse:
    response = redirect(target, 302)
    response.headers["Cache-Control"] = "no-store"
    return response


@copies.route("/u/test.<token>", methods=["GET", "POST"])
@public
def trial_unsubscribe(token: str) -> Answer:
    """The page that people would see; whatever is pressed, nobody is taken off."""
    return _page("copies.trial_brand", token, held.trial_holder(token))


@copies.get("/u/seed.<token>")
@public
def copy_unsubscribe(token: str) -> Answer:
    """One button."""
    return _page("copies.copy_brand", token, held.copy_holder(token))


@copies.post("/u/seed.<token>")
@public
def copy_stop(token: str) -> Answer:
    """No more copies: from the page's button, or from a mailbox's own with no cookie (RFC 8058). Always 200."""
    holder = held.copy_holder(token)
    held.stop(holder)
    return _page("copies.copy_brand", token, holder)


@copies.get("/u/test.<token>/brand.css")
@public
def trial_brand(token: str) -> Answer:
    """The partner's colours for this page."""
    return _brand(held.trial_holder(token))


@copies.get("/u/seed.<token>/brand.css")
@public
def copy_brand(token: str) -> Answer:
    """The partner's colours for this page."""
    return _brand(held.copy_holder(token))


def _brand(holder: held.Holder) -> Response:
    return Response(
        brand_css(holder.looks), mimetype="text/css", headers={"Cache-Control": "private, max-age=300"}
    )


def _page(brand: str, token: str, holder: held.Holder) -> str:
    g.timezone = holder.partner.timezone
    return render_template(
        "campaigns/copy_stop.html", brand=brand, token=token, holder=holder, looks=holder.looks
    )


@copies.get("/seed/<token>")
@public
def question(token: str) -> Answer:
    """Do you want copies? Two buttons."""
    return _question(token)


@copies.post("/seed/<token>/yes")
@public
def yes(token: str) -> Answer:
    """Copies, from the next mail on."""
    seeds.say_yes(seeds.seed_asked(token))
    return _question(token)


@copies.post("/seed/<token>/no")
@public
def no(token: str) -> Answer:
    """No copies, and no more questions."""
    held.stop_seed(seeds.seed_asked(token))
    return _question(token)


def _question(token: str) -> str:
    seed = seeds.seed_asked(token)
    organisation, asker = seeds.keeper(seed)
    g.timezone = organisation.timezone
    return render_template(
        "campaigns/seed_question.html", token=token, seed=seed, keeper=organisation, asker=asker
    )
