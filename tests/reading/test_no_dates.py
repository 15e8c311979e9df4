# pyright: basic
"""Dates that do not exist are null and logged, wherever they come; and from a client they are refused, not guessed."""

import json

import httpx
import pytest
from odd import Odd, only
from writing.mutations import answer_to, gid, writes

from gateway.sandbox import Sandbox

NO_DATES = {
    "the 30th of February": "2026-02-30",
    "… with a time": "2026-02-30 09:00:00",
    "a month that is none": "2026-13-01",
    "an hour that is none": "2026-05-01 99:99:99",
    "only an hour that is none": "99:99:99",
    "the hour 24": "2026-05-01T24:30:00",
    "MySQL's zero date": "0000-00-00",
    "… with a time ": "0000-00-00 00:00:00",
    "a month of zero": "2026-00-00",
    "the year 0": "0000-05-01",
    "unix 0": 0,
    "unix 0 as text": "0",
    "unix 0 as a float": 0.0,
    "… as text": "0.0",
    "MySQL's digits of zero": "00000000000000",
    "PHP's zero date": {"date": "-0001-11-30 00:00:00.000000", "timezone_type": 3, "timezone": "UTC"},
    "… as ISO 8601": "-0001-11-30T00:00:00+00:00",
    "a number that is no time": 10**15 * 17,
}


def noted(caplog):
    """Return the lines of the log that say what PlanDocket sent."""
    return [r.message for r in caplog.records if r.name == "gateway.upstream.wire.json_rows"]


@pytest.mark.parametrize("came", NO_DATES.values(), ids=NO_DATES.keys())
@pytest.mark.parametrize(
    ("path", "column", "query"),
    [
        ("events", "date_from", "{ events(first: 2) { nodes { dateFrom } } }"),
        ("events", "application_deadline", "{ event(by: {databaseId: 1}) { applicationDeadline } }"),
        ("contacts", "created_at", "{ contacts(first: 2) { nodes { createdAt } } }"),
        ("categories", "updated_at", "{ category(by: {databaseId: 1}) { updatedAt } }"),
    ],
)
async def test_it_is_null_and_logged(gateway, caplog, path, column, query, came):
    """One line, with the row's id and nothing of what came; the other rows have their dates."""
    sandbox = Sandbox()
    ask = gateway(sandbox, transport=Odd(sandbox, only(path, 1, **{column: came})))
    data = await ask(query)

    field = next(iter(data.values()))
    rows = field.get("nodes", [field])
    assert [next(iter(row.values())) is None for row in rows] == [True, False][: len(rows)]
    [line] = noted(caplog)
    assert f"{path}.{column} in 1 of its rows (ids: 1)" in line


async def test_many_are_one_line(gateway, caplog):
    """Of all the rows that have one."""
    sandbox = Sandbox()
    change = lambda path, row: row | {"date_to": "0000-00-00"}  # noqa: E731
    await gateway(sandbox, transport=Odd(sandbox, change))("{ events { nodes { dateTo } } }")

    assert noted(caplog) == [
        "PlanDocket sent a date that does not exist as events.date_to in 12 of its rows (ids: 1, 2, 3, 4, 5, …): "
        "it is taken for none"
    ]


@pytest.mark.parametrize("came", ["", None, " NULL "])
async def test_no_date_at_all_is_not_logged(gateway, caplog, came):
    """There is nothing odd about it."""
    sandbox = Sandbox()
    ask = gateway(sandbox, transport=Odd(sandbox, only("events", 1, date_from=came)))

    assert await ask("{ event(by: {databaseId: 1}) { dateFrom } }") == {"event": {"dateFrom": None}}
    assert noted(caplog) == []


@pytest.mark.parametrize("came", ["2026-02-30", "0000-00-00", 0])
async def test_what_a_write_answers_is_read_alike(gateway, caplog, came):
    """The row that a write tells is one as any other."""
    sandbox = Sandbox()

    class Zero(httpx.AsyncBaseTransport):
        rest = httpx.ASGITransport(sandbox.app)

        async def handle_async_request(self, request):
            response = await self.rest.handle_async_request(request)
            payload = json.loads(await response.aread())
            payload["data"]["date_to"] = came
            return httpx.Response(response.status_code, json=payload)

    ask = gateway(sandbox, transport=Zero())
    answer = await answer_to(
        ask, "updateEvent", {"id": gid("Event", 1), "title": "New"}, "event { title dateTo }"
    )

    assert answer["data"]["updateEvent"]["event"] == {"title": "New", "dateTo": None}
    assert "events.date_to" in noted(caplog)[0]


@pytest.mark.parametrize(
    "given",
    [
        "20260501",
        20260501,
        "20260501T090000",
        "20260501090000",
        "2026-W18-5",
        "2026-05",
        "2026-5-1",
        "2026-121",
        "2026-02-30",
        "2026-05-01T99:99:99",
        "2026-05-01T09",
        "0000-00-00",
        "0000-05-01",
        "0",
        0,
        "1777626000",
        "2026-05-0\N{ARABIC-INDIC DIGIT ONE}",
    ],
)
@pytest.mark.parametrize("field", ["createEvent", "updateEvent"])
async def test_one_that_a_client_gives_is_refused(gateway, field, given):
    """What it may have meant is not guessed."""
    ask = gateway()
    first = {"title": "Fair"} if field == "createEvent" else {"id": gid("Event", 1)}
    answer = await answer_to(ask, field, {**first, "dateFrom": given})

    [error] = answer["errors"]
    assert error["extensions"]["code"] == "BAD_USER_INPUT"
    assert "a date or an instant by ISO 8601" in error["message"]
    assert writes(ask.sandbox) == []
