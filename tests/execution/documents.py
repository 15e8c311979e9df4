# pyright: basic
"""Writes valid documents for the schema, of everything that GraphQL lets a query say."""

import base64
from dataclasses import dataclass, field
from functools import cache

from graphql import (
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    get_named_type,
    is_leaf_type,
)
from hypothesis import strategies as st

from gateway.schema import SCHEMA

GRAPH = SCHEMA._schema
ROWS = ("Participant", "Event", "Contact", "Category")
WIDEST = 40  # rows that one field may come to: documents stay small
CONDITIONS = {"v0": "Boolean!", "v1": "Boolean = {}", "v2": "Boolean! = {}"}
VALUES = {"v0": [True, False], "v1": [True, False, None, ...], "v2": [True, False, ...]}  # ...: not given


def coded(kind, number):
    """Return a global id, or a cursor: they have one form."""
    return base64.b64encode(f"{kind}:{number}".encode()).decode()


# A strategy is dear to make.
_up_to = cache(lambda most: st.integers(1, most))


@dataclass(frozen=True)
class Run:
    """One execution of a document."""

    operation: str | None
    variables: dict | None


@dataclass(frozen=True)
class Asked:
    """A document, and how it is executed: twice with the same values, then with others."""

    text: str
    runs: tuple[Run, ...]


@dataclass
class Written:
    """A field as it stands in the document, without its selection: it may stand there again."""

    text: str
    of: GraphQLObjectType | GraphQLInterfaceType | None
    rows: int


