"""What an answer other than the wanted one means. Pure, but for a log line where the operator must act.

Source: /en/getting-started/errors.html
"""

import logging
import re
from typing import Any, cast

import msgspec

from gateway.errors import (
    GatewayError,
    RefusedError,
    UnauthenticatedError,
    UnavailableError,
    UnreadableError,
)
from gateway.upstream.credential import Credential
from gateway.upstream.http import Reply
from gateway.upstream.record import RowT
from gateway.upstream.wire import decode, read_written
from gateway.upstream.write import Refusal, Write, WriteRefusedError, Written

log = logging.getLogger(__name__)

_LONGEST_MESSAGE = 500  # characters of PlanDocket's own words


def refusal(status: int, resource: str, credential: Credential) -> GatewayError:
    """Return the error for a status that is none of the documented answers to a good request."""
    match status:
        case 401 if credential.is_held:
            log.error("PlanDocket refuses PLANDOCKET_API_KEY (401): give the gateway a valid key")
            return RefusedError.held_key()
        case 401:
            return UnauthenticatedError.unknown_key()
        case 402:
            log.error("PlanDocket refuses %s (402): its plan lacks them, or the module is off", resource)
            return RefusedError.not_in_plan(resource)
        case 403:
            if credential.is_held:
                log.error("PLANDOCKET_API_KEY may not use %s (403): give it that scope", resource)
            return RefusedError.missing_scope(resource)
        case 404 | 405:
            return UnavailableError(f"PlanDocket has no {resource} at this address.")
        case _ if 300 <= status < 400:
            log.error("PlanDocket redirects (%d): is PLANDOCKET_BASE_URL the tenant's own address?", status)
            return UnavailableError("PlanDocket answers with a redirect, which is not followed.")
        case _ if status >= 500:
            return UnavailableError(f"PlanDocket fails with status {status}: try again later.")
        case _:
            return UnreadableError(f"PlanDocket refuses the request for {resource} with status {status}.")


def outcome_of(write: Write[RowT], reply: Reply, credential: Credential) -> Written[RowT] | Exception:
    """Return what a write's answer tells of the row, or the error that it means.

    Raises:
        UnreadableError: the answer is not PlanDocket's.
    """
    status = reply.status
    if 200 <= status < 300:
        told = read_written(write.record, decode(reply.body) if reply.body.strip() else None)
        found = re.search(r"/(\d+)/?$", reply.headers.get("location", ""))
        row_id = write.id or told.id or (int(found[1]) if found else None)
        return msgspec.structs.replace(told, id=row_id)
    if status >= 500:
        decode(reply.body)  # a proxy's page: PlanDocket behind it may have carried the write out
    if not (write.id is None and status == 404) and (refused := _write_refusal(reply)) is not None:
        return WriteRefusedError(refused)
    return refusal(status, write.record.path, credential)


def _write_refusal(reply: Reply) -> Refusal | None:
    """Return why a write was refused, in PlanDocket's words; None for any other status.

    409 is not listed among the statuses, but likely for duplicates.
    """
    status = reply.status
    if status not in (404, 409, 422):
        return None
    payload = decode(reply.body)
    found = cast(dict[str, Any], payload) if isinstance(payload, dict) else {}
    message, fields = found.get("error"), found.get("errors")
    return Refusal(
        status,
        message[:_LONGEST_MESSAGE] if isinstance(message, str) else "",
        _messages(cast(dict[str, Any], fields)) if isinstance(fields, dict) else {},
    )


def _messages(fields: dict[str, Any]) -> dict[str, list[str]]:
    """Return the messages by field: a list of texts as documented, or texts in any other shape."""
    return {name: [text[:_LONGEST_MESSAGE] for text in _texts(given)] for name, given in fields.items()}


def _texts(given: Any) -> list[str]:
    """Return every text and number in a JSON value, in order. Not by recursion: it may be of any depth."""
    found: list[str] = []
    pending = [given]
    while pending:
        one = pending.pop()
        if isinstance(one, dict):
            pending += reversed(list(cast(dict[str, Any], one).values()))
        elif isinstance(one, list):
            pending += reversed(cast(list[Any], one))
        elif isinstance(one, str | int | float) and not isinstance(one, bool):
            found.append(str(one))
    return found
