"""What a review is about, as plain data: the partner's words and pictures, the brand, the subject lines and the kit's version.

The same content has the same fingerprint, so an approval can be held against what is launched.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from app.accounts.models import Organisation
from app.assets.brand import logo_of
from app.assets.models import Asset
from app.campaigns import subject_test
from app.campaigns.models import Campaign
from app.campaigns.prepare import Prepared, source
from app.db import db, scoped
from app.settings import current

Snapshot = dict[str, Any]


def snapshot(campaign: Campaign, made: Prepared | None = None) -> Snapshot:
    """What would be sent now, without people and time; `made` spares preparing it again. JSON-able, the same for the same content."""
    made = made or source(campaign)
    partner = db.session.get_one(Organisation, campaign.partner_id)
    return {
        "version": {"pid": made.version.pid, "number": made.version.version, "sha256": made.version.sha256},
        "slots": _slots(campaign, partner, made),
        "brand": _brand(partner, made),
        "test": _test(campaign),
    }


def fingerprint(content: Snapshot) -> str:
    """64 hexadecimal digits that differ where the content does."""
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=str)
    return hashlib.sha256(text.encode()).hexdigest()


def _slots(campaign: Campaign, partner: Organisation, made: Prepared) -> dict[str, Any]:
    """The partner's own words by slot; pictures with the hash of their bytes."""
    own = {
        slot.name: campaign.slot_values[slot.name]
        for slot in made.kit.slots
        if slot.name in campaign.slot_values
    }
    pids = [str(value["asset"]) for value in own.values() if isinstance(value, Mapping)]
    query = scoped(partner, Asset).with_only_columns(Asset.pid, Asset.sha256).where(Asset.pid.in_(pids))
    hashes = {row[0]: row[1] for row in db.session.execute(query)} if pids else {}
    return {
        name: _picture(value, hashes) if isinstance(value, Mapping) else value for name, value in own.items()
    }


def _picture(value: Mapping[str, Any], hashes: Mapping[str, str]) -> dict[str, Any]:
    kept = {key: fact for key, fact in value.items() if key != "url"}
    return {**kept, "sha256": hashes.get(str(value["asset"]), "")}


def _brand(partner: Organisation, made: Prepared) -> dict[str, Any]:
    """The brand as templates read it; addresses of our own without their host, which may change."""
    here = current().public_url
    facts = json.loads(json.dumps(asdict(made.partner), default=str))
    logo = logo_of(partner, made.brand)
    kept = {
        name: value.removeprefix(here) if isinstance(value, str) else value for name, value in facts.items()
    }
    return {**kept, "logo_sha256": logo.sha256 if logo else ""}


def _test(campaign: Campaign) -> dict[str, Any] | None:
    planned = subject_test.of(campaign)
    if planned is None:
        return None
    return {
        "email": planned.experiment.email,
        "lines": [[subject.text, subject.is_template] for subject in planned.subjects],
    }
