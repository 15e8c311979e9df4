# pyright: basic
"""What is wrong with an input is told in `userErrors`, all of it at once, each at its path, before anything is sent."""

import asyncio
from itertools import product

import httpx
import pytest
from asking import in_turn
from writing.mutations import answer_to, gid, now, refusals, told, writes

from gateway.sandbox import Dialect, Sandbox

PAIR = {"event": {"eventKey": "spring-fair-2026"}, "contact": {"customerNumber": "C-10001"}}
LONG = "x" * 201
WITH_ID = {
    "updateParticipant": ("Participant", {"isConfirmed": True}),
    "deleteParticipant": ("Participant", {}),
    "updateEvent": ("Event", {"title": "Fair"}),
    "deleteEvent": ("Event", {}),
    "updateContact": ("Contact", {"email": "new@example.org"}),
    "deleteContact": ("Contact", {}),
    "updateCategory": ("Category", {"title": "Glass"}),
    "deleteCategory": ("Category", {}),
}


class Gate(httpx.AsyncBaseTransport):
    """Lets reads through only once as many as are expected wait: they must all be sent at once."""

    def __init__(self, sandbox, expected):
        self._rest = httpx.ASGITransport(sandbox.app)
        self._expected = expected
        self._all = asyncio.Event()
        self.waiting = []

    async def handle_async_request(self, request):
        """Wait for the others."""
        if request.method == "GET":
            self.waiting.append(request.url.path)
            if len(self.waiting) == self._expected:
                self._all.set()
            async with asyncio.timeout(2):
                await self._all.wait()
        return await self._rest.handle_async_request(request)


@pytest.fixture(params=["PATCH", "PUT"])
def either(request, gateway):
    """Take each method of updates, in front of a server that resets what a PUT leaves out."""
    return gateway(Sandbox(Dialect(put="replace"), now=now), update_method=request.param)


BAD_IDS = ["x", "", "2", gid("Node", 1), gid("Participant", 0), gid("Event", 2**31)]


@pytest.mark.parametrize(
    ("bad", "field", "either"),
    in_turn(product(BAD_IDS, WITH_ID), ["PATCH", "PATCH", "PUT"]),
    indirect=["either"],
)
async def test_a_bad_id(either, field, bad):
    """One that is malformed, out of range or of another type is told at `id`, and nothing is asked."""
    kind, given = WITH_ID[field]
    [error] = await refusals(either, field, {**given, "id": bad})

    assert (error["code"], error["field"]) == ("VALIDATION_FAILED", ["input", "id"])
    assert "id" in error["message"]
    assert either.calls == []
    other = gid("Event" if kind != "Event" else "Contact", 1)
    [error] = await refusals(either, field, {**given, "id": other})
    assert kind in error["message"]


BAD_REFERENCES = [
    ("createParticipant", PAIR, "event", {"id": "x"}, "id"),
    ("createParticipant", PAIR, "contact", {"id": gid("Event", 1)}, "id"),
    ("createParticipant", PAIR, "event", {"eventKey": LONG}, "eventKey"),
    ("createParticipant", PAIR, "event", {"eventKey": ""}, "eventKey"),
    ("createParticipant", PAIR, "contact", {"customerNumber": " "}, "customerNumber"),
    ("updateParticipant", {"id": gid("Participant", 2)}, "event", {"id": gid("Contact", 1)}, "id"),
    (
        "updateParticipant",
        {"id": gid("Participant", 2)},
        "contact",
        {"customerNumber": LONG},
        "customerNumber",
    ),
    ("createContact", {}, "categories", [{"categoryKey": "wine"}, {"id": "x"}], "1.id"),
    ("createContact", {}, "categories", [{"categoryKey": "wine"}, {"categoryKey": LONG}], "1.categoryKey"),
    ("updateContact", {"id": gid("Contact", 1)}, "events", [{"eventKey": ""}], "0.eventKey"),
    ("createCategory", {"title": "Glass"}, "parent", {"id": "x"}, "id"),
    ("createCategory", {"title": "Glass"}, "parent", {"categoryKey": LONG}, "categoryKey"),
    ("updateCategory", {"id": gid("Category", 8)}, "parent", {"categoryKey": ""}, "categoryKey"),
    ("updateCategory", {"id": gid("Category", 8)}, "events", [{"id": gid("Category", 1)}], "0.id"),
]


@pytest.mark.parametrize(("field", "rest", "place", "by", "leaf"), BAD_REFERENCES)
async def test_a_reference_that_names_no_row(either, field, rest, place, by, leaf):
    """It is told where it stands, however deep, and nothing is written."""
    assert told(await refusals(either, field, {**rest, place: by})) == [
        ("VALIDATION_FAILED", f"{place}.{leaf}")
    ]
    assert writes(either.sandbox) == []


@pytest.mark.parametrize("key", ["", " ", LONG])
@pytest.mark.parametrize(
    ("field", "rest", "name"),
    [
        ("createEvent", {"title": "Fair"}, "eventKey"),
        ("updateEvent", {"id": gid("Event", 1)}, "eventKey"),
        ("createContact", {}, "customerNumber"),
        ("updateContact", {"id": gid("Contact", 1)}, "customerNumber"),
        ("createCategory", {"title": "Glass"}, "categoryKey"),
        ("updateCategory", {"id": gid("Category", 8)}, "categoryKey"),
    ],
)
async def test_a_key_that_no_row_could_be_found_by(either, field, rest, name, key):
    """An empty one or one that is too long is not sent."""
    assert told(await refusals(either, field, {**rest, name: key})) == [("VALIDATION_FAILED", name)]
    assert writes(either.sandbox) == []


