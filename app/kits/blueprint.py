"""The blueprint of kits' pages: one address for vendors and partners; who looks decides what stands on it."""

from flask import Blueprint

bp = Blueprint("kits", __name__, url_prefix="/kits")
