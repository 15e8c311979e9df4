"""Is PlanDocket there, and does it speak as expected?

One cheap request for each scope, and one more that shows whether `page` does anything.
"""

import asyncio
from collections.abc import Iterator
from typing import Any

import httpx
from pydantic import SecretStr

from gateway.commands.check.finding import Finding, Level, failure, unreachable, warning
from gateway.errors import SettingsError, UnavailableError, UnreadableError
from gateway.resources import RECORDS
from gateway.settings.settings import Settings
from gateway.upstream.client import include_query
from gateway.upstream.record import Record
from gateway.upstream.way.credential import Credential
from gateway.upstream.way.http import Http, Request
from gateway.upstream.way.obstacle import not_plandocket, obstacle
from gateway.upstream.wire.envelopes import refuses, row_in
from gateway.upstream.wire.flaws import Unread
from gateway.upstream.wire.json_bounds import decode
from gateway.upstream.wire.json_rows import Answer, items_of, read_list
from gateway.upstream.wire.outcomes import Reply

_STYLES = ("comma", "repeated", "brackets")
_SETTING = "PLANDOCKET_BASE_URL"
_ROWS = 2  # enough to see a dialect and a page's end


async def check_upstream(
    settings: Settings, key: SecretStr | None, transport: httpx.AsyncBaseTransport | None = None
) -> list[Finding]:
    """Return what was found, in the order of the resources."""
    if key is None:
        return [
            failure(
                "There is no key to check with: set PLANDOCKET_API_KEY, or use --ask-key where callers send theirs."
            )
        ]
    try:
        http = Http(settings, transport)
    except SettingsError as error:
        return [failure(str(error))]
    try:
        return await _Check(settings, Credential(key, is_held=True), http).run()
    finally:
        await http.close()


