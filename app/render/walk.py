"""The allow-list over a template's tree: what it may name and do, and the escaping each value needs where it stands.

The walk returns the tree with contact fields and per-recipient addresses replaced by sentinels and every other value
wrapped in the escape of its spot, or the problems that keep the template from being used.
"""

from jinja2 import nodes

from app.render import markup_state
from app.render.context import IMAGE_FIELDS, Names
from app.render.errors import Problem
from app.render.filters import COLOUR_FILTERS, LISTED
from app.render.markup_state import Spot, State
from app.render.near import near
from app.render.places import Places
from app.render.tree import FORBIDDEN, group_of, place_of, reaches, slot_of, spoken_of

GROUPS = ("slot", "partner", "vendor", "contact", "link", "submitted")
_DEPTH = 2
_ALLOWED = "Use {{ slot.… }}, {{ partner.… }}, {{ vendor.… }}, {{ contact.… }} or {{ link.… }}, if and for."


class Walk:
    """One pass over a template. `markup` says whether it is MJML or HTML (else plain text, as a subject is)."""

    def __init__(self, names: Names, places: Places, markup: bool, language: str) -> None:
        self.names = names
        self.places = places
        self.markup = markup
        self.language = language
        self.state = State()
        self.loops: list[str] = []
        self.problems: list[Problem] = []
        self.slots: set[str] = set()
        self.mentions: set[str] = set()

    def template(self, tree: nodes.Template) -> nodes.Template:
        """The tree, checked and wrapped."""
        return nodes.Template(self.body(tree.body), lineno=1)

    def body(self, children: list[nodes.Node]) -> list[nodes.Node]:
        return [self.statement(child) for child in children]

    def statement(self, node: nodes.Node) -> nodes.Node:
        if isinstance(node, nodes.Output):
            return nodes.Output([self.piece(child) for child in node.nodes], lineno=node.lineno)
        if isinstance(node, nodes.If):
            return self.condition(node)
        if isinstance(node, nodes.For):
            return self.loop(node)
        self.refuse(node, f"“{spoken_of(node)}” is not part of the template language.")
        return nodes.Output([], lineno=node.lineno)

    def piece(self, node: nodes.Expr) -> nodes.Expr:
        """A run of plain markup, or a value that is put out."""
        if isinstance(node, nodes.TemplateData):
            if self.markup:
                self.state = markup_state.advance(self.state, node.data)
            return node
        spot = self.state.spot if self.markup else Spot.TEXT
        if spot is Spot.FORBIDDEN:
            self.refuse(
                node,
                "A placeholder can’t stand here: inside a tag’s name, a comment, a script, an event handler "
                "or a value without quotes.",
                "Put it into text or into a quoted attribute.",
                rule="placeholder-spot",
            )
            return nodes.Const("", lineno=node.lineno)
        group = group_of(node)
        if group in ("contact", "link", "submitted"):
            return self.per_recipient(node, group, spot)
        self.value(node)
        self.fits(node, spot)
        return self.escaped(node, spot)

    def escaped(self, node: nodes.Expr, spot: Spot) -> nodes.Expr:
        name = f"_{spot.value}" if self.markup else "_plain"
        arguments: list[nodes.Expr] = [nodes.Const(self.language)]
        if spot is Spot.URL:
            arguments.append(nodes.Const(self.state.value))
        return nodes.Filter(node, name, arguments, [], None, None, lineno=node.lineno)

    def per_recipient(self, node: nodes.Expr, group: str, spot: Spot) -> nodes.Expr:
        """A contact's field or a recipient's own address: a sentinel that phase two fills."""
        instead, first, target = "", False, node
        while isinstance(target, nodes.Filter) and target.node is not None:
            if group == "submitted" and target.name == "first_word" and not target.args:
                first = True
            else:
                instead = self.per_recipient_default(target)
            target = target.node
        if not isinstance(target, nodes.Getattr):
            self.refuse(
                node,
                "This can’t be known before the mail goes out.",
                'Use the field alone, or | default("…").',
            )
            return nodes.Const("")
        if not self.known(target):
            return nodes.Const("")
        self.mentions.add(f"{group}.{target.attr}")
        fits = (Spot.TEXT, Spot.URL) if group == "link" else (Spot.TEXT, Spot.ATTRIBUTE)
        whole = spot is not Spot.URL or not self.state.value.strip()
        if (
            spot not in fits
            or not whole
            or (group == "link" and not self.markup and not self.names.links_in_text)
        ):
            self.refuse(
                node,
                f"{{{{ {group}.{target.attr} }}}} can’t stand here.",
                "A contact’s field belongs in text or in a quoted alt or title; a link alone in href.",
                rule="placeholder-spot",
            )
            return nodes.Const("")
        place = place_of(group, f"{target.attr}|first" if first else target.attr, instead)
        return nodes.TemplateData(self.places.sentinel(place), lineno=node.lineno)

    def per_recipient_default(self, node: nodes.Filter) -> str:
        args = node.args or []
        plain = node.name == "default" and len(args) == 1 and not node.kwargs and not node.dyn_args
        if plain and isinstance(args[0], nodes.Const) and isinstance(args[0].value, str):
            return args[0].value
        self.refuse(
            node,
            "A contact’s field takes no filter but default, because it is filled in when the mail goes out.",
            'Write {{ contact.first_name | default("there") }}.',
        )
        return ""

    def condition(self, node: nodes.If) -> nodes.Node:
        self.truth(node.test)
        before = self.state
        body = self.body(node.body)
        after, ends = self.state, {self.state.key}
        elifs: list[nodes.If] = []
        for branch in node.elif_:
            self.state = before
            self.truth(branch.test)
            elifs.append(nodes.If(branch.test, self.body(branch.body), [], [], lineno=branch.lineno))
            ends.add(self.state.key)
        self.state = before
        otherwise = self.body(node.else_)
        ends.add(self.state.key)
        if len(ends) > 1:
            self.refuse(
                node,
                "A tag or attribute begins in one branch and ends outside of it.",
                "Put if around whole tags.",
            )
        self.state = after
        return nodes.If(node.test, body, elifs, otherwise, lineno=node.lineno)

    def loop(self, node: nodes.For) -> nodes.Node:
        empty = nodes.Output([], lineno=node.lineno)
        iterable, target = node.iter, node.target
        if node.recursive or node.test or node.else_ or not isinstance(target, nodes.Name):
            self.refuse(
                node,
                "This form of for is not part of the template language.",
                "Write {% for x in slot.list %}.",
            )
            return empty
        if not (
            group_of(iterable) == "slot" and isinstance(iterable, nodes.Getattr) and self.known(iterable)
        ):
            if not self.problems:
                self.refuse(node, "for runs over a declared list only.", "Write {% for x in slot.list %}.")
            return empty
        if self.names.slots[iterable.attr] != "list":
            mend = 'Declare it with type = "list".'
            self.refuse(node, f"The slot “{iterable.attr}” is no list.", mend, rule="slot-type")
        if len(self.loops) >= _DEPTH or target.name in (*self.loops, *GROUPS, *self.names.plain, "loop"):
            self.refuse(
                node, "for is nested too deep, or its name is taken.", "Use another name, two levels at most."
            )
        if target.name.startswith("_"):
            self.refuse(node, "Names don’t begin with an underscore.", "Use another name.")
        return self.loop_body(node, target.name)

    def loop_body(self, node: nodes.For, name: str) -> nodes.Node:
        before = self.state
        self.loops.append(name)
        body = self.body(node.body)
        self.loops.pop()
        if self.state.key != before.key:
            self.refuse(
                node,
                "A tag or attribute begins inside for and ends outside of it.",
                "Put for around whole tags.",
            )
        return nodes.For(node.target, node.iter, body, [], None, False, lineno=node.lineno)

    def truth(self, node: nodes.Node) -> None:
        """A condition: a value alone, compared with a constant, or several with and, or, not."""
        if isinstance(node, nodes.Not):
            self.truth(node.node)
        elif isinstance(node, (nodes.And, nodes.Or)):
            self.truth(node.left)
            self.truth(node.right)
        elif isinstance(node, nodes.Compare):
            plain = all(o.op in ("eq", "ne") and isinstance(o.expr, nodes.Const) for o in node.ops)
            if not plain:
                self.refuse(node, "A condition compares with == or != and a constant only.", 'Use == "…".')
            self.truth(node.expr)
        elif group_of(node) in ("contact", "submitted"):
            self.refuse(
                node,
                "A condition can’t ask for a contact’s field: the piece is built once for all.",
                'Write one wording that fits everybody, or use {{ contact.first_name | default("there") }}.',
                rule="contact-condition",
            )
        else:
            self.value(node)

    def value(self, node: nodes.Node) -> None:
        """A readable value: a declared name or a constant, with listed filters that take constants."""
        if isinstance(node, nodes.Const) and isinstance(node.value, (str, int, bool)):
            return
        if isinstance(node, nodes.Name):
            if node.name not in self.loops and node.name not in self.names.plain:
                self.refuse(node, f"“{node.name}” is no name a kit may use.", _ALLOWED)
            elif node.name in self.names.plain:
                self.mentions.add(node.name)
        elif isinstance(node, nodes.Getattr):
            self.known(node)
        elif isinstance(node, nodes.Filter) and node.node is not None:
            self.filter(node)
            self.value(node.node)
        else:
            self.refuse(node, f"“{spoken_of(node)}” is not part of the template language.", _ALLOWED)

    def filter(self, node: nodes.Filter) -> None:
        if node.name not in LISTED:
            self.refuse(node, f"There is no filter “{node.name}”.", f"The filters are {', '.join(LISTED)}.")
        constant = all(isinstance(a, nodes.Const) and isinstance(a.value, (str, int)) for a in node.args)
        if not constant or len(node.args) > 1 or node.kwargs or node.dyn_args or node.dyn_kwargs:
            self.refuse(
                node, f"The filter “{node.name}” takes one constant at most.", "Write the value in quotes."
            )
        elif node.name == "day":
            node.args = [nodes.Const(self.language)]

    def known(self, node: nodes.Getattr) -> bool:
        """Whether the dotted name is declared; says so if it isn’t."""
        base = node.node
        if isinstance(base, nodes.Getattr) and isinstance(base.node, nodes.Name) and base.node.name == "slot":
            image = self.names.slots.get(base.attr) == "image" and node.attr in IMAGE_FIELDS
            return self.known(base) and (image or self.undeclared(node, f"slot.{base.attr}.{node.attr}"))
        if not isinstance(base, nodes.Name):
            return self.undeclared(node, "this")
        if base.name == "loop" and self.loops and node.attr in ("index", "first", "last"):
            return True
        if base.name not in GROUPS or node.attr not in self.names.attributes(base.name):
            return self.undeclared(node, f"{base.name}.{node.attr}")
        if base.name == "slot":
            self.slots.add(node.attr)
        self.mentions.add(f"{base.name}.{node.attr}")
        return True

    def undeclared(self, node: nodes.Node, name: str) -> bool:
        root = name.partition(".")[0]
        if root == "slot":
            meant = near(name.removeprefix("slot."), self.names.slots)
            mend = f"{meant}Declare it in kit.toml under [[slots]], or use one of: {', '.join(self.names.slots) or 'none yet'}."
            self.refuse(node, f"{{{{ {name} }}}} is not declared.", mend, rule="slot-undeclared")
        elif root in GROUPS:
            offered = ", ".join(f"{root}.{a}" for a in self.names.attributes(root))
            self.refuse(node, f"There is no {{{{ {name} }}}} here.", f"Offered: {offered or 'nothing'}.")
        else:
            self.refuse(node, f"“{name}” is no name a kit may use.", _ALLOWED)
        return False

    def fits(self, node: nodes.Expr, spot: Spot) -> None:
        """Tells what could never work in a style or an address, before any value is known."""
        kind = self.names.slots.get(slot_of(node), "")
        filtered = isinstance(node, nodes.Filter) and node.name in COLOUR_FILTERS
        whole = not self.state.value.strip()
        wrong_style = (
            spot is Spot.CSS and kind in ("text", "rich", "url", "image", "list", "date") and not filtered
        )
        wrong_address = (
            spot is Spot.URL and whole and kind in ("text", "rich", "colour", "list", "date", "choice")
        )
        if wrong_style or wrong_address or (spot is Spot.ATTRIBUTE and kind == "rich"):
            what = {Spot.CSS: "a style", Spot.URL: "an address", Spot.ATTRIBUTE: "an attribute"}[spot]
            self.refuse(
                node,
                f"The slot “{slot_of(node)}” of type {kind} can’t stand in {what}.",
                "Use a slot of type colour or choice in a style, url or image in an address.",
                rule="placeholder-spot",
            )

    def refuse(self, node: nodes.Node, message: str, mend: str = _ALLOWED, rule: str = "placeholder") -> None:
        # The environment numbers characters, not lines (see `located`); a node begins where its first part does.
        rule = FORBIDDEN if reaches(node) else rule
        begins = min((part.lineno for part in (node, *node.find_all(nodes.Node)) if part.lineno), default=0)
        self.problems.append(Problem(rule, message, mend, begins))
