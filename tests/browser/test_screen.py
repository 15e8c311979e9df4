"""The example of a front-end, as the demo serves it: what it shows is what the gateway and PlanDocket have."""

import base64
import csv
import io
import json
import os
import shutil
from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Literal
from urllib.parse import urlsplit

import httpx
import pytest
from browser.screens import PlanDocket
from npm import install, needs_npm
from playwright.sync_api import Browser, ConsoleMessage, Locator, Page, Route, expect, sync_playwright
from serving_here import free_ports, started

from gateway.http.browsers.example_screen import FOLDER

CHROMIUM = shutil.which("chromium")
QUIET = ("--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking")
WIDTHS = (1280, 390)
COLUMNS = ("Company", "Name", "City", "Event", "Category", "Status")

pytestmark = [
    needs_npm,
    pytest.mark.skipif(
        CHROMIUM is None and "CI" not in os.environ, reason="there is no chromium: Debian's package has one"
    ),
]


@dataclass
class Demo:
    """What is behind the screen."""

    port: int
    plandocket: PlanDocket

    def ask(self, query: str, **variables: Any) -> Any:
        """Return what the gateway answers."""
        body = {"query": query, "variables": variables}
        return (
            httpx.post(f"http://127.0.0.1:{self.port}/graphql", json=body).raise_for_status().json()["data"]
        )

    def rows(
        self, filter: dict[str, Any], field: str = "CONTACT_COMPANY_NAME", direction: str = "ASC"
    ) -> Any:
        """Return the first rows of a list as the screen shows them."""
        query = """query($filter: ParticipantFilter, $orderBy: [ParticipantOrder!]) {
          participants(filter: $filter, orderBy: $orderBy, first: 25) { nodes {
            isConfirmed contact { companyName firstName lastName city } event { title } category { title }
          } }
        }"""
        order = {"field": field, "direction": direction}
        nodes = self.ask(query, filter=filter, orderBy=[order])["participants"]["nodes"]
        return [as_shown(node) for node in nodes]

    def counts(self, filter: dict[str, Any]) -> list[str]:
        """Return how many there are of all, of the confirmed and of the others."""
        query = "query($filter: ParticipantFilter) { participants(filter: $filter, first: 0) { totalCount } }"
        filters = (filter, {**filter, "isConfirmed": True}, {**filter, "isConfirmed": False})
        return [str(self.ask(query, filter=one)["participants"]["totalCount"]) for one in filters]


def as_shown(node: dict[str, Any]) -> list[str]:
    """Return a participation's cells."""
    contact = node["contact"]
    category = node["category"]["title"] if node["category"] else None
    name = " ".join(filter(None, (contact["firstName"], contact["lastName"])))
    status = "Confirmed" if node["isConfirmed"] else "Open"
    cells: tuple[str | None, ...] = (
        contact["companyName"],
        name,
        contact["city"],
        node["event"]["title"],
        category,
        status,
    )
    return [cell or "" for cell in cells]


@dataclass
class Screen:
    """The open page."""

    page: Page
    external: list[str] = field(default_factory=list[str])
    complaints: list[str] = field(default_factory=list[str])
    held: list[Route] = field(default_factory=list[Route])

    @property
    def lines(self) -> Locator:
        """The rows' lines."""
        return self.page.locator("tbody tr")

    @property
    def status(self) -> Locator:
        """What it says of the last act."""
        return self.page.get_by_role("status")

    def cells(self) -> list[list[str]]:
        """Return what the rows show."""
        read = "lines => lines.map(line => [...line.cells].slice(1).map(cell => cell.textContent))"
        return self.lines.evaluate_all(read)

    def shows(self, rows: list[list[str]]) -> None:
        """Wait until it shows just these rows."""
        self.page.wait_for_function(
            "rows => JSON.stringify([...document.querySelectorAll('tbody tr')]"
            ".map(line => [...line.cells].slice(1).map(cell => cell.textContent))) === rows",
            arg=json.dumps(rows, ensure_ascii=False, separators=(",", ":")),
        )

    def search(self, text: str) -> None:
        """Type it."""
        self.page.get_by_role("searchbox").press_sequentially(text)

    def open(self, tab: str) -> None:
        """Open a tab."""
        self.page.locator(".tabs label", has_text=tab).click()

    def select(self, *lines: int) -> None:
        """Tick rows."""
        for line in lines:
            self.lines.nth(line).get_by_role("checkbox").check()

    def press(self, name: str) -> None:
        """Press a button."""
        self.page.get_by_role("button", name=name).click()

    def hold(self, operation: str) -> None:
        """Let what is sent of an operation wait for `held`."""

        def handle(route: Route) -> None:
            body = json.loads(route.request.post_data or "{}")
            (self.held.append if body.get("operationName") == operation else Route.continue_)(route)

        self.page.route("**/graphql", handle)

    def waits(self) -> Route:
        """Return what was held, once it was sent."""
        while not self.held:
            self.page.evaluate("() => new Promise(requestAnimationFrame)")
        return self.held.pop()


