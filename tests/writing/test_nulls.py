# pyright: basic
"""What null does in an input: nothing in a create; in an update it clears what may be empty, else it is refused."""

from typing import Any

import pytest
from graphql import build_schema, is_non_null_type
from writing.mutations import gid, now, refusals, sent, told, writes, written

from gateway.sandbox import Dialect, Sandbox
from gateway.schema import print_schema

# As the API's response tables write `|null`; the last three are lists and a parent, which have words of their own.
CLEARED = {
    "Participant": {},
    "Event": {
        "description": "description",
        "dateFrom": "date_from",
        "dateTo": "date_to",
        "state": "state",
        "city": "city",
        "applicationDeadline": "application_deadline",
    },
    "Contact": {
        "email": "email",
        "companyName": "company_name",
        "firstName": "first_name",
        "lastName": "last_name",
        "phone": "phone",
        "fax": "fax",
        "mobile": "mobile",
        "customerNumber": "customer_number",
        "address": "address",
        "postalCode": "postal_code",
        "city": "city",
        "country": "country",
        "state": "state",
        "website": "website",
        "notes": "notes",
        "taxId": "tax_id",
        "categories": "category_keys",
        "events": "event_keys",
    },
    "Category": {
        "categoryKey": "category_key",
        "content": "content",
        "parent": "parent_category_id",
        "events": "event_keys",
    },
}
INSTEAD = {
    "Participant": {"isConfirmed": "true or false", "event": "an event", "contact": "a contact"},
    "Event": {
        "title": "a text",
        "eventKey": "a key",
        "country": "a country code",
        "isVisible": "true or false",
        "openingHours": "a list, [] for none",
    },
    "Contact": {"rating": "1 to 5", "accountAccessEnabled": "true or false"},
    "Category": {
        "title": "a text",
        "isVisible": "true or false",
        "applicantVisibility": "one of its values",
        "accountAccessEnabled": "true or false",
        "sortOrder": "a whole number",
    },
}
ROW = {"Participant": 2, "Event": 1, "Contact": 1, "Category": 19}
REQUIRED = {
    "Participant": {"event": {"eventKey": "spring-fair-2026"}, "contact": {"customerNumber": "C-10002"}},
    "Event": {"title": "Fair"},
    "Contact": {},
    "Category": {"title": "Glass"},
}
IS_SENT = {
    "Participant": {"event_key": "spring-fair-2026", "customer_number": "C-10002"},
    "Event": {"title": "Fair"},
    "Contact": {},
    "Category": {"title": "Glass"},
}
INPUTS: dict[str, Any] = {
    name: named for name, named in build_schema(print_schema()).type_map.items() if name.endswith("Input")
}


def optional(name):
    """Return an input's fields that may be null, with their descriptions."""
    fields = INPUTS[name].fields.items()
    return {field: of.description for field, of in fields if not is_non_null_type(of.type)}


def change(kind, **given):
    """Return an update's input."""
    return {"id": gid(kind, ROW[kind]), **given}


def each(table):
    """Return every field of a table, with its resource."""
    return [(kind, name) for kind, fields in table.items() for name in fields]


@pytest.fixture(params=["PATCH", "PUT"])
def either(request, gateway):
    """Take each method of updates, in front of a server that resets what a PUT leaves out."""
    return gateway(Sandbox(Dialect(put="replace"), now=now), update_method=request.param)


@pytest.mark.parametrize("kind", CLEARED)
def test_every_field_stands_in_a_table(kind):
    """What an update's input may give as null is here, and nowhere twice."""
    assert sorted(optional(f"Update{kind}Input")) == sorted([*CLEARED[kind], *INSTEAD[kind]])


@pytest.mark.parametrize(("kind", "name"), each(CLEARED))
async def test_an_update_clears(either, kind, name):
    """Null goes out as null, an absent list as an empty one, and PlanDocket takes it."""
    await written(either, f"update{kind}", change(kind, **{name: None}))

    is_list = kind == "Contact" and name in ("categories", "events")
    column = CLEARED[kind][name]
    [request] = writes(either.sandbox)
    assert request.body[column] == ([] if is_list else None)
    assert request.method == "PUT" or len(request.body) == 1


@pytest.mark.parametrize(("kind", "name"), each(INSTEAD))
async def test_an_update_refuses(either, kind, name):
    """What always has a value is refused at its place, with what to give instead; nothing is written."""
    [error] = await refusals(either, f"update{kind}", change(kind, **{name: None}))

    instead = INSTEAD[kind][name]
    assert error == {
        "message": f"`{name}` cannot be cleared: leave it out or give {instead}.",
        "field": ["input", name],
        "code": "VALIDATION_FAILED",
    }
    assert writes(either.sandbox) == []


@pytest.mark.parametrize("kind", INSTEAD)
async def test_all_nulls_are_refused_together(ask, kind):
    """As of a client that writes null for whatever is not set: nothing is asked, nothing cleared."""
    nulls = dict.fromkeys([*CLEARED[kind], *INSTEAD[kind]])
    errors = await refusals(ask, f"update{kind}", change(kind, **nulls))

    assert sorted(told(errors)) == sorted(("VALIDATION_FAILED", name) for name in INSTEAD[kind])
    assert ask.calls == []


@pytest.mark.parametrize("kind", REQUIRED)
async def test_a_create_leaves_out(ask, kind):
    """Every null is as if it were not there, so PlanDocket's defaults hold."""
    nulls = dict.fromkeys(optional(f"Create{kind}Input"))
    await written(ask, f"create{kind}", {**nulls, **REQUIRED[kind]})

    assert sent(ask).body == IS_SENT[kind]


@pytest.mark.parametrize("name", [name for name in INPUTS if name.startswith(("Create", "Update"))])
def test_each_field_says_what_null_does(name):
    """In the description: that of a create speaks of what is left out, that of an update of what is cleared."""
    kind = name[6:-5]
    for field, description in optional(name).items():
        if name.startswith("Create"):
            says = "left out or null." in description or "Null is the same as leaving it out." in description
        elif field in INSTEAD[kind]:
            says = description.endswith(f"Null is refused: leave it out or give {INSTEAD[kind][field]}.")
        else:
            says = " Null " in description and "refused" not in description
        assert says, f"{name}.{field}: {description}"
        assert name.startswith("Create") or " new " not in description
