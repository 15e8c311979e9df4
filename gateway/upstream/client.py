"""PlanDocket's REST API as the rest of the gateway sees it: `Call` to `Answer`, `Write` to `Written`.

Either goes through `way.attempts`: repeated where that is safe( breaker -> budget -> HTTP ).
"""

from collections.abc import Callable
from typing import Any, Literal

import httpx

from gateway.errors import OutcomeUnknownError, UnavailableError, UnreadableError
from gateway.folder import Folder
from gateway.settings.upstream import UpstreamSettings
from gateway.telemetry.events import OnCall
from gateway.upstream.call import Call
from gateway.upstream.record import RowT
from gateway.upstream.way.attempts import Gate
from gateway.upstream.way.bodies import Bodies
from gateway.upstream.way.budget import Budget, Lane
from gateway.upstream.way.clock import Clock
from gateway.upstream.way.credential import Credential
from gateway.upstream.way.dialect import IncludeStyle, Traits
from gateway.upstream.way.hour_file import HourFile
from gateway.upstream.way.http import Http, Query
from gateway.upstream.way.session import Session
from gateway.upstream.way.shared_hour import SharedHour
from gateway.upstream.way.tasks import Tasks
from gateway.upstream.way.write_turns import Turns
from gateway.upstream.wire.json_bounds import decode
from gateway.upstream.wire.json_rows import Answer
from gateway.upstream.wire.outcomes import outcome_of, refusal
from gateway.upstream.write import UpdateMethod, Write, Written


