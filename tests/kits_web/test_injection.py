"""A kit whose template calls, imports or reaches for an attribute is refused with file, line and reason, and nothing of it is stored."""

import pytest
from sqlalchemy import func, select

from app.db import db, scoped
from app.kits import publish
from app.kits.models import Kit, KitVersion
from app.kits.package import KitRefused, unpack
from tests.kits_web.box import files, ingrid, zipped
from tests.render.payloads import GADGETS
from tests.rig.cast import Cast

MAIL = next(name for name in files() if name.endswith(".mjml"))
TRIES = {
    "a call": "{{ slot.person.upper() }}",
    "an attribute": "{{ slot.person.__class__ }}",
    "an attribute by filter": "{{ slot.person|attr('__class__') }}",
    "an index": "{{ slot['person'] }}",
    "a gadget": "{{ cycler.__init__.__globals__.os.popen('id').read() }}",
    "an import": "{% import 'os' as os %}",
    "an include": "{% include '/etc/passwd' %}",
    "a macro": "{% macro m() %}{% endmacro %}",
    "set": "{% set x = 1 %}",
    "extends": "{% extends 'kit.toml' %}",
    "a loop over a call": "{% for x in range(9) %}{% endfor %}",
    "a condition that calls": "{% if slot.person.startswith('a') %}a{% endif %}",
}


def broken(payload: str, name: str = MAIL) -> bytes:
    """The kit with this on the second line of one of its pieces."""
    first, rest = files()[name].decode().split("\n", 1)
    where = rest.replace("<mj-text>", f"<mj-text>{payload}", 1) if name == MAIL else f"{payload}\n{rest}"
    return zipped({name: f"{first}\n{where}".encode()})


@pytest.mark.parametrize("payload", TRIES.values(), ids=TRIES)
def test_a_template_that_reaches_out_is_refused_and_nothing_is_stored(cast: Cast, payload: str) -> None:
    with pytest.raises(KitRefused) as refused:
        publish.import_version(ingrid(cast), broken(payload))
    assert refused.value.file == MAIL
    assert refused.value.line > 1
    assert refused.value.plain
    assert refused.value.mend
    assert not list(db.session.scalars(scoped(cast.northwind, Kit)))
    assert not list(db.session.scalars(scoped(cast.northwind, KitVersion)))


def test_so_is_one_in_a_page_a_post_a_subject_or_the_playbook(cast: Cast) -> None:
    others = [n for n in files() if n.startswith(("landing/", "social/")) or n == "playbook.md"]
    for name in others:
        with pytest.raises(KitRefused) as refused:
            unpack(broken("{{ slot.person.__class__ }}", name))
        assert refused.value.file == name
    toml = files()["kit.toml"].decode().replace('subject = "', 'subject = "{{ slot.person.upper() }}', 1)
    with pytest.raises(KitRefused) as refused:
        unpack(zipped({"kit.toml": toml.encode()}))
    assert refused.value.file == "kit.toml"
    assert db.session.scalar(select(func.count(KitVersion.id))) == 0  # unscoped: nobody has one


@pytest.mark.long
def test_no_gadget_gets_further_than_a_draft_with_errors(cast: Cast) -> None:
    for payload in GADGETS[::5]:
        try:
            version = publish.import_version(ingrid(cast), broken(payload))
        except KitRefused:
            continue
        assert publish.errors(version), payload
        db.session.rollback()
