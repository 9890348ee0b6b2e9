"""On real mails whose meaning is known the rules agree, also where what one provider's mails alone bear out is left out."""

from pathlib import Path

import pytest

from app.delivery.bounces import Kind, classify
from tests.bounces.agreement import measured
from tests.conftest import NO_SHARED, SHARED

MAILS = SHARED / "data" / "bounces"
ROOMS = Path(__file__).resolve().parents[2] / "app" / "delivery" / "bounces"
needs_mails = pytest.mark.skipif(not (MAILS / "expected.json").is_file(), reason=NO_SHARED)


@needs_mails
def test_hard_or_not_is_as_expected_for_97_in_100() -> None:
    result = measured(MAILS)
    assert result.share >= 0.97, result.wrong


@needs_mails
def test_and_for_95_in_100_without_what_only_the_family_bears_out() -> None:
    result = measured(MAILS, leave_out=True)
    assert sum(len(atoms) for atoms in result.left_out.values()) > 40, "the measurement leaves nothing out"
    assert result.share >= 0.95, result.wrong


@needs_mails
def test_leaving_rules_out_makes_a_difference() -> None:
    """Otherwise the measurement would measure nothing."""
    assert set(measured(MAILS).wrong) < set(measured(MAILS, leave_out=True).wrong)


@needs_mails
def test_no_autoreply_and_no_report_is_counted_as_a_bounce() -> None:
    kinds = {path.name: classify(path.read_bytes()).kind for path in MAILS.glob("*.eml")}
    replies = {name: kind for name, kind in kinds.items() if name.startswith("rfc3834")}
    reports = {name: kind for name, kind in kinds.items() if name.startswith("arf")}
    assert replies
    assert set(replies.values()) == {Kind.AUTOREPLY}
    assert reports
    assert set(reports.values()) <= {Kind.COMPLAINT, Kind.NONE}
    assert Kind.AUTOREPLY not in {kind for name, kind in kinds.items() if name not in replies}


@needs_mails
def test_no_rule_names_a_mail() -> None:
    source = "".join(path.read_text() for path in ROOMS.glob("*.py")).lower()
    assert ".eml" not in source
    assert not [path.stem for path in MAILS.glob("*.eml") if path.stem in source]
