# pyright: basic
"""A sequence of writes through the gateway leaves what the same sequence leaves without it."""

import asyncio
from dataclasses import dataclass, field

import httpx
import pytest
from asking import Ask, Json
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from writing.mutations import answer_to, gid, now, state

from gateway.app import create_app
from gateway.sandbox import SANDBOX_KEY, Dialect, Sandbox
from gateway.settings.settings import Settings

PATHS = {
    "Participant": "participants",
    "Event": "events",
    "Contact": "contacts",
    "Category": "categories",
}
KEYS = {"Event": "eventKey", "Contact": "customerNumber", "Category": "categoryKey"}
NOTHING = object()  # a reference that leads nowhere: the gateway then sends nothing


@dataclass(frozen=True)
class Ref:
    """Names a row by its key, its integer, or its global id."""

    kind: str
    row_id: int
    by: str

    def given(self, tables):
        """Return the input."""
        row = tables.of(PATHS[self.kind]).get(self.row_id)
        key = KEYS[self.kind]
        columns = {
            "eventKey": "event_key",
            "customerNumber": "customer_number",
            "categoryKey": "category_key",
        }
        if self.by == "key" and row is not None and getattr(row, columns[key]):
            return {key: getattr(row, columns[key])}
        return {"id": gid(self.kind, self.row_id)} if self.by == "id" else {"databaseId": self.row_id}

    def key(self, tables):
        """Return the key that PlanDocket's body wants, or NOTHING."""
        row = tables.of(PATHS[self.kind]).get(self.row_id)
        column = {"Event": "event_key", "Contact": "customer_number", "Category": "category_key"}[self.kind]
        return getattr(row, column, None) or NOTHING


@dataclass(frozen=True)
class Act:
    """One write: of which resource, on which row (None: a new one), and the fields by input name."""

    kind: str
    row_id: int | None
    fields: dict = field(default_factory=dict)
    is_delete: bool = False

    @property
    def mutation(self):
        """The mutation's field."""
        verb = "delete" if self.is_delete else "create" if self.row_id is None else "update"
        return verb + self.kind

    def input(self, tables):
        """Return what the gateway is given."""
        given = {name: spelled(value, tables) for name, value in self.fields.items()}
        return given if self.row_id is None else {**given, "id": gid(self.kind, self.row_id)}

    def body(self, tables):
        """Return what PlanDocket is given, or NOTHING."""
        names = {"companyName": "company_name", "taxId": "tax_id", "customerNumber": "customer_number"}
        names |= {"isConfirmed": "is_confirmed", "isVisible": "is_visible", "sortOrder": "sort_order"}
        names |= {"eventKey": "event_key", "categoryKey": "category_key", "dateFrom": "date_from"}
        names |= {"openingHours": "opening_hours", "applicantVisibility": "applicant_visibility"}
        body = {}
        for name, value in self.fields.items():
            if self.row_id is None and value is None:
                continue  # null is what is left out of a new row
            match name, value:
                case "event" | "contact", Ref():
                    column = {"event": "event_key", "contact": "customer_number"}[name]
                    body[column] = value.key(tables)
                case "parent", Ref():
                    body["parent_category_id"] = value.row_id
                case "parent", None:
                    body["parent_category_id"] = None
                case "events" | "categories", list():
                    column = {"events": "event_keys", "categories": "category_keys"}[name]
                    body[column] = [one.key(tables) for one in value]
                case "events" | "categories", None:
                    body[{"events": "event_keys", "categories": "category_keys"}[name]] = None
                case "applicantVisibility", str():
                    body["applicant_visibility"] = value.lower()
                case _:
                    body[names.get(name, name)] = value
        found = [one for value in body.values() for one in (value if isinstance(value, list) else [value])]
        return NOTHING if any(one is NOTHING for one in found) else body


def spelled(value, tables):
    """Return an input's value with its references spelled out."""
    if isinstance(value, Ref):
        return value.given(tables)
    if isinstance(value, list):
        return [spelled(one, tables) for one in value]
    return value


