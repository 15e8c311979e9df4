"""What tests of the participants screen need: the screen in a browser, a second client, and PlanDocket itself."""

import base64
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

import httpx
from playwright.sync_api import ConsoleMessage, Page, Request, expect

from gateway.sandbox import SANDBOX_KEY

EVENT = "book-fair-2027"
"""The event whose participants the screen shows."""

Shown = dict[str, str]
"""A row as the screen has it, in words: contact, email, event, isConfirmed."""


def gid(kind: str, row_id: int) -> str:
    """Return a global id."""
    return base64.b64encode(f"{kind}:{row_id}".encode()).decode()


class PlanDocket:
    """The sandbox: what is true."""

    def __init__(self, port: int) -> None:
        headers = {"Authorization": f"Bearer {SANDBOX_KEY}"}
        self._http = httpx.Client(base_url=f"http://127.0.0.1:{port}/api/v1", headers=headers)

    def close(self) -> None:
        """Let go of the connection."""
        self._http.close()

    def rows(self, path: str, **query: str) -> list[dict[str, Any]]:
        """Return all rows of a list, by id."""
        rows: list[dict[str, Any]] = []
        while True:
            page = {"page": str(len(rows) // 100 + 1), "per_page": "100"}
            found = self._http.get(path, params={**query, **page}).raise_for_status().json()["data"]
            rows += found
            if len(found) < 100:
                return rows

    def participants(self) -> list[dict[str, Any]]:
        """Return the event's participants with what belongs to them, by id."""
        return self.rows("participants", event_key=EVENT, include="contact,event")

    def shown(self) -> dict[str, Shown]:
        """Return the same as a screen would show them, by global id."""
        return {gid("Participant", row["id"]): as_shown(row) for row in self.participants()}

    def newcomers(self) -> list[str]:
        """Return the customer numbers of those who do not take part in the event."""
        there = {row["contact_id"] for row in self.participants()}
        contacts = self.rows("contacts")
        return [
            row["customer_number"] for row in contacts if row["customer_number"] and row["id"] not in there
        ]

    def write(self, method: str, path: str, body: dict[str, Any] | None = None) -> None:
        """Write past the gateway."""
        self._http.request(method, path, json=body).raise_for_status()


def as_shown(row: dict[str, Any]) -> Shown:
    """Return a participant of PlanDocket as the screen shows it."""
    names = (row["contact"]["first_name"], row["contact"]["last_name"])
    return {
        "contact": " ".join(name for name in names if name),
        "email": row["contact"]["email"] or "",
        "event": row["event"]["title"],
        "isConfirmed": "yes" if row["is_confirmed"] else "no",
    }


class Client(Protocol):
    """Somebody else who writes."""

    def create(self, customer_number: str) -> None:
        """Let a contact take part."""
        ...

    def delete(self, row_id: int) -> None:
        """End a participation."""
        ...

    def confirm(self, row_id: int, value: bool) -> None:
        """Confirm a participation, or take that back."""
        ...

    def rename(self, contact_id: int, name: str) -> None:
        """Give a contact another last name."""
        ...


@dataclass
class AtTheGateway:
    """A colleague with a screen of their own."""

    address: str
    http: httpx.Client

    def _write(self, field: str, given: dict[str, Any]) -> None:
        kind = f"{field[0].upper()}{field[1:]}Input!"
        query = f"mutation($input: {kind}) {{ {field}(input: $input) {{ userErrors {{ message }} }} }}"
        answer = self.http.post(self.address, json={"query": query, "variables": {"input": given}}).json()
        assert answer["data"][field]["userErrors"] == []

    def create(self, customer_number: str) -> None:
        """Write it as a mutation."""
        given = {"event": {"eventKey": EVENT}, "contact": {"customerNumber": customer_number}}
        self._write("createParticipant", given)

    def delete(self, row_id: int) -> None:
        """Write it as a mutation."""
        self._write("deleteParticipant", {"id": gid("Participant", row_id)})

    def confirm(self, row_id: int, value: bool) -> None:
        """Write it as a mutation."""
        self._write("updateParticipant", {"id": gid("Participant", row_id), "isConfirmed": value})

    def rename(self, contact_id: int, name: str) -> None:
        """Write it as a mutation."""
        self._write("updateContact", {"id": gid("Contact", contact_id), "lastName": name})


@dataclass
class AtPlanDocket:
    """A colleague in PlanDocket's own pages."""

    plandocket: PlanDocket

    def create(self, customer_number: str) -> None:
        """Write it past the gateway."""
        self.plandocket.write(
            "POST", "participants", {"event_key": EVENT, "customer_number": customer_number}
        )

    def delete(self, row_id: int) -> None:
        """Write it past the gateway."""
        self.plandocket.write("DELETE", f"participants/{row_id}")

    def confirm(self, row_id: int, value: bool) -> None:
        """Write it past the gateway."""
        self.plandocket.write("PATCH", f"participants/{row_id}", {"is_confirmed": value})

    def rename(self, contact_id: int, name: str) -> None:
        """Write it past the gateway."""
        self.plandocket.write("PATCH", f"contacts/{contact_id}", {"last_name": name})


@dataclass
class Screen:
    """The screen as its user sees it. Everything done sends one request."""

    page: Page
    tab: str = "all"
    sent: int = 0
    complaints: list[str] = field(default_factory=list[str])

    def __post_init__(self) -> None:
        """Watch what the page sends and complains of."""
        self.page.on("request", self._count)
        self.page.on("console", self._listen)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def _count(self, request: Request) -> None:
        self.sent += request.method == "POST"

    def _listen(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.complaints.append(message.text)

    def wait(self) -> None:
        """Wait until what was begun has ended."""
        expect(self.page.locator("main")).to_have_attribute("aria-busy", "false")

    def _do(self, act: Callable[[], None]) -> None:
        before = self.sent
        act()
        self.wait()
        assert self.sent == before + 1

    def open(self, tab: str) -> None:
        """Open a tab, or the same again."""
        self.tab = tab
        self._do(self.page.locator(f"[data-tab={tab}]").click)

    @property
    def has_more(self) -> bool:
        """Whether there is more to load."""
        return self.page.locator("#more").is_visible()

    def load_more(self) -> None:
        """Load the next page."""
        self._do(self.page.locator("#more").click)

    def confirm(self, ids: list[str], value: bool) -> None:
        """Confirm rows, or take that back."""
        for one in ids:
            self.page.locator(f"tr[data-id='{one}'] input").check()
        self._do(self.page.locator("#confirm" if value else "#unconfirm").click)

    def remove(self, row_id: str) -> None:
        """Remove a row."""
        self._do(self.page.locator(f"tr[data-id='{row_id}'] button").click)

    def create(self, customer_number: str, confirmed: bool) -> None:
        """Add a participant."""
        self.page.locator("[name=customerNumber]").fill(customer_number)
        self.page.locator("[name=isConfirmed]").set_checked(confirmed)
        self._do(self.page.locator("#create button").click)

    @property
    def status(self) -> str:
        """What the screen says of what was done last; empty if all went well."""
        return self.page.locator("[role=status]").inner_text()

    @property
    def count(self) -> str:
        """How many rows are shown, and how many there are."""
        return self.page.locator("#count").inner_text()

    def rows(self) -> dict[str, Shown]:
        """Return the rows by id, in order."""
        lines = self.page.locator("tbody tr").evaluate_all(
            "lines => lines.map(line => [line.dataset.id, ...[...line.cells].map(cell => cell.innerText)])"
        )
        return {
            row_id: {"contact": contact, "email": email, "event": event, "isConfirmed": confirmed}
            for row_id, _, contact, email, event, confirmed, _ in lines
        }
