# pyright: basic
"""Canaries: secrets and personal data that are planted everywhere, and sing nowhere that they should not."""

import io
import json
import logging

import httpx
import pytest
from asking import in_turn

from gateway.app import create_app
from gateway.sandbox import ALL_SCOPES, Sandbox
from gateway.settings.settings import Settings
from gateway.telemetry.log_lines import logging_to

KEY = "canary-key-5b1e"
TOKEN = "canary-token-77c0"
EMAIL = "canary.mail@example.org"
NOTE = "canary-note: allergic to nuts"
INSIDE = "canary-inside-31fd"  # what only PlanDocket, or what is below it, says
WRONG = "canary-wrong-key-90aa"
SECRETS = (KEY, TOKEN, WRONG, INSIDE)
PERSONAL = (EMAIL, NOTE, "canary.mail", "canary-note")
JSON = "application/json"

CREATE = """mutation Create($email: String!, $notes: String!) {
  createContact(input: {lastName: "Canary", email: $email, notes: $notes}) {
    contact { id databaseId } userErrors { field code }
  }
}"""
UPDATE = """mutation Update($id: ID!, $notes: String!, $rating: Int) {
  updateContact(input: {id: $id, notes: $notes, rating: $rating}) { userErrors { field code } }
}"""
DELETE = "mutation Delete($id: ID!) { deleteContact(input: {id: $id}) { deletedId userErrors { code } } }"
READ = "query Read($id: Int!) { contact(by: {databaseId: $id}) { email notes lastName } }"
SEARCH = "query Search($text: String!) { contacts(filter: {search: $text}) { totalCount } }"
INLINE = f'{{ contacts(filter: {{search: "{EMAIL}"}}) {{ totalCount }} }}'
LISTS = """query Lists { participants(first: 20) { nodes { contact { lastName } event { title } } }
  events { nodes { title contacts(first: 2) { nodes { companyName } } } } categories { title } }"""


def answer(status, text, media_type=JSON, **headers):
    """Return a play that answers so."""

    async def play(_):
        return httpx.Response(status, text=text, headers={"content-type": media_type, **headers})

    return play


def failure(error):
    """Return a play that raises so."""

    async def play(_):
        raise error

    return play


ERROR = json.dumps({"error": INSIDE, "message": EMAIL, "meta": {"request_id": "req_1"}})
FAULTS = {
    "500": answer(500, ERROR),
    "502": answer(502, f"<html>{INSIDE} {EMAIL} {NOTE}</html>", "text/html"),
    "503": answer(503, ERROR),
    "401": answer(401, ERROR),
    "403": answer(403, ERROR),
    "404": answer(404, ERROR),
    "400": answer(400, ERROR),
    "429": answer(429, ERROR),
    "302": answer(302, "", location=f"https://{INSIDE}.test/?email={EMAIL}&key={KEY}"),
    "half": answer(200, f'{{"data": [{{"notes": "{NOTE}", "x": "{INSIDE}"'),
    "other": answer(200, json.dumps({"data": {"email": EMAIL, "x": INSIDE}})),
    "odd rows": answer(200, json.dumps({"data": [{"email": EMAIL, "notes": NOTE, "x": INSIDE}]})),
    "an id that is none": answer(500, json.dumps({"meta": {"request_id": f"{INSIDE} {EMAIL}"}})),
    "no gzip": answer(200, INSIDE, **{"content-encoding": "gzip"}),
    "refused": failure(httpx.ConnectError(f"{INSIDE} {KEY} {EMAIL}")),
    "broken": failure(httpx.ReadError(f"{INSIDE} {KEY} {EMAIL}")),
    "late": failure(httpx.ReadTimeout(f"{INSIDE} {KEY} {EMAIL}")),
    "a bug": failure(ZeroDivisionError(f"{INSIDE} {KEY} {EMAIL} {NOTE}")),
    "a strange bug": failure(KeyError(INSIDE, NOTE)),
}


class Faulty(httpx.AsyncBaseTransport):
    """PlanDocket, until it is given a fault to play."""

    def __init__(self, sandbox):
        self.play = None
        self._rest = httpx.ASGITransport(sandbox.app)

    async def handle_async_request(self, request):
        """Answer."""
        return await (self.play or self._rest.handle_async_request)(request)


