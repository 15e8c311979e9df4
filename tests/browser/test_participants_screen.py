"""A participants screen in a browser: its writes' payloads keep it true, while a second client writes too.

The screen (screen/participants.html) reads a page where a tab is opened or more is asked for, nothing after a write. So
it cannot know what the second client wrote to what it had read before: that alone may differ, until it is told.
"""

import os
import random
import shutil
import threading
from collections.abc import Generator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import pytest
from browser.screens import EVENT, AtPlanDocket, AtTheGateway, Client, PlanDocket, Screen, gid
from playwright.sync_api import sync_playwright
from serving_here import free_ports, started

CHROMIUM = shutil.which("chromium")
QUIET = ("--no-sandbox", "--disable-gpu", "--disable-background-networking")
ACTIONS = 40
KINDS = 6 + 4  # of actions: of the screen, and of the second client
TABS = {"all": ("yes", "no"), "confirmed": ("yes",), "unconfirmed": ("no",)}

pytestmark = pytest.mark.skipif(
    CHROMIUM is None and "CI" not in os.environ, reason="there is no chromium: Debian's package has one"
)


@dataclass
class Play:
    """Random actions on the screen, and of the second client between them."""

    screen: Screen
    plandocket: PlanDocket
    other: Client
    chance: random.Random
    newcomers: list[str]
    unheard: set[tuple[str, str]] = field(default_factory=set[tuple[str, str]])
    """What the second client wrote and the screen was not told since: rows, with what of them."""
    added: set[str] = field(default_factory=set[str])
    """Rows that the screen itself added since the tab was opened: they stand on top."""
    done: set[str] = field(default_factory=set[str])
    """The kinds of actions that were done, by either."""

    def act(self) -> None:
        """Do one thing that a user of the screen might do."""
        ids = list(self.screen.rows())
        acts = [(self.open, 5), (self.create, 18), (self.create_again, 4)]
        acts += [(self.load_more, 25)] if self.screen.has_more else []
        acts += [(self.confirm, 30), (self.remove, 12)] if ids else []
        [act] = self.chance.choices([act for act, _ in acts], [weight for _, weight in acts])
        act()
        self.done.add(act.__name__)

    def open(self, tab: str | None = None) -> None:
        """Open a tab, which is read anew."""
        self.screen.open(tab or self.chance.choice(list(TABS)))
        self.unheard.clear()
        self.added.clear()

    def load_more(self) -> None:
        """Load the next page: its rows are told."""
        before = self.screen.rows()
        self.screen.load_more()
        new = self.screen.rows().keys() - before
        self.unheard = {(one, what) for one, what in self.unheard if one not in new}

    def load_all(self) -> None:
        """Load whatever there is."""
        while self.screen.has_more:
            self.load_more()

    def confirm(self) -> None:
        """Confirm up to five rows, or take that back."""
        ids = list(self.screen.rows())
        some = self.chance.sample(ids, min(len(ids), self.chance.randint(1, 5)))
        self.screen.confirm(some, self.chance.random() < 0.6)
        self.unheard -= {(one, what) for one in some for what in ("exists", "isConfirmed")}

    def remove(self) -> None:
        """Remove a row."""
        row_id = self.chance.choice(list(self.screen.rows()))
        self.screen.remove(row_id)
        self.unheard.discard((row_id, "exists"))

    def create(self) -> None:
        """Add somebody new."""
        before = self.screen.rows()
        self.screen.create(self.newcomers.pop(), self.chance.random() < 0.5)
        assert self.screen.status == ""
        self.added |= self.screen.rows().keys() - before

    def create_again(self) -> None:
        """Add somebody who takes part already, and be told so."""
        before = self.screen.rows()
        row = self.chance.choice(
            [row for row in self.plandocket.participants() if row["contact"]["customer_number"]]
        )
        self.screen.create(row["contact"]["customer_number"], confirmed=True)
        assert self.screen.status != ""
        assert self.screen.rows() == before

    def interfere(self) -> None:
        """Let the second client write something."""
        row = self.chance.choice(self.plandocket.participants())
        row_id = gid("Participant", row["id"])
        kind = self.chance.choice(("create", "delete", "confirm", "rename"))
        self.done.add(f"{kind} elsewhere")
        match kind:
            case "create":
                before = self.plandocket.shown()
                self.other.create(self.newcomers.pop())
                self.unheard |= {(one, "exists") for one in self.plandocket.shown().keys() - before}
            case "delete":
                self.other.delete(row["id"])
                self.unheard.add((row_id, "exists"))
            case "confirm":
                self.other.confirm(row["id"], not row["is_confirmed"])
                self.unheard.add((row_id, "isConfirmed"))
            case _:
                self.other.rename(row["contact_id"], f"Renamed {row['id']}")
                self.unheard.add((row_id, "contact"))

    def compare(self) -> int:
        """Hold what the screen shows against PlanDocket, but for what it cannot know; return the rows compared.

        Rows that are not there are missed only once the screen has loaded all.
        """
        shown, true = self.screen.rows(), self.plandocket.shown()
        here = {one: row for one, row in true.items() if row["isConfirmed"] in TABS[self.screen.tab]}
        decides = {"exists"} if self.screen.tab == "all" else {"exists", "isConfirmed"}
        doubtful = {one for one, what in self.unheard if what in decides}
        expected = (
            here.keys() - doubtful if not self.screen.has_more else shown.keys() & here.keys() - doubtful
        )
        assert shown.keys() - doubtful == expected
        for one in expected:
            hidden = {what for row_id, what in self.unheard if row_id == one}
            assert without(shown[one], hidden) == without(true[one], hidden)
        placed = [one for one in shown if one in expected and one not in self.added]
        assert placed == [one for one in here if one in placed]
        return len(expected)


