"""The one blueprint of the funds' pages; `views` brings the partner's and the vendor's side together."""

from flask import Blueprint

bp = Blueprint("funds", __name__)