Open = Callable[..., Screen]


@pytest.fixture(scope="module")
def demo() -> Generator[Demo]:
    """Start a demo; what npm brings is there before, or the first page would wait for it."""
    install(FOLDER)
    port, sandbox_port = free_ports(2)
    with started("demo", "--port", str(port), "--sandbox-port", str(sandbox_port)):
        plandocket = PlanDocket(sandbox_port)
        yield Demo(port, plandocket)
        plandocket.close()


@pytest.fixture(scope="module")
def browser() -> Generator[Browser]:
    """Start a browser."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(QUIET))
        yield browser
        browser.close()


@pytest.fixture
def opened(browser: Browser, demo: Demo) -> Generator[Open]:
    """Open the screen; at last it needed nothing from elsewhere and complained of nothing."""
    screens: list[Screen] = []

    def open_screen(width: int = WIDTHS[0]) -> Screen:
        screen = Screen(browser.new_context(viewport={"width": width, "height": 844}).new_page())
        screens.append(screen)
        screen.page.set_default_timeout(10_000)
        screen.page.on("request", lambda request: note(screen, request.url))
        screen.page.on("console", lambda message: listen(screen, message))
        screen.page.on("pageerror", lambda error: screen.complaints.append(str(error)))
        screen.page.goto(f"http://127.0.0.1:{demo.port}/screen")
        expect(screen.lines).not_to_have_count(0)
        return screen

    yield open_screen
    for screen in screens:
        screen.page.context.close()
        assert screen.external == []
        assert screen.complaints == []


def note(screen: Screen, url: str) -> None:
    """Note a request that leaves this machine."""
    if urlsplit(url).hostname not in ("127.0.0.1", None):
        screen.external.append(url)


def listen(screen: Screen, message: ConsoleMessage) -> None:
    """Note what the page complains of; a request that a test aborts is the test's own."""
    if message.type in ("error", "warning") and "ERR_FAILED" not in message.text:
        screen.complaints.append(message.text)


def test_it_finds_while_somebody_types(opened: Open, demo: Demo) -> None:
    """Without a key for it: several words, of several fields, and the tabs count what is found."""
    screen = opened()
    screen.search("janssen utr")
    screen.shows(demo.rows({"search": "janssen utr"}))
    assert {(row[1].split()[-1], row[2]) for row in screen.cells()} == {("Janssen", "Utrecht")}
    expect(screen.page.locator(".tabs b")).to_have_text(demo.counts({"search": "janssen utr"}))


def test_every_column_orders_the_whole_list(opened: Open, demo: Demo) -> None:
    """Up, then down, and its heading says so."""
    screen = opened()
    orders = {"Name": "CONTACT_LAST_NAME", "City": "CONTACT_CITY", "Event": "EVENT_DATE_FROM"}
    orders |= {"Category": "CATEGORY_TITLE", "Status": "IS_CONFIRMED", "Company": "CONTACT_COMPANY_NAME"}
    for column, order in orders.items():
        heading = screen.page.get_by_role("columnheader", name=column)
        for direction, said in (("ASC", "ascending"), ("DESC", "descending")):
            screen.press(column)
            screen.shows(demo.rows({}, order, direction))
            expect(heading).to_have_attribute("aria-sort", said)


def test_more_is_shown_below_what_is_there(opened: Open) -> None:
    """The next page, in the same order."""
    screen = opened()
    before = screen.cells()
    screen.press("Show more")
    expect(screen.lines).to_have_count(50)
    companies = [row[0].lower().replace(".", "") for row in screen.cells()]
    assert screen.cells()[:25] == before
    assert companies == sorted(companies)


def test_tabs_tell_their_counts_and_show_theirs(opened: Open, demo: Demo) -> None:
    """Of a search, whichever is open."""
    screen = opened()
    screen.search("eriksen")
    expect(screen.page.locator(".tabs b")).to_have_text(demo.counts({"search": "eriksen"}))
    for tab, value in (("Open", False), ("Confirmed", True)):
        screen.open(tab)
        screen.shows(demo.rows({"search": "eriksen", "isConfirmed": value}))
        expect(screen.page.locator(".tabs b")).to_have_text(demo.counts({"search": "eriksen"}))


