"""What people type on the import pages, as frozen values for the operations."""

from collections.abc import Mapping

from werkzeug.datastructures import FileStorage
from wtforms import BooleanField, StringField, TextAreaField
from wtforms.validators import Optional

from app.audience.columns import Becomes
from app.audience.consent import Plan, Why
from app.errors import Invalid
from app.web.forms import DateField, FileField, Form, Required, Short, stripped

MOST_BYTES = 60_000_000
REASONS = (
    (
        Why.CUSTOMER,
        "They are customers",
        "They bought from you and were told then that they can say no. Runs out 2 years after their last order.",
    ),
    (Why.EXPRESS, "They agreed", "Say when, where, and to which words. Holds until they withdraw it."),
    (Why.INQUIRY, "They asked you something", "A quote, a call, a question. Runs out 6 months after it."),
    (
        Why.COLUMN,
        "A column says it",
        "For each row: basis, date and source. A row without a basis can’t be mailed.",
    ),
    (Why.UNKNOWN, "I don’t know", "They come in as contacts that can’t be mailed."),
)


class UploadForm(Form):
    """The first step: a file."""

    file = FileField(
        "CSV file or Excel workbook",
        [Required("Choose a file.")],
        kinds=(".csv", ".xlsx", ".txt", ".tsv", ".xlsm", ".xls", ".ods"),  # the last two are told what to do
        most=MOST_BYTES,
    )

    def upload(self) -> FileStorage:
        """The file as it came; call it after validate()."""
        found = self.file.data
        if not isinstance(found, FileStorage) or not found.filename:
            raise Invalid("Choose a file.", {"file": "Choose a file."})
        return found


class ConfirmForm(Form):
    """The second step: why these people may be mailed, and which list they join. The columns come beside it."""

    why = StringField("Why may you mail them?")  # drawn as the radio buttons of REASONS
    source = StringField(
        "Where did they say yes, or were told they can say no?", [Short(200)], filters=[stripped]
    )
    wording = TextAreaField("The words they agreed to", [Short(2_000)], filters=[stripped])
    wording_version = StringField("Version of the words", [Short(40)], filters=[stripped])
    given_on = DateField("Date", [Optional()])
    tracking = BooleanField("They also agreed that you note what each of them opens and clicks")
    list_name = StringField(
        "Into the list", [Required("Give the list a name."), Short(120)], filters=[stripped]
    )

    def plan(self) -> Plan | None:
        """The answers as a plan; None while nobody has said why."""
        if self.why.data not in set(Why):
            return None
        return Plan(
            why=Why(self.why.data),
            source=self.source.data or "",
            wording=self.wording.data or "",
            wording_version=self.wording_version.data or "",
            given_on=self.given_on.data.isoformat() if self.given_on.data else None,
            tracking=bool(self.tracking.data),
        )


def mapping_of(form: Mapping[str, str], width: int) -> list[Becomes]:
    """What each column becomes, from the selects `column-0` … Raises Invalid for an answer that isn't one of the choices."""
    allowed = {f"column-{number}" for number in range(width)}
    for name in form:
        if name.startswith("column-") and name not in allowed:
            raise Invalid("This form doesn’t fit the file. Load the page again.")
    try:
        return [Becomes(form.get(f"column-{number}", Becomes.LEAVE_OUT)) for number in range(width)]
    except ValueError:
        raise Invalid("This form doesn’t fit the file. Load the page again.") from None
