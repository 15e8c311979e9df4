"""GraphiQL in a real browser that reaches this machine only."""

import json
import os
import shutil
from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Locator, Page, Route, expect, sync_playwright
from serving_here import demo, free_ports, started

from gateway.sandbox import SANDBOX_KEY

CHROMIUM = shutil.which("chromium")
QUIET = ("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-component-update")
ALONE = ("--disable-background-networking", "--disable-sync")

WIDTHS = {"phone": 390, "desk": 1280}

pytestmark = pytest.mark.skipif(
    CHROMIUM is None and "CI" not in os.environ, reason="there is no chromium: Debian's package has one"
)


@dataclass
class Tab:
    """An open page, what it asked for elsewhere, and what it complained of."""

    page: Page
    external: list[str] = field(default_factory=list[str])
    complaints: list[str] = field(default_factory=list[str])

    @property
    def query(self) -> Locator:
        """The open operation."""
        return self.page.locator(".graphiql-query-editor .CodeMirror-code")

    @property
    def answer(self) -> Locator:
        """The answer's pane."""
        return self.page.locator(".graphiql-response .CodeMirror-code")

    @property
    def headers(self) -> Locator:
        """The pane of headers, shown or not."""
        return self.page.locator(".graphiql-editor-tool .graphiql-editor").nth(1)

    @property
    def tabs(self) -> Locator:
        """The tabs of operations."""
        return self.page.locator(".graphiql-tab-button")

    def open(self, name: str) -> None:
        """Show one of the open operations."""
        self.settle()
        self.page.get_by_role("tab", name=name).click()

    def run(self) -> None:
        """Run the open operation."""
        self.page.get_by_role("button", name="Execute query").click()

    def press(self, name: str) -> None:
        """Press one of the page's buttons."""
        self.settle()
        self.page.get_by_role("button", name=name).click()

    def settle(self) -> None:
        """Let GraphiQL tell the open tab what its editor holds.

        It does so 100 ms after the last change, to whichever tab is open then: a tab opened at that very
        moment, which happens on a busy machine, would get its neighbour's operation.
        """
        self.page.evaluate("() => new Promise(done => setTimeout(done, 200))")

    def write(self, editor: Locator, text: str) -> None:
        """Put a text into an editor in place of what is in it, as somebody does who pastes it."""
        editor.click()
        self.page.keyboard.press("Control+A")
        self.page.keyboard.insert_text(text)

    def kept(self) -> str:
        """Return all that the browser keeps for the page."""
        return self.page.evaluate("JSON.stringify({...localStorage, ...sessionStorage}) + document.cookie")

    def wait_until_kept(self, text: str) -> None:
        """Wait until the browser keeps this."""
        self.page.wait_for_function("text => JSON.stringify({...localStorage}).includes(text)", arg=text)

    def reload(self) -> None:
        """Load the page again."""
        self.page.reload()
        expect(self.query).to_be_visible()


Open = Callable[..., Tab]


@pytest.fixture(scope="module")
def browser() -> Generator[Browser]:
    """Start a browser."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=[*QUIET, *ALONE])
        yield browser
        browser.close()


@pytest.fixture
def opened(browser: Browser) -> Generator[Open]:
    """Open pages, each in a browser that keeps nothing yet; only loopback is reached, the rest noted."""
    tabs: list[Tab] = []

    def open_page(port: int, width: int = 1280) -> Tab:
        tab = Tab(browser.new_context(viewport={"width": width, "height": 844}).new_page())
        tabs.append(tab)
        tab.page.route("**/*", lambda route: guard(tab, route))
        tab.page.on("console", lambda message: listen(tab, message))
        tab.page.on("pageerror", lambda error: tab.complaints.append(str(error)))
        tab.page.goto(f"http://127.0.0.1:{port}/graphql")
        expect(tab.query).to_be_visible()
        return tab

    yield open_page
    for tab in tabs:
        tab.page.context.close()


def guard(tab: Tab, route: Route) -> None:
    """Let a request pass that stays on this machine."""
    if urlsplit(route.request.url).hostname == "127.0.0.1":
        route.continue_()
    else:
        tab.external.append(route.request.url)
        route.abort()


def listen(tab: Tab, message: ConsoleMessage) -> None:
    """Note what the page complains of."""
    if message.type in ("error", "warning"):
        tab.complaints.append(message.text)


@pytest.fixture(scope="module")
def demo_port() -> Generator[int]:
    """Start a demo, which needs no key."""
    with demo() as port:
        yield port


@pytest.fixture(scope="module")
def serve_port() -> Generator[int]:
    """Start a gateway whose callers bring their own keys."""
    port, sandbox_port = free_ports(2)
    settings = {"PLANDOCKET_BASE_URL": f"http://127.0.0.1:{sandbox_port}", "GATEWAY_PORT": str(port)}
    with started("sandbox", "--port", str(sandbox_port)), started("serve", **settings):
        yield port


def with_key(tab: Tab) -> str:
    """Type the key, wait for the schema, and return the headers' text."""
    headers = json.dumps({"X-API-Key": SANDBOX_KEY})
    tab.write(tab.headers, headers)
    expect(tab.answer).not_to_contain_text("UNAUTHENTICATED")
    return headers


