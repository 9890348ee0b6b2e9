"""The doors (sign-in, invitation, reset), the settings of a team, and the audit log.

Each view parses, authorises, calls one operation and renders.
"""

from flask import Blueprint
from flask.blueprints import BlueprintSetupState

from app.accounts import session

bp = Blueprint("accounts", __name__)
bp.app_context_processor(session.for_templates)


@bp.record_once
def _session_lifetime(state: BlueprintSetupState) -> None:
    state.app.permanent_session_lifetime = session.IDLE


blueprints = [bp]
