"""`throughline abtest`: what the totals of a test say, for scripts and for people."""

import json
import math
import re
from dataclasses import dataclass

import click

from app.abtest.decide import evidence_words, lift_words
from app.abtest.evaluate import Arm, Evaluation, evaluate


@click.group()
def abtest() -> None:
    """A/B tests: evidence that may be looked at whenever one likes."""


class ArmType(click.ParamType[Arm]):
    """`C/N`: C people converted of N assigned."""

    name = "C/N"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> Arm:
        """Read it. Fails with the mend."""
        match = re.fullmatch(r"\s*(\d{1,15})\s*/\s*(\d{1,15})\s*", str(value))
        if not match:
            self.fail(
                f"{value!r} is not C/N. Write how many converted of how many, such as 150/1000.", param, ctx
            )
        try:
            return Arm(int(match[1]), int(match[2]))
        except ValueError as error:
            self.fail(f"{error}.", param, ctx)


@dataclass(frozen=True)
class _Figures:
    evidence: float
    p: float
    lift: float | None
    low: float
    high: float | None
    chance: float


@abtest.command(name="evaluate")
@click.option("--control", required=True, type=ArmType(), help="Converters of assigned, such as 150/1000.")
@click.option("--treatment", required=True, type=ArmType(), help="The same for the new version.")
@click.option(
    "--json", "as_json", is_flag=True, help="One JSON object; lifts as fractions, null where there is no end."
)
def evaluate_command(control: Arm, treatment: Arm, as_json: bool) -> None:
    """Compare a new version with the control by their totals."""
    found = evaluate(control, treatment)
    click.echo(json.dumps(_figures(found).__dict__) if as_json else _text(found))


def _figures(found: Evaluation) -> _Figures:
    high = found.high if math.isfinite(found.high) else None
    return _Figures(found.evidence, found.p, found.lift, found.low, high, found.chance)


def _text(found: Evaluation) -> str:
    lines = [
        f"evidence  {evidence_words(found.evidence)} (pages name a winner from 20 on, mails from 100 on)",
        f"p         {found.p:.4f}",
        f"lift      {lift_words(found.lift)}, between {lift_words(found.low)} and {lift_words(found.high)}",
        f"chance    {found.chance:.4f} that the new version is better; never a reason to stop",
    ]
    return "\n".join(lines)
