"""PlanDocket as the rest of the gateway sees it: `Call` to `Answer`, `Write` to `Written`."""

import re
from types import TracebackType
from typing import Any, Literal, Self

import httpx

from gateway.errors import OutcomeUnknownError, UnavailableError, UnreadableError
from gateway.settings import Settings
from gateway.upstream.call import Call
from gateway.upstream.credential import Credential
from gateway.upstream.http import Http
from gateway.upstream.record import RowT
from gateway.upstream.refusals import refusal, write_refusal
from gateway.upstream.traits import IncludeStyle, Traits
from gateway.upstream.wire import Answer, decode, read_list, read_single, read_written
from gateway.upstream.write import UpdateMethod, Write, WriteRefusedError, Written

Primitive = str | int | float | bool | None  # what httpx takes as a query's value


class Upstream:
    """PlanDocket's REST API of one tenant."""

    def __init__(self, settings: Settings, transport: httpx.AsyncBaseTransport | None = None) -> None:
        style = settings.include_style
        self.traits = Traits(settings.page_size, None if style == "auto" else style)
        self.update_method: UpdateMethod = settings.update_method
        self._settings = settings
        self._http = Http(settings, transport)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._http.close()

    async def get(self, call: Call[RowT], credential: Credential) -> Answer[RowT]:
        """Return the answer to `call`; no row where PlanDocket answers 404 for a single one.

        An include that the server ignores or refuses is missing in `Answer.links`, and is not sent
        again. How several are written is undocumented, and found out once.

        Raises:
            CallerError, UpstreamError: as `gateway.errors` sorts them.
        """
        call = call.including(self.traits.honoured(call, credential))
        answer = None
        for style in self.traits.styles(call.include):
            try:
                answer = await self._read(call, credential, style)
            except _NotAcceptedError:
                continue
            if not call.include or not answer.rows:
                return answer
            if answer.links:
                self.traits.settle(style, call.include)
                break
        answer = answer or await self._read(call.including(frozenset()), credential, "comma")
        self.traits.ignore(call, credential, call.include - answer.links.keys())
        return answer

    async def write(self, write: Write[RowT], credential: Credential) -> Written[RowT]:
        """Send a write, once, and return what the server tells of the row.

        Raises:
            WriteRefusedError: PlanDocket says why it did not; nothing was changed.
            OutcomeUnknownError: it was sent, or may have been, and no readable answer came.
            CallerError, UpstreamError: it was not carried out.
        """
        try:
            response = await self._http.send(write.method, write.path, credential, body=write.body)
            outcome = _outcome(write, response, credential)
        except UnavailableError as error:
            if error.may_have_arrived:
                raise OutcomeUnknownError from None
            raise
        except UnreadableError:
            raise OutcomeUnknownError from None
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    async def _read(self, call: Call[RowT], credential: Credential, style: IncludeStyle) -> Answer[RowT]:
        response = await self._http.send("GET", call.path, credential, self._query(call, style))
        match response.status_code:
            case 200:
                reader = read_list if call.id is None else read_single
                return reader(call.record, decode(response.content), call.include)
            case 404 if call.id is not None:
                decode(response.content)  # a proxy's page about a wrong host is no "not found"
                return Answer()
            case 400 | 403 | 422 if call.include:
                raise _NotAcceptedError
            case status:
                raise refusal(status, call.record.path, credential)

    def _query(self, call: Call[Any], style: IncludeStyle) -> httpx.QueryParams:
        query = [*call.filters, *include_query(sorted(call.include), style)]
        if call.page is not None:
            query.append((self._settings.page_param, str(call.page)))
            query.append((self._settings.per_page_param, str(self._settings.page_size)))
        return httpx.QueryParams(query)


def include_query(names: list[str], style: IncludeStyle | Literal["auto"]) -> list[tuple[str, Primitive]]:
    """Return the query's part that asks for includes, in a style; "auto" begins with commas."""
    if not names:
        return []
    if style in ("auto", "comma"):
        return [("include", ",".join(names))]
    return [("include[]" if style == "brackets" else "include", name) for name in names]


class _NotAcceptedError(Exception):
    """PlanDocket refuses a read because of its includes, it seems: to be asked again without.

    Whether an include needs the other resource's scope (403), and whether an unknown one is an
    error (400, 422), is not said.
    """


def _outcome(
    write: Write[RowT], response: httpx.Response, credential: Credential
) -> Written[RowT] | Exception:
    """Return what a write's answer tells of the row, or the error that it means.

    Raises:
        UnreadableError: the answer is not PlanDocket's.
    """
    status = response.status_code
    if 200 <= status < 300:
        told = read_written(write.record, decode(response.content) if response.content.strip() else None)
        found = re.search(r"/(\d+)/?$", response.headers.get("location", ""))
        row_id = write.id or told.id or (int(found[1]) if found else None)
        return Written(row_id, told.row)
    if status >= 500:
        decode(response.content)  # a proxy's page: PlanDocket behind it may have carried the write out
    if not (write.id is None and status == 404) and (refused := write_refusal(response)) is not None:
        return WriteRefusedError(refused)
    return refusal(status, write.record.path, credential)