class _Check:
    def __init__(self, settings: Settings, credential: Credential, http: Http) -> None:
        self._settings = settings
        self._credential = credential
        self._http = http
        self._host = settings.base_url.host

    async def run(self) -> list[Finding]:
        findings: list[Finding] = []
        try:
            first = await self._ask(RECORDS[0])
            if first.status == 401:
                return list(self._read(RECORDS[0], first))
            rest = await asyncio.gather(*map(self._ask, RECORDS[1:]))
        except UnavailableError as error:
            return [unreachable(_SETTING, obstacle(error.__cause__ or error, self._http.way))]
        except UnreadableError as error:
            return [failure(f"{self._host} answers, but not as PlanDocket does: {error}")]
        for record, reply in zip(RECORDS, [first, *rest], strict=True):
            findings += self._read(record, reply)
        if first.status == 200 and not any(finding.level is Level.FAILURE for finding in findings):
            findings += await self._page(RECORDS[0], first)
        return findings

    async def _ask(self, record: Record[Any], page: int = 1) -> Reply:
        query = include_query(sorted(record.includes), self._settings.include_style)
        query.append((self._settings.page_param, str(page)))
        query.append((self._settings.per_page_param, str(_ROWS)))
        request = Request("GET", record.path, self._credential, query=tuple(query))
        async with self._http.place(request):
            return await self._http.send(request)

    def _read(self, record: Record[Any], reply: Reply) -> Iterator[Finding]:
        if reply.status != 200:
            yield failure(self._refused(record.path, reply))
            return
        try:
            payload = decode(reply.body)
            if refuses(record, payload):
                raise UnreadableError("It refuses them inside an answer of status 200.")
            answer = read_list(record, payload, frozenset(record.includes))
        except UnreadableError as error:
            yield failure(
                f"{self._host} answers for {record.path}, but not as PlanDocket does: {error} "
                "Is PLANDOCKET_BASE_URL the tenant's own address?"
            )
            return
        yield Finding(Level.OK, f"{record.path}: the key may read them. {_dialect(record, payload)}")
        yield from self._unreadable(answer)
        yield from self._paging(record, answer)
        yield from self._includes(record, answer)

    def _unreadable(self, answer: Answer[Any]) -> Iterator[Finding]:
        unread = Unread()
        unread.add(answer.flaws)
        if unread.count:
            columns = sorted({f"{one.resource}.{one.column}" for one in unread.first})
            yield warning(
                f"{self._host} sends what cannot be read: {', '.join(columns)}. Answers lack it, and say so: "
                "correct it in PlanDocket, or tell its support."
            )

    def _paging(self, record: Record[Any], answer: Answer[Any]) -> Iterator[Finding]:
        if len(answer.rows) > _ROWS:
            yield warning(
                f"{record.path}: {_ROWS} rows a page were asked for, {len(answer.rows)} came. Either lists come whole, "
                f"or PLANDOCKET_PER_PAGE_PARAM ({self._settings.per_page_param!r}) is not what the server calls it."
            )

    def _includes(self, record: Record[Any], answer: Answer[Any]) -> Iterator[Finding]:
        ignored = sorted(record.includes.keys() - answer.links.keys())
        others = ", ".join(style for style in _STYLES if style != self._settings.include_style)
        if ignored and answer.rows:
            yield warning(
                f"{record.path}: the server ignores include={','.join(ignored)}, so relations cost more requests. "
                f"PLANDOCKET_INCLUDE_STYLE is {self._settings.include_style!r}: try {others}."
            )

    async def _page(self, record: Record[Any], first: Reply) -> list[Finding]:
        """Ask for the second page, and return whether it is another one."""
        second = await self._ask(record, page=2)
        if second.status != 200:
            return [failure(self._refused(record.path, second))]
        pages = [read_list(record, decode(page.body), frozenset()) for page in (first, second)]
        ids = [[row.id for row in page.rows] for page in pages]
        if len(ids[0]) != _ROWS or ids[0] != ids[1]:
            return []
        return [
            failure(
                f"{record.path}: page 2 is page 1 again. PLANDOCKET_PAGE_PARAM ({self._settings.page_param!r}) is not "
                "what the server calls it, or it cuts lists off after one page: rows will be missing."
            )
        ]

    def _refused(self, path: str, reply: Reply) -> str:
        if reply.status == 400 and (found := not_plandocket(400, reply.body, self._http.way)) is not None:
            return unreachable(_SETTING, found).sentence
        match reply.status:
            case 401:
                return "PlanDocket does not know the key: make one in PlanDocket under Settings > API."
            case 402:
                return f"PlanDocket's plan or module for {path} is missing: book the plan, or switch the module on."
            case 403:
                return (
                    f"The key may not read {path}: give it the scope {path!r}, or switch the API module on."
                )
            case 404 if _is_json(reply):
                return f"PlanDocket has no {path} here: is the API module switched on, and does the plan have it?"
            case 404:
                return f"{self._host} does not know /api/v1/{path}: PLANDOCKET_BASE_URL is not a PlanDocket tenant."
            case 429:
                return "The hour's requests are spent: check again later."
            case status if 300 <= status < 400:
                return f"{self._host} redirects: set PLANDOCKET_BASE_URL to the address it leads to."
            case 400 | 422:
                return f"PlanDocket refuses how {path} are asked for: correct the PARAM and INCLUDE_STYLE settings."
            case status:
                return f"PlanDocket answers {path} with status {status}: wait, or ask its support."


def _dialect(record: Record[Any], payload: Any) -> str:
    """Return in a sentence how the server writes what the documentation leaves open."""
    envelope = "in an envelope" if isinstance(payload, dict) else "bare"
    rows = items_of(record, payload)
    if not rows:
        return f"Lists come {envelope}; there is no row to see more by."
    try:
        raw = row_in(record, rows[0])
    except ValueError:
        raw = {}
    own_id = "id" if "id" in raw else record.own_id
    times = next((type(raw[name]).__name__ for name in ("created_at", "date_from") if raw.get(name)), None)
    written = {"str": "text", "int": "unix seconds"}.get(times or "", "not seen")
    total = read_list(record, payload, frozenset()).paging.total
    totals = "with" if total is not None else "without"
    return f"Lists come {envelope}, {totals} totals, ids as {own_id!r}, times as {written}."


def _is_json(reply: Reply) -> bool:
    try:
        decode(reply.body)
    except UnreadableError:
        return False
    return True
