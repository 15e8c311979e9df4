"""How many requests an operation costs PlanDocket, counted by the sandbox itself.

Prints the table that stands in the README:

    .venv/bin/python tests/benchmarks/requests_table.py
"""

import asyncio
import base64
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import httpx

from gateway.app import create_app
from gateway.sandbox import SANDBOX_KEY, Dialect, Sandbox
from gateway.settings.settings import Settings

TOTALS = Dialect()
PLAIN = Dialect(paging="plain")
WHOLE = Dialect(paging="none")
NO_INCLUDE = Dialect(include="ignored")

PARTICIPANTS = """{ participants(first: 100) { nodes {
  isConfirmed contact { email } event { title } category { title } } } }"""
IDS = "{ participants(first: 100) { nodes { event { id databaseId } contact { id } } } }"
EVENT = """{ event(by: {eventKey: "spring-fair-2026"}) { title
  participants(first: 100) { nodes { contact { email } } } } }"""
EVENTS = "{ events(first: 12) { nodes { title participantCount openingHours } } }"
EVENTS_WITH_PARTICIPANTS = """{ events(first: 12) { nodes { title
  participants(first: 5) { nodes { contact { email } } } } } }"""
CONTACTS = "{ contacts(first: 100) { nodes { email events { title } categories { title } } } }"
ALIASES = """{ a: participants(first: 10) { nodes { id } } b: participants(first: 20) { nodes { id } }
  c: participants(first: 30) { nodes { id } } }"""
CONTACT = """{ contact(by: {customerNumber: "C-10007"}) { email
  participations { nodes { isConfirmed event { title } } } } }"""
WITH_EVENT = "{ participants(first: 100) { nodes { event { title } } } }"


def nodes(kind: str, ids: Sequence[int]) -> str:
    """Return the look-up of many rows by their global ids."""
    given = ", ".join(f'"{base64.b64encode(f"{kind}:{one}".encode()).decode()}"' for one in ids)
    return f"{{ nodes(ids: [{given}]) {{ id ... on {kind} {{ createdAt }} }} }}"


def creation(contacts: Sequence[int], more: str = "") -> str:
    """Return the creation of many participations, by the contacts' integers."""
    rows = ", ".join(f"{{event: {{databaseId: 12}}, contact: {{databaseId: {one}}}}}" for one in contacts)
    return f"""mutation {{ createParticipants(input: {{participants: [{rows}]}}{more}) {{
      results {{ participant {{ isConfirmed }} event {{ participantCount }} userErrors {{ code }} }} }} }}"""


NUMBERED = (3, 4, 5, 6, 8, 11, 12, 13, 14, 15, 17, 18, 21, 22, 23, 24, 25, 27, 31, 32)
"""Contacts with a customer number that do not take part in event 12."""


@dataclass(frozen=True)
class Case:
    """An operation, what was asked before it, and what it may cost."""

    name: str
    query: str
    naive: int
    most: int
    dialect: Dialect = TOTALS
    before: tuple[str, ...] = ()
    clients: int = 1
    settings: dict[str, Any] = field(default_factory=dict[str, Any])


CASES = (
    Case("`participants(first: 100)` with contact, event and category", PARTICIPANTS, 301, 1),
    Case("the same with ids of event and contact only", IDS, 1, 1),
    Case("`event(by: {eventKey})` with `participants(first: 100)` and their contacts", EVENT, 102, 2),
    Case("`events(first: 12)` with participantCount and openingHours", EVENTS, 1, 1),
    Case(
        "`events(first: 12)`, each with `participants(first: 5)` and contacts",
        EVENTS_WITH_PARTICIPANTS,
        73,
        13,
    ),
    Case("… where PlanDocket tells no totals", EVENTS_WITH_PARTICIPANTS, 73, 14, PLAIN),
    Case("… where lists come whole", EVENTS_WITH_PARTICIPANTS, 73, 2, WHOLE),
    Case("`contacts(first: 100)` with events and categories", CONTACTS, 201, 1),
    Case("`nodes` of 60 contacts", nodes("Contact", range(1, 300, 5)), 60, 3),
    Case(
        "`nodes` of 30 participants of a page seen before",
        nodes("Participant", range(1, 91, 3)),
        30,
        0,
        before=("{ participants(first: 100) { nodes { id } } }",),
    ),
    Case("three aliases of one list", ALIASES, 3, 1),
    Case("100 clients with the same query at once", PARTICIPANTS, 30_100, 1, clients=100),
    Case("`contact(by: {customerNumber})` with participations and their events", CONTACT, 9, 2),
    Case(
        "`createParticipants` of 20 contacts by their ids, with the event's new count",
        creation(NUMBERED),
        80,
        23,
    ),
    Case("… with `dryRun`", creation(NUMBERED, ", dryRun: true"), 40, 0),
    Case(
        "any of them again while fresh", EVENTS_WITH_PARTICIPANTS, 73, 0, before=(EVENTS_WITH_PARTICIPANTS,)
    ),
    Case(
        "a server that ignores includes, nothing kept: `participants(first: 100)` with event",
        WITH_EVENT,
        101,
        2,
        NO_INCLUDE,
        settings={"mirror": "off"},
    ),
    Case(
        "… from the second on",
        WITH_EVENT,
        101,
        2,
        NO_INCLUDE,
        before=(WITH_EVENT,),
        settings={"mirror": "off"},
    ),
)


async def calls_of(case: Case) -> list[str]:
    """Return the requests that the sandbox got for a case's operation."""
    sandbox = Sandbox(case.dialect)
    given = {"base_url": "http://plandocket.test", "api_key": SANDBOX_KEY, "auth": "none", **case.settings}
    app = create_app(Settings.model_validate(given), httpx.ASGITransport(sandbox.app))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://localhost") as client:

        async def ask(query: str) -> None:
            answer = (await client.post("/graphql", json={"query": query})).json()
            if "errors" in answer:
                raise RuntimeError(f"{case.name}: {answer['errors'][0]}")

        for query in case.before:
            await ask(query)
        seen = len(sandbox.calls)
        await asyncio.gather(*(ask(case.query) for _ in range(case.clients)))
        return sandbox.calls[seen:]


async def main() -> None:
    """Print the table."""
    print("| operation | naive | here |\n| --- | --- | --- |")  # noqa: T201
    for case in CASES:
        print(f"| {case.name} | {case.naive:,} | {len(await calls_of(case))} |")  # noqa: T201


if __name__ == "__main__":
    asyncio.run(main())