def test_it_opens_with_three_operations(opened: Open, demo_port: int) -> None:
    """A newcomer has something to run."""
    expect(opened(demo_port).tabs).to_have_text(["Participants", "UpcomingEvents", "Confirm"])


def test_a_place_for_the_key_is_open_where_one_is_needed(
    opened: Open, demo_port: int, serve_port: int
) -> None:
    """At the demo it would only puzzle."""
    expect(opened(serve_port).headers).to_contain_text("X-API-Key")
    tab = opened(demo_port)
    expect(tab.page.get_by_role("button", name="Show editor tools")).to_be_visible()
    expect(tab.headers).not_to_contain_text("X-API-Key")


def test_the_explorer_shows_the_schema(opened: Open, demo_port: int) -> None:
    """Fields to click, from the schema that the page asked for."""
    tab = opened(demo_port)
    tab.press("Show GraphiQL Explorer")
    explorer = tab.page.locator(".graphiql-plugin")
    for name in ("participants", "events", "contacts", "categories"):
        expect(explorer).to_contain_text(name)


def test_every_example_runs_as_it_stands(opened: Open, demo_port: int) -> None:
    """At once after its tab is shown, in any order, and a second time."""
    tab = opened(demo_port)
    for name, expected in 2 * [
        ("Confirm", '"isConfirmed": true'),
        ("Participants", "totalCount"),
        ("UpcomingEvents", "participantCount"),
    ]:
        tab.open(name)
        tab.run()
        expect(tab.answer).to_contain_text(expected)
        expect(tab.answer).not_to_contain_text("errors")


def test_the_example_mutation_writes_what_a_query_found(opened: Open, demo_port: int) -> None:
    """Two participations that are confirmed already: at a real tenant it changes nothing."""
    tab = opened(demo_port)
    sent: list[str] = []
    tab.page.on("request", lambda request: sent.append(request.post_data or ""))
    tab.open("Confirm")
    tab.run()
    expect(tab.answer).to_contain_text('"userErrors": []')
    query, mutation = [json.loads(body) for body in sent]
    assert "isConfirmed: true" in query["query"]
    assert len(mutation["variables"]["ids"]) == 2


def test_it_needs_nothing_from_elsewhere_and_complains_of_nothing(opened: Open, demo_port: int) -> None:
    """No request but to this machine, no console error under its Content-Security-Policy."""
    tab = opened(demo_port)
    tab.run()
    expect(tab.answer).to_contain_text("example.org")
    assert tab.external == []
    assert tab.complaints == []


def test_operations_tabs_and_history_survive_a_reload(opened: Open, demo_port: int) -> None:
    """What somebody worked on is there again: the same tabs, the same one shown."""
    tab = opened(demo_port)
    tab.run()
    expect(tab.answer).to_contain_text("totalCount")
    tab.press("New tab")
    tab.write(tab.query, "query Mine { categories { title } }")
    tab.wait_until_kept('title\\":\\"Mine')
    tab.reload()
    expect(tab.tabs).to_have_text(["Participants", "UpcomingEvents", "Confirm", "Mine"])
    expect(tab.query).to_contain_text("query Mine")
    tab.press("Show History")
    expect(tab.page.locator(".graphiql-history-item")).to_contain_text("Participants")