@dataclass
class Writer:
    """Writes one document, piece by piece."""

    draw: st.DrawFn
    meanings: dict = field(default_factory=dict)  # response key -> what it stands for, in all the document
    written: dict = field(default_factory=dict)
    fragments: list = field(default_factory=list)  # name, type, depth, rows, text
    conditions: set = field(default_factory=set)
    numbers: dict = field(default_factory=dict)

    def one(self, options):
        """Choose."""
        return options[self.draw(_up_to(len(options))) - 1]

    def once_in(self, count):
        """Return True so often."""
        return self.draw(_up_to(count)) == count

    def selections(self, parent, depth, rows, most=3):
        """Return a selection set."""
        count = self.draw(_up_to(most))
        return "{ " + " ".join(self.selection(parent, depth, rows) for _ in range(count)) + " }"

    def selection(self, parent, depth, rows):
        """Return one selection."""
        is_abstract = isinstance(parent, GraphQLInterfaceType)
        match self.one(["field"] * (3 if is_abstract else 12) + ["typename", "inline", "inline", "spread"]):
            case "typename":
                return self.one(["__typename", "kind: __typename"]) + self.directives()
            case "inline" if depth:
                of = self.condition(parent)
                on = f" on {of.name}" if of else ""
                inner = self.selections(of or parent, depth - 1, rows, most=3)
                return f"...{on}{self.directives()} {inner}"
            case "spread" if depth:
                return f"...{self.fragment(parent, depth, rows)}{self.directives()}"
            case _:
                return self.field(parent, depth, rows)

    def condition(self, parent):
        """Return a type that may be asked for there; None for none."""
        if isinstance(parent, GraphQLInterfaceType):
            return self.one([None, parent, *(GRAPH.type_map[name] for name in ROWS * 2)])
        return self.one([None, parent, parent, *parent.interfaces])

    def fragment(self, parent, depth, rows):
        """Return the name of a fragment: one that stands already, or a new one."""
        fit = [
            name
            for name, of, deep, wide, _ in self.fragments
            if deep <= depth
            and rows <= wide
            and (of is parent or of in getattr(parent, "interfaces", ()) or parent in of.interfaces)
        ]
        if fit and self.one([True, True, False]):
            return self.one(fit)
        of = self.condition(parent) or parent
        inner = self.selections(of, depth - 1, rows, most=3)
        name = f"F{len(self.fragments)}"
        self.fragments.append((name, of, depth, rows, f"fragment {name} on {of.name} {inner}"))
        return name

    def field(self, parent, depth, rows):
        """Return a field: one that stands there already, under the same name, or any other."""
        before = [
            old
            for old in self.written.get(parent.name, [])
            if old.of is None or (depth and rows * old.rows <= WIDEST)
        ]
        if before and self.once_in(4):
            old = self.one(before)
            return old.text + self.directives() + self.below(old, depth, rows)
        leaves = [name for name, found in parent.fields.items() if is_leaf_type(get_named_type(found.type))]
        others = [name for name in parent.fields if name not in leaves and name != "upstream"]
        if depth and others and (not leaves or parent.name == "Query" or self.once_in(2)):
            leaves = others
        new = self.new(parent, self.one(leaves or ["__typename"]))
        if new.of is not None and rows * new.rows > WIDEST:
            return "__typename" + self.directives()
        self.written.setdefault(parent.name, []).append(new)
        return new.text + self.directives() + self.below(new, depth, rows)

    def below(self, found, depth, rows):
        """Return the field's selection set, if it has one."""
        return (
            "" if found.of is None else " " + self.selections(found.of, max(0, depth - 1), rows * found.rows)
        )

    def new(self, parent, name):
        """Return a field under a response key that stands for nothing else."""
        if name == "__typename":
            return Written(name, None, 1)
        found = parent.fields[name]
        of = get_named_type(found.type)
        arguments, rows = self.arguments(parent, name, found)
        meaning = (name, arguments, str(found.type))
        key = self.one([name, name, name, "a", "b", "c", "id", "title", "nodes", "databaseId"])
        if self.meanings.setdefault(key, meaning) != meaning:
            key = f"x{len(self.meanings)}"
            self.meanings[key] = meaning
        text = (name if key == name else f"{key}: {name}") + arguments
        bare = found.type.of_type if isinstance(found.type, GraphQLNonNull) else found.type
        if isinstance(bare, GraphQLList) and name not in ("edges", "nodes"):
            rows = 4
        return Written(text, None if is_leaf_type(of) else of, rows)

    def arguments(self, parent, name, found):
        """Return valid arguments, mostly of a good value, and how many rows they may bring."""
        if not found.args:
            return "", 1
        if "by" in found.args:
            return f"(by: {{{self.named(get_named_type(found.args['by'].type))}}})", 1
        if name == "node":
            return f'(id: "{self.id()}")', 1
        if name == "nodes":
            ids = [self.id() for _ in range(self.draw(st.integers(0, 4)))]
            return "(ids: [{}])".format(", ".join(f'"{one}"' for one in ids)), max(1, len(ids))
        given, rows = self.window(name if parent.name == "Query" else f"{parent.name}.{name}")
        if "isConfirmed" in found.args and self.once_in(3):
            given.append(f"isConfirmed: {self.one(['true', 'false', 'null'])}")
        if "filter" in found.args and self.once_in(4):
            given.append(f"filter: {{{self.filter(get_named_type(found.args['filter'].type))}}}")
        if "orderBy" in found.args and self.once_in(6):
            has_city = "ParticipantOrder" not in str(found.args["orderBy"].type)
            given.append(f"orderBy: {{field: {'CITY, direction: DESC' if has_city else 'DEFAULT'}}}")
        return f"({', '.join(given)})" if given else "", rows

    def window(self, name):
        """Return what asks for a page."""
        if name in ("participants", "events", "contacts"):
            kind = self.one(["none", "first", "first", "after", "last", "variable"])
        else:
            kind = self.one(["first", "first", "first", "after", "last", "variable"])
        if self.once_in(25):
            return [self.one(["first: -1", "first: 0", 'after: "x"', "first: 101"])], 1
        count = self.one([1, 2, 2, 3])
        match kind:
            case "none":
                return [], 10
            case "first":
                return [f"first: {count}"], count
            case "variable":
                self.numbers[f"n{count}"] = count
                return [f"first: $n{count}"], count
            case "last":
                return [f"last: {count}"], count
            case _:
                return [f"first: {count}", f'after: "{coded(name, self.one([0, 1, 5]))}"'], count

    def filter(self, of):
        """Return a filter of a list."""
        known = {
            "ParticipantFilter": ["isConfirmed: true", 'eventKey: "spring-fair-2026"', 'customerNumber: "x"'],
            "EventFilter": ["isVisible: true", 'search: "fair"', "isVisible: null"],
            "ContactFilter": ['eventKey: "spring-fair-2026"', 'categoryKey: "wood"', 'search: "a"'],
        }
        return self.one(known[of.name])

    def named(self, by):
        """Return what names one row."""
        kind = by.name.removesuffix("By")
        ways = [f"databaseId: {self.one([1, 2, 3, 4, 5])}", f'id: "{coded(kind, self.one([1, 2, 3, 999]))}"']
        keys = {
            "Event": ['eventKey: "spring-fair-2026"', 'eventKey: "none"'],
            "Contact": ['customerNumber: "C-10001"', 'customerNumber: "none"'],
            "Category": ['categoryKey: "wood"', 'categoryKey: "none"'],
        }
        return self.one([*ways, *keys.get(kind, ())])

    def id(self):
        """Return a global id: of a row, of none, or of nothing."""
        kinds = [coded(kind, self.one([1, 2, 3, 4])) for kind in ROWS]
        return self.one([*kinds, *kinds, *kinds, coded("Event", 999), "x"])

    def directives(self):
        """Return conditions, mostly none."""
        if not self.once_in(5):
            return ""
        given = [f" @{self.one(['skip', 'include'])}(if: {self.value()})"]
        if self.once_in(4):
            given = [f" @include(if: {self.value()})", f" @skip(if: {self.value()})"]
        return "".join(given)

    def value(self):
        """Return a constant or a variable."""
        found = self.one(["true", "false", "$v0", "$v0", "$v1", "$v2"])
        if found[0] == "$":
            self.conditions.add(found[1:])
        return found

    def variables(self):
        """Return values of the variables that have any; rarely one that a condition cannot have."""
        given = dict(self.numbers)
        for name in sorted(self.conditions):
            value = self.one(VALUES[name])
            if value is None and not self.once_in(3):
                value = ...
            if value is not ...:
                given[name] = value
        return given

    def header(self, name):
        """Return an operation up to its selection set; each has defaults of its own."""
        declared = [
            f"${name}: {CONDITIONS[name].format(self.one(['true', 'false']))}"
            for name in sorted(self.conditions)
        ]
        declared += [f"${name}: Int" for name in sorted(self.numbers)]
        return f"query {name}" + (f"({', '.join(declared)})" if declared else "")


@st.composite
def documents(draw):
    """Draw a document and how it is executed."""
    writer = Writer(draw)
    root = writer.selections(GRAPH.query_type, draw(st.integers(2, 6)), 1, most=4)
    texts = " ".join([root, *(fragment[-1] for fragment in writer.fragments)])
    writer.conditions = {name for name in CONDITIONS if f"${name})" in texts}
    writer.numbers = {name: count for name, count in writer.numbers.items() if f"${name}" in texts}
    if writer.once_in(4):
        text = f"{writer.header('A')} {{ ...All }}\n{writer.header('B')} {{ ...All }}\nfragment All on Query {root}"
        names = ("A", "B")
    else:
        text, names = f"{writer.header('A')} {root}", ("A", "A")
    first, other = (Run(name, writer.variables()) for name in names)
    text = "\n".join([text, *(fragment[-1] for fragment in writer.fragments)])
    return Asked(text, (first, first, other))
