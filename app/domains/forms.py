"""The two things that a partner types about its sender domain."""

from wtforms import StringField

from app.domains.names import MAX_NAME
from app.web.forms import Form, Required, Short


class DomainForm(Form):
    """The domain that mails shall come from."""

    name = StringField("Domain", [Required(), Short(MAX_NAME)])


class LocalForm(Form):
    """What stands before the @."""

    local_part = StringField("Mails come from", [Required(), Short(40)])