def test_an_untouched_page_is_the_same_after_a_reload(opened: Open, demo_port: int) -> None:
    """No tab comes to the three, whichever is shown."""
    tab = opened(demo_port)
    tab.open("UpcomingEvents")
    tab.wait_until_kept('activeTabIndex\\":1')
    tab.reload()
    expect(tab.tabs).to_have_text(["Participants", "UpcomingEvents", "Confirm"])
    expect(tab.query).to_contain_text("query UpcomingEvents")


def test_the_schema_comes_by_itself_once_a_key_is_typed(opened: Open, serve_port: int) -> None:
    """And what was said of its lack goes away."""
    tab = opened(serve_port)
    expect(tab.answer).to_contain_text("Only callers may ask for the schema")
    tab.press("Show GraphiQL Explorer")
    with_key(tab)
    expect(tab.page.locator(".graphiql-plugin")).to_contain_text("contacts")
    expect(tab.answer).not_to_contain_text("Only callers may ask for the schema")


def test_headers_that_are_still_typed_ask_for_nothing(opened: Open, serve_port: int) -> None:
    """A key with each letter would be many wrong ones: the schema is asked for when they stand still."""
    tab = opened(serve_port)
    asked: list[str] = []
    tab.page.on("request", lambda request: asked.append(request.url))
    for end in range(len(SANDBOX_KEY) + 1):
        tab.write(tab.headers, json.dumps({"X-API-Key": SANDBOX_KEY[:end]}))
    expect(tab.answer).not_to_contain_text("UNAUTHENTICATED")
    assert len(asked) == 1


def test_every_tab_has_the_same_headers(opened: Open, serve_port: int) -> None:
    """Also a new one, and after an entry of the history was taken up."""
    tab = opened(serve_port)
    headers = with_key(tab)
    tab.run()
    expect(tab.answer).to_contain_text("totalCount")
    tab.press("Show History")
    tab.page.locator(".graphiql-history-item-label").first.click()
    for name in ("UpcomingEvents", "Confirm", "Participants"):
        tab.open(name)
        expect(tab.headers).to_contain_text(headers)
    tab.press("New tab")
    expect(tab.headers).to_contain_text(headers)
    tab.write(tab.headers, '{"X-API-Key": "another"}')
    tab.open("UpcomingEvents")
    expect(tab.headers).to_contain_text("another")


def test_the_key_is_kept_nowhere(opened: Open, serve_port: int) -> None:
    """Neither in what the browser keeps, history and favourites included, nor in an address."""
    tab = opened(serve_port)
    addresses: list[str] = []
    tab.page.on("request", lambda request: addresses.append(request.url))
    with_key(tab)
    tab.run()
    expect(tab.answer).to_contain_text("totalCount")
    tab.open("UpcomingEvents")
    tab.press("New tab")
    tab.press("Show History")
    tab.press("Add favorite")
    tab.wait_until_kept("favorites")
    tab.wait_until_kept('activeTabIndex\\":3')
    assert SANDBOX_KEY not in tab.kept()
    assert SANDBOX_KEY not in "".join([tab.page.url, *addresses])
    tab.reload()
    expect(tab.headers).to_contain_text('"X-API-Key": ""')
    expect(tab.answer).to_contain_text("Only callers may ask for the schema")


@pytest.mark.parametrize("width", WIDTHS)
def test_no_line_of_an_example_is_cut(opened: Open, demo_port: int, width: str) -> None:
    """What does not fit is wrapped."""
    tab = opened(demo_port, WIDTHS[width])
    for name in ("Participants", "UpcomingEvents", "Confirm"):
        tab.open(name)
        expect(tab.query).to_contain_text(name)
        scroller = tab.page.locator(".graphiql-query-editor .CodeMirror-scroll")
        assert scroller.evaluate("it => it.scrollWidth - it.clientWidth") <= 0


def test_a_phone_shows_everything_below_each_other(opened: Open, serve_port: int) -> None:
    """Query, headers and answer are as wide as the screen, and nothing lies beside it."""
    tab = opened(serve_port, WIDTHS["phone"])
    tops: list[float] = []
    for name in (".graphiql-query-editor", ".graphiql-editor-tool", ".graphiql-response"):
        box = tab.page.locator(name).bounding_box()
        assert box is not None
        assert box["width"] > 350
        assert box["height"] > 100
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= WIDTHS["phone"]
        assert box["y"] + box["height"] <= 844
        tops.append(box["y"])
    assert tops == sorted(tops)
    with_key(tab)
    tab.run()
    expect(tab.answer).to_contain_text("totalCount")
