# pyright: basic
"""What the tests of writes share: how a mutation is sent, and what came of it in the sandbox."""

import base64
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields, replace
from datetime import date
from typing import Any

from asking import Ask, Json

from gateway.sandbox import DIALECTS, Dialect, Sandbox
from gateway.sandbox.filters import as_moment

NOW = 1_800_000_000.0  # unix seconds, after every moment of the seeded tenant

NOTHING_OF_IT = {
    "create": "written",  # whoever selects the row lets the gateway look for it before it is there
    "update": "written writtenId {entity} {{ databaseId }}",
    "delete": "deletedId",
}


def now() -> float:
    """Return the time, always the same."""
    return NOW


def gid(kind: str, row_id: int) -> str:
    """Return the global id."""
    return base64.b64encode(f"{kind}:{row_id}".encode()).decode()


EACH: dict[str, Json] = {
    "createParticipant": {
        "event": {"eventKey": "spring-fair-2026"},
        "contact": {"customerNumber": "C-10001"},
    },
    "updateParticipant": {"id": gid("Participant", 2), "isConfirmed": True},
    "deleteParticipant": {"id": gid("Participant", 2)},
    "createEvent": {"title": "Fair"},
    "updateEvent": {"id": gid("Event", 2), "title": "Fair"},
    "deleteEvent": {"id": gid("Event", 2)},
    "createContact": {"email": "new@example.org"},
    "updateContact": {"id": gid("Contact", 2), "email": "new@example.org"},
    "deleteContact": {"id": gid("Contact", 2)},
    "createCategory": {"title": "Glass"},
    "updateCategory": {"id": gid("Category", 2), "title": "Glass"},
    "deleteCategory": {"id": gid("Category", 2)},
}
"""An input for each mutation of one row."""

MANY = {
    "createParticipants": "participants",
    "updateContacts": "contacts",
    "deleteParticipants": "ids",
    "setParticipantsConfirmed": "ids",
}
"""The mutations of many rows, each with the list in its input."""


def with_each_verb(
    cases: Iterable[Any], verbs: Sequence[str] = ("create", "update", "delete")
) -> list[tuple[Any, ...]]:
    """Return each case behind the field of each verb, of the resources in turn: which one plays no part in it."""
    kinds = ("Participant", "Event", "Contact", "Category")
    each: list[tuple[Any, ...]] = [case if isinstance(case, tuple) else (case,) for case in cases]
    return [
        (verb + kinds[(number + shift) % len(kinds)], *case)
        for number, case in enumerate(each)
        for shift, verb in enumerate(verbs)
    ]


def document(field: str, selection: str) -> str:
    """Return the mutation of one field, its whole input a variable."""
    kind = f"{field[0].upper()}{field[1:]}Input!"
    return f"mutation($input: {kind}) {{ {field}(input: $input) {{ {selection} }} }}"


def payload_of(field: str, entity: str) -> str:
    """Return a payload's selection: why not, and the entity or the id of what is gone."""
    errors = "userErrors { message field code }"
    if field in MANY:
        given_id = "participantId" if field == "setParticipantsConfirmed" else ""
        return f"{errors} results {{ {given_id} {errors} {entity} }}"
    return f"{errors} {entity}"


async def answer_to(ask: Ask, field: str, given: Json, entity: str = "__typename", **more: Any) -> Json:
    """Send a mutation and return the whole answer."""
    return await ask.answer(document(field, payload_of(field, entity)), input=given, **more)


async def write(ask: Ask, field: str, given: Json, entity: str = "__typename") -> Json:
    """Send a mutation that has no errors, and return its payload."""
    answer = await answer_to(ask, field, given, entity)
    assert "errors" not in answer, answer["errors"]
    return answer["data"][field]


async def written(ask: Ask, field: str, given: Json, entity: str = "__typename") -> Json:
    """Send a mutation that is carried out, and return its payload."""
    payload = await write(ask, field, given, entity)
    assert payload["userErrors"] == []
    return payload


async def refused(ask: Ask, field: str, given: Json) -> tuple[str, list[str] | None]:
    """Send a mutation that is not carried out, and return its one user error's code and place."""
    [error] = await refusals(ask, field, given)
    return error["code"], error["field"]


async def refusals(ask: Ask, field: str, given: Json) -> list[Json]:
    """Send a mutation that is not carried out, and return its user errors; all else of its payload says so."""
    payload = await write(ask, field, given, NOTHING_OF_IT[field[:6]].format(entity=field[6:].lower()))
    errors = payload.pop("userErrors")
    assert all(error["message"] for error in errors)
    assert not any(payload.values())
    return errors


def told(errors: list[Json]) -> list[tuple[str, str]]:
    """Return the code of each user error, and the place below `input`, with dots between."""
    return [(error["code"], ".".join(error["field"][1:])) for error in errors]


def writes(sandbox: Sandbox) -> list[Any]:
    """Return the write requests that the sandbox got, refused ones too: Recorded, bodies of any shape."""
    return [request for request in sandbox.requests if request.method != "GET"]


def sent(ask: Ask) -> Any:
    """Return the only write request, a Recorded whose body is of whatever shape."""
    [request] = writes(ask.sandbox)
    return request


def state(sandbox: Sandbox) -> Json:
    """Return every row of every table."""
    tables = sandbox.tables
    return {
        "participants": list(tables.participants),
        "events": list(tables.events),
        "contacts": list(tables.contacts),
        "categories": list(tables.categories),
    }


@dataclass(frozen=True)
class Way:
    """A server's way with writes, and the method that the gateway changes rows with."""

    ask: Ask
    dialect: Dialect
    method: str

    @property
    def tells(self) -> bool:
        """Whether includes of a single row are honoured."""
        return self.dialect.include in ("comma", "repeated") and self.dialect.include_on_single

    @property
    def is_whole(self) -> bool:
        """Whether an update sends every documented field."""
        return self.method == "PUT"

    def keeps(self, **given: object) -> Json:
        """Return what must be given with PUT where the server does not tell it; else nothing."""
        return given if self.is_whole and not self.tells else {}

    def as_told(self, row):
        """Return a row as precise as the server tells it: unix seconds make a moment of a day."""
        if not self.dialect.timestamps.startswith("unix"):
            return row
        days = {field.name: getattr(row, field.name) for field in fields(row)}
        return replace(row, **{name: as_moment(day) for name, day in days.items() if isinstance(day, date)})


ANSWERS = {
    "full": Dialect(writes="full"),  # DIALECTS["schema"] is the same
    "id": Dialect(writes="id"),
    "empty": Dialect(writes="empty"),
    **{name: DIALECTS[name] for name in ("sample", "plain", "links", "strict")},
}
METHODS = {"PATCH": ("PATCH", "merge"), "PUT": ("PUT", "merge"), "PUT-replace": ("PUT", "replace")}
WAYS = {
    f"{answers}-{method}": (replace(dialect, put=put), verb)
    for answers, dialect in ANSWERS.items()
    for method, (verb, put) in METHODS.items()
    if method != "PUT" or answers == "full"  # what a merge loses, a server that replaces loses as well
}
SOME_WAYS = [name for name in WAYS if name.endswith("-PATCH") or name.startswith("full-")]
"""Each dialect once and each method once."""


def unavailable(answer: Json) -> list[str]:
    """Return the fields that the answer calls unavailable."""
    return answer.get("extensions", {}).get("upstream", {}).get("unavailable", [])
