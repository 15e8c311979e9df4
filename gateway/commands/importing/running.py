"""Writes what is to be written, one row after the other, each noted before it is sent and never sent in doubt."""

from collections.abc import Callable, Iterable
from typing import Any

from gateway.commands.importing.checking import Step, look_up
from gateway.commands.importing.client import Client, Fault, RefusedError
from gateway.commands.importing.journal import Journal, Outcome
from gateway.commands.mirror.asking import OperatorError

SETTLES_S = 60.0
"""After which nothing of a write that was not answered is on its way any more."""
_MOST_DOUBTS = 3
_RESULT = "{ written userErrors { code message } }"
CREATE = f"mutation($input: CreateParticipantInput!) {{ result: createParticipant(input: $input) {_RESULT} }}"
UPDATE = f"mutation($input: UpdateParticipantInput!) {{ result: updateParticipant(input: $input) {_RESULT} }}"
_MAY_I = (
    "mutation($input: CreateParticipantInput!) { createParticipant(input: $input, dryRun: true) { written } }"
)


async def may_write(client: Client, step: Step) -> None:
    """Return if the gateway lets the caller write, which costs PlanDocket no request; RefusedError if not."""
    await client.ask(_MAY_I, input=_new(step))


async def run(client: Client, steps: Iterable[Step], journal: Journal, on_done: Callable[[], None]) -> None:
    """Bring each open step to its end.

    Raises:
        OperatorError: it cannot go on; what was done is done, and noted.
    """
    for step in steps:
        if step.outcome is Outcome.OPEN:
            step.outcome, step.message = await _carried_out(client, step, journal)
            journal.answer(step.row, step.outcome, step.message)
            on_done()


async def _carried_out(client: Client, step: Step, journal: Journal) -> tuple[Outcome, str]:
    """Write a row once, and return what came of it; what is in doubt is looked up before anything is sent."""
    for _ in range(_MOST_DOUBTS):
        if await _was_carried_out(client, step, journal):
            return _sent_as(step, journal), ""
        settled = await _sent(client, step, journal)
        if settled is not None:
            return settled
    raise OperatorError("PlanDocket, or the gateway, fails: run the import again later, and it goes on.")


async def _was_carried_out(client: Client, step: Step, journal: Journal) -> bool:
    """Return whether a row that was noted and not answered is as it should be; where it is not, what is there."""
    entry = journal.of(step.row)
    if entry is None or not entry.is_in_doubt:
        return False
    noted_s = client.clock.unix() - entry.at
    if noted_s < SETTLES_S:
        await client.wait(SETTLES_S - max(0.0, noted_s), "It is not certain whether a row was written.")
    step.there = await look_up(client, step.row, SETTLES_S / 2)
    return step.is_so


async def _sent(client: Client, step: Step, journal: Journal) -> tuple[Outcome, str] | None:
    """Send a row, and return what came of it; None where that is not certain."""
    while True:
        sends, (mutation, variables) = _sends(step), _write(step)
        journal.note(step.row, sends, client.clock.unix())
        answer = await client.send(mutation, variables)
        result: dict[str, Any] | None = (answer.data or {}).get("result")
        if result is not None and result["written"]:
            return sends, ""
        if result is not None:
            if sends is not Outcome.CREATED or not await _is_there(client, step, result["userErrors"]):
                return Outcome.REFUSED, " ".join(error["message"] for error in result["userErrors"])
            if step.is_so:
                return Outcome.UNCHANGED, ""
            continue
        if answer.fault.is_in_doubt:
            return None
        journal.answer(step.row, Outcome.OPEN)
        if (wait_s := answer.fault.extensions.retry_after) is not None:
            await client.wait(wait_s, answer.fault.message)
        else:
            return _of_the_row(answer.fault)


async def _is_there(client: Client, step: Step, errors: list[dict[str, str]]) -> bool:
    """Return whether a new row was refused since it is there by now, whoever wrote it."""
    if all(error["code"] != "CONFLICT" for error in errors):
        return False
    step.there = await look_up(client, step.row, SETTLES_S / 2)
    return step.there is not None


def _of_the_row(fault: Fault) -> tuple[Outcome, str]:
    if fault.extensions.code == "BAD_USER_INPUT":
        return Outcome.REFUSED, fault.message
    raise RefusedError(fault)


def _sends(step: Step) -> Outcome:
    return Outcome.CREATED if step.there is None else Outcome.UPDATED


def _sent_as(step: Step, journal: Journal) -> Outcome:
    entry = journal.of(step.row)
    return Outcome.UPDATED if entry is None or entry.sends is None else entry.sends


def _write(step: Step) -> tuple[str, dict[str, Any]]:
    if step.there is None:
        return CREATE, {"input": _new(step)}
    return UPDATE, {"input": {"id": step.there.id, "isConfirmed": step.row.is_confirmed}}


def _new(step: Step) -> dict[str, Any]:
    row = step.row
    ends = {"event": {"eventKey": row.event_key}, "contact": {"customerNumber": row.customer_number}}
    return {**ends, "isConfirmed": row.is_confirmed}
