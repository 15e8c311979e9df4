"""Asks the gateway as its GraphQL client, in the background: what finds no room waits for it."""

from collections.abc import Callable
from typing import Any

import httpx
import msgspec

from gateway.commands.mirror.asking import OperatorError
from gateway.upstream.way.clock import Clock

_MOST_TRIES = 5
_PAUSE_S = 30.0
_IN_BACKGROUND = {"Priority": "u=7"}
_NO_ANSWER = "The gateway gave no answer that is GraphQL"
_FAILING = frozenset(
    {"", "OUTCOME_UNKNOWN", "OPERATION_TIMEOUT", "INTERNAL_SERVER_ERROR"}
    | {"UPSTREAM_TIMEOUT", "UPSTREAM_UNAVAILABLE", "UPSTREAM_UNREADABLE", "REQUEST_TIMEOUT"}
)
"""Codes of what may go better later; of a write they do not tell certainly whether it was sent."""


class Extensions(msgspec.Struct, frozen=True):
    """What an error tells programs."""

    code: str = ""
    retry_after: float | None = msgspec.field(default=None, name="retryAfter")


class Fault(msgspec.Struct, frozen=True):
    """An error of an answer."""

    message: str
    extensions: Extensions = Extensions()

    @property
    def is_in_doubt(self) -> bool:
        """Return whether a write that was answered so may have been carried out."""
        return self.extensions.code in _FAILING and self.extensions.retry_after is None


class Answer(msgspec.Struct, frozen=True):
    """An answer."""

    data: dict[str, Any] | None = None
    errors: list[Fault] = []
    age_s: float = 0.0

    @property
    def fault(self) -> Fault:
        """Return the error that counts: it says why there are no data."""
        return self.errors[0] if self.errors else Fault(_NO_ANSWER)


class RefusedError(OperatorError):
    """The gateway does not answer a query, and will not later either."""

    def __init__(self, fault: Fault) -> None:
        token = " Set GATEWAY_TOKEN to a token or key that it knows." * (
            fault.extensions.code == "UNAUTHENTICATED"
        )
        super().__init__(f"The gateway refuses: {fault.message}{token}")
        self.code = fault.extensions.code


class Client:
    """The gateway, as the import asks it. `on_wait` is told the seconds that are waited for, and why."""

    def __init__(self, http: httpx.AsyncClient, clock: Clock, on_wait: Callable[[float, str], None]) -> None:
        self.clock = clock
        self._http = http
        self._on_wait = on_wait

    async def ask(self, query: str, *, age_s: float | None = None, **variables: Any) -> dict[str, Any]:
        """Return what a query answers, however long that takes; with `age_s` nothing that is older.

        Raises:
            RefusedError: it will not be answered.
            OperatorError: it fails time and again.
        """
        fault = Fault(_NO_ANSWER)
        tries = 0
        while tries < _MOST_TRIES:
            answer = await self.send(query, variables, {} if age_s is None else {"Cache-Control": "no-cache"})
            if answer.data is not None and not answer.errors:
                if age_s is None or answer.age_s <= age_s:
                    return answer.data
                await self.wait(_PAUSE_S, "PlanDocket is not asked about single rows so often.")
                continue
            fault = answer.fault
            wait_s = fault.extensions.retry_after
            if wait_s is None and not fault.is_in_doubt:
                raise RefusedError(fault)
            tries += wait_s is None
            await self.wait(_PAUSE_S if wait_s is None else wait_s, fault.message)
        raise OperatorError(
            f"It fails time and again: {fault.message} Run the import again later: it goes on."
        )

    async def send(
        self, query: str, variables: dict[str, Any], headers: dict[str, str] | None = None
    ) -> Answer:
        """Return the answer to one request; one that never came, or cannot be read, is a fault without a code."""
        try:
            reply = await self._http.post(
                "/graphql",
                json={"query": query, "variables": variables},
                headers={**_IN_BACKGROUND, **(headers or {})},
            )
            answer = msgspec.json.decode(reply.content, type=Answer)
        except (httpx.TransportError, msgspec.MsgspecError):
            return Answer()
        age = reply.headers.get("age", "")
        return msgspec.structs.replace(answer, age_s=float(age) if age.isdecimal() else 0.0)

    async def wait(self, seconds: float, why: str) -> None:
        """Wait, and say so."""
        self._on_wait(seconds, why)
        await self.clock.sleep(seconds)