ALL = [
    (
        "createParticipant",
        {"event": {"id": "x"}, "contact": {"customerNumber": LONG}},
        [("VALIDATION_FAILED", "event.id"), ("VALIDATION_FAILED", "contact.customerNumber")],
    ),
    (
        "createParticipant",
        {"event": {"databaseId": 999}, "contact": {"databaseId": 10}},
        [("NOT_FOUND", "event"), ("MISSING_CUSTOMER_NUMBER", "contact")],
    ),
    (
        "updateParticipant",
        {"id": "x", "event": {"databaseId": 0}, "contact": {"id": gid("Contact", 9999)}, "isConfirmed": None},
        [
            ("VALIDATION_FAILED", "id"),
            ("NOT_FOUND", "event"),
            ("NOT_FOUND", "contact"),
            ("VALIDATION_FAILED", "isConfirmed"),
        ],
    ),
    (
        "updateEvent",
        {"id": gid("Contact", 1), "title": None, "eventKey": LONG, "country": None, "city": None},
        [
            ("VALIDATION_FAILED", "id"),
            ("VALIDATION_FAILED", "title"),
            ("VALIDATION_FAILED", "eventKey"),
            ("VALIDATION_FAILED", "country"),
        ],
    ),
    (
        "createContact",
        {
            "customerNumber": "",
            "categories": [{"id": "x"}, {"categoryKey": "wine"}, {"databaseId": 999}, {"categoryKey": LONG}],
            "events": [{"databaseId": 999}, {"id": gid("Category", 1)}],
        },
        [
            ("VALIDATION_FAILED", "customerNumber"),
            ("VALIDATION_FAILED", "categories.0.id"),
            ("NOT_FOUND", "categories.2"),
            ("VALIDATION_FAILED", "categories.3.categoryKey"),
            ("NOT_FOUND", "events.0"),
            ("VALIDATION_FAILED", "events.1.id"),
        ],
    ),
    (
        "updateContact",
        {"id": gid("Contact", 1), "rating": None, "events": [{"eventKey": ""}], "accountAccessEnabled": None},
        [
            ("VALIDATION_FAILED", "rating"),
            ("VALIDATION_FAILED", "accountAccessEnabled"),
            ("VALIDATION_FAILED", "events.0.eventKey"),
        ],
    ),
    (
        "updateCategory",
        {
            "id": gid("Category", 8),
            "parent": {"categoryKey": "no-such"},
            "events": [{"databaseId": 1}, {"databaseId": 999}],
            "sortOrder": None,
        },
        [("NOT_FOUND", "parent"), ("NOT_FOUND", "events.1"), ("VALIDATION_FAILED", "sortOrder")],
    ),
]


@pytest.mark.parametrize(("field", "given", "found"), ALL)
async def test_all_that_is_wrong(either, field, given, found):
    """Ids, nulls, lengths, entries of lists and missing rows: none hides another, and nothing is written."""
    assert sorted(told(await refusals(either, field, given))) == sorted(found)
    assert writes(either.sandbox) == []


async def test_a_row_to_be_replaced_that_is_missing_as_well(replacing):
    """A PUT reads its row: that it is not there is told beside the rest."""
    given = {"id": gid("Category", 999), "title": None, "events": [{"databaseId": 999}]}

    assert told(await refusals(replacing, "updateCategory", given)) == [
        ("NOT_FOUND", "id"),
        ("VALIDATION_FAILED", "title"),
        ("NOT_FOUND", "events.0"),
    ]


@pytest.mark.parametrize(
    ("field", "given", "dialect", "method", "expected"),
    [
        ("createParticipant", {"event": {"databaseId": 999}, "contact": {"databaseId": 2}}, {}, "PATCH", 2),
        (
            "createContact",
            {"categories": [{"databaseId": 5}], "events": [{"databaseId": 999}]},
            {},
            "PATCH",
            2,
        ),
        (
            "updateCategory",
            {
                "id": gid("Category", 8),
                "parent": {"categoryKey": "crafts"},
                "events": [{"databaseId": 998}, {"databaseId": 999}],
            },
            {"put": "replace"},
            "PUT",
            4,
        ),
    ],
)
async def test_look_ups_go_out_together(gateway, field, given, dialect, method, expected):
    """None waits for another's answer."""
    sandbox = Sandbox(Dialect(**dialect), now=now)
    gate = Gate(sandbox, expected)
    ask = gateway(sandbox, transport=gate, update_method=method)

    assert {code for code, _ in told(await refusals(ask, field, given))} == {"NOT_FOUND"}
    assert len(gate.waiting) == expected


@pytest.mark.parametrize(
    ("given", "codes"),
    [
        ({"event": {"id": "x"}, "contact": {"databaseId": 2}}, ["VALIDATION_FAILED"]),
        ({"event": {"eventKey": "spring-fair-2026"}, "contact": {"databaseId": 2}}, None),
    ],
)
async def test_a_look_up_that_fails(wired, given, codes):
    """What the caller can mend is told; without it, why the write could not begin."""
    async with wired({"GET contacts/2": "500"}) as (ask, server):
        answer = await answer_to(ask, "createParticipant", given)

        payload = answer["data"]["createParticipant"]
        assert (payload and [error["code"] for error in payload["userErrors"]]) == codes
        assert [e["extensions"]["code"] for e in answer.get("errors", ())] == (
            [] if codes else ["UPSTREAM_UNAVAILABLE"]
        )
        assert writes(server.sandbox) == []
