# pyright: basic
"""A wire whose next requests fail in turn, and a way to PlanDocket over it."""

import httpx
from asking import Time, skip
from keeping.wires import Wire

from gateway.mirror.answers.reading import Mirror
from gateway.resources import RECORDS
from gateway.sandbox import Sandbox
from gateway.settings.settings import Settings
from gateway.upstream.client import Upstream
from gateway.upstream.way.clock import Clock

ERRORS = {
    "refused": httpx.ConnectError,
    "no connection": httpx.ConnectTimeout,
    "broken": httpx.ReadError,
    "no answer": httpx.ReadTimeout,
}


class Failing(Wire):
    """Plays `plays` in turn, then goes on as a Wire: names of ERRORS, statuses, or None for no fault."""

    def __init__(self, sandbox=None, *plays, headers=None):
        super().__init__(sandbox or Sandbox())
        self.plays = list(plays)
        self.told = headers or {}
        self.before = lambda: None

    async def _answer(self, request):
        self.before()
        play = self.plays.pop(0) if self.plays else None
        if play in ERRORS:
            raise ERRORS[play]("canary-7f3a91")
        if play is not None:
            return httpx.Response(int(play), json={"error": "canary-7f3a91"}, headers=self.told)
        return await super()._answer(request)


def upstream(wire, time: Time | None = None, sleep=skip, **given):
    """Return a way to PlanDocket without GraphQL, its callers with keys of their own."""
    settings = Settings.model_validate({"base_url": "http://plandocket.test", "api_key": None, **given})
    clock = Clock(time, time, sleep) if time else Clock(sleep=sleep)
    return Mirror(Upstream(settings, wire, clock), settings, settings, RECORDS)