def _confirmed(screen: Screen, demo: Demo, word: str) -> tuple[Screen, list[list[str]], Route]:
    """Confirm the first two that a search finds; return what it had found, and the mutation, which is held.

    The two are gone from the tab of what is open before the gateway has answered.
    """
    screen.search(word)
    screen.open("Open")
    screen.shows(before := demo.rows({"search": word, "isConfirmed": False}))
    screen.hold("Confirm")
    screen.select(0, 1)
    screen.press("Confirm 2")
    request = screen.waits()
    screen.shows(before[2:])
    return screen, before, request


def test_what_is_confirmed_shows_at_once(opened: Open, demo: Demo) -> None:
    """Before the gateway has answered; in the tab of the others they are gone then, and the counts follow."""
    screen, _, request = _confirmed(opened(), demo, "costa")
    request.continue_()
    expect(screen.status).to_have_text("2 confirmed.")
    expect(screen.page.locator(".tabs b")).to_have_text(demo.counts({"search": "costa"}))
    screen.open("All")
    screen.shows(demo.rows({"search": "costa"}))


def test_what_is_refused_is_taken_back(opened: Open, demo: Demo) -> None:
    """Each for itself: one that PlanDocket has no more is as it was, and still selected; the other is confirmed."""
    screen, before, request = _confirmed(opened(), demo, "bianchi")
    ids = json.loads(request.request.post_data or "")["variables"]["input"]["ids"]
    number = base64.b64decode(ids[0]).decode().partition(":")[2]
    demo.plandocket.write("DELETE", f"participants/{number}")
    request.continue_()
    expect(screen.status).to_have_text("1 of 2 stay as they were: PlanDocket has nothing under this id.")
    screen.shows([before[0], *before[2:]])
    expect(screen.lines.first.get_by_role("checkbox")).to_be_checked()


def test_all_is_taken_back_where_no_answer_comes(opened: Open, demo: Demo) -> None:
    """And it says why."""
    screen = opened()
    screen.search("moreau")
    screen.shows(before := demo.rows({"search": "moreau"}))
    opens = [at for at, row in enumerate(before) if row[5] == "Open"][:2]
    screen.hold("Confirm")
    screen.select(*opens)
    screen.press("Confirm 2")
    request = screen.waits()
    screen.shows([[*row[:5], "Confirmed"] if at in opens else row for at, row in enumerate(before)])
    request.abort()
    expect(screen.status).to_have_text("Failed to fetch")
    screen.shows(before)


def test_a_contact_is_picked_and_takes_part(opened: Open, demo: Demo) -> None:
    """Found as somebody types; a second time PlanDocket's refusal stands in the dialog."""
    screen = opened()
    dialog = screen.page.get_by_role("dialog")
    for told in (screen.status, dialog.get_by_role("alert")):
        screen.press("New participant")
        dialog.get_by_role("combobox", name="Contact").press_sequentially("C-10073")
        dialog.get_by_role("option", name="Nina Romano C-10073").click()
        expect(dialog.get_by_role("combobox", name="Contact")).to_have_value("Nina Romano")
        dialog.get_by_label("Event").select_option("Makers' Day 2027")
        dialog.get_by_label("Confirmed").check()
        dialog.get_by_role("button", name="Add").click()
        expect(told).to_contain_text("takes part")
    expect(dialog.get_by_role("alert")).to_contain_text("already")
    assert screen.cells()[0] == ["", "Nina Romano", "Gent", "Makers' Day 2027", "", "Confirmed"]
    written = demo.plandocket.rows("participants", customer_number="C-10073", include="event")
    assert [row["is_confirmed"] for row in written if row["event"]["title"] == "Makers' Day 2027"] == [True]


def test_the_list_is_downloaded_as_it_is_shown(opened: Open, demo: Demo) -> None:
    """All of it, in its order, for a spreadsheet."""
    screen = opened()
    screen.search("janssen utr")
    screen.page.get_by_role("columnheader", name="Event").get_by_role("button").click()
    screen.shows(shown := demo.rows({"search": "janssen utr"}, "EVENT_DATE_FROM"))
    with screen.page.expect_download() as waiting:
        screen.press("Download CSV")
    assert waiting.value.suggested_filename == "participants.csv"
    text = waiting.value.path().read_bytes()
    assert text.startswith(b"\xef\xbb\xbf")
    rows = list(csv.DictReader(io.StringIO(text.decode("utf-8-sig"))))
    names = ("contact.companyName", "contact.firstName", "contact.lastName", "contact.city", "event.title")
    assert len(rows) == int(demo.counts({"search": "janssen utr"})[0]) == len(shown)
    assert [[row[name] for name in names] for row in rows] == [
        [row[0], *row[1].split(" ", 1), row[2], row[3]] for row in shown
    ]


