"""The public addresses of pictures and files: what mails and pages show, and what somebody holds a signed link to."""

from flask import Blueprint, redirect
from werkzeug.wrappers import Response as BaseResponse

from app.accounts.access import public
from app.assets import library_views
from app.assets.links import linked_asset, stored_file
from app.assets.models import Asset
from app.assets.places import rendering_key
from app.assets.queries import ENDINGS, public_asset
from app.assets.serve import private_file, public_file
from app.assets.sizes import MAIL
from app.assets.store import store
from app.errors import NotFound
from app.flows import brand_views
from app.kits.queries import media_file
from app.web import hosts

media = hosts.public(Blueprint("media", __name__, url_prefix="/media"))
_MINUTE = 60


@media.get("/<pid>.<ending>")
@public
def file(pid: str, ending: str) -> BaseResponse:
    """A public picture as mails show it: 1,200 pixels wide at most."""
    asset = _public(pid, ending)
    return _size(asset, MAIL) if MAIL in (asset.renderings or {}) else _whole(asset)


@media.get("/<pid>/<size>.<ending>")
@public
def sized(pid: str, size: str, ending: str) -> BaseResponse:
    """A public picture at one of its sizes."""
    asset = _public(pid, ending)
    if size not in (asset.renderings or {}):
        raise NotFound()
    return _size(asset, size)


@media.get("/kit/<pid>/<path:path>")
@public
def kit(pid: str, path: str) -> BaseResponse:
    """A picture or document out of a kit version."""
    facts = media_file(pid, path)
    return public_file(str(facts["key"]), str(facts["type"]), str(facts["sha256"]))


@media.get("/link/<token>")
@public
def link(token: str) -> BaseResponse:
    """A private file for whoever was given the link, until it expires or the file is deleted."""
    asset = linked_asset(token)
    return redirect(store().link(asset.key, _MINUTE, asset.name, asset.content_type))


@media.get("/stored/<token>")
@public
def stored(token: str) -> BaseResponse:
    """A file of the store on disk, by an address that the store has signed."""
    found = stored_file(token)
    return private_file(found.key, found.content_type, found.key.rpartition("/")[2], found.name)


def _public(pid: str, ending: str) -> Asset:
    asset = public_asset(pid)
    if ENDINGS.get(asset.content_type) != ending:
        raise NotFound()
    return asset


def _size(asset: Asset, size: str) -> BaseResponse:
    key = rendering_key(asset.pid, size, ENDINGS[asset.content_type])
    return public_file(key, asset.content_type, f"{asset.sha256[:40]}-{size}")


def _whole(asset: Asset) -> BaseResponse:
    return public_file(asset.key, asset.content_type, asset.sha256)


blueprints = [media, *brand_views.blueprints, library_views.bp]
