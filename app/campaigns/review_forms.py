"""The small forms of a review: the answer, a comment, asking, and in how many days a vendor answers."""

from wtforms import IntegerField, TextAreaField
from wtforms.validators import NumberRange

from app.campaigns.review import MAX_TEXT
from app.campaigns.review_clock import MOST_DAYS
from app.campaigns.review_comments import MAX_COMMENT
from app.web.forms import Form, Required, Short


class AnswerForm(Form):
    """The reviewer's answer: a word to the partner, and why a broken rule may pass."""

    answer = TextAreaField("To the partner", [Short(MAX_TEXT)])
    waiver = TextAreaField("Why it may go out all the same", [Short(MAX_TEXT)])


class CommentForm(Form):
    """A comment, or the partner's answer to one."""

    text = TextAreaField("Comment", [Required("Write something."), Short(MAX_COMMENT)])


class AskForm(Form):
    """The partner asks."""

    note = TextAreaField("A word to the reviewer", [Short(MAX_TEXT)])


class DaysForm(Form):
    """In how many working days a vendor promises an answer."""

    days = IntegerField("Working days", [NumberRange(1, MOST_DAYS, f"Give a number from 1 to {MOST_DAYS}.")])