def test_it_says_how_old_the_list_is(opened: Open) -> None:
    """As the answer tells, and older with every second."""
    screen = opened()

    def answer(route: Route) -> None:
        response = route.fetch()
        body = response.json()
        body["extensions"]["upstream"]["age"] = 40
        route.fulfill(response=response, json=body)

    screen.page.route("**/graphql", answer)
    now = datetime.now(tz=UTC)
    screen.page.clock.set_fixed_time(now)
    screen.page.reload()
    age = screen.page.locator(".age")
    expect(age).to_have_text("Read 40 s ago")
    screen.page.clock.set_fixed_time(now + timedelta(seconds=30))
    expect(age).to_have_text("Read 1 min ago")


def test_all_of_it_is_done_by_keyboard(opened: Open, demo: Demo) -> None:
    """Search, order, tab, confirm, create, download, show more: Tab, arrows, Space and Enter are enough."""
    screen = opened()
    keys = screen.page.keyboard

    def reach(role: Literal["searchbox", "radio", "button", "checkbox", "combobox"], name: str) -> None:
        target = screen.page.get_by_role(role, name=name).first
        for _ in range(50):
            if target.evaluate("it => it === document.activeElement"):
                return
            keys.press("Tab")
        raise AssertionError(f"Tab does not lead to {name}.")

    reach("searchbox", "Search")
    keys.type("fischer")
    screen.shows(demo.rows({"search": "fischer"}))
    reach("radio", "All")
    keys.press("ArrowRight")
    keys.press("ArrowRight")
    screen.shows(demo.rows({"search": "fischer", "isConfirmed": False}))
    reach("button", "Event")
    keys.press("Enter")
    screen.shows(before := demo.rows({"search": "fischer", "isConfirmed": False}, "EVENT_DATE_FROM"))
    reach("checkbox", f"Select {before[0][1]}")
    keys.press("Space")
    for _ in range(20):
        keys.press("Shift+Tab")
        if screen.page.evaluate("document.activeElement.textContent") == "Confirm 1":
            break
    keys.press("Enter")
    screen.shows(before[1:])

    screen.page.reload()
    reach("button", "New participant")
    keys.press("Enter")
    keys.type("C-10074")
    expect(screen.page.get_by_role("listbox").get_by_role("option")).to_have_count(1)
    keys.press("Enter")
    keys.press("Tab")
    keys.type("Makers")
    keys.press("Tab")
    keys.press("Tab")
    keys.press("Tab")
    keys.press("Enter")
    expect(screen.status).to_have_text("Nina Romano takes part.")
    expect(screen.page.get_by_role("button", name="New participant")).to_be_focused()

    reach("button", "Download CSV")
    with screen.page.expect_download():
        keys.press("Enter")
    reach("button", "Show more")
    shown = screen.lines.count()
    keys.press("Enter")
    expect(screen.lines).to_have_count(shown + 25)
    expect(screen.page.get_by_role("button", name="Show more")).to_be_focused()


@pytest.mark.parametrize("width", WIDTHS)
def test_it_fits_and_an_accessibility_checker_finds_nothing(opened: Open, width: int) -> None:
    """The list, with rows selected, with none found, and the dialog with what its picker offers."""
    screen = opened(width)
    screen.page.evaluate((FOLDER / "node_modules" / "axe-core" / "axe.min.js").read_text(encoding="utf-8"))
    looked_at(screen)
    screen.select(0, 1)
    looked_at(screen)
    screen.press("New participant")
    screen.page.get_by_role("combobox", name="Contact").fill("romano")
    expect(screen.page.get_by_role("listbox").get_by_role("option")).to_have_count(8)
    looked_at(screen)
    screen.page.keyboard.press("Escape")
    screen.page.keyboard.press("Escape")
    screen.search("nobody at all")
    expect(screen.page.get_by_text("Nobody fits.")).to_be_visible()
    looked_at(screen)


def looked_at(screen: Screen) -> None:
    """Hold what is shown to its width, and to axe-core's rules, of any weight."""
    screen.page.wait_for_function("() => document.querySelector('main').ariaBusy === 'false'")
    too_wide = """() => [...document.querySelectorAll('html, td, th, button, label, dialog, li')]
      .filter(it => it.checkVisibility() && it.scrollWidth > it.clientWidth + 1 && it.clientWidth > 0)
      .map(it => it.outerHTML.slice(0, 200))"""
    assert screen.page.evaluate(too_wide) == []
    found = screen.page.evaluate("async () => (await axe.run()).violations")
    assert [(one["id"], one["impact"], [node["html"] for node in one["nodes"]][:3]) for one in found] == []