class Upstream:
    """PlanDocket's REST API of one tenant."""

    def __init__(
        self,
        settings: UpstreamSettings,
        transport: httpx.AsyncBaseTransport | None = None,
        clock: Clock | None = None,
        on_call: OnCall | None = None,
        folder: Folder | None = None,
        shared: SharedHour | None = None,
    ) -> None:
        """`folder` is where the hour is remembered; `shared` is that of several processes.

        Raises:
            SettingsError: it cannot be written.
        """
        self.clock = clock or Clock()
        style = settings.include_style
        self.traits = Traits(settings.page_size, None if style == "auto" else style)
        self.update_method: UpdateMethod = settings.update_method
        per_hour = settings.requests_per_hour_limit
        self.hour_file = (
            None
            if folder is None or per_hour is None
            else HourFile(folder, str(settings.base_url), self.clock)
        )
        self.budget = Budget(per_hour, self.clock, file=self.hour_file, shared=shared)
        self.turns = Turns()
        """Whose turn it is to write a row."""
        self.on_refused: list[Callable[[Credential], None]] = []
        """Told of a key that PlanDocket does not know any more, in this order."""
        self.tasks = Tasks()
        """What runs beside the operations: its outcome is seen by whatever counts requests, and by nobody else."""
        self.held = None if settings.api_key is None else Credential(settings.api_key, is_held=True)
        """The gateway's own key; None where callers bring theirs."""
        self._settings = settings
        self.gate = Gate(Http(settings, transport, on_call), self.budget, self.clock, self._tell_refused)
        self._bodies = Bodies(settings.max_list_rows, self.gate.http.room)

    async def close(self) -> None:
        """End what runs beside the operations, and close every connection."""
        await self.tasks.end()
        self._bodies.close()
        await self.gate.http.close()
        if self.hour_file is not None:
            self.hour_file.close()

    @property
    def shortest_list(self) -> Query:
        """What is asked of a list so that the answer is as short as can be."""
        return (self._settings.page_param, "1"), (self._settings.per_page_param, "1")

    def give_up(self) -> None:
        """Let what runs end at once, each request as if its time were over: the process is about to end."""
        self.gate.http.give_up()

    def check_hour(self, session: Session, requests: int) -> None:
        """Raise RateLimitedError unless the hour has so many more requests for the operation."""
        if self.budget.wait(session.credential, session.in_hour(session.lane), requests) > 0:
            raise self.gate.refusal(session, session.lane, requests)

    async def read(self, call: Call[RowT], session: Session) -> Answer[RowT]:
        """Return PlanDocket's answer to `call`; no row where it answers 404 for a single one.

        An include that the server ignores or refuses is missing in `Answer.links`, and is not sent
        again. How several are written is undocumented, and found out once.

        Raises:
            CallerError, UpstreamError: as `gateway.errors` sorts them.
        """
        answer = await self._read_with_includes(call, session)
        if answer.paging.total is not None:
            self.traits.tells_totals = True
        return answer

    async def write(self, write: Write[RowT], session: Session) -> Written[RowT]:
        """Send a write, and return what the server tells of the row. It reaches PlanDocket at most once.

        Raises:
            WriteRefusedError: PlanDocket says why it did not; nothing was changed.
            OutcomeUnknownError: it was sent, or may have been, and no answer came that settles it.
            CallerError, UpstreamError: it was not carried out.
        """
        try:
            reply = await self.gate.send(write.method, write.path, session, Lane.WRITE, body=write.body)
        except UnavailableError as error:
            if error.may_have_arrived:
                raise OutcomeUnknownError from None
            raise
        except UnreadableError:
            raise OutcomeUnknownError("PlanDocket's answer to the write cannot be read") from None
        written = outcome_of(write, reply, is_held=session.credential.is_held)
        if write.id is None:
            self.traits.learn_tells_id(write.record.path, tells=written.id is not None)
        return written

    async def _read_with_includes(self, call: Call[RowT], session: Session) -> Answer[RowT]:
        answer = None
        for style in self.traits.styles(call.include):
            try:
                answer = await self._read(call, session, style)
            except _NotAcceptedError:
                continue
            if not call.include or not answer.rows:
                return answer
            if answer.links:
                self.traits.settle(style, call.include)
                break
        answer = answer or await self._read(call.including(frozenset()), session, "comma")
        self.traits.ignore(call, session.credential, call.include - answer.links.keys())
        return answer

    async def _read(self, call: Call[RowT], session: Session, style: IncludeStyle) -> Answer[RowT]:
        reply = await self.gate.send("GET", call.path, session, session.lane, self._query(call, style))
        match reply.status:
            case 200:
                answer = await self._bodies.read(reply.body, call)
                if answer is not None:
                    return answer
                if call.include:
                    raise _NotAcceptedError
                raise refusal(200, call.record.path, is_held=session.credential.is_held)
            case 204 if call.id is None:
                return Answer()  # an empty list without a body: no page says what 204 means for a GET
            case 404 if call.id is not None:
                decode(reply.body)  # a proxy's page about a wrong host is no "not found"
                return Answer()
            case 400 | 402 | 403 | 422 if call.include:
                raise _NotAcceptedError
            case status:
                raise refusal(status, call.record.path, is_held=session.credential.is_held)

    def _tell_refused(self, credential: Credential) -> None:
        for told in self.on_refused:
            told(credential)

    def _query(self, call: Call[Any], style: IncludeStyle) -> Query:
        query = [*call.filters, *include_query(sorted(call.include), style)]
        if call.page is not None:
            query.append((self._settings.page_param, str(call.page)))
            query.append((self._settings.per_page_param, str(self._settings.page_size)))
        return tuple(query)


def include_query(names: list[str], style: IncludeStyle | Literal["auto"]) -> list[tuple[str, str]]:
    """Return the query's part that asks for includes, in a style; "auto" begins with commas."""
    if not names:
        return []
    if style in ("auto", "comma"):
        return [("include", ",".join(names))]
    return [("include[]" if style == "brackets" else "include", name) for name in names]


class _NotAcceptedError(Exception):
    """PlanDocket refuses a read because of its includes, it seems: to be asked again without.

    Whether an include needs the other resource's scope (403) or plan (402), and whether an unknown
    one is an error (400, 422), is not said.
    """