@pytest.mark.parametrize(
    ("fault", "is_held"),
    [(None, False), *in_turn([None, *FAULTS], [True, False]), ("a bug", False)],
)
async def test_no_canary_sings(fault, is_held, caplog):
    """Reads, writes, failures, wrong keys and bugs, with the log at its most talkative, of either style."""
    caplog.set_level(logging.DEBUG, "gateway")
    faulty = Faulty(Sandbox(keys={KEY: ALL_SCOPES}))
    settings = {"base_url": "http://plandocket.test", "metrics_token": TOKEN, "mirror": "off", "csrf": "off"}
    app = create_app(Settings.model_validate({**settings, "api_key": KEY if is_held else None}), faulty)
    log = io.StringIO()
    with logging_to(log, "json" if is_held else "console", "debug"):
        async with (
            app.router.lifespan_context(app),
            httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://localhost") as http,
        ):
            if not is_held:
                http.headers["Authorization"] = f"Bearer {KEY}"
            client = Client(http)
            contact = await client.make()
            faulty.play = FAULTS[fault] if fault else None
            await client.use(contact)
            await client.misuse()
            metrics = (await http.get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"})).text

    for name, text in {"log": log.getvalue(), "captured log": caplog.text, "metrics": metrics}.items():
        for secret in (*SECRETS, *PERSONAL):
            assert secret not in text, f"{secret} is in the {name}"
    # They were there to be told: what is refused at the door proves nothing.
    assert 'name="Create",outcome="ok"' in metrics
    assert "plandocket_request_ids" in log.getvalue() or fault != "500"
    assert ("ZeroDivisionError at " in log.getvalue()) == (fault == "a bug")
    assert client.replies > 20


class Client:
    """Does what a client may do, and looks at what it is told."""

    def __init__(self, http):
        self.replies = 0
        self._http = http

    async def make(self):
        """Make a contact of canaries, and return it: who asks for them gets them."""
        made = (await self._ask(CREATE, email=EMAIL, notes=NOTE))["data"]["createContact"]["contact"]
        response = await self._http.post(
            "/graphql", json={"query": READ, "variables": {"id": made["databaseId"]}}
        )
        assert response.json()["data"]["contact"] == {"email": EMAIL, "notes": NOTE, "lastName": "Canary"}
        return made

    async def use(self, contact):
        """Send what the gateway is there for."""
        await self._ask(CREATE, email=EMAIL, notes=NOTE)
        await self._ask(UPDATE, id=contact["id"], notes=NOTE)
        await self._ask(UPDATE, id=contact["id"], notes=NOTE, rating=77)
        await self._ask(READ.replace("email notes ", ""), id=contact["databaseId"])
        await self._ask(SEARCH, text=EMAIL)
        await self._ask(INLINE)
        await self._ask(LISTS)
        await self._ask(DELETE, id="nonsense")
        # By GET, whose address a server might log.
        await self._get("/graphql", query=INLINE)
        await self._get("/graphql", query=SEARCH, variables=json.dumps({"text": EMAIL}))
        await self._ask(DELETE, id=contact["id"])

    async def misuse(self):
        """Send what nobody should."""
        await self._get("/nowhere", key=KEY, note=NOTE)
        await self._get(f"/{EMAIL}/{KEY}")
        for body in (f'{{"query": "{EMAIL}', f'"{KEY}"', json.dumps({"query": 5, "variables": KEY})):
            self._look(await self._http.post("/graphql", content=body, headers={"Content-Type": JSON}))
        for headers in (
            {"Authorization": f"Bearer {WRONG}"},
            {"Authorization": f"Basic {WRONG}"},
            {"Authorization": "", "X-API-Key": WRONG},
            {"Authorization": f"Bearer {WRONG} {WRONG}"},
            {"X-Request-Id": f"{WRONG}?{EMAIL}"},
            {"Cookie": f"session={WRONG}", "Referer": f"https://x.test/?key={WRONG}"},
        ):
            await self._ask(LISTS, headers)
            await self._get("/graphql", headers, query=INLINE)
            await self._get("/metrics", headers)

    async def _ask(self, query, headers=None, /, **variables):
        body = {"query": query, "variables": variables}
        return self._look(await self._http.post("/graphql", json=body, headers=headers)).json()

    async def _get(self, path, headers=None, /, **params):
        self._look(await self._http.get(path, params=params, headers=headers))

    def _look(self, response):
        self.replies += 1
        for secret in (*SECRETS, *PERSONAL):
            assert secret not in response.text + str(response.headers)
        return response
