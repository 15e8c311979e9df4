"""What an answer other than the wanted one means. Pure, but for a log line where the operator must act.

Source: /en/getting-started/errors.html
"""

import logging
import re
from collections.abc import Mapping
from typing import Any, Final

import msgspec

from gateway.errors import (
    GatewayError,
    OutcomeUnknownError,
    RefusedError,
    UnauthenticatedError,
    UnavailableError,
    UnreadableError,
)
from gateway.upstream.record import RowT
from gateway.upstream.wire.complaints import Complaint, complaint_in, refuses, status_in
from gateway.upstream.wire.json_bounds import decode
from gateway.upstream.wire.json_rows import read_written
from gateway.upstream.write import Refusal, Write, WriteRefusedError, Written

log = logging.getLogger(__name__)

_LONGEST_OK = 200  # characters of a text that says no more than that it is done
_FAILING = re.compile(r"error|exception|fail|warning|denied|invalid", re.IGNORECASE)
_NOT_HERE = (307, 308)  # only these redirects say that nothing was done yet: RFC 9110, 15.4
_NO_BODY = (204, 205)  # what comes along all the same means nothing: RFC 9110, 15.3
_PAGE: Final = object()
"""What is neither JSON nor a plain text: a page of a proxy, or JSON that was cut."""


class Reply(msgspec.Struct, frozen=True):
    """An answer as it came, whatever its status."""

    status: int
    headers: Mapping[str, str]
    """By their names in small letters."""
    body: bytes


def refusal(status: int, resource: str, *, is_held: bool) -> GatewayError:
    """Return the error for a status that is none of the documented answers to a good request.

    Source: /en/getting-started/authentication.html (scopes), /en/admin-guide/settings.html (modules),
    /en/admin-guide/categories.html (plans). No page names the status of the last two.
    """
    match status:
        case 401 if is_held:
            log.error("PlanDocket refuses PLANDOCKET_API_KEY (401): give the gateway a valid key")
            return RefusedError(
                "PlanDocket refuses the key that the gateway holds: tell the gateway's operator."
            )
        case 401:
            return UnauthenticatedError.unknown_key()
        case 402:
            log.error("PlanDocket refuses %s (402): its plan lacks them, or the module is off", resource)
            return RefusedError(
                f"PlanDocket's plan or module for {resource} is missing: "
                "book the plan, or switch the module on, in PlanDocket."
            )
        case 403:
            if is_held:
                log.error("PLANDOCKET_API_KEY may not use %s (403): give it that scope", resource)
            return RefusedError(
                f"The PlanDocket API key may not use {resource!r}: give it the scope {resource!r} in PlanDocket."
            )
        case 404 | 405 | 410:
            return UnavailableError(f"PlanDocket has no {resource} at this address.")
        case _ if 300 <= status < 400:
            _log_redirect(status)
            return UnavailableError("PlanDocket answers with a redirect, which is not followed.")
        case _ if status >= 500:
            return UnavailableError(f"PlanDocket fails with status {status}: try again later.")
        case _:
            return UnreadableError(f"PlanDocket refuses the request for {resource} with status {status}.")


def outcome_of(write: Write[RowT], reply: Reply, *, is_held: bool) -> Written[RowT]:
    """Return what the answer to a write tells of the row. The README's table of outcomes says it in words.

    By the status first: a failure may come after the write was carried out, whatever the body says, and a
    refusal comes before. A success is none where its body says so; then the status told inside counts, if any.

    Raises:
        WriteRefusedError: PlanDocket says what is wrong with the write; nothing was changed.
        OutcomeUnknownError: it may have been carried out.
        GatewayError: it was not carried out, for a reason that lies not in what was written.
    """
    payload, status = _payload(reply), reply.status
    if 200 <= status < 300 and not refuses(payload):
        if payload is _PAGE:
            raise OutcomeUnknownError("PlanDocket's answer to the write cannot be read")
        return _written(write, reply, payload)
    complaint = complaint_in(payload)
    if 200 <= status < 300:
        says_why = complaint.message or complaint.fields
        if read_written(write.record, payload).id is not None or not says_why:
            raise OutcomeUnknownError("PlanDocket's answer to the write says that it failed, and not how")
        status = status_in(payload) or 422
    if (not 400 <= status < 500 and status not in _NOT_HERE) or status == 408:
        if 300 <= status < 400:
            _log_redirect(status)
        raise OutcomeUnknownError(f"PlanDocket answered the write with status {status}")
    raise _refused(write, status, payload, complaint, is_held=is_held)


def _refused(
    write: Write[Any], status: int, payload: Any, complaint: Complaint, *, is_held: bool
) -> Exception:
    """Return why a write was not carried out.

    409 is not listed among the statuses, but likely for duplicates.
    """
    match status:
        case 404 | 410 if write.id is not None and payload is not _PAGE:
            return WriteRefusedError(Refusal(404, complaint.message))
        case 409:
            return WriteRefusedError(Refusal(409, complaint.message, complaint.fields))
        case 401 | 402 | 403 | 404 | 405 | 410:
            return refusal(status, write.record.path, is_held=is_held)
        case _ if status == 422 or complaint.has_details:
            return WriteRefusedError(Refusal(422, complaint.message, complaint.fields))
        case _:
            return refusal(status, write.record.path, is_held=is_held)


def _written(write: Write[RowT], reply: Reply, payload: Any) -> Written[RowT]:
    told = read_written(write.record, payload)
    found = re.search(r"/(\d+)/?$", reply.headers.get("location", ""))
    row_id = write.id or told.id or (int(found[1]) if found else None)
    return msgspec.structs.replace(told, id=row_id)


def _payload(reply: Reply) -> Any:
    """Return the JSON of a body, None where it is empty, its text where it is plain, or _PAGE."""
    body = reply.body.strip()
    if not body or reply.status in _NO_BODY:
        return None
    try:
        return decode(body)
    except UnreadableError:
        pass
    try:
        text = body.decode()
    except UnicodeDecodeError:
        return _PAGE
    is_plain = "html" not in reply.headers.get("content-type", "") and text[0] not in "<{["
    if not is_plain or (reply.status < 300 and (len(text) > _LONGEST_OK or _FAILING.search(text))):
        return _PAGE
    return text


def _log_redirect(status: int) -> None:
    log.error("PlanDocket redirects (%d): is PLANDOCKET_BASE_URL the tenant's own address?", status)