def without(row: dict[str, str], names: set[str]) -> dict[str, str]:
    """Return a row without some of its cells."""
    return {name: value for name, value in row.items() if name not in names}


class _Files(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@contextmanager
def served(folder: Path) -> Generator[str]:
    """Serve a folder's files on an origin of its own, and yield that."""
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(_Files, directory=str(folder))) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@contextmanager
def screen(origin: str, address: str) -> Generator[Screen]:
    """Open the screen on one event."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(QUIET))
        screen = Screen(browser.new_page())
        screen.page.goto(f"{origin}/participants.html?gateway={address}")
        screen.wait()
        screen.page.select_option("#event", EVENT)
        screen.wait()
        yield screen
        browser.close()


UNKEPT = {"GATEWAY_FRESH_PARTICIPANTS": "0", "GATEWAY_FRESH_CONTACTS": "0"}
"""Where PlanDocket's own pages are written with, what a gateway reads is as old as it may be: here not at all."""


@pytest.mark.parametrize(("where", "settings"), [("gateway", {}), ("plandocket", UNKEPT)])
def test_after_many_actions_the_screen_is_true(where: str, settings: dict[str, str]) -> None:
    """Each action is one request, none of them a refetch; a tab that is opened anew at last shows nothing else."""
    port, sandbox_port = free_ports(2)
    address = f"http://127.0.0.1:{port}/graphql"
    ports = ("--port", str(port), "--sandbox-port", str(sandbox_port))
    folder = Path(__file__).parent / "screen"
    with (
        served(folder) as origin,
        started("demo", *ports, GATEWAY_CORS_ORIGINS=origin, **settings),
        screen(origin, address) as shown,
        closing(PlanDocket(sandbox_port)) as plandocket,
        httpx.Client() as http,
    ):
        other = AtTheGateway(address, http) if where == "gateway" else AtPlanDocket(plandocket)
        play = Play(shown, plandocket, other, random.Random(where), plandocket.newcomers())  # noqa: S311
        for _ in range(ACTIONS):
            play.act()
            if play.chance.random() < 0.5:
                play.interfere()
            play.compare()
        assert len(play.done) == KINDS
        play.load_all()
        play.compare()
        rows: dict[str, int] = {}
        for tab in TABS:
            play.open(tab)
            play.load_all()
            rows[tab] = play.compare()
            assert shown.count == f"{rows[tab]} of {rows[tab]}"
        assert rows["all"] == rows["confirmed"] + rows["unconfirmed"] > 60
        assert shown.complaints == []
