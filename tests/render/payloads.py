"""What people try to inject: template gadgets of Jinja and its neighbours, and values that mean something in HTML, CSS, addresses and headers.

GADGETS are templates and must be refused as such; with HOSTILE they are values too, which stay to the letter.
"""

_REACH = [
    "__class__", "__init__", "__globals__", "__dict__", "__mro__", "__base__", "__bases__", "__subclasses__", "__module__",
    "__doc__", "__reduce__", "__getattribute__", "__builtins__", "__import__", "__name__", "__wrapped__", "__code__",
    "gi_frame", "f_globals", "func_globals", "mro", "_fields", "replace", "format", "format_map", "upper", "encode", "join",
    "split", "count", "index", "_replace", "items", "keys", "values", "get", "pop", "year", "isoformat", "striptags", "unescape",
]  # fmt: skip
_GLOBALS = [
    "config", "request", "session", "g", "self", "url_for", "get_flashed_messages", "lipsum", "cycler", "joiner", "namespace",
    "range", "dict", "app", "current_app", "env", "environment", "loop", "caller", "varargs", "kwargs", "super", "ctx",
    "context", "__builtins__", "true_", "settings", "os", "sys", "open", "eval", "db", "secret", "undefined_thing", "_text",
    "_plain", "_url", "_css", "_attribute", "debug", "user", "form", "file", "this", "T", "h", "import_string",
]  # fmt: skip
_FILTERS = [
    "attr('x')", "safe", "e", "escape", "forceescape", "tojson", "pprint", "xmlattr", "map('upper')", "select", "reject",
    "selectattr('x')", "groupby('x')", "sort", "list", "batch(2)", "slice(2)", "dictsort", "format('x')", "replace('a','b')",
    "string", "int", "float", "abs", "round", "sum", "min", "max", "random", "reverse", "urlize", "urlencode", "wordwrap",
    "center", "indent", "filesizeformat", "items", "unique", "length", "count", "last", "first", "title", "capitalize",
    "_text('en')", "_url('en','')", "_css('en')", "default(config)", "truncate(slot.words)", "day('x','y')", "nofilter",
]  # fmt: skip
_STATEMENTS = [
    "{% set x = 1 %}", "{% set x %}a{% endset %}", "{% set slot = 1 %}", "{% macro m() %}{% endmacro %}", "{% call m() %}{% endcall %}",
    '{% include "kit.toml" %}', '{% include "/etc/passwd" ignore missing %}', "{% include slot.words %}", '{% import "x" as y %}',
    '{% from "x" import y %}', '{% extends "x" %}', "{% block b %}{% endblock %}", "{% filter upper %}a{% endfilter %}",
    "{% with a = 1 %}{% endwith %}", "{% autoescape false %}{{ slot.words }}{% endautoescape %}", "{% do 1 %}", "{% trans %}a{% endtrans %}",
    "{% debug %}", "{% break %}", "{% continue %}", "{% for x in range(9) %}{% endfor %}", "{% for x in slot.words %}{% endfor %}",
    "{% for x in slot.points recursive %}{{ loop(x) }}{% endfor %}", "{% for x in slot.points if x %}{% endfor %}",
    "{% for a, b in slot.points %}{% endfor %}", "{% for x in ().__class__.__base__.__subclasses__() %}{% endfor %}",
    "{% for x in slot.points %}{{ x.__class__ }}{% endfor %}", "{% for x in slot.points %}{{ loop.cycle('a') }}{% endfor %}",
    "{% for x in slot.points %}{{ loop.changed(x) }}{% endfor %}", "{% for slot in slot.points %}{% endfor %}",
    "{% for _x in slot.points %}{% endfor %}", "{% if slot.words.__class__ %}a{% endif %}", "{% if ().__class__ %}a{% endif %}",
    "{% if slot.words is defined %}a{% endif %}", "{% if slot.words in slot.points %}a{% endif %}", "{% if 1 < 2 %}a{% endif %}",
    "{% if contact.email %}a{% endif %}", "{% if contact.company == 'x' %}a{% endif %}", "{% if config %}a{% endif %}",
    "{% print(config) %}", "{% raw %}{{ x }}", "{% if slot.words %}", "{% unknown %}", "{%", "{{", "{{ slot.words", "{{ slot.words }",
]  # fmt: skip
_EXPRESSIONS = [
    "7*7", "7*'7'", "7+7", "7-7", "7/7", "7//7", "7%7", "7**7", "9**9**9", "-7", "+7", "~7", "'a'*9", "'a'~'b'", "'%s'%7", "'{}'.format(7)",
    "[].append(1)", "[1,2]", "(1,2)", "{'a':1}", "[x for x in y]", "slot['words']", 'slot["__init__"]', "slot.words[0]",
    "slot.words[0:3]", "slot.words()", "slot()", "slot", "partner", "vendor", "contact", "link", "slot.words if slot.site else 1",
    "slot.words and slot.site", "not slot.words", "slot.words == 'a'", "''.__class__", "''.__class__.__mro__[1].__subclasses__()",
    "().__class__.__bases__[0].__subclasses__()[40]('/etc/passwd').read()", "cycler.__init__.__globals__.os.popen('id').read()",
    "lipsum.__globals__['os'].popen('id').read()", "config.items()", "config.from_object('os')", "self._TemplateReference__context",
    "self.__init__.__globals__.__builtins__.__import__('os')", "request.application.__globals__", "request['application']['\\x5f\\x5fglobals\\x5f\\x5f']",
    "''|attr('\\x5f\\x5fclass\\x5f\\x5f')", "joiner.__init__.__globals__.os", "namespace.__init__.__globals__.os", "get_flashed_messages.__globals__.os",
    "url_for.__globals__.current_app.config", "slot.words.__class__.__init__.__globals__", "slot|attr('words')|attr('__class__')",
    "(slot|attr('words'))()", "slot.__getattribute__('words')", "slot.words.format(slot)", "slot.words.format_map(slot)", "vendor.id",
    "partner.secret", "partner.password", "contact.phone", "contact.id", "contact.first_name|upper", "contact.first_name.upper()",
    "contact.first_name|default(partner.name)", "link.admin", "link.unsubscribe|upper", "slot.nothing", "slot.photo.path", "slot.photo.__class__",
    "ｓlot.words.__ｃlass__", "slot\u200b.words", "slоt.words", "slot.words\u202e", "𝓼lot.words", "slot.ﬀ", "slot.__ｃlass__",
]  # fmt: skip
_SPOTS = [
    "<{{ slot.words }}>", "<p {{ slot.words }}>", '<p {{ slot.words }}="a">', "<p class={{ slot.words }}>", '<a onclick="{{ slot.words }}">',
    '<img srcset="{{ slot.site }}">', "<script>{{ slot.words }}</script>", "<!-- {{ slot.words }} -->", '<a href="{{ slot.words }}">',
    '<a href="https://a.example/{{ contact.email }}">', '<a href="{{ contact.email }}">', '<p style="color:{{ slot.words }}">',
    '<p style="{{ contact.company }}">', "<mj-style>{{ slot.words }}</mj-style>", "<mj-style>{{ contact.company }}</mj-style>",
    '<p title="{{ slot.rich }}">', '<a href="javascript:{{ contact.email }}">', "<{% if slot.words %}script{% endif %}>",
    '<a hr{% if slot.words %}ef="x"{% endif %}>', '<mj-image src="{{ contact.company }}" />', '<mj-text color="{{ slot.words }}">a</mj-text>',
    '<iframe srcdoc="{{ slot.words }}">', "<p {% for x in slot.points %}{{ x }}{% endfor %}>",
]  # fmt: skip