BY = st.sampled_from(["key", "databaseId", "id"])
# Few rows, so that acts meet: seeded ones, those that are made on the way (13, 301, 21), and none.
EVENTS = st.sampled_from([1, 2, 3, 7, 9, 11, 13, 999])
CONTACTS = st.sampled_from([1, 2, 3, 4, 5, 10, 301, 9999])
CATEGORIES = st.sampled_from([1, 5, 6, 8, 14, 16, 19, 21, 999])
PARTICIPANTS = st.sampled_from([1, 2, 3, 4, 5, 6, 7, 8, 1501, 9999])
EVENT = st.builds(Ref, st.just("Event"), EVENTS, BY)
CONTACT = st.builds(Ref, st.just("Contact"), CONTACTS, BY)
CATEGORY = st.builds(Ref, st.just("Category"), CATEGORIES, BY)
TEXT = st.sampled_from(["Ü", "x", "", " ", None])
KEY = st.sampled_from(["new-1", "new-2", "new-3", "new-4", "wine", "boat-show-2026", "C-10001", " "])
BOOL = st.sampled_from([True, False, True, False, True, False, None])
FIELDS = {
    "Participant": ({}, {"event": EVENT, "contact": CONTACT, "isConfirmed": BOOL}),
    "Event": (
        {"title": st.sampled_from(["Fair", "Ü", "Schau", "Markt", " "])},
        {
            "eventKey": KEY,
            "description": TEXT,
            "city": TEXT,
            "country": TEXT,
            "isVisible": BOOL,
            "dateFrom": st.sampled_from([None, "2027-05-01", "2027-05-01T09:00:00+02:00"]),
            "openingHours": st.sampled_from([["late"], [{"day": 1}], [], ["late", 2], None]),
        },
    ),
    "Contact": (
        {},
        {
            "customerNumber": KEY | st.none(),
            "companyName": TEXT,
            "taxId": TEXT,
            "rating": st.sampled_from([1, 2, 4, 5, 0, None]),
            "categories": st.lists(CATEGORY, max_size=2),
            "events": st.lists(EVENT, max_size=2),
        },
    ),
    "Category": (
        {"title": st.sampled_from(["Wood", "Glass", "Ü", "Wool", " "])},
        {
            # No key of null: a contact in such a category cannot be sent by PUT, see test_contacts.py.
            "categoryKey": KEY,
            "parent": st.none() | CATEGORY,
            "events": st.none() | st.lists(EVENT, max_size=2),
            "isVisible": BOOL,
            "applicantVisibility": st.sampled_from(["SELECTABLE", "CONTAINER", "ADMIN_ONLY", None]),
            "sortOrder": st.sampled_from([0, -1, 7, 8, 9, None]),
        },
    ),
}
ROWS = {"Participant": PARTICIPANTS, "Event": EVENTS, "Contact": CONTACTS, "Category": CATEGORIES}


def acts_of(kind):
    """Return creates, updates and deletes of a resource."""
    required, optional = FIELDS[kind]
    new = {"event": EVENT, "contact": CONTACT} if kind == "Participant" else required
    rest = {name: value for name, value in optional.items() if name not in new}
    create = st.builds(
        Act, st.just(kind), st.none(), st.fixed_dictionaries(new, optional=rest), is_delete=st.just(False)
    )
    change = st.fixed_dictionaries({}, optional={**required, **optional})
    update = st.builds(Act, st.just(kind), ROWS[kind], change, is_delete=st.just(False))
    delete = st.builds(Act, st.just(kind), ROWS[kind], st.just({}), is_delete=st.just(True))
    return st.one_of(create, update, update, delete)


ACTS = st.lists(st.one_of(*map(acts_of, FIELDS)), min_size=3, max_size=8)


async def directly(sandbox, client, act, method):
    """Do an act without the gateway, and return whether it was carried out."""
    tables, path = sandbox.tables, PATHS[act.kind]
    if act.is_delete:
        return (await client.delete(f"{path}/{act.row_id}")).is_success
    body = act.body(tables)
    if body is NOTHING or is_unsendable(act, body, tables, method):
        return False
    if act.row_id is None:
        return (await client.post(path, json=body)).is_success
    return (await client.patch(f"{path}/{act.row_id}", json=body)).is_success


def is_unsendable(act, body, tables, method):
    """Return whether the gateway cannot send it whole: the participation's contact has no number."""
    if method == "PATCH" or act.kind != "Participant" or "customer_number" in body:
        return False
    row = tables.participants.get(act.row_id)
    return row is not None and tables.contacts.get(row.contact_id).customer_number is None


async def play(acts, method):
    """Do the acts through the gateway and directly, and hold the tenants against each other."""
    through = Sandbox(Dialect(put="replace"), now=now)
    direct = Sandbox(now=now)
    values: Json = {"base_url": "http://plandocket.test", "api_key": SANDBOX_KEY, "update_method": method}
    app = create_app(Settings(**values), httpx.ASGITransport(through.app))
    headers = {"Authorization": f"Bearer {SANDBOX_KEY}"}
    async with (
        httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://localhost") as http,
        httpx.AsyncClient(
            transport=httpx.ASGITransport(direct.app),
            base_url="http://direct.test/api/v1/",
            headers=headers,
        ) as client,
    ):
        ask = Ask(through, http)
        for act in acts:
            answer = await answer_to(ask, act.mutation, act.input(through.tables))
            assert "errors" not in answer, (act, answer["errors"])
            is_done = answer["data"][act.mutation]["userErrors"] == []
            assert is_done == await directly(direct, client, act, method), (act, answer)
            assert state(through) == state(direct), act


@pytest.mark.parametrize("method", ["PATCH", "PUT"])
@settings(
    max_examples=60,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
@given(acts=ACTS)
def test_the_tenant_is_the_same(method, acts):
    """Creates, changes and deletes, taken or refused: the gateway adds nothing and loses nothing."""
    asyncio.run(play(acts, method))
