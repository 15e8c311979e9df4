"""GraphiQL in a real browser that reaches this machine only."""

import os
import shutil
from collections.abc import Generator
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import ConsoleMessage, Page, Route, expect, sync_playwright
from serving_here import demo

CHROMIUM = shutil.which("chromium")
QUIET = ("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-component-update")
ALONE = ("--disable-background-networking", "--disable-sync")

_MOST_CLICKS = 5

pytestmark = pytest.mark.skipif(
    CHROMIUM is None and "CI" not in os.environ, reason="there is no chromium: Debian's package has one"
)


@dataclass
class Tab:
    """An open page, what it asked for elsewhere, and what it complained of."""

    page: Page
    external: list[str] = field(default_factory=list[str])
    complaints: list[str] = field(default_factory=list[str])


@pytest.fixture(scope="module")
def tab() -> Generator[Tab]:
    """Open GraphiQL of a demo; every request but to loopback is refused and noted."""
    with demo() as port, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=[*QUIET, *ALONE])
        tab = Tab(browser.new_page(viewport={"width": 1400, "height": 900}))

        def guard(route: Route) -> None:
            if urlsplit(route.request.url).hostname == "127.0.0.1":
                route.continue_()
            else:
                tab.external.append(route.request.url)
                route.abort()

        def listen(message: ConsoleMessage) -> None:
            if message.type in ("error", "warning"):
                tab.complaints.append(message.text)

        tab.page.route("**/*", guard)
        tab.page.on("console", listen)
        tab.page.on("pageerror", lambda error: tab.complaints.append(str(error)))
        tab.page.goto(f"http://127.0.0.1:{port}/graphql")
        yield tab
        browser.close()


def answer(tab: Tab) -> str:
    """Return the text of the answer's pane."""
    return tab.page.locator(".graphiql-response").inner_text()


def run(tab: Tab, expected: str) -> None:
    """Run the open operation and wait for its answer.

    Right after another tab is shown GraphiQL may still send the old operation's name, so a person
    would click again.
    """
    found = tab.page.locator(".graphiql-response").filter(has_text=expected)
    for _ in range(_MOST_CLICKS):
        tab.page.get_by_role("button", name="Execute query").click()
        try:
            return expect(found).to_be_visible(timeout=2_000)
        except AssertionError:
            continue
    return expect(found).to_be_visible()


def open_tab(tab: Tab, name: str) -> None:
    """Show one of the open operations."""
    tab.page.get_by_role("tab", name=name).click()


def test_it_opens_with_three_operations_and_a_place_for_the_key(tab: Tab) -> None:
    """A newcomer has something to run, and sees where the key goes."""
    expect(tab.page.get_by_role("tab")).to_have_count(3)
    expect(tab.page.locator(".graphiql-editor-tool")).to_contain_text("X-API-Key")


def test_the_explorer_shows_the_schema(tab: Tab) -> None:
    """Fields to click, from the schema that the page asked for."""
    tab.page.get_by_role("button", name="Show GraphiQL Explorer").click()
    explorer = tab.page.locator(".graphiql-plugin")
    for name in ("participants", "events", "contacts", "categories"):
        expect(explorer).to_contain_text(name)


def test_a_query_runs(tab: Tab) -> None:
    """The first example, as it stands."""
    open_tab(tab, "Participants")
    run(tab, "totalCount")
    assert "example.org" in answer(tab)


def test_a_mutation_runs(tab: Tab) -> None:
    """The third example, as it stands: without ids it changes nothing."""
    open_tab(tab, "Confirm")
    run(tab, "setParticipantsConfirmed")
    assert "errors" not in answer(tab)


def test_it_needs_nothing_from_elsewhere_and_complains_of_nothing(tab: Tab) -> None:
    """No request but to this machine, no console error under its Content-Security-Policy."""
    open_tab(tab, "UpcomingEvents")
    run(tab, "participantCount")
    assert tab.external == []
    assert tab.complaints == []