GADGETS = list(
    dict.fromkeys(
        [f"{{{{ slot.words.{name} }}}}" for name in _REACH]
        + [f"{{{{ {name} }}}}" for name in _GLOBALS]
        + [f"{{{{ slot.words|{name} }}}}" for name in _FILTERS]
        + [f"{{{{ {text} }}}}" for text in _EXPRESSIONS]
        + _STATEMENTS
        + _SPOTS
    )
)
HOSTILE = [
    "{{7*7}}", "${7*7}", "#{7*7}", "<%= 7*7 %>", "{7*7}", "*{7*7}", "@(7*7)", "[[7*7]]", "%(secret)s", "%s%n%x", "{0.__class__}", "{!r}",
    "$(id)", "`id`", "{% raw %}", "{% endraw %}", "{#", "#}", "%}", "}}", "\\u007b\\u007b7*7}}", "&#123;&#123;7*7}}", "*|MERGE|*", "%%x%%",
    "<script>alert(1)</script>", "</title><script>alert(1)</script>", "</style><script>alert(1)</script>", "</td></tr></table><h1>x",
    "<img src=x onerror=alert(1)>", "<svg/onload=alert(1)>", '" onmouseover="alert(1)', "' onmouseover='alert(1)", '"><b>x</b>', "'><b>x</b>",
    "<b>bold</b>", "<!-- x", "--> x", "<![endif]--><b>x</b>", "<!--[if mso]><b>x</b><![endif]-->", "<mj-text>x</mj-text>", "<mj-raw><b>x</b></mj-raw>",
    "</mj-text></mj-column></mj-section>", "<mj-include path='/etc/passwd' />", "<![CDATA[x]]>", "&lt;b&gt;", "&amp;", "&nbsp;x", "&#60;b>",
    "javascript:alert(1)", "data:text/html,<b>x</b>", "java\tscript:alert(1)", "//evil.example", "\\\\evil.example\\x", "https://evil.example/?a=b&c=d",
    "red;background:url(https://evil.example/x)", "expression(alert(1))", "#fff}body{display:none", "url(javascript:x)", "a{b:c}", "@import 'x'",
    "x\r\nBcc: victim@example.com", "x\nBcc: victim@example.com", "x\rBcc: victim@example.com", "x\r\n\r\n<h1>body</h1>", "x%0d%0aBcc: a@example.com",
    "=?utf-8?q?x?=", "=?utf-8?b?PGI+?=", "x\u2028Bcc: a@example.com", "x\u0085Bcc: a@example.com", "x\x0bBcc: a@example.com", "x\x00y", "x\u202ey", "x\ufeffy",
    "a\r\n.\r\nMAIL FROM:<x@example.com>", ".", "..", "=0D=0ABcc: a@example.com", "a, b@example.com", '"a" <b@example.com>', "a;b", "=cmd|'/c calc'!A1",
    "+1", "-1", "@SUM(1)", "'; DROP TABLE contact; --", "1 OR 1=1", "../../etc/passwd", "%2e%2e%2f", "null", "None", "undefined", "true", "NaN", "0",
    "🎉", "٧*٧", "｛｛7*7｝｝", "\u200b{{7*7}}", "a\u0301", "İstanbul", "שלום", "Zoë & Søn <GmbH>",
]  # fmt: skip
